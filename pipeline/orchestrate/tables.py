"""Tables as Dagster shows them: columns with their labels, the first rows, and counts as a page of text."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg
import polars as pl

PREVIEW_ROWS = 10
PREVIEW_COLUMNS = 30
_CELL = 60  # characters of a cell that are shown
_ESCAPED = str.maketrans({"|": r"\|", "<": "&lt;", "`": r"\`", "*": r"\*", "\n": " ", "\r": " "})


def column_schema(schema: Mapping[str, pl.DataType], labels: Mapping[str, str]) -> dg.TableSchema:
    """Every column with its type and, where known, its label."""
    return dg.TableSchema(
        [dg.TableColumn(name, str(dtype), description=labels.get(name)) for name, dtype in schema.items()]
    )


def preview(table: pl.LazyFrame) -> dg.MarkdownMetadataValue:
    """The first rows and columns as text; says what it leaves out, so as not to pass for the whole table."""
    names = table.collect_schema().names()
    shown = names[:PREVIEW_COLUMNS]
    rows = table.select(shown).head(PREVIEW_ROWS).collect()
    hidden = (
        f" The other {len(names) - len(shown)} columns are in the file." if len(names) > len(shown) else ""
    )
    return dg.MetadataValue.md(f"{markdown(rows)}\n\nThe first {rows.height} rows.{hidden}")


def markdown(rows: pl.DataFrame) -> str:
    """``rows`` as a table of text; null is blank; long cells end in dots."""
    if rows.is_empty():
        return "none"
    head = [_line(rows.columns), _line(["---:" if dtype.is_numeric() else "---" for dtype in rows.dtypes])]
    return "\n".join(head + [_line([_cell(value) for value in row]) for row in rows.iter_rows()])


def page(rows: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """``rows`` as metadata."""
    return dg.MetadataValue.md(markdown(rows))


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return (text if len(text) <= _CELL else text[: _CELL - 3] + "...").translate(_ESCAPED)
