"""The form of an own check: an id, what it asks in words, and a function that yields what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.conformance.facts import FINAL, PackageFacts
from pipeline.conformance.verdict import OWN, At, Criterion, Issue, OwnResult

PASSED, FAILED, NOT_FILED = "passed", "failed", "not filed"


@dataclass(frozen=True)
class Found:
    """What breaks a rule: a dataset or file, and what is wrong with it; never a value."""

    dataset: str
    message: str
    variables: tuple[str, ...] = ()
    record: int | None = None


@dataclass(frozen=True)
class Rule:
    """``filed``: asked only of a package that is filed."""

    id: str
    asks: str
    look: Callable[[PackageFacts], Iterator[Found]]
    filed: bool = False


def checked(facts: PackageFacts, rejected: Sequence[Rule], others: Sequence[Rule]) -> OwnResult:
    """What all rules say of the package; in FINAL what breaks one of ``rejected`` stops the filing."""
    criteria, issues = [], []
    for rule in (*rejected, *others):
        if rule.filed and facts.mode != FINAL:
            criteria.append(Criterion(rule.id, NOT_FILED, rule.asks))
            continue
        found = [
            _issue(rule, each, stops=facts.mode == FINAL and rule in rejected) for each in rule.look(facts)
        ]
        criteria.append(Criterion(rule.id, FAILED if found else PASSED, rule.asks))
        issues += found
    return OwnResult(tuple(criteria), tuple(sorted(issues, key=lambda issue: issue.order)))


def _issue(rule: Rule, found: Found, *, stops: bool) -> Issue:
    places = () if found.record is None else (At(found.record),)
    return Issue(OWN, rule.id, found.dataset, found.message, found.variables, places, stops=stops)
