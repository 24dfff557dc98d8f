"""Doses that the checks of medication cannot work with: what is asked, and how loudly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.checks.cases import Row, subject
from tests.unit.checks.test_medication import RESCUE, asked, drug, mtx, oral


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("35,0", "ERROR"),
        ("1.000,5", "ERROR"),
        ("7,5 MG", "ERROR"),
        ("35.0 MG", "WARN"),
        ("1-2 TABLETS", "WARN"),
        ("TABLETS", None),
    ],
)
def test_a_dose_with_digits_that_is_no_number_is_asked_about(
    tmp_path: Path, text: str, severity: str | None
) -> None:
    _, found = asked(tmp_path, "BX-CM-02N", [[oral("Metformin", None, CMDOSTXT=text)]])
    assert found["severity"].to_list() == ([severity] if severity else [])


def test_a_dose_is_not_below_zero(tmp_path: Path) -> None:
    cases = [[oral("Metformin", dose)] for dose in (-1.0, 0.0, 500.0)]
    assert asked(tmp_path, "BX-CM-02N", cases)[0] == [1, 0, 0]


NO_DOSE: Row = {"CMDOSE": None, "CMDOSTXT": "35,0"}
JUDGED = (
    ("a weekly dose", [mtx()], None),
    ("with a comma", [mtx(**NO_DOSE)], "CRITICAL"),
    ("long ago", [mtx("2020-01-01", "2021-01-01", **NO_DOSE)], "CRITICAL"),
    ("without a unit", [mtx(CMDOSU=None)], "CRITICAL"),
    ("in tablets", [mtx(CMDOSU="TABLET")], "CRITICAL"),
    ("as needed", [mtx(CMDOSFRQ="PRN")], "CRITICAL"),
    ("another csDMARD", [oral("Leflunomide", None)], "ERROR"),
    ("before screening", [oral("Leflunomide", None, "QD", "2020-01-01", "2021-01-01")], None),
    ("as rescue", [oral("Leflunomide", None, CMCAT=RESCUE)], None),
    ("no limit", [oral("Naproxen", None)], None),
    ("steroid after the infusion", [oral("Prednisone", None, "QD", "2027-02-01")], "ERROR"),
    ("steroid once", [oral("Prednisone", 5, "ONCE", "2027-02-01")], None),
    ("steroid before the infusion", [oral("Prednisone", None)], None),
    ("another drug", [drug("Metformin", **NO_DOSE)], None),
)


def test_a_drug_whose_dose_a_rule_needs_can_be_judged(tmp_path: Path) -> None:
    _, found = asked(tmp_path, "BX-CM-02U", [rows for _, rows, _ in JUDGED])
    told = dict(found.select("subject", "severity").iter_rows())
    assert told == {subject(n): severity for n, (*_, severity) in enumerate(JUDGED) if severity}
    assert found.height == len(told)
