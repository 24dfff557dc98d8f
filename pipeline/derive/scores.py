"""Indices of rheumatoid arthritis: DAS28 with CRP or ESR, CDAI and SDAI, with their categories.

Inputs are exact texts (see ``rational``): joint counts 0 to 28, visual analogue scales in mm 0 to 100, CRP
in mg/L, ESR in mm/h. An input that is missing or outside its scale leaves the index null: there is no
fallback formula. Categories are judged on the stored, rounded value, so that a reader of the dataset can
reproduce them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import polars as pl

from pipeline.derive.decimals import decimal_of, exact_product, plain_text
from pipeline.derive.rational import half_up, natural_log, square_root, with_computed
from pipeline.derive.units import CENSORED

MOST_JOINTS: Final = 28
LONGEST_SCALE: Final = 100  # mm
MM_PER_CM: Final = 10
CRP_PER_DECILITRE: Final = 10  # mg/L in one mg/dL


@dataclass(frozen=True)
class Cutoffs:
    """Highest value of remission (``below_remission``: strictly below it), low and moderate activity."""

    remission: Fraction
    low: Fraction
    moderate: Fraction
    below_remission: bool = False


@dataclass(frozen=True)
class Das28:
    """Coefficients of a DAS28 of four variables; ``offset`` is added to the reactant under the logarithm."""

    tender: Fraction
    swollen: Fraction
    reactant: Fraction
    patient_global: Fraction
    constant: Fraction
    offset: Fraction
    lowest_reactant: Fraction
    places: int
    cutoffs: Cutoffs


@dataclass(frozen=True)
class Sum:
    """An index that is a plain sum: decimals it is stored with, and its cut-offs."""

    places: int
    cutoffs: Cutoffs


# das-score.nl (Prevoo 1995, Fransen 2005); the cut-offs are those of the ESR variant, used for both.
DAS28_CUTOFFS: Final = Cutoffs(Fraction("2.6"), Fraction("3.2"), Fraction("5.1"), below_remission=True)
DAS28_CRP: Final = Das28(
    tender=Fraction("0.56"),
    swollen=Fraction("0.28"),
    reactant=Fraction("0.36"),
    patient_global=Fraction("0.014"),
    constant=Fraction("0.96"),
    offset=Fraction(1),
    lowest_reactant=Fraction(0),
    places=2,
    cutoffs=DAS28_CUTOFFS,
)
DAS28_ESR: Final = Das28(
    tender=Fraction("0.56"),
    swollen=Fraction("0.28"),
    reactant=Fraction("0.70"),
    patient_global=Fraction("0.014"),
    constant=Fraction(0),
    offset=Fraction(0),
    lowest_reactant=Fraction(1),  # an ESR below 1 counts as 1: its logarithm would be negative or none
    places=2,
    cutoffs=DAS28_CUTOFFS,
)
# Aletaha and Smolen 2005.
CDAI: Final = Sum(places=1, cutoffs=Cutoffs(Fraction("2.8"), Fraction(10), Fraction(22)))
SDAI: Final = Sum(places=2, cutoffs=Cutoffs(Fraction("3.3"), Fraction(11), Fraction(26)))


def scoring_value(result: pl.Expr, *, below: str = "HALF") -> pl.Expr:
    """A result as exact text for scoring only (String): ``<x`` -> x/2, ``>x`` -> x, else itself; or null.

    Null if the result is null or neither a number nor censored. ``below`` says what ``<x`` counts as: ``HALF``
    of x, the ``LIMIT`` x itself, or ``MISSING`` (null).
    """
    sign, bound = result.str.extract(CENSORED, 1), result.str.extract(CENSORED, 2)
    limit = plain_text(decimal_of(bound))
    half = plain_text(exact_product(decimal_of(bound), pl.lit("0.5").pipe(decimal_of)))
    under = {"HALF": half, "LIMIT": limit, "MISSING": pl.lit(None, dtype=pl.String)}[below]
    return (
        pl.when(sign.str.starts_with("<"))
        .then(under)
        .when(sign.is_not_null())
        .then(limit)
        .otherwise(plain_text(decimal_of(result)))
    )


def das28(
    formula: Das28, tjc: Fraction, sjc: Fraction, reactant: Fraction, ptga: Fraction
) -> Fraction | None:
    """The unrounded index; None if an input is outside its scale."""
    if not (_is_count(tjc) and _is_count(sjc) and _is_scale(ptga) and reactant >= 0):
        return None
    level = max(reactant, formula.lowest_reactant) + formula.offset
    return (
        formula.tender * square_root(tjc)
        + formula.swollen * square_root(sjc)
        + formula.reactant * natural_log(level)
        + formula.patient_global * ptga
        + formula.constant
    )


def with_das28(
    frame: pl.DataFrame,
    *,
    tjc: str,
    sjc: str,
    reactant: str,
    ptga: str,
    formula: Das28,
    score: str,
    category: str,
) -> pl.DataFrame:
    """``frame`` plus ``score`` (text, 2 decimals) and ``category``, null if an input is unusable.

    ``reactant`` is CRP in mg/L with ``DAS28_CRP`` and ESR in mm/h with ``DAS28_ESR``.
    """

    def row(*values: Fraction) -> tuple[str, str] | None:
        return _stored(das28(formula, *values), formula.places, formula.cutoffs)

    return with_computed(frame, [tjc, sjc, reactant, ptga], [score, category], row)


def with_cdai(
    frame: pl.DataFrame,
    *,
    tjc: str,
    sjc: str,
    ptga: str,
    phga: str,
    score: str,
    category: str,
    index: Sum = CDAI,
) -> pl.DataFrame:
    """``frame`` plus ``score`` (text, 1 decimal, 0 to 76) and ``category``, null if an input is unusable."""

    def row(*values: Fraction) -> tuple[str, str] | None:
        return _stored(cdai(*values), index.places, index.cutoffs)

    return with_computed(frame, [tjc, sjc, ptga, phga], [score, category], row)


def with_sdai(
    frame: pl.DataFrame,
    *,
    tjc: str,
    sjc: str,
    ptga: str,
    phga: str,
    crp: str,
    score: str,
    category: str,
    index: Sum = SDAI,
) -> pl.DataFrame:
    """``frame`` plus ``score`` (text, 2 decimals) and ``category``, null if an input is unusable.

    ``crp`` is in mg/L; the index adds it in mg/dL.
    """

    def row(*values: Fraction) -> tuple[str, str] | None:
        return _stored(sdai(*values), index.places, index.cutoffs)

    return with_computed(frame, [tjc, sjc, ptga, phga, crp], [score, category], row)


def cdai(tjc: Fraction, sjc: Fraction, ptga: Fraction, phga: Fraction) -> Fraction | None:
    """The unrounded index; None if an input is outside its scale."""
    if not (_is_count(tjc) and _is_count(sjc) and _is_scale(ptga) and _is_scale(phga)):
        return None
    return tjc + sjc + (ptga + phga) / MM_PER_CM


def sdai(tjc: Fraction, sjc: Fraction, ptga: Fraction, phga: Fraction, crp: Fraction) -> Fraction | None:
    """The unrounded index; None if an input is outside its scale."""
    clinical = cdai(tjc, sjc, ptga, phga)
    return None if clinical is None or crp < 0 else clinical + crp / CRP_PER_DECILITRE


def activity(value: Fraction, cutoffs: Cutoffs) -> str:
    """``REMISSION``, ``LOW``, ``MODERATE`` or ``HIGH``."""
    in_remission = value < cutoffs.remission if cutoffs.below_remission else value <= cutoffs.remission
    if in_remission:
        return "REMISSION"
    if value <= cutoffs.low:
        return "LOW"
    return "MODERATE" if value <= cutoffs.moderate else "HIGH"


def _stored(value: Fraction | None, places: int, cutoffs: Cutoffs) -> tuple[str, str] | None:
    if value is None:
        return None
    text = half_up(value, places)
    return text, activity(Fraction(text), cutoffs)


def _is_count(value: Fraction) -> bool:
    return 0 <= value <= MOST_JOINTS


def _is_scale(value: Fraction) -> bool:
    return 0 <= value <= LONGEST_SCALE
