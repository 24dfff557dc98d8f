"""Which columns pandera must look at: asking every rule alone costs more than asking all of a file at once."""

from __future__ import annotations

from typing import Any

import pandera.polars as pa
import polars as pl

PASSES = "passes"  # where a rule keeps its expression, see ``rules.rule``


def doubtful(texts: pl.DataFrame, schema: pa.DataFrameSchema) -> list[str]:
    """Columns that break a rule of theirs, or have one that only pandera can ask; [] if all is well.

    All columns if a rule cannot be applied, or if the schema asks something of the whole frame.
    """
    every = list(schema.columns)
    if schema.checks or schema.unique or schema.strict:
        return every
    known = {name: column for name, column in schema.columns.items() if _is_expression(name, column, texts)}
    try:
        verdicts = texts.select(**{name: _passes(name, column) for name, column in known.items()})
    except pl.exceptions.PolarsError:
        return every
    return [name for name in every if name not in known or not verdicts[name].all()]


def _is_expression(name: str, column: Any, texts: pl.DataFrame) -> bool:
    """True if all that pandera would ask of the column is in expressions."""
    asks_more = not column.nullable or column.unique or column.coerce or column.parsers
    as_declared = texts.schema.get(name) == pl.String() and column.dtype.type == pl.String()
    return as_declared and not asks_more and all(PASSES in check.statistics for check in column.checks)


def _passes(name: str, column: Any) -> pl.Expr:
    asked = [check.statistics[PASSES](pl.col(name)).fill_null(value=True) for check in column.checks]
    return pl.all_horizontal(pl.lit(value=True), *asked)
