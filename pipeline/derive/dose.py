"""What a subject received of a product prepared for the body weight."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import polars as pl

from pipeline.derive.rational import half_up, shortest, with_computed

DOSE_PLACES: Final = 4
TOTAL_PLACES: Final = 3


def with_dose(
    frame: pl.DataFrame,
    *,
    level: str,
    weight: str,
    prepared: str,
    infused: str,
    planned_total: str = "_planned_total",
    dose: str = "_dose",
    total: str = "_total",
) -> pl.DataFrame:
    """``frame`` plus ``planned_total`` (level x weight), ``dose`` (given per kg), ``total`` (given): texts.

    All four inputs are exact texts: planned level per kg, kg, and the volumes. The dose is exact, at most 4
    decimals half-up; totals have 3. Null if an input is missing, the prepared volume or the weight is not
    above zero, or more was infused than prepared. A level of 0 (placebo) gives ``0``.
    """

    def row(per_kg: Fraction, kg: Fraction, made: Fraction, given: Fraction) -> tuple[str, str, str] | None:
        if per_kg < 0 or kg <= 0 or made <= 0 or not 0 <= given <= made:
            return None
        part = given / made
        return (
            half_up(per_kg * kg, TOTAL_PLACES),
            shortest(per_kg * part, DOSE_PLACES),
            half_up(per_kg * kg * part, TOTAL_PLACES),
        )

    return with_computed(frame, [level, weight, prepared, infused], [planned_total, dose, total], row)
