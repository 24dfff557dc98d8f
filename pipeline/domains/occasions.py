"""Which one of several assessments of a visit counts, and which ones lie before exposure."""

from __future__ import annotations

import polars as pl

from pipeline.derive.baseline import before_exposure, with_last_before_exposure
from pipeline.domains.records import Inputs

FIRST_DAY = 1  # planned day of exposure: date-only assessments of that day come before it (R9)
AT_VISIT = "_visitnum"  # the visit that gave a value
_REFERENCE, _STATUS = "_reference", "_status"


def with_before(inputs: Inputs, rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` (USUBJID, VISITDY, dtc) plus ``before`` (Boolean, never null): certainly before the first exposure."""
    joined = _with_reference(inputs, rows)
    before = before_exposure(pl.col("dtc"), pl.col(_REFERENCE), _planned_before()).fill_null(value=False)
    return joined.with_columns(before=before).drop(_REFERENCE)


def one_a_visit(rows: pl.DataFrame, better: list[pl.Expr]) -> pl.DataFrame:
    """One row a subject and visit, sorted: the last by ``better``, then ``before``, ``dtc`` and ``seq``.

    So a repeat after the infusion does not replace what was assessed before it, and any other repeat replaces.
    """
    ranks = [each.fill_null(value=False).alias(f"_rank{n}") for n, each in enumerate(better)]
    names = [f"_rank{n}" for n in range(len(better))]
    ordered = rows.with_columns(ranks).sort(
        "USUBJID", "VISITNUM", *names, "before", "dtc", "seq", nulls_last=False
    )
    return ordered.unique(["USUBJID", "VISITNUM"], keep="last", maintain_order=True).drop(names)


def last_before(inputs: Inputs, rows: pl.DataFrame, *, value: str, dtc: str) -> pl.DataFrame:
    """USUBJID, ``value`` and VISITNUM of each subject's last visit before exposure at which it is not null (R9)."""
    joined = _with_reference(inputs, rows).with_columns(pl.lit(None, dtype=pl.String).alias(_STATUS))
    flagged = with_last_before_exposure(
        joined,
        keys=["USUBJID"],
        result=value,
        status=_STATUS,
        dtc=dtc,
        reference=_REFERENCE,
        pre_dose_day1=_planned_before(),
        ties=["VISITNUM"],
        flag="_last",
    )
    return flagged.filter(pl.col("_last") == "Y").select(
        "USUBJID", value, pl.col("VISITNUM").alias(f"{value}{AT_VISIT}")
    )


def _planned_before() -> pl.Expr:
    return (pl.col("VISITDY") == FIRST_DAY).fill_null(value=False)


def _with_reference(inputs: Inputs, rows: pl.DataFrame) -> pl.DataFrame:
    people = inputs.derived("subjects").select("USUBJID", pl.col("RFXSTDTC").alias(_REFERENCE)).collect()
    return rows.join(people, on="USUBJID", how="left", maintain_order="left")
