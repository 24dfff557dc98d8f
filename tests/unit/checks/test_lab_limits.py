"""Reference limits that cannot be used, and the laboratory's flag beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.checks.asked import findings_of
from tests.unit.checks.test_laboratory import links, record


@pytest.mark.parametrize(
    ("low", "high", "variable", "severity"),
    [
        ("3.5", "5.1", None, None),
        ("4.0", "4.0", None, None),
        (None, "5", None, None),
        (None, None, None, None),
        ("4,0", "5.1", "REFLO", "ERROR"),
        ("3.5", "5,1", "REFHI", "ERROR"),
        ("11.0", "4.0", "REFHI", "ERROR"),
        ("< 4", "5.1", "REFLO", "WARN"),
    ],
)
def test_limits_are_numbers_in_their_order(
    tmp_path: Path, low: str | None, high: str | None, variable: str | None, severity: str | None
) -> None:
    rows = [
        record(1, "K", "4.0", LBORNRLO=low, LBORNRHI=high),
        record(2, "CL", "100", LBORNRLO="1", LBORNRHI="9"),
    ]
    found = findings_of(tmp_path, "BX-LB-05L", {"sdtm.lb": rows})
    assert found.select("variable", "severity").rows() == ([(variable, severity)] if variable else [])


@pytest.mark.parametrize(
    ("result", "low", "flag", "found"),
    [
        ("4.0", "4,0", "H", 1),
        ("4.0", None, "H", 0),
        ("4.0", "4,0", None, 0),
        ("<4", "3", "L", 0),
        (None, "3", "N", 0),
    ],
)
def test_a_flag_beside_a_range_that_cannot_be_used_is_asked_about(
    tmp_path: Path, result: str | None, low: str | None, flag: str | None, found: int
) -> None:
    tables = {
        "sdtm.lb": [
            record(1, "K", result, LBORNRLO=low),
            record(2, "CL", "1", LBORNRLO="1", LBNRIND="NORMAL"),
        ],
        "ops.links_lb": links(2, 3),
        "live.lab_results": [{"ABNFL": flag, "_line": 2}, {"ABNFL": "N", "_line": 3}],
    }
    details = findings_of(tmp_path, "BX-LB-05", tables)["detail"].to_list()
    assert details == ["Range flag differs: laboratory H, result and limits cannot be compared"] * found
