"""Defects of the filtration rate at screening (BX-ELIG-08, 08W): a creatinine, and the rate that goes with it."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import polars as pl

from data_contracts.bxu001_ra.simulation.defects.chosen import day
from data_contracts.bxu001_ra.simulation.defects.screened import (
    LAB,
    SCREENED,
    SUBJECT,
    changed,
    free,
    in_order,
    of,
    one_each,
    randomized,
    screen_failures,
    screening_result,
)
from pipeline.derive.egfr import MDRD_IDMS, MDRD_ORIGINAL, Mdrd, mdrd
from pipeline.derive.rational import half_up
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import Tables, noted, notes_of

_LIMIT: Final = 45  # mL/min/1.73 m2, exclusion 5
_CREATININE, _RATE = "CREAT", "GFRE"
_LEVELS: Final = tuple(Fraction(step, 100) for step in range(50, 500))  # mg/dL, as the laboratory reports


def _rate(row: dict[str, str], creatinine: Fraction, formula: Mdrd) -> Fraction:
    rate = mdrd(
        creatinine,
        Fraction(row["_age"]),
        female=row["SEX"] == "F",
        black=row["_black"] == "1",
        formula=formula,
    )
    if rate is None:
        raise AssertionError("a subject of the trial has an age and a creatinine above zero")
    return rate


def _highest(row: dict[str, str]) -> Fraction:
    """The lowest creatinine with a rate below the limit by both forms of the formula, and a little more."""
    return next(level + Fraction(1, 10) for level in _LEVELS if _rate(row, level, MDRD_ORIGINAL) < _LIMIT)


def _between(row: dict[str, str]) -> Fraction:
    """A creatinine with a rate below the limit by one form of the formula only."""
    return next(
        level
        for level in _LEVELS
        if _rate(row, level, MDRD_IDMS) < _LIMIT <= _rate(row, level, MDRD_ORIGINAL)
    )


def _creatinine(ground: Ground, who: list[str]) -> pl.DataFrame:
    """A screening creatinine for each of some of ``who``, with ``_age`` at collection and ``_black``."""
    people = ground.tables["edc_dm"].select(
        SUBJECT, _born=day("BRTHDAT"), _black=pl.col("RACE_BLACK").fill_null("0")
    )
    rows = screening_result(ground, _CREATININE, who)
    collected = pl.col("COLLDT").str.to_date("%Y%m%d")
    passed = [100 * each.dt.month().cast(pl.Int32) + each.dt.day() for each in (collected, pl.col("_born"))]
    years = collected.dt.year() - pl.col("_born").dt.year() - (passed[0] < passed[1]).cast(pl.Int32)
    aged = rows.join(people, on=SUBJECT, how="left", maintain_order="left").with_columns(
        _age=years.cast(pl.String)
    )
    return one_each(
        ground, aged.drop_nulls("_age"), (*(f"{LAB}/{code}" for code in (_CREATININE, _RATE)), "edc_dm")
    )


def _filtered(ground: Ground, rows: pl.DataFrame, levels: list[Fraction]) -> Tables:
    """The creatinine ``levels`` in ``rows``, and the rate that the laboratory reports with them."""
    rates = [
        _rate(row, level, MDRD_IDMS) for row, level in zip(rows.iter_rows(named=True), levels, strict=True)
    ]
    shown = pl.Series("RESULT", [half_up(level, 2) for level in levels], dtype=pl.String)
    tables = changed(ground, {}, LAB, rows.drop("_born", "_black", "_age"), RESULT=pl.lit(shown), ABNFL="H")
    reported = of(ground, LAB, SCREENED & (pl.col("LABTESTCD") == _RATE), rows[SUBJECT])
    again = reported.with_columns(pl.Series("RESULT", [half_up(rate, 1) for rate in rates], dtype=pl.String))
    again = in_order(again.drop_nulls("_row"))
    return changed(ground, tables, LAB, again, RESULT=pl.col("RESULT"), ABNFL="L")


def _kidneys(ground: Ground) -> Planted:
    """A creatinine whose rate is below the limit by both forms of the formula."""
    rows = _creatinine(ground, randomized(ground))
    tables = _filtered(ground, rows, [_highest(row) for row in rows.iter_rows(named=True)])
    return Planted(tables, noted(LAB, rows, rule="BX-ELIG-08"))


def _formulas(ground: Ground) -> Planted:
    """A creatinine on which the two forms disagree; of a randomized subject the study's form breaks its limit."""
    inside = randomized(ground)
    named = free(ground, "edc_ie", pl.col("IETESTCD") == "EXCL05", screen_failures(ground))
    rows = _creatinine(ground, [*inside, *named[SUBJECT]])
    tables = _filtered(ground, rows, [_between(row) for row in rows.iter_rows(named=True)])
    parts = [
        (rows.filter(pl.col(SUBJECT).is_in(inside)), ("BX-ELIG-08W", "BX-ELIG-08"), 1),
        (rows.filter(~pl.col(SUBJECT).is_in(inside)), ("BX-ELIG-08W",), ground.count + 1),
    ]
    return Planted(
        tables,
        notes_of(*(noted(LAB, each, rule=rule, first=n) for each, rules, n in parts for rule in rules)),
    )


KINDS: Final[tuple[DefectKind, ...]] = (
    DefectKind("BX-ELIG-08", _kidneys),
    DefectKind("BX-ELIG-08W", _formulas),
)
