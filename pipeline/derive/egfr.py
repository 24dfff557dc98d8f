"""Estimated glomerular filtration rate by the MDRD formula with four variables."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import polars as pl

from pipeline.derive.rational import half_up, power, with_computed

MICROMOL_PER_MILLIGRAM: Final = Fraction("88.4")  # umol/L in one mg/dL of creatinine
PLACES: Final = 1
_FEMALE, _MALE = "F", "M"
_SCALES: Final = {"mg/dL": Fraction(1), "umol/L": 1 / MICROMOL_PER_MILLIGRAM}


@dataclass(frozen=True)
class Mdrd:
    """Coefficients of one published form of the formula."""

    constant: Fraction
    black: Fraction
    female: Fraction = Fraction("0.742")
    creatinine_power: Fraction = Fraction("-1.154")
    age_power: Fraction = Fraction("-0.203")


MDRD_IDMS: Final = Mdrd(
    constant=Fraction(175), black=Fraction("1.212")
)  # Levey 2006, IDMS-traceable creatinine
MDRD_ORIGINAL: Final = Mdrd(constant=Fraction(186), black=Fraction("1.210"))  # Levey 1999/2000


def mdrd(creatinine: Fraction, age: Fraction, *, female: bool, black: bool, formula: Mdrd) -> Fraction | None:
    """The unrounded rate in mL/min/1.73 m2 from mg/dL and years; None if either is not above zero."""
    if creatinine <= 0 or age <= 0:
        return None
    rate = formula.constant * power(creatinine, formula.creatinine_power) * power(age, formula.age_power)
    return rate * (formula.female if female else 1) * (formula.black if black else 1)


def with_egfr(
    frame: pl.DataFrame,
    *,
    creatinine: str,
    unit: str,
    age: str,
    sex: str,
    black: str,
    formula: Mdrd,
    egfr: str,
    limit: int | None = None,
    below: str | None = None,
) -> pl.DataFrame:
    """``frame`` plus ``egfr`` (text, 1 decimal, or null) and, with ``limit``, ``below`` (Y/N, unrounded).

    ``creatinine`` exact text in ``unit`` (``mg/dL`` or ``umol/L``), ``age`` completed years (integer),
    ``sex`` F or M, ``black`` Boolean. Null if any of them is missing or another word.
    """
    encoded = frame.with_columns(
        __age=pl.col(age).cast(pl.String),
        __scale=_as_code(pl.col(unit), tuple(_SCALES)),
        __sex=_as_code(pl.col(sex), (_MALE, _FEMALE)),
        __black=pl.col(black).cast(pl.Int8).cast(pl.String),
    )
    scales = tuple(_SCALES.values())

    def row(
        level: Fraction, scale: Fraction, years: Fraction, female: Fraction, is_black: Fraction
    ) -> tuple[str, str] | None:
        rate = mdrd(
            level * scales[int(scale)], years, female=female == 1, black=is_black == 1, formula=formula
        )
        return (
            None
            if rate is None
            else (half_up(rate, PLACES), "Y" if limit is not None and rate < limit else "N")
        )

    low = below or "__below"
    computed = with_computed(encoded, [creatinine, "__scale", "__age", "__sex", "__black"], [egfr, low], row)
    kept = [name for name in frame.columns if name not in (egfr, low)]
    return computed.select(*kept, egfr, *([low] if limit is not None and below else []))


def _as_code(text: pl.Expr, words: tuple[str, ...]) -> pl.Expr:
    """The place of a word in ``words`` as digits; null for any other word, so that the result is null too."""
    return text.replace_strict(
        {word: str(n) for n, word in enumerate(words)}, default=None, return_dtype=pl.String
    )
