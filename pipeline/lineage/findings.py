"""Findings about a record or a delivered row, as the build wrote them; no detail with values."""

from __future__ import annotations

import polars as pl

from pipeline.lineage.ledger import Ledger
from pipeline.lineage.told import Row, Told

_COLUMNS = ("rule", "severity", "variable", "message", "action", "line")


def findings_of_record(
    ledger: Ledger, dataset: str, subject: str | None, seq: int, rows: tuple[Row, ...]
) -> tuple[Told, ...]:
    """Findings that name the record, and those on the rows that it was made of."""
    own = pl.lit(value=False)
    if subject is not None:
        person = ledger.people().filter(pl.col("USUBJID") == subject).select("SUBJID").collect()["SUBJID"][0]
        own = (pl.col("record") == f"{dataset}/{seq}") & pl.col("subject").is_in([subject, person])
    places = [_at(row.place.source, row.place.line) for row in rows if row.role == "record"]
    return _told(ledger, pl.any_horizontal(own, *places))


def findings_of_row(ledger: Ledger, source: str, line: int) -> tuple[Told, ...]:
    """Findings on one delivered row."""
    return _told(ledger, _at(source, line))


def _at(source: str, line: int) -> pl.Expr:
    return (pl.col("source") == source) & (pl.col("line") == line)


def _told(ledger: Ledger, where: pl.Expr) -> tuple[Told, ...]:
    found = ledger.read("qc", "findings").filter(where).select(_COLUMNS).unique(maintain_order=True).collect()
    return tuple(Told(**row) for row in found.iter_rows(named=True))
