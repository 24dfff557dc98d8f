"""A verdict on a release as the reviewer's guide tells it."""

from __future__ import annotations

from pipeline.conformance.verdict import Verdict
from pipeline.documents.guide.conformance_facts import Conformance, Issue, OwnCheck

ENGINE = "CDISC CORE (cdisc-rules-engine)"
NO_CACHE = "no rules cache was named"


def told_conformance(verdict: Verdict, *, not_run: str = NO_CACHE) -> Conformance:
    """Engine, rules by outcome, issues of engine and own checks with their explanations; never a record or subject.

    ``not_run`` is the reason to be told if the engine was not asked.
    """
    core = verdict.core
    return Conformance(
        engine=ENGINE if core.engine else None,
        version=core.engine,
        not_run="" if core.engine else not_run,
        rules=f"rules for {core.standard}" if core.standard else "",
        terminology=", ".join(core.terminology),
        define=True,  # the own checks always hold define.xml against the data
        outcomes=tuple(core.outcomes.items()) if core.engine else (),
        broken=tuple(
            (rule.rule, tuple(issue.dataset for issue in rule.failures))
            for rule in core.rules
            if rule.failures
        ),
        issues=tuple(
            Issue(each.rule, each.dataset, each.variables, each.message, each.count, each.why)
            for each in verdict.issues
        ),
        checks=tuple(OwnCheck(each.rule, each.asks, each.outcome) for each in verdict.own.criteria),
    )
