"""Cases of one check in one question, told as the tables of one subject each: the subjects are kept apart here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tests.unit.checks.asked import CUT, Rows, findings_of
from tests.unit.checks.cases import subject

PREFIX = "BXU001-RA-"
LINES = 100  # of one case in every source
Tables = Mapping[str, Rows]


def found_apart(
    folder: Path,
    check: str,
    cases: Sequence[Tables],
    *,
    cut: str = CUT,
    columns: Mapping[str, Any] | None = None,
) -> list[list[dict[str, Any]]]:
    """Findings of every case, in the order of the answer; ``columns`` are types of columns that no case fills."""
    merged: dict[str, Rows] = {}
    for number, tables in enumerate(cases):
        for name, rows in tables.items():
            merged.setdefault(name, []).extend(_own(row, number) for row in rows)
    frames = {name: _frame(rows, columns or {}) for name, rows in merged.items()}
    found = findings_of(folder, check, frames, cut=cut)
    return [found.filter(pl.col("subject") == subject(number)).to_dicts() for number in range(len(cases))]


def details(found: Sequence[Sequence[Mapping[str, Any]]], prefix: str) -> list[list[str]]:
    """What the findings of every case say behind ``prefix``."""
    return [[row["detail"].removeprefix(prefix) for row in rows] for rows in found]


def _own(row: Mapping[str, Any], number: int) -> dict[str, Any]:
    own = {
        "SUBJID": subject(number),
        "USUBJID": PREFIX + subject(number),
        "subject": PREFIX + subject(number),
    }
    lines = {name: row[name] + LINES * number for name in ("_line", "line") if row.get(name) is not None}
    return {**row, **{name: value for name, value in own.items() if name in row}, **lines}


def _frame(rows: Rows, columns: Mapping[str, Any]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    return frame.with_columns(
        pl.col(name).cast(columns.get(name, pl.String))
        for name, kind in frame.schema.items()
        if kind == pl.Null
    )
