"""Delivered rows behind a record, cell by cell: as delivered, as accepted, and what the text rules did between."""

from __future__ import annotations

import polars as pl

from pipeline.derive.text import normalised
from pipeline.lineage.ledger import Column, Ledger, text
from pipeline.lineage.told import Cell, Row

LINE = "_line"
_NUMBERED = ("subject", "site")


def delivered_row(ledger: Ledger, source: str, line: int, role: str) -> Row:
    """The row at ``line`` with all its cells that are not blank."""
    return delivered_rows(ledger, source, [line], role)[line]


def delivered_rows(ledger: Ledger, source: str, lines: list[int], role: str) -> dict[int, Row]:
    """Line -> row, for lines of one source; lines that the file does not have are left out."""
    wanted = pl.col(LINE).is_in(lines)
    raw = ledger.read("raw", source).filter(wanted).collect()
    typed = ledger.read("typed", source).filter(wanted).collect()
    accepted = {row[LINE]: row for row in typed.iter_rows(named=True)}
    contract = ledger.contract_of(source)
    clean = raw.select(LINE, normalised(pl.exclude(LINE)))
    found = {}
    for before, after in zip(raw.iter_rows(named=True), clean.iter_rows(named=True), strict=True):
        line, known = before[LINE], accepted.get(before[LINE])
        cells = tuple(
            _cell(name, before[name], after[name], known, contract.columns[name])
            for name in raw.columns
            if name != LINE and before[name]
        )
        found[line] = Row(ledger.place(source, line), role, contract.model, cells)
    return found


def _cell(name: str, raw: str, clean: str, typed: dict[str, object] | None, column: Column) -> Cell:
    value = None if typed is None else text(typed[name])
    return Cell(
        name,
        column.label,
        raw,
        value,
        _change(raw, clean, value, typed is None, column),
        column.kind,
        column.rules,
    )


def _change(raw: str, clean: str, value: str | None, aside: bool, column: Column) -> str:
    if aside:
        return "set aside"
    if value is None:
        return "blank"
    if column.kind in _NUMBERED and clean != value:
        return "renumbered"
    if raw == value:
        return "unchanged"
    return "read as a whole number" if column.kind == "integer" and raw == clean else "normalised"
