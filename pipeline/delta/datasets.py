"""SDTM records of one dataset in two builds, by natural key: a running number alone is no change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from pipeline.delta.matching import (
    NEW,
    ROW,
    Sides,
    as_text,
    differing,
    key_text,
    pairs,
    repeated,
    side_by_side,
    sides,
    touched,
)

HIDDEN = "_"
ADDED, REMOVED, CHANGED = "added", "removed", "changed"
CHANGE = pl.Schema(
    {
        "dataset": pl.String,
        "change": pl.String,
        "subject": pl.String,  # USUBJID; null in datasets of the trial
        "key": pl.String,  # the natural key as it is now, or was
        "old_seq": pl.Int64,
        "new_seq": pl.Int64,
        "variable": pl.String,  # null for a record that was added or removed
        "old": pl.String,
        "new": pl.String,
        "repeated": pl.Boolean,  # the key names several records: which of them changed cannot be told
    }
)


@dataclass(frozen=True)
class ComparedDataset:
    """Changes, one row a changed variable; counts of records by what happened to them."""

    changes: pl.DataFrame
    counts: dict[str, int]


def compare_dataset(
    name: str, old: pl.LazyFrame, new: pl.LazyFrame, keys: Sequence[str], seq: str | None
) -> ComparedDataset:
    """Every record that was added, removed or changed, in key order.

    Records are paired by ``keys`` without ``seq``; then, where a date was corrected, by the key without its dates;
    then by the sponsor's identifier of the record. A key that one build has twice pairs nothing.
    """
    old, new = _alike(old, new)
    content = [each for each in old.collect_schema().names() if each != seq and not each.startswith(HIDDEN)]
    natural = [each for each in keys if each != seq and each in content]
    found = sides(old, new, content, natural)
    matched = _pairs(found, natural, name)
    wide = side_by_side(found, matched)
    lost, come = _unpaired(found, matched, natural)
    changes = [
        *(_of_variable(wide, each, natural, seq) for each in touched(wide, content)),
        _alone(lost, REMOVED, natural, seq),
        _alone(come, ADDED, natural, seq),
    ]
    told = pl.concat(
        [
            CHANGE.to_frame(),
            *(
                frame.with_columns(dataset=pl.lit(name)).select(CHANGE.names()).cast(CHANGE)
                for frame in changes
            ),
        ]
    )
    order = {each: place for place, each in enumerate(content)}
    place = pl.col("variable").replace_strict(order, default=None, return_dtype=pl.Int32)
    counts = {
        "old": found.old.keys.height, "new": found.new.keys.height,
        ADDED: come.height, REMOVED: lost.height, CHANGED: wide.height,
        "repeated": int(told["repeated"].sum()),
    }  # fmt: skip
    return ComparedDataset(told.sort("key", "change", "new_seq", "old_seq", place, nulls_last=True), counts)


def renumbered(old: pl.LazyFrame, new: pl.LazyFrame, seq: str) -> int:
    """How many records are the same but for their running number ``seq``."""
    old, new = _alike(old, new)
    content = [each for each in old.collect_schema().names() if each != seq and not each.startswith(HIDDEN)]
    with_number = sides(old, new, [*content, seq], [])
    return sides(old, new, content, []).unchanged - with_number.unchanged


def _alike(old: pl.LazyFrame, new: pl.LazyFrame) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Both with all variables of either; one that a build lacks is null, one of two types becomes text."""
    one, other = old.collect_schema(), new.collect_schema()
    types: dict[str, pl.DataType] = {**one, **other}
    for name in set(one) & set(other):
        if one[name] != other[name]:
            types[name] = pl.String()

    def filled(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
        return frame.select(
            (pl.col(name) if name in schema else pl.lit(None)).cast(types[name]).alias(name) for name in types
        )

    return filled(old, one), filled(new, other)


def _pairs(found: Sides, natural: Sequence[str], name: str) -> pl.DataFrame:
    """Two states of one record, by ever looser keys."""
    undated = [each for each in natural if not each.endswith("DTC")]
    sponsor = f"{name}SPID"
    loose = (
        [each for each in natural if each in ("STUDYID", "USUBJID", sponsor)] if sponsor in natural else []
    )
    matched = pairs(found, natural)
    for key in (undated, loose):
        if key and len(key) < len(natural):
            matched = pl.concat([matched, pairs(found, key, done=matched)])
    return matched


def _unpaired(
    found: Sides, matched: pl.DataFrame, natural: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    doubtful = repeated(found, natural).with_columns(_doubt=pl.lit(value=True))
    lost = found.old.rest.join(matched, on=ROW, how="anti")
    come = found.new.rest.join(matched.select(pl.col(f"{NEW}{ROW}").alias(ROW)), on=ROW, how="anti")
    one, other = (
        side.join(doubtful, on=natural, how="left", nulls_equal=True, maintain_order="left").with_columns(
            pl.col("_doubt").fill_null(value=False)
        )
        for side in (lost, come)
    )
    return one, other


def _of_variable(wide: pl.DataFrame, variable: str, natural: Sequence[str], seq: str | None) -> pl.DataFrame:
    return wide.filter(differing([variable])[variable]).select(
        change=pl.lit(CHANGED),
        subject=_column(wide, f"{NEW}USUBJID"),
        key=key_text([f"{NEW}{each}" for each in natural]),
        old_seq=_column(wide, seq),
        new_seq=_column(wide, f"{NEW}{seq}"),
        variable=pl.lit(variable),
        old=as_text(pl.col(variable)),
        new=as_text(pl.col(f"{NEW}{variable}")),
        repeated=pl.lit(value=False),
    )


def _alone(rows: pl.DataFrame, change: str, natural: Sequence[str], seq: str | None) -> pl.DataFrame:
    number = _column(rows, seq)
    nothing = pl.lit(None)
    return rows.select(
        change=pl.lit(change),
        subject=_column(rows, "USUBJID"),
        key=key_text(natural),
        old_seq=number if change == REMOVED else nothing,
        new_seq=number if change == ADDED else nothing,
        variable=nothing,
        old=nothing,
        new=nothing,
        repeated=pl.col("_doubt"),
    )


def _column(rows: pl.DataFrame, name: str | None) -> pl.Expr:
    return pl.col(name) if name in rows.columns else pl.lit(None)
