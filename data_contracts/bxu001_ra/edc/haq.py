"""HAQ-DI with VAS as the subject answered it: 46 items in the order of the instrument.

An item outside 0..3, or a pain value outside 0..100, stays in the data and is a finding of the study's checks
(dirt 18); the contract refuses only what is no number at all.
"""

from __future__ import annotations

from typing import Any, Final

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.edc.base import EdcForm, form
from data_contracts.bxu001_ra.edc.measurements import PERFORMED
from pipeline.contracts import fields as f
from pipeline.contracts.model import model_of

_ACTIVITY, _BOX, _TEXT = "difficulty", "used or needed", "specify"
ITEMS: Final = (  # (what is asked, way of answering), numbered from 1 (study design 3.3)
    ("Dressing", _ACTIVITY),
    ("Shampooing hair", _ACTIVITY),
    ("Standing up from a chair", _ACTIVITY),
    ("Getting in and out of bed", _ACTIVITY),
    ("Cutting meat", _ACTIVITY),
    ("Lifting a full cup", _ACTIVITY),
    ("Opening a milk carton", _ACTIVITY),
    ("Walking outdoors", _ACTIVITY),
    ("Climbing five steps", _ACTIVITY),
    ("Cane", _BOX),
    ("Walker", _BOX),
    ("Crutches", _BOX),
    ("Wheelchair", _BOX),
    ("Devices for dressing", _BOX),
    ("Special utensils", _BOX),
    ("Special chair", _BOX),
    ("Other aid, dressing to walking", _BOX),
    ("Other aid, dressing to walking", _TEXT),
    ("Help with dressing and grooming", _BOX),
    ("Help with arising", _BOX),
    ("Help with eating", _BOX),
    ("Help with walking", _BOX),
    ("Washing and drying the body", _ACTIVITY),
    ("Taking a bath", _ACTIVITY),
    ("Getting on and off the toilet", _ACTIVITY),
    ("Reaching down an object from above", _ACTIVITY),
    ("Picking up clothing", _ACTIVITY),
    ("Opening car doors", _ACTIVITY),
    ("Opening jars", _ACTIVITY),
    ("Turning faucets", _ACTIVITY),
    ("Running errands", _ACTIVITY),
    ("Getting in and out of a car", _ACTIVITY),
    ("Doing chores", _ACTIVITY),
    ("Raised toilet seat", _BOX),
    ("Bathtub seat", _BOX),
    ("Jar opener", _BOX),
    ("Bathtub bar", _BOX),
    ("Long-handled tools for reach", _BOX),
    ("Long-handled tools in the bathroom", _BOX),
    ("Other aid, hygiene to activities", _BOX),
    ("Other aid, hygiene to activities", _TEXT),
    ("Help with hygiene", _BOX),
    ("Help with reach", _BOX),
    ("Help with gripping and opening", _BOX),
    ("Help with errands and chores", _BOX),
    ("Pain", "0 to 100"),
)


def _item(asked: str, answer: str) -> Any:
    return f.text(f"{asked}: {answer}") if answer == _TEXT else f.integer(f"{asked}: {answer}")


HAQ = model_of(
    "HAQ",
    EdcForm,
    {
        "HAQDAT": f.edc_date("Date of questionnaire"),
        "HAQTIM": f.edc_time("Time of questionnaire"),
        **{f"HAQ{number:02}": _item(*item) for number, item in enumerate(ITEMS, start=1)},
        "HAQPERF": f.code("Questionnaire answered", codes.YN, owner="Investigator", not_submitted=PERFORMED),
        "HAQPERF_DEC": f.decode("HAQPERF", codes.YN),
        "HAQREASND": f.text("Reason not answered", owner="Investigator"),
    },
    form("HAQ", "HAQ-DI with VAS (ePRO)", owner="Subject"),
    "HAQ-DI with VAS; blank = not answered.",
)
