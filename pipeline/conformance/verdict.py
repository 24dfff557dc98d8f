"""What conformance checks say: plain, sorted and without a subject's values, so that it can be kept as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

CORE, OWN = "CORE", "OWN"
SUCCESS, FOUND, SKIPPED, BROKEN = "success", "issue reported", "skipped", "execution error"
OUTCOMES = (SUCCESS, FOUND, SKIPPED, BROKEN)
ENGINE_RULE, EVERY = (
    "CORE",
    "ALL",
)  # what stands for the engine itself, and for a dataset that it does not name


@dataclass(frozen=True, order=True)
class At:
    """Where a finding is: 1-based record of the dataset, its subject and --SEQ as far as it has them."""

    record: int
    subject: str = ""
    seq: int = 0


@dataclass(frozen=True)
class Issue:
    """One sentence of one rule about one dataset (or file); ``places`` is empty if it is about the whole.

    ``why`` explains it; ``stops`` issues cannot be explained away: a package with one is not filed.
    """

    source: str
    rule: str
    dataset: str
    message: str
    variables: tuple[str, ...] = ()
    places: tuple[At, ...] = ()
    why: str | None = None
    stops: bool = False

    @property
    def count(self) -> int:
        """Records that it is about, 1 for a whole dataset."""
        return max(len(self.places), 1)

    @property
    def order(self) -> tuple[str, ...]:
        """By rule, then by dataset and text, and what is not explained first."""
        return (self.source, self.rule, self.dataset, *self.variables, self.message, self.why or "")


@dataclass(frozen=True)
class RuleOutcome:
    """What became of one rule: in how many datasets it ended how, why it did not look at others, and where it broke."""

    rule: str
    datasets: Mapping[str, int]
    reasons: tuple[tuple[str, str, int], ...] = ()  # outcome, kind, datasets
    broken: tuple[str, ...] = ()  # as far as the engine names them

    @property
    def outcome(self) -> str:
        """The worst of its datasets: a rule that broke in one is not a rule that passed. Skipped: looked at none."""
        return next((each for each in (BROKEN, FOUND, SUCCESS) if self.datasets.get(each)), SKIPPED)

    @property
    def failures(self) -> tuple[Issue, ...]:
        """One issue for each dataset in which it broke: what it would have found there, nobody knows."""
        if not self.datasets.get(BROKEN):
            return ()
        message = "the rule broke in the engine, so that it says nothing of the dataset"
        return tuple(Issue(CORE, self.rule, name or EVERY, message) for name in self.broken or ("",))


@dataclass(frozen=True)
class CoreResult:
    """A run of the engine. ``engine`` is its version, None if it was not asked; ``cache`` is the rules' digest."""

    engine: str | None = None
    standard: str = ""
    terminology: tuple[str, ...] = ()
    cache: str = ""
    records: Mapping[str, int] | None = None
    rules: tuple[RuleOutcome, ...] = ()
    issues: tuple[Issue, ...] = ()

    @property
    def outcomes(self) -> dict[str, int]:
        """Rules by outcome; the numbers sum up to all rules."""
        return {each: sum(rule.outcome == each for rule in self.rules) for each in OUTCOMES}

    @property
    def complete(self) -> CoreResult:
        """The same with an issue for whatever kept rules from looking; completing it twice changes nothing."""
        ran = any(rule.datasets.get(each) for rule in self.rules for each in (SUCCESS, FOUND))
        found = [*self.issues, *(each for rule in self.rules for each in rule.failures)]
        if self.engine and not ran:
            found.append(Issue(CORE, ENGINE_RULE, EVERY, "no rule has looked at any dataset", stops=True))
        unique = dict.fromkeys(found)
        return replace(self, issues=tuple(sorted(unique, key=lambda issue: issue.order)))


@dataclass(frozen=True)
class Criterion:
    """One of the project's own checks, its outcome (``passed``, ``failed``, ``not filed``), and what it asks."""

    rule: str
    outcome: str
    asks: str


@dataclass(frozen=True)
class OwnResult:
    """The project's own checks, which always run."""

    criteria: tuple[Criterion, ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True)
