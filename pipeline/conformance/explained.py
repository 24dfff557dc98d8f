"""Matches what was found with what a person has explained: ``tables/explained.csv`` of the study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from pipeline.conformance.verdict import CoreResult, Issue, OwnResult, Stale, Verdict, explained_by
from pipeline.errors import SpecError

TABLE = "explained"
_COLUMNS = ("rule", "dataset", "mode", "why")


@dataclass(frozen=True)
class Explanation:
    """Why one rule speaks about one dataset, in builds of ``mode`` only or, if that is None, in all of them."""

    rule: str
    dataset: str
    mode: str | None
    why: str


def explanations(table: pl.DataFrame | None) -> tuple[Explanation, ...]:
    """The rows of the table, none if the study has no table. SpecError for a row that is incomplete or there twice."""
    if table is None:
        return ()
    if tuple(table.columns) != _COLUMNS:
        raise SpecError(f"{TABLE}.csv", f"has other columns than {', '.join(_COLUMNS)}", "mend the table")
    found = tuple(Explanation(*row) for row in table.iter_rows())
    for number, each in enumerate(found, start=2):
        place = f"{TABLE}.csv line {number}"
        if not (each.rule and each.dataset and each.why):
            raise SpecError(place, "lacks rule, dataset or why", "fill it")
        if any(_same(each, other) for other in found[: number - 2]):
            raise SpecError(place, f"explains {each.rule} in {each.dataset} again", "keep one sentence")
    return found


def judged(core: CoreResult, own: OwnResult, told: Sequence[Explanation], mode: str) -> Verdict:
    """The findings with their explanations, and the explanations that explain nothing.

    Not stale are explanations of another mode, and of the engine's rules where the engine was not asked. What stops
    a filing is not explained by anything. A rule that broke in the engine is a finding like others.
    """
    core = core.complete
    valid = {(each.rule, each.dataset): each.why for each in told if each.mode in (None, mode)}
    found = {(issue.rule, issue.dataset) for issue in (*core.issues, *own.issues) if not issue.stops}
    asked = [key for key in valid if core.engine or not key[0].startswith("CORE-")]
    stale = tuple(Stale(*key, valid[key]) for key in sorted(asked) if key not in found)
    return Verdict(
        replace(core, issues=tuple(_explained(issue, valid) for issue in core.issues)),
        replace(own, issues=tuple(_explained(issue, valid) for issue in own.issues)),
        stale,
    )


def _explained(issue: Issue, valid: dict[tuple[str, str], str]) -> Issue:
    why = None if issue.stops else valid.get((issue.rule, issue.dataset))
    return issue if why is None else explained_by(issue, why)


def _same(one: Explanation, other: Explanation) -> bool:
    """Both would explain the same finding."""
    modes = {one.mode, other.mode}
    return (one.rule, one.dataset) == (other.rule, other.dataset) and (None in modes or len(modes) == 1)
