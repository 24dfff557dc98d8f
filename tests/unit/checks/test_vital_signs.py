"""Vital signs that no body has: what is asked about, and what the contract does not let in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data_contracts.bxu001_ra.edc.measurements import VS
from tests.unit.checks.asked import findings_of

PERSON = "BXU001-RA-101-001"


def signs(**values: str) -> list[dict[str, Any]]:
    return [
        {
            "USUBJID": PERSON, "VSSEQ": float(seq), "VSSPID": "R1", "VSTESTCD": test, "VSSTRESC": value,
            "VSSTRESU": "unit", "VISIT": "WEEK 1",
        }
        for seq, (test, value) in enumerate(values.items(), start=1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"SYSBP": "121", "DIABP": "120"}, []),
        ({"SYSBP": "72", "DIABP": "112"}, [("SYSBP", "ERROR")]),
        ({"SYSBP": "80", "DIABP": "80"}, [("SYSBP", "ERROR")]),
        ({"TEMP": "45.0", "PULSE": "30"}, []),
        ({"TEMP": "98.6"}, [("TEMP", "WARN")]),
        ({"PULSE": "790", "HEIGHT": "1.7"}, [("PULSE", "WARN"), ("HEIGHT", "WARN")]),
        ({"BMI": "400"}, []),
    ],
)
def test_a_vital_sign_is_plausible(
    tmp_path: Path, values: dict[str, str], found: list[tuple[str, str]]
) -> None:
    told = findings_of(tmp_path, "BX-VS-01", {"sdtm.vs": signs(**values)})
    assert sorted(told.select("variable", "severity").rows()) == sorted(found)


def test_no_measurement_lies_below_zero() -> None:
    bounded = {
        name
        for name, column in VS.to_schema().columns.items()
        if any(c.name == "range" for c in column.checks)
    }
    assert {"SYSBP", "DIABP", "PULSE", "RESP", "TEMP", "OXYSAT", "WEIGHT", "HEIGHT"} <= bounded
