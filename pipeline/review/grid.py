"""A table as the page shows it: headers, and rows of cells made of pieces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from pipeline.review.words import Piece, column_anchor

Cell = tuple[Piece, ...]


@dataclass(frozen=True)
class Grid:
    """``rows`` have as many cells as there are ``headers``; ``anchor`` is "" for a grid nothing points to."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    anchor: str = ""
    note: str = ""


def text_cell(value: object) -> Cell:
    """A cell of plain text; empty for None and ""."""
    return (Piece(str(value)),) if value not in (None, "") else ()


def grid_of(rows: pl.DataFrame, title: str, *, anchor: str = "", note: str = "") -> Grid:
    """A table of the study as it stands; columns without any value are left out.

    Where a row has ``source`` and ``column``, the column is shown by its full name and points to its file.
    """
    linked = {"source", "column"} <= set(rows.columns)
    headers = [name for name in rows.columns if rows[name].null_count() < rows.height and not (linked and name == "source")]
    cells = (tuple(_cell(row, name, linked=linked) for name in headers) for row in rows.iter_rows(named=True))
    return Grid(title, tuple(headers), tuple(cells), anchor, note)


def _cell(row: Mapping[str, str | None], name: str, *, linked: bool) -> Cell:
    if linked and name == "column" and row["column"] and row["source"]:
        return (Piece(f"{row['source']}.{row['column']}", column_anchor(row["source"], row["column"])),)
    return text_cell(row[name])


def plain_grid(title: str, headers: Iterable[str], rows: Iterable[Iterable[object]], *, anchor: str = "") -> Grid:
    """A grid of texts; a cell that is a tuple of pieces already stays as it is."""
    made = tuple(tuple(each if _is_cell(each) else text_cell(each) for each in row) for row in rows)
    return Grid(title, tuple(headers), made, anchor)  # type: ignore[arg-type]  # _is_cell tells them apart


def _is_cell(value: object) -> bool:
    return isinstance(value, tuple)
