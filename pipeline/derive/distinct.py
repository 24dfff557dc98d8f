"""Work done once a distinct value: millions of rows hold only thousands of different dates and results."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import polars as pl

_FEW: Final = 1_000  # rows; up to here telling the values apart costs more than deriving every row
_DERIVATIONS: Final = 64  # more than the engine has


def once_a_value(text: pl.Expr, derivation: Callable[[pl.Expr], pl.Expr], dtype: pl.DataType) -> pl.Expr:
    """``derivation(text)`` row by row (``dtype``), computed once for each distinct text, null included."""

    def looked_up(column: pl.Series) -> pl.Series:
        return _looked_up(column.alias("text").to_frame(), _of_text(derivation)).alias(column.name)

    return text.map_batches(looked_up, return_dtype=dtype)


@lru_cache(maxsize=_DERIVATIONS)
def _of_text(derivation: Callable[[pl.Expr], pl.Expr]) -> pl.Expr:
    return derivation(pl.col("text"))


def once_a_pair(
    left: pl.Expr, right: pl.Expr, derivation: Callable[[pl.Expr, pl.Expr], pl.Expr], dtype: pl.DataType
) -> pl.Expr:
    """``derivation(left, right)`` row by row (``dtype``), computed once for each distinct pair of texts."""

    def looked_up(column: pl.Series) -> pl.Series:
        return _looked_up(column.struct.unnest(), derivation(pl.col("left"), pl.col("right"))).alias(
            column.name
        )

    return pl.struct(left.alias("left"), right.alias("right")).map_batches(looked_up, return_dtype=dtype)


def _looked_up(rows: pl.DataFrame, value: pl.Expr) -> pl.Series:
    if rows.height <= _FEW:
        return rows.with_columns(_value=value)["_value"]
    known = rows.unique().with_columns(_value=value)
    return rows.join(known, on=rows.columns, how="left", nulls_equal=True, maintain_order="left")["_value"]


def once_a_row_kind(
    frame: pl.DataFrame, inputs: list[str], derivation: Callable[[pl.DataFrame], pl.DataFrame]
) -> pl.DataFrame:
    """``frame`` in its order plus what ``derivation`` adds to the distinct rows of ``inputs``."""
    known = derivation(frame.select(inputs).unique(maintain_order=True))
    added = [name for name in known.columns if name not in inputs]
    kept = frame.drop(added, strict=False)
    return kept.join(known, on=inputs, how="left", nulls_equal=True, maintain_order="left")
