"""Defects of doses that no rule can work with (BX-CM-02N, 02U): a decimal comma, a unit behind the number, no unit."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra.simulation.defects.chosen import (
    BLANK,
    OTHER_LOG,
    RA_LOG,
    changed,
    free_rows,
    one_each,
    reads,
)
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import noted, notes_of

_LIMITED: Final = pl.col("CMTRT") == "METHOTREXATE"


def _no_number(ground: Ground) -> Planted:
    """A dose with a decimal comma or with its unit, of a drug that no rule limits."""
    plain = pl.col("CMAENO").is_null() & ~pl.col("CMINDC").str.contains("PREMEDICATION", literal=True)
    rows = one_each(ground, free_rows(ground, OTHER_LOG, plain), reads("BX-CM-02N", OTHER_LOG))
    comma = pl.int_range(pl.len()) % 2 == 0
    dose = pl.col("CMDOSE") + pl.when(comma).then(pl.lit(",0")).otherwise(pl.lit(" MG"))
    tables, new = changed(ground, OTHER_LOG, rows, CMDOSE=dose)
    return Planted(tables, noted(OTHER_LOG, new, rule="BX-CM-02N"))


def _not_judged(ground: Ground) -> Planted:
    """Methotrexate in a dose with a decimal comma, or without the unit."""
    rows = one_each(ground, free_rows(ground, RA_LOG, _LIMITED), (RA_LOG,))
    comma = pl.int_range(pl.len()) % 2 == 0
    dose = pl.when(comma).then(pl.col("CMDOSE") + ",0").otherwise("CMDOSE")
    unit = pl.when(comma).then("CMDOSU").otherwise(BLANK)
    tables, new = changed(ground, RA_LOG, rows, CMDOSE=dose, CMDOSU=unit)
    told = noted(RA_LOG, new.filter(new["CMDOSE"].str.contains(",", literal=True)), rule="BX-CM-02N")
    return Planted(tables, notes_of(noted(RA_LOG, new, rule="BX-CM-02U"), told))


KINDS: Final = (DefectKind("BX-CM-02U", _not_judged), DefectKind("BX-CM-02N", _no_number))