class Stale:
    """An explanation that explains nothing of this package."""

    rule: str
    dataset: str
    why: str

    @property
    def order(self) -> tuple[str, str, str]:
        """By rule, dataset and sentence."""
        return (self.rule, self.dataset, self.why)


@dataclass(frozen=True)
class Verdict:
    """Everything that was found of one package, matched with its explanations."""

    core: CoreResult
    own: OwnResult
    stale: tuple[Stale, ...] = ()

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Of the engine and of the own checks, sorted."""
        return tuple(sorted((*self.own.issues, *self.core.issues), key=lambda issue: issue.order))

    @property
    def unexplained(self) -> tuple[Issue, ...]:
        """What nobody has explained."""
        return tuple(issue for issue in self.issues if issue.why is None)

    @property
    def summary(self) -> dict[str, Any]:
        """What a manifest tells of it."""
        explained = [issue for issue in self.issues if issue.why is not None]
        broken = [f"{each.rule} in {each.dataset}" for rule in self.core.rules for each in rule.failures]
        return {
            **({"broken": broken} if broken else {}),
            "engine": self.core.engine,
            "rules": self.core.outcomes,
            "explained": len(explained),
            "unexplained": len(self.unexplained),
            "stale_explanations": len(self.stale),
            "own_checks": {
                outcome: sum(each.outcome == outcome for each in self.own.criteria)
                for outcome in sorted({each.outcome for each in self.own.criteria})
            },
        }


def core_json(core: CoreResult, stale: Sequence[Stale] = ()) -> str:
    """``core.json``: sorted keys, issues by rule; ends with a newline."""
    told = {
        "engine": {"name": "cdisc-rules-engine", "version": core.engine} if core.engine else None,
        "standard": core.standard,
        "terminology": list(core.terminology),
        "cache_sha256": core.cache,
        "records": dict(core.records or {}),
        "outcomes": core.outcomes,
        "rules": [_rule(rule) for rule in sorted(core.rules, key=lambda rule: rule.rule)],
        "issues": issue_rows(core.issues),
        "stale": [vars(each) for each in sorted(stale, key=lambda each: each.order)],
    }
    return _text(told)


def core_of(text: str) -> CoreResult:
    """What ``core_json`` told, without its explanations; the same text comes back from it."""
    told = json.loads(text)
    if told["engine"] is None:
        return CoreResult()
    return CoreResult(
        engine=told["engine"]["version"],
        standard=told["standard"],
        terminology=tuple(told["terminology"]),
        cache=told["cache_sha256"],
        records=told["records"],
        rules=tuple(
            RuleOutcome(
                each["rule"],
                each["datasets"],
                tuple((s, k, n) for s, k, n in each["reasons"]),
                tuple(each.get("broken", ())),
            )
            for each in told["rules"]
        ),
        issues=tuple(
            Issue(
                source=each["source"],
                rule=each["rule"],
                dataset=each["dataset"],
                message=each["message"],
                variables=tuple(each["variables"]),
                places=tuple(At(**place) for place in each["places"]),
                stops=each["stops"],
            )
            for each in told["issues"]
        ),
    )


def own_json(own: OwnResult) -> str:
    """``own.json``: the criteria with their outcome, and what they found."""
    return _text({"criteria": [vars(each) for each in own.criteria], "issues": issue_rows(own.issues)})


def issue_rows(issues: Sequence[Issue]) -> list[dict[str, Any]]:
    """Issues as JSON values, sorted, each with its places."""
    return [
        {
            "source": issue.source,
            "rule": issue.rule,
            "dataset": issue.dataset,
            "variables": list(issue.variables),
            "message": issue.message,
            "count": issue.count,
            "places": [vars(place) for place in issue.places],
            "why": issue.why,
            "stops": issue.stops,
        }
        for issue in sorted(issues, key=lambda issue: issue.order)
    ]


def explained_by(issue: Issue, why: str) -> Issue:
    """The issue with its explanation."""
    return replace(issue, why=why)


def _rule(rule: RuleOutcome) -> dict[str, Any]:
    return {
        "rule": rule.rule,
        "outcome": rule.outcome,
        "datasets": dict(rule.datasets),
        "reasons": [list(reason) for reason in rule.reasons],
        **({"broken": list(rule.broken)} if rule.broken else {}),
    }


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=True) + "\n"
