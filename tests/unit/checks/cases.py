"""Many cases of one check in one question: every case is a subject of its own, 101-001, 101-002 and so on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tests.unit.checks.asked import CUT, findings_of

Row = dict[str, Any]
PERSON: Row = {
    "RFICDTC": "2026-12-15T10:00", "RFXSTDTC": "2027-01-12T09:30", "RFXENDTC": "2027-01-12T10:30",
    "ENDDTC": None, "RESCUEDTC": None, "RANDOMIZED": True,
}  # fmt: skip
NUMBERS = ("CMSEQ", "CMDOSE", "AESEQ", "VISITNUM", "_line")


def subject(number: int) -> str:
    """The subject of the case with that place."""
    return f"101-{number + 1:03}"


def table(rows: Sequence[Row], columns: Sequence[str]) -> pl.DataFrame:
    """``rows`` with ``columns`` as a build keeps them: numbers as doubles, everything else text or a flag."""
    kinds: dict[str, Any] = {
        name: pl.Float64
        if name in NUMBERS
        else pl.Boolean
        if name in ("RANDOMIZED", "decision")
        else pl.String
        for name in columns
    }
    return pl.DataFrame([{name: row.get(name) for name in columns} for row in rows], schema=kinds)


def people(cases: int, *, more: Mapping[int, Row] | None = None) -> pl.DataFrame:
    """One infused person a case; ``more`` changes the person of a case."""
    rows = [
        {"SUBJID": subject(n), "USUBJID": f"BXU001-RA-{subject(n)}", **PERSON, **(more or {}).get(n, {})}
        for n in range(cases)
    ]
    return table(rows, list(rows[0]))


def of_cases(cases: Sequence[Sequence[Row]], usual: Row, *, sequence: str, record: str) -> list[Row]:
    """The records of every case: ``usual`` with what the case says, its subject, number and record id."""
    return [
        {
            **usual,
            sequence: number + 1.0,
            record: f"{subject(n)}-{number + 1}",
            "SUBJID": subject(n),
            "USUBJID": f"BXU001-RA-{subject(n)}",
            "_line": 100.0 * n + number + 2,
            **row,
        }
        for n, rows in enumerate(cases)
        for number, row in enumerate(rows)
    ]


def counts(
    folder: Path, check: str, tables: Mapping[str, Any], cases: int, *, cut: str = CUT
) -> tuple[list[int], pl.DataFrame]:
    """How many findings each case has, and the findings."""
    found = findings_of(folder, check, tables, cut=cut)
    told = dict(found.group_by("subject").len().iter_rows())
    return [told.get(subject(n), 0) for n in range(cases)], found
