"""Text that a spreadsheet opens as text: a cell that begins like a formula would be run, not shown."""

from __future__ import annotations

import polars as pl

_BEGINS_A_FORMULA = r"^([=+\-@\t\r\n])"
_AS_TEXT = "'$1"  # an apostrophe is the spreadsheets' own sign that a cell is text


def harmless(rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` with an apostrophe before every text that a spreadsheet would take for a formula; null stays null.

    For CSV files that people open; the same text in Parquet stays as it is.
    """
    return rows.with_columns(pl.col(pl.String).str.replace(_BEGINS_A_FORMULA, _AS_TEXT))
