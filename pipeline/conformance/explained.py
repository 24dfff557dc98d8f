"""Matches what was found with what a person has explained: ``tables/explained.csv`` of the study."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from pipeline.conformance.conditions import fulfilled, variables_of
from pipeline.conformance.verdict import At, CoreResult, Issue, OwnResult, Stale, Verdict, explained_by
from pipeline.errors import SpecError

TABLE = "explained"
_COLUMNS = ("rule", "dataset", "mode", "variables", "records", "why")
# dataset, variables -> its records as the package has them, with these variables; None if there is no such dataset
Records = Callable[[str, Sequence[str]], pl.DataFrame | None]


@dataclass(frozen=True)
class Explanation:
    """Why one rule speaks about one dataset, in builds of ``mode`` only or, if that is None, in all of them.

    It explains findings that name just these ``variables`` (none: findings that name no variable, such as a rule that
    broke), and of their records only those that fulfil the condition ``records``, if there is one.
    """

    rule: str
    dataset: str
    mode: str | None
    variables: tuple[str, ...]
    records: str | None
    why: str
    line: int = 0

    @property
    def place(self) -> str:
        """Where it is written."""
        return f"{TABLE}.csv line {self.line}"

    @property
    def stale(self) -> Stale:
        """What is told of it if it explains nothing."""
        return Stale(self.rule, self.dataset, self.why)


def explanations(table: pl.DataFrame | None) -> tuple[Explanation, ...]:
    """The rows of the table, none if the study has no table. SpecError for a row that is incomplete or there twice."""
    if table is None:
        return ()
    if tuple(table.columns) != _COLUMNS:
        raise SpecError(f"{TABLE}.csv", f"has other columns than {', '.join(_COLUMNS)}", "mend the table")
    found = tuple(_explanation(number, *row) for number, row in enumerate(table.iter_rows(), start=2))
    for number, each in enumerate(found):
        if not (each.rule and each.dataset and each.why):
            raise SpecError(each.place, "lacks rule, dataset or why", "fill it")
        if any(_same(each, other) for other in found[:number]):
            raise SpecError(each.place, f"explains {each.rule} in {each.dataset} again", "keep one sentence")
        if each.records is not None:
            variables_of(each.records, each.place)
    return found


def _explanation(
    line: int, rule: str, dataset: str, mode: str | None, variables: str | None, records: str | None, why: str
) -> Explanation:
    return Explanation(
        rule, dataset, mode, tuple(sorted((variables or "").split())), records or None, why, line
    )


def no_records(_: str, __: Sequence[str]) -> None:
    """Where no package is at hand, no record fulfils a condition."""


def judged(
    core: CoreResult, own: OwnResult, told: Sequence[Explanation], mode: str, records: Records = no_records
) -> Verdict:
    """The findings with their explanations, and the explanations that explain nothing.

    A finding of which only some records are explained is two from then on. Not stale are explanations of another
    mode, and of the engine's rules where the engine was not asked. What stops a filing is not explained by anything.
    A rule that broke in the engine is a finding like others.
    """
    core = core.complete
    valid = [each for each in told if each.mode in (None, mode)]
    used: set[Explanation] = set()

    def matched(issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
        """Dataset after dataset, so that each is read once."""
        found = []
        for issue in sorted(issues, key=lambda issue: issue.dataset):
            for part, by in _parts(issue, valid, records):
                used.update([by] if by else [])
                found.append(part)
        return tuple(sorted(found, key=lambda issue: issue.order))

    issues, checks = matched(core.issues), matched(own.issues)
    asked = [each for each in valid if core.engine or not each.rule.startswith("CORE-")]
    stale = sorted({each.stale for each in asked if each not in used}, key=lambda each: each.order)
    return Verdict(replace(core, issues=issues), replace(own, issues=checks), tuple(stale))


def _parts(
    issue: Issue, valid: Sequence[Explanation], records: Records
) -> Iterator[tuple[Issue, Explanation | None]]:
    """The issue by what explains which of its records; what is left is explained by nothing."""
    left = set(issue.places)
    for each in valid if not issue.stops else ():
        if (each.rule, each.dataset, each.variables) != (issue.rule, issue.dataset, issue.variables):
            continue
        if each.records is None:
            yield explained_by(_about(issue, left), each.why), each
            return
        numbers = _numbers(each, each.records, records) if left else set()
        if within := {place for place in left if place.record in numbers}:
            yield explained_by(_about(issue, within), each.why), each
            left -= within
            if not left:
                return
    yield _about(issue, left), None


def _about(issue: Issue, places: set[At]) -> Issue:
    return replace(issue, places=tuple(sorted(places)))


def _numbers(each: Explanation, condition: str, records: Records) -> set[int]:
    frame = records(each.dataset, variables_of(condition, each.place))
    return set() if frame is None else fulfilled(condition, frame, each.place)


def _same(one: Explanation, other: Explanation) -> bool:
    """Both would explain the same finding."""
    modes = {one.mode, other.mode}
    return replace(one, mode=None, why="", line=0) == replace(other, mode=None, why="", line=0) and (
        None in modes or len(modes) == 1
    )
