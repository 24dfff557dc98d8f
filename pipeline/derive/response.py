"""Responses to treatment: ACR, improvement of both joint counts and its lack, EULAR.

Answers are three-valued: one is null only where the missing value could still change it; nothing is
imputed. Percentages are compared as ratios of whole numbers, because 20 % of 13.5 is not 20 % in binary
floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import and_, or_
from typing import Final

import polars as pl

from pipeline.derive.decimals import decimal_of
from pipeline.derive.rational import half_up, with_computed

Pair = tuple[str, str]  # columns with the baseline and with the visit's value, both exact texts

WORSE_THAN_NOTHING: Final = Fraction(
    -100
)  # from 0 to anything: no percentage exists, and it is no improvement
ACR_LEVELS: Final = (20, 50, 70)  # Felson et al. 1995
ACR_OTHERS_NEEDED: Final = 3  # of the five measures besides the joint counts


@dataclass(frozen=True)
class Eular:
    """Cut-offs of the EULAR response (van Gestel 1998, DAS28 cut-offs of Prevoo 1995) and its words."""

    large_change: str = "1.2"
    small_change: str = "0.6"
    low: str = "3.2"
    moderate: str = "5.1"
    good_response: str = "GOOD RESPONSE"
    moderate_response: str = "MODERATE RESPONSE"
    no_response: str = "NO RESPONSE"


EULAR: Final = Eular()


def improvement(baseline: Fraction, visit: Fraction) -> Fraction:
    """Per cent of the baseline by which the value fell; from 0: 0 if it stayed, else -100 (worse)."""
    if baseline == 0:
        return Fraction(0) if visit == 0 else WORSE_THAN_NOTHING
    return (baseline - visit) / baseline * 100


def with_improvement(frame: pl.DataFrame, *, pair: Pair, into: str, places: int = 1) -> pl.DataFrame:
    """``frame`` plus ``into`` (text): per cent improvement, for display; null if either value is missing."""

    def row(baseline: Fraction, visit: Fraction) -> tuple[str]:
        return (half_up(improvement(baseline, visit), places),)

    return with_computed(frame, pair, [into], row)


def with_acr(
    frame: pl.DataFrame,
    *,
    counts: Sequence[Pair],
    others: Sequence[Pair],
    levels: Sequence[int] = ACR_LEVELS,
    needed: int = ACR_OTHERS_NEEDED,
    prefix: str = "ACR",
) -> pl.DataFrame:
    """``frame`` plus ``ACR20``, ``ACR50``, ``ACR70`` (``Y``, ``N``, null); the percentage itself is enough.

    ``counts``: tender and swollen joints; ``others``: pain, patient global, physician global, HAQ-DI,
    acute-phase reactant. ``Y``: all counts and ``needed`` of the others improve by the level; ``N`` as soon
    as that is impossible.
    """
    marked = _with_met(frame, [*counts, *others], levels)
    marked = marked.with_columns(
        _yes_no(_enough(level, len(counts), len(others), needed)).alias(f"{prefix}{level}")
        for level in levels
    )
    return marked.drop(_met(n, level) for n in range(len(counts) + len(others)) for level in levels)


def _enough(level: int, n_counts: int, n_others: int, needed: int) -> pl.Expr:
    both = reduce(and_, (pl.col(_met(n, level)) for n in range(n_counts)))
    others = [pl.col(_met(n, level)) for n in range(n_counts, n_counts + n_others)]
    sure = pl.sum_horizontal(other.fill_null(value=False).cast(pl.Int8) for other in others)
    open_ = pl.sum_horizontal(other.is_null().cast(pl.Int8) for other in others)
    return both & pl.when(sure >= needed).then(statement=True).when(sure + open_ < needed).then(
        statement=False
    )


def with_lack_of_response(
    frame: pl.DataFrame, *, counts: Sequence[Pair], percent: int, rule: str, response: str, lack: str
) -> pl.DataFrame:
    """``frame`` plus ``response`` (every count improved by ``percent``) and ``lack``: ``Y``, ``N`` or null.

    ``rule`` says when a response is lacking: ``EITHER`` one count fell short (OR), or only if ``BOTH`` did
    (AND).
    """
    if rule not in ("EITHER", "BOTH"):
        raise ValueError("rule must be EITHER or BOTH")
    marked = _with_met(frame, counts, [percent])
    met = [pl.col(_met(n, percent)) for n in range(len(counts))]
    short = reduce(or_ if rule == "EITHER" else and_, (~reached for reached in met))
    answered = marked.with_columns(_yes_no(reduce(and_, met)).alias(response), _yes_no(short).alias(lack))
    return answered.drop(_met(n, percent) for n in range(len(counts)))


def _with_met(frame: pl.DataFrame, pairs: Sequence[Pair], levels: Sequence[int]) -> pl.DataFrame:
    """``frame`` plus whether each pair improved by each level (Boolean, null if a value is missing)."""
    for n, pair in enumerate(pairs):
        names = [_met(n, level) for level in levels]

        def row(baseline: Fraction, visit: Fraction) -> tuple[str, ...]:
            fell = improvement(baseline, visit)
            return tuple("Y" if fell >= level else "N" for level in levels)

        frame = with_computed(frame, pair, names, row).with_columns(pl.col(name) == "Y" for name in names)
    return frame


def _met(n: int, level: int) -> str:
    return f"_met_{n}_{level}"


def _yes_no(answer: pl.Expr) -> pl.Expr:
    return pl.when(answer).then(pl.lit("Y")).when(~answer).then(pl.lit("N"))


def eular_response(baseline: pl.Expr, visit: pl.Expr, criteria: Eular = EULAR) -> pl.Expr:
    """The response in the criteria's words (String) from two stored DAS28 texts; null if one is missing."""
    before, now = decimal_of(baseline), decimal_of(visit)
    fell = before - now
    large, small = _constant(criteria.large_change), _constant(criteria.small_change)
    good = (fell > large) & (now <= _constant(criteria.low))
    moderate = (fell > large) | ((fell > small) & (now <= _constant(criteria.moderate)))
    return (
        pl.when(fell.is_null())
        .then(None)
        .when(good)
        .then(pl.lit(criteria.good_response))
        .when(moderate)
        .then(pl.lit(criteria.moderate_response))
        .otherwise(pl.lit(criteria.no_response))
    )


def _constant(text: str) -> pl.Expr:
    return decimal_of(pl.lit(text))
