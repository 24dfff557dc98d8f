"""A table as the page shows it: headers, and rows of cells made of pieces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from pipeline.review.words import Piece, column_anchor

Cell = tuple[Piece, ...]
# What the engine's names of columns mean to a reader; every other column is named like the variable that it fills.
_HEADERS = {
    "column": "Column",
    "result": "Kind of result",
    "unit": "Unit",
    "unit_from": "Unit from",
    "std_unit": "Standard unit",
    "places": "Decimals",
    "shown_if": "Asked if ticked",
    "visits": "Planned at",
    "timepoints": "Planned time points",
    "reason_from": "Reason from",
    "baseline": "Baseline",
    "vendor_test": "Vendor test",
    "vendor_specimen": "Vendor specimen",
    "oid": "Visit on the form",
}


@dataclass(frozen=True)
class Grid:
    """``rows`` have as many cells as there are ``headers``; ``anchor`` is "" for a grid nothing points to."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    anchor: str = ""


def text_cell(value: str | None) -> Cell:
    """A cell of plain text; empty for None and ""."""
    return (Piece(value),) if value else ()


def grid_of(rows: pl.DataFrame, title: str, *, anchor: str = "") -> Grid:
    """A table of the study as it stands; columns without any value are left out.

    Where a row has ``source`` and ``column``, the column is shown by its full name and points to its file.
    """
    linked = {"source", "column"} <= set(rows.columns)
    headers = [
        name
        for name in rows.columns
        if rows[name].null_count() < rows.height and not (linked and name == "source")
    ]
    cells = (tuple(_cell(row, name, linked=linked) for name in headers) for row in rows.iter_rows(named=True))
    return Grid(title, tuple(_HEADERS.get(name, name) for name in headers), tuple(cells), anchor)


def _cell(row: Mapping[str, str | None], name: str, *, linked: bool) -> Cell:
    if linked and name == "column" and row["column"] and row["source"]:
        return (Piece(f"{row['source']}.{row['column']}", column_anchor(row["source"], row["column"])),)
    kind, colon, codemap = (row[name] or "").partition(":")
    if linked and name == "result" and colon:
        return (Piece(f"{kind} by map "), Piece(codemap, f"m-{codemap}"))
    return text_cell(row[name])


def plain_grid(
    title: str, headers: Iterable[str], rows: Iterable[Iterable[str | Cell]], *, anchor: str = ""
) -> Grid:
    """A grid of texts; a cell that is a tuple of pieces already stays as it is."""
    made = tuple(tuple(text_cell(each) if isinstance(each, str) else each for each in row) for row in rows)
    return Grid(title, tuple(headers), made, anchor)
