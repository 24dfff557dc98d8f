"""28-joint assessment: 56 items and 28 reasons, made from a table of joints."""

from __future__ import annotations

from typing import Any, Final

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.edc.base import EdcForm, form
from data_contracts.bxu001_ra.edc.measurements import PERFORMED
from pipeline.contracts import fields as f
from pipeline.contracts.model import model_of

JOINTS: Final = {  # code in the column name -> words of the form; order of study design 3.5
    "SH": "shoulder",
    "EL": "elbow",
    "WR": "wrist",
    "MCP1": "metacarpophalangeal joint 1",
    "MCP2": "metacarpophalangeal joint 2",
    "MCP3": "metacarpophalangeal joint 3",
    "MCP4": "metacarpophalangeal joint 4",
    "MCP5": "metacarpophalangeal joint 5",
    "IP1": "interphalangeal joint of the thumb",
    "PIP2": "proximal interphalangeal joint 2",
    "PIP3": "proximal interphalangeal joint 3",
    "PIP4": "proximal interphalangeal joint 4",
    "PIP5": "proximal interphalangeal joint 5",
    "KN": "knee",
}
SIDES: Final = {"R": "Right", "L": "Left"}
SIGNS: Final = {"T": "tender", "S": "swollen"}


def _items() -> dict[str, Any]:
    return {
        f"{side}{joint}_{sign}": f.code(f"{SIDES[side]} {JOINTS[joint]}: {SIGNS[sign]}", codes.JOINT_ITEM)
        for joint in JOINTS
        for side in SIDES
        for sign in SIGNS
    }


def _reasons() -> dict[str, Any]:
    return {
        f"{side}{joint}_NER": f.text(f"{SIDES[side]} {JOINTS[joint]}: reason not evaluable")
        for joint in JOINTS
        for side in SIDES
    }


JC28 = model_of(
    "JC28",
    EdcForm,
    {
        "JCPERF": f.code("Joints assessed", codes.YN, not_submitted=PERFORMED),
        "JCPERF_DEC": f.decode("JCPERF", codes.YN),
        "JCREASND": f.text("Reason not assessed"),
        "JCDAT": f.edc_date("Date of assessment"),
        "JCASSR": f.identifier("Assessor", not_submitted="staff code; compared between visits"),
        **_items(),
        **_reasons(),
        "TJC28": f.integer("Tender joint count", 0),
        "SJC28": f.integer("Swollen joint count", 0),
    },
    form("JC28", "28-joint assessment"),
    "28-joint assessment; per joint tender, swollen (1 yes, 0 no, NE not evaluable), then the reasons.",
)
