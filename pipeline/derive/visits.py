"""Visits: labels as keys, and numbers for the contacts that no schedule foresaw."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.derive.decimals import to_double
from pipeline.derive.iso8601 import date_part

HUNDREDTHS: Final = 100  # a contact is numbered in steps of 0.01 after the visit before it
_ROW: Final = "__row"


def label_key(label: pl.Expr) -> pl.Expr:
    """A visit label in upper case without blanks and hyphens, for comparing (String); null if null."""
    return label.str.to_uppercase().str.replace_all(r"[\s-]+", "")


def with_unscheduled_number(
    contacts: pl.DataFrame,
    planned: pl.DataFrame,
    *,
    date: str = "SVSTDTC",
    order: tuple[str, ...] = ("_form_order", "RECORDID"),
    subject: str = "USUBJID",
) -> pl.DataFrame:
    """``contacts`` in its order plus VISITNUM (Float64, or null) and ``_visitnum`` (its shortest text).

    The whole part is the highest VISITNUM of ``planned`` (``subject``, VISITNUM, SVSTDTC) that began on or
    before the contact's day; 0.01, 0.02 ... follow in order of ``date``, then of ``order``. Null if the
    date is partial or null, no planned visit began by then, or a visit is followed by more than 99
    contacts.
    """
    numbered = contacts.drop("VISITNUM", "_visitnum", strict=False).with_row_index(_ROW)
    dated = numbered.select(_ROW, subject, date, *order, __day=date_part(pl.col(date))).filter(
        pl.col("__day").is_not_null()
    )
    placed = dated.sort("__day").join_asof(
        _highest_so_far(planned, subject), on="__day", by=subject, strategy="backward", check_sortedness=False
    )
    ranked = (
        placed.filter(pl.col("__whole").is_not_null())
        .sort(subject, "__whole", date, *order, _ROW, nulls_last=True)
        .with_columns(__nth=pl.int_range(1, pl.len() + 1).over(subject, "__whole"))
    )
    text = pl.concat_str(
        pl.col("__whole").cast(pl.String), pl.col("__nth").cast(pl.String).str.zfill(2), separator="."
    )
    found = ranked.filter(pl.col("__nth") < HUNDREDTHS).select(_ROW, _visitnum=text.str.strip_chars_end("0"))
    joined = numbered.join(found, on=_ROW, how="left", maintain_order="left").drop(_ROW)
    return joined.with_columns(VISITNUM=to_double(pl.col("_visitnum")))


def _highest_so_far(planned: pl.DataFrame, subject: str) -> pl.DataFrame:
    """For each subject and day the highest planned visit that has begun, in order of days."""
    begun = planned.select(
        subject, __day=date_part(pl.col("SVSTDTC")), __whole=pl.col("VISITNUM").cast(pl.Int64)
    )
    begun = begun.drop_nulls().group_by(subject, "__day").agg(pl.col("__whole").max()).sort("__day", subject)
    return begun.with_columns(pl.col("__whole").cum_max().over(subject))
