"""Checks of who the subjects are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.checks.asked import findings_of


@pytest.mark.parametrize(
    ("race", "reported", "found"),
    [("MULTIPLE", 2, 0), ("MULTIPLE", 1, 1), ("WHITE", 0, 0), ("WHITE", 2, 1)],
)
def test_multiple_stands_where_two_races_are_reported(
    tmp_path: Path, race: str, reported: int, found: int
) -> None:
    races = [
        {"USUBJID": "BXU001-RA-101-001", "QNAM": f"RACE{n + 1}", "QVAL": f"R{n}"} for n in range(reported)
    ]
    tables = {
        "sdtm.dm": [{"USUBJID": "BXU001-RA-101-001", "RACE": race}],
        "sdtm.suppdm": [*races, {"USUBJID": "BXU001-RA-101-002", "QNAM": "RACE1", "QVAL": "R"}],
    }
    findings = findings_of(tmp_path, "BX-DM-02", tables)
    assert findings.height == found
    assert findings["detail"].to_list() == [f"Race inconsistent ({reported} races in SUPPDM)"] * found
