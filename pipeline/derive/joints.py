"""28-joint counts: how many joints were judged, how many were positive, and the count that scores use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl


@dataclass(frozen=True)
class JointSet:
    """Which joints make a full count, and how few judged joints still make a prorated one.

    28 joints: Prevoo et al. 1995 (DAS28). Prorating down to half of them is a convention of the trial, not
    of DAS28.
    """

    joints: int = 28
    fewest: int = 14


JOINTS_28: Final = JointSet()


def counted(positive: pl.Expr, evaluable: pl.Expr, joints: JointSet = JOINTS_28) -> pl.Expr:
    """The count as exact text (String): ``12``, or 12 of 27 prorated and unrounded as ``336/27``; or null.

    Null if fewer than ``joints.fewest`` joints were judged, more than there are, more positive than judged,
    or null.
    """
    top = positive.cast(pl.Int64) * joints.joints
    ratio = pl.concat_str(top.cast(pl.String), evaluable.cast(pl.String), separator="/")
    whole = (top // evaluable).cast(pl.String)
    possible = evaluable.is_between(joints.fewest, joints.joints) & positive.is_between(0, evaluable)
    return pl.when(possible & (top % evaluable == 0)).then(whole).when(possible).then(ratio)


def joint_counts(
    answers: pl.DataFrame, *, keys: list[str], found: str, count: str = "COUNT", joints: JointSet = JOINTS_28
) -> pl.DataFrame:
    """One row per ``keys``, as they appear: ``_positive``, ``_evaluable`` and ``count`` (text or null).

    ``answers``: one row a joint and key, ``found`` ``Y``, ``N`` or null (not evaluable).
    """
    judged = pl.col(found).is_in(["Y", "N"])
    totals = answers.group_by(keys, maintain_order=True).agg(
        _positive=(pl.col(found) == "Y").sum().cast(pl.Int64), _evaluable=judged.sum().cast(pl.Int64)
    )
    return totals.with_columns(counted(pl.col("_positive"), pl.col("_evaluable"), joints).alias(count))
