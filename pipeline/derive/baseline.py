"""The last record before exposure: which one of a subject's results is the baseline of its test."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.derive.iso8601 import date_part, latest
from pipeline.derive.timing import is_before

_ROW: Final = "__row"


def with_last_before_exposure(
    frame: pl.DataFrame,
    *,
    keys: list[str],
    result: str,
    status: str,
    dtc: str,
    reference: str,
    pre_dose_day1: pl.Expr | None,
    ties: list[str],
    flag: str | None = None,
) -> pl.DataFrame:
    """``frame`` in its order plus ``flag``: ``Y`` on one row per ``keys``, else (and if untreated) null.

    A row can be it when ``result`` is not null, ``status`` is null and ``dtc`` lies before ``reference``
    (the first exposure; null if never treated), or is date-only on that day and ``pre_dose_day1`` is true.
    Of those the last by ``dtc``, then by the highest ``ties`` in order, then the lower row (SDTMIG
    --LOBXFL, R9). ``dtc`` sorts as text: a date-only record comes before a timed one of the same day.
    ``flag`` defaults to --LOBXFL with the prefix of ``dtc``.
    """
    name = flag or f"{dtc.removesuffix('DTC')}LOBXFL"
    numbered = frame.drop(name, strict=False).with_row_index(_ROW)
    usable = pl.col(result).is_not_null() & pl.col(status).is_null()
    candidates = numbered.filter(usable & before_exposure(pl.col(dtc), pl.col(reference), pre_dose_day1))
    chosen = (
        candidates.select(_ROW, dtc, *keys, *ties)
        .sort(dtc, *ties, _ROW, nulls_last=False)
        .unique(subset=keys, keep="last", maintain_order=True)
        .select(_ROW, pl.lit("Y").alias(name))
    )
    return numbered.join(chosen, on=_ROW, how="left", maintain_order="left").drop(_ROW)


def before_exposure(dtc: pl.Expr, reference: pl.Expr, pre_dose_day1: pl.Expr | None) -> pl.Expr:
    """Whether ``dtc`` lies before ``reference`` (Boolean); null or false where that is not certain.

    A partial ``dtc`` counts if its last possible day does, a date-only one of the day if ``pre_dose_day1``.
    """
    partial_before = date_part(dtc).is_null() & (latest(dtc) < date_part(reference))
    before = is_before(dtc, reference) | partial_before
    if pre_dose_day1 is None:
        return before
    same_day = date_part(dtc) == date_part(reference)
    return before | (same_day & ~dtc.str.contains("T", literal=True) & pre_dose_day1)
