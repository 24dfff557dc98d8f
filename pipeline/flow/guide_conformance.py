"""What was found of a release, in the words of the reviewer's guide."""

from __future__ import annotations

from pipeline.conformance.verdict import Criterion, Verdict
from pipeline.conformance.verdict import Issue as Found
from pipeline.documents.guide.conformance_facts import Conformance, Issue, OwnCheck

_ENGINE = "CDISC CORE (cdisc-rules-engine)"
_NOT_ASKED = "the rules were not asked of this draft"


def guide_conformance(verdict: Verdict, waived: str) -> Conformance:
    """``waived`` is the reason why CDISC CORE was not asked, if it was not and somebody gave one."""
    core = verdict.core
    return Conformance(
        engine=_ENGINE if core.engine else None,
        version=core.engine,
        not_run="" if core.engine else waived or _NOT_ASKED,
        rules=core.standard,
        terminology=", ".join(core.terminology),
        define=True,
        outcomes=tuple(core.outcomes.items()) if core.engine else (),
        issues=tuple(_issue(each) for each in verdict.core.issues),
        checks=tuple(_check(each, verdict) for each in verdict.own.criteria),
    )


def _issue(found: Found) -> Issue:
    return Issue(found.rule, found.dataset, found.variables, found.message, found.count, found.why)


def _check(criterion: Criterion, verdict: Verdict) -> OwnCheck:
    explained = [issue.why for issue in verdict.own.issues if issue.rule == criterion.rule and issue.why]
    told = f"{criterion.outcome} ({'; '.join(dict.fromkeys(explained))})" if explained else criterion.outcome
    return OwnCheck(criterion.rule, criterion.asks, told)
