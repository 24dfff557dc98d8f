"""Changes that somebody should look at: of records that were closed for changes, of texts that are
coded, and of the subject that a record is about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from pipeline.delta.records import Change

LOCKED, CODED, MOVED = "locked record", "coded text", "record moved to another subject"
FLAG = pl.Schema(
    {
        "flag": pl.String,
        "state": pl.String,
        "source": pl.String,
        "key": pl.String,
        "subject": pl.String,
        "old_line": pl.UInt32,
        "new_line": pl.UInt32,
        "columns": pl.String,
    }
)
_TOUCHED = (Change.CHANGED, Change.DELETED, Change.VANISHED, Change.RESTORED)


@dataclass(frozen=True)
class Coding:
    """Where the text of ``term`` is coded: ``rows`` is the newer coding file, ``on`` joins it to the form,
    ``version`` are those of ``on`` that name the version, ``where`` the codes that count."""

    term: str
    rows: pl.LazyFrame
    verbatim: str
    on: Sequence[str]
    version: Sequence[str]
    where: Mapping[str, str]


def locked_flags(records: pl.DataFrame, locked: Collection[str]) -> pl.DataFrame:
    """Records that were locked in the older delivery and were changed, deleted, restored or are gone."""
    rows = records.filter(
        pl.col("change").is_in([str(each) for each in _TOUCHED]) & pl.col("lock").is_in(list(locked))
    )
    return rows.with_columns(flag=pl.lit(LOCKED), state=pl.format("{} while {}", "change", "lock")).select(
        FLAG.names()
    )


def moved_flags(
    records: pl.DataFrame, fields: pl.DataFrame, subject: str | None, meant: Callable[[pl.Expr], pl.Expr]
) -> pl.DataFrame:
    """Records whose subject in column ``subject`` is another one than before; ``meant`` reads its number."""
    number = {
        name: pl.coalesce(meant(pl.col(name)), pl.col(name)).fill_null("").alias(name)
        for name in ("old", "new")
    }
    other = fields.filter(pl.col("column") == pl.lit(subject, pl.String)).select(
        "old_line", "new_line", **number
    )
    rows = records.join(other.filter(pl.col("old") != pl.col("new")), on=["old_line", "new_line"], how="semi")
    told = rows.with_columns(flag=pl.lit(MOVED), state=pl.lit("same record id, another subject"))
    return told.select(FLAG.names())


def coded_flags(
    records: pl.DataFrame, fields: pl.DataFrame, form: pl.LazyFrame, coding: Coding
) -> pl.DataFrame:
    """Records whose coded text changed, and how their code stands in the newer delivery.

    ``form`` is the newer raw form with ``_line``.
    """
    texts = fields.filter(pl.col("column") == coding.term).select("new_line", told="new")
    changed = records.filter(~pl.col("change").is_in([str(Change.DELETED)])).join(
        texts, on="new_line", how="inner"
    )
    lines = changed.select(pl.col("new_line").alias("_line")).lazy()
    ids = form.join(lines, on="_line", how="semi").select("_line", *coding.on).collect()
    rows = changed.join(ids, left_on="new_line", right_on="_line", how="left", maintain_order="left")
    codes = coding.rows.filter(*(pl.col(name) == value for name, value in coding.where.items()))
    names = [name for name in coding.on if name not in coding.version]
    exact = codes.group_by(coding.on).agg(_coded=pl.col(coding.verbatim).min()).collect()
    earlier = codes.select(*names, _earlier=pl.lit(value=True)).unique().collect()
    judged = rows.join(exact, on=coding.on, how="left").join(earlier, on=names, how="left")
    return (
        judged.with_columns(flag=pl.lit(CODED), state=_state()).select(FLAG.names()).sort("key", "new_line")
    )


def _state() -> pl.Expr:
    same = (
        pl.col("_coded").str.strip_chars().str.to_uppercase()
        == pl.col("told").str.strip_chars().str.to_uppercase()
    )
    return (
        pl.when(pl.col("_coded").is_not_null() & same).then(pl.lit("coded again"))
        .when(pl.col("_coded").is_not_null()).then(pl.lit("its code is for another text"))
        .when(pl.col("_earlier")).then(pl.lit("its code is that of an earlier version"))
        .otherwise(pl.lit("not coded yet"))
    )  # fmt: skip
