"""HAQ-DI: eight categories of daily activities, raised by aids and help, and their mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.derive.decimals import DECIMAL, SCALE, rounded_text

ACTIVITY: Final = "activity"
DIFFICULTY: Final = "_difficulty"


@dataclass(frozen=True)
class HaqRules:
    """Standard scoring of Fries et al. 1980: ``raised_to`` with aids or help, mean of ``fewest`` or more."""

    hardest: int = 3
    raised_to: int = 2
    fewest: int = 6
    places: int = 3


HAQ_DI: Final = HaqRules()


def category_scores(
    answers: pl.DataFrame,
    items: pl.DataFrame,
    *,
    keys: list[str],
    item: str,
    score: str,
    other_aids: pl.DataFrame | None = None,
    rules: HaqRules = HAQ_DI,
) -> pl.DataFrame:
    """One row per ``keys`` and ``category``: ``category_score`` (Int64), null if no activity was answered.

    ``answers``: one row per keys and ``item`` with ``score`` (activities 0 to 3, aids and help 0 or 1; null
    = not answered). ``items``: ``item``, ``category``, ``role`` (``activity`` or any kind of aid or help);
    items that are not in it or have no category do not count. ``other_aids``: ``keys`` and ``category`` of
    aids that a person has assigned. ``impossible`` (Boolean) marks a category with an answer outside its
    scale.
    """
    on = [*keys, "category"]
    grid = answers.select(keys).unique(maintain_order=True).join(_categories(items), how="cross")
    answered = _answered(answers, items, on=on, item=item, score=score, rules=rules)
    joined = grid.join(answered, on=on, how="left", nulls_equal=True, maintain_order="left")
    aids = grid.clear() if other_aids is None else other_aids.select(on).unique()
    assigned = aids.with_columns(assigned=pl.lit(value=True))
    joined = joined.join(assigned, on=on, how="left", nulls_equal=True, maintain_order="left")
    helped = (pl.col("helped") | pl.col("assigned")).fill_null(value=False)
    raised = pl.when(helped).then(pl.max_horizontal("worst", pl.lit(rules.raised_to))).otherwise("worst")
    return joined.select(
        *on,
        category_score=pl.when(pl.col("worst").is_not_null()).then(raised).cast(pl.Int64),
        impossible=pl.col("impossible").fill_null(value=False),
    )


def _answered(
    answers: pl.DataFrame, items: pl.DataFrame, *, on: list[str], item: str, score: str, rules: HaqRules
) -> pl.DataFrame:
    """One row per answered category: its worst activity, any aid or help, any impossible answer."""
    number = pl.col(score).cast(pl.Int64, strict=False)
    unreadable = number.is_null() & pl.col(score).is_not_null()
    known = answers.join(items.select(item, "category", "role"), on=item, how="inner")
    known = known.select(*on, "role", number.alias(DIFFICULTY), unreadable=unreadable)
    activity = pl.col("role") == ACTIVITY
    highest = pl.when(activity).then(rules.hardest).otherwise(1)
    return known.group_by(on).agg(
        worst=pl.col(DIFFICULTY).filter(activity).max(),
        helped=(pl.col(DIFFICULTY).filter(~activity) > 0).any(),
        impossible=(~pl.col(DIFFICULTY).is_between(0, highest)).any() | pl.col("unreadable").any(),
    )


def _categories(items: pl.DataFrame) -> pl.DataFrame:
    scored = items.filter((pl.col("role") == ACTIVITY) & pl.col("category").is_not_null())
    return scored.select("category").unique(maintain_order=True)


def haq_di(
    categories: pl.DataFrame, *, keys: list[str], into: str = "HAQDI", rules: HaqRules = HAQ_DI
) -> pl.DataFrame:
    """One row per ``keys`` of ``category_scores``: ``into`` (text, 3 decimals, or null) and ``_categories``.

    ``_categories`` counts the scored categories. Null with fewer than ``rules.fewest`` categories, or if
    any answer is impossible: the mean would rest on a guess.
    """
    totals = categories.group_by(keys, maintain_order=True).agg(
        _categories=pl.col("category_score").count().cast(pl.Int64),
        _sum=pl.col("category_score").sum(),
        _impossible=pl.col("impossible").any(),
    )
    scored = (pl.col("_categories") >= rules.fewest) & ~pl.col("_impossible")
    # The mean is rounded in whole steps of the last place, so that 1/7 is never cut before it is rounded.
    steps = (2 * pl.col("_sum") * 10**rules.places + pl.col("_categories")) // (2 * pl.col("_categories"))
    mean = pl.when(scored).then(steps).cast(DECIMAL) * pl.lit(f"1e-{rules.places}").cast(
        pl.Decimal(38, SCALE)
    )
    return totals.select(*keys, "_categories", rounded_text(mean, rules.places).alias(into))
