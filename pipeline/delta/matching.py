"""Which rows of two frames are the same, and which of the rest are two states of one record. Joins, never loops.

A row is compared by a fingerprint of 128 bits of its content, so that two whole files are never in memory: only
keys, fingerprints, and the rows that differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

ROW = "_row"  # UInt32, place of a row in its frame from 0
NEW = "new:"  # before the columns of the newer state in a frame of pairs
_PRINTS = {"_print_a": 1, "_print_b": 2}  # two hashes with a seed each
_COPY = "_copy"


@dataclass(frozen=True)
class Side:
    """One of the two frames: its keys (``_row`` and key columns of every row), and its rows without an equal one."""

    keys: pl.DataFrame
    rest: pl.DataFrame


@dataclass(frozen=True)
class Sides:
    """The older and the newer frame after their equal rows were taken out, one for one."""

    old: Side
    new: Side

    @property
    def unchanged(self) -> int:
        """How many rows lie in both."""
        return self.old.keys.height - self.old.rest.height


def sides(old: pl.LazyFrame, new: pl.LazyFrame, content: Sequence[str], key: Sequence[str]) -> Sides:
    """Both frames with ``_row``; rows whose ``content`` is equal leave in pairs, the first ones first."""
    one, other = (_printed(frame, content, key) for frame in (old, new))
    prints = [*_PRINTS, _COPY]
    return Sides(
        Side(one.select(ROW, *key), _rest(old, one, other, prints)),
        Side(other.select(ROW, *key), _rest(new, other, one, prints)),
    )


def _printed(frame: pl.LazyFrame, content: Sequence[str], key: Sequence[str]) -> pl.DataFrame:
    prints = {name: pl.struct(content).hash(seed) for name, seed in _PRINTS.items()}
    found = frame.with_row_index(ROW).select(ROW, *key, **prints).collect(engine="streaming").sort(ROW)
    return found.with_columns(pl.int_range(pl.len()).over(list(_PRINTS)).alias(_COPY))


def _rest(
    frame: pl.LazyFrame, own: pl.DataFrame, others: pl.DataFrame, prints: Sequence[str]
) -> pl.DataFrame:
    rows = own.join(others, on=prints, how="anti").select(ROW).lazy()
    return frame.with_row_index(ROW).join(rows, on=ROW, how="semi").collect(engine="streaming").sort(ROW)


def pairs(found: Sides, key: Sequence[str], done: pl.DataFrame | None = None) -> pl.DataFrame:
    """``_row`` and ``new:_row`` of two states of one record: a ``key`` that each whole frame has once.

    Rows of ``done`` (earlier pairs) are not paired again.
    """
    old, new = (_single(side, key) for side in (found.old, found.new))
    if done is not None:
        old = old.join(done, on=ROW, how="anti")
        new = new.join(done.select(pl.col(f"{NEW}{ROW}").alias(ROW)), on=ROW, how="anti")
    both = old.join(new.rename({ROW: f"{NEW}{ROW}"}), on=key, how="inner", nulls_equal=True)
    return both.select(ROW, f"{NEW}{ROW}").sort(ROW)


def _single(side: Side, key: Sequence[str]) -> pl.DataFrame:
    """Rows of the rest whose key no other row of the whole frame has."""
    keys = side.keys.select(ROW, *key).join(side.rest.select(ROW), on=ROW, how="semi")
    shared = side.keys.join(keys.select(key).unique(), on=key, how="semi", nulls_equal=True)
    once = shared.group_by(key).len().filter(pl.col("len") == 1)
    return keys.join(once, on=key, how="semi", nulls_equal=True)


def repeated(found: Sides, key: Sequence[str]) -> pl.DataFrame:
    """The values of ``key`` that rows of one frame share, each once."""
    shared = [
        side.keys.group_by(key).len().filter(pl.col("len") > 1).select(key) for side in (found.old, found.new)
    ]
    return pl.concat(shared).unique()


def side_by_side(found: Sides, matched: pl.DataFrame) -> pl.DataFrame:
    """Both states of every pair in one row; the newer columns begin with ``new:``."""
    newer = found.new.rest.rename(lambda name: f"{NEW}{name}")
    return matched.join(found.old.rest, on=ROW, how="left").join(newer, on=f"{NEW}{ROW}", how="left")


def differing(columns: Sequence[str]) -> dict[str, pl.Expr]:
    """Column -> True where the two states of a pair differ in it."""
    return {name: pl.col(name).ne_missing(pl.col(f"{NEW}{name}")) for name in columns}


def touched(wide: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """Those of ``columns`` in which a pair of ``wide`` differs."""
    if wide.is_empty():
        return []
    found = wide.select(test.any().alias(name) for name, test in differing(columns).items())
    return [name for name, differs in found.row(0, named=True).items() if differs]


def names_where(tests: dict[str, pl.Expr]) -> pl.Expr:
    """The names whose test is true, in order, ", " between; "" if none is."""
    if not tests:
        return pl.lit("")
    told = [pl.when(test).then(pl.lit(name)) for name, test in tests.items()]
    return pl.concat_str(told, separator=", ", ignore_nulls=True)


def key_text(key: Sequence[str]) -> pl.Expr:
    """The key in one text, " / " between its parts, blank where null; null for no key."""
    if not key:
        return pl.lit(None, dtype=pl.String)
    return pl.concat_str([as_text(pl.col(name)).fill_null("") for name in key], separator=" / ")


def as_text(value: pl.Expr) -> pl.Expr:
    """A value as people read it: whole numbers without a decimal point."""
    return value.cast(pl.String).str.replace(r"^(-?[0-9]+)\.0$", "$1")
