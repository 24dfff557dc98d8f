"""Dates of a visit's form that SV cannot use: before consent (BX-DS-03), or of a visit not made (BX-SV-04N)."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.simulation.defects.chosen import BLANK, SUBJECT, free_rows, one_each, written
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import noted, rewritten

_SV, _VS = "edc_sv", "edc_vs"
_PLACE: Final = [SUBJECT, "VISITOID"]
# Visits without a score, on which nothing else rests.
_QUIET: Final = (pl.col("SVPERF") == "Y") & pl.col("VISITOID").is_in(["W1", "W2"])


def _year_before_consent(ground: Ground) -> Planted:
    """The date of a visit lies a year before consent: SV takes its day from another form of the visit."""
    seen = ground.tables[_VS].filter(pl.col("VSDAT").is_not_null()).select(_PLACE).unique()
    rows = free_rows(ground, _SV, _QUIET & pl.col("consent").is_not_null())
    rows = one_each(
        ground, rows.join(seen, on=_PLACE, how="semi", maintain_order="left"), (_SV, _VS, "edc_dsic")
    )
    changed = rows.with_columns(SVDAT=written(pl.col("consent") - pl.duration(days=365)))
    table = rewritten(ground.tables[_SV], changed, ["SVDAT"])
    return Planted({_SV: table}, noted(_SV, changed, rule="BX-DS-03"))


def _dated_but_not_done(ground: Ground) -> Planted:
    """A visit with its date did not take place, says its form."""
    rows = one_each(ground, free_rows(ground, _SV, _QUIET), (_SV,))
    values = {
        "SVPERF": pl.lit("N"),
        "SVPERF_DEC": pl.lit(codes.YN["N"]),
        "SVMODE": BLANK,
        "SVMODE_DEC": BLANK,
        "SVREASND": pl.lit("SUBJECT WAS ILL"),
    }
    changed = rows.with_columns(**values)
    table = rewritten(ground.tables[_SV], changed, list(values))
    return Planted({_SV: table}, noted(_SV, changed, rule="BX-SV-04N"))


KINDS: Final = (
    DefectKind("visit_before_consent", _year_before_consent),
    DefectKind("BX-SV-04N", _dated_but_not_done),
)
