"""Work done once a distinct value: millions of rows of a trial hold only thousands of different dates and results."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl


def once_a_value(text: pl.Expr, derivation: Callable[[pl.Expr], pl.Expr], dtype: pl.DataType) -> pl.Expr:
    """``derivation(text)`` row by row (of type ``dtype``), computed once for each distinct text, null included."""

    def looked_up(column: pl.Series) -> pl.Series:
        rows = pl.DataFrame({"text": column})
        known = rows.unique().with_columns(value=derivation(pl.col("text")))
        found = rows.join(known, on="text", how="left", nulls_equal=True, maintain_order="left")
        return found["value"].alias(column.name)

    return text.map_batches(looked_up, return_dtype=dtype)


def once_a_row_kind(
    frame: pl.DataFrame, inputs: list[str], derivation: Callable[[pl.DataFrame], pl.DataFrame]
) -> pl.DataFrame:
    """``frame`` in its order plus what ``derivation`` adds to the distinct rows of ``inputs``; older namesakes go."""
    known = derivation(frame.select(inputs).unique(maintain_order=True))
    added = [name for name in known.columns if name not in inputs]
    kept = frame.drop(added, strict=False)
    return kept.join(known, on=inputs, how="left", nulls_equal=True, maintain_order="left")
