"""Defects of vital signs (BX-VS-01, dirt): swapped pressures, a temperature in the wrong unit, a negative pulse."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra import codes
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import noted, rewritten

_VS: Final = "edc_vs"
_QUIET: Final = pl.col("VISITOID").is_in(["W1", "W2", "W8"])  # no weight, and nothing rests on them
_MEASURED: Final = pl.all_horizontal(
    pl.col(name).is_not_null() for name in ("SYSBP", "DIABP", "PULSE", "TEMP")
)


def _implausible(ground: Ground) -> Planted:
    """Systolic and diastolic pressure are swapped, or a temperature in Fahrenheit has the unit of Celsius."""
    rows = ground.picked(_VS, _QUIET & _MEASURED)
    swapped = pl.int_range(pl.len()) % 2 == 0
    other = {
        "SYSBP": pl.when(swapped).then("DIABP").otherwise("SYSBP"),
        "DIABP": pl.when(swapped).then("SYSBP").otherwise("DIABP"),
        "TEMP": pl.when(swapped).then("TEMP").otherwise(pl.lit("98.6")),
        "TEMPU": pl.when(swapped).then("TEMPU").otherwise(pl.lit("C")),
        "TEMPU_DEC": pl.when(swapped).then("TEMPU_DEC").otherwise(pl.lit(codes.TEMPERATURE_UNIT["C"])),
    }
    changed = rows.with_columns(**other)
    table = rewritten(ground.tables[_VS], changed, list(other))
    return Planted({_VS: table}, noted(_VS, changed, rule="BX-VS-01"))


def _below_zero(ground: Ground) -> Planted:
    """A pulse with a sign."""
    rows = ground.picked(_VS, _QUIET & _MEASURED)
    changed = rows.with_columns(PULSE="-" + pl.col("PULSE"))
    table = rewritten(ground.tables[_VS], changed, ["PULSE"])
    return Planted({_VS: table}, noted(_VS, changed, fate="quarantined", rule="edc_vs.PULSE.range"))


KINDS: Final = (DefectKind("BX-VS-01", _implausible), DefectKind("negative_value", _below_zero))
