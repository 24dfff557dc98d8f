"""A verdict in the guide: every rule, every issue with its explanation, and nobody's records."""

from __future__ import annotations

from pipeline.conformance.verdict import (
    BROKEN,
    CORE,
    FOUND,
    OWN,
    SUCCESS,
    At,
    CoreResult,
    Criterion,
    Issue,
    OwnResult,
    RuleOutcome,
    Verdict,
)
from pipeline.flow.guide_conformance import NO_CACHE, told_conformance

PLACES = (At(3, "S-1-101-001", 1), At(4, "S-1-101-002", 2))
CHECKED = OwnResult(
    (Criterion("OWN-1", "failed", "Is DM there?"),), (Issue(OWN, "OWN-1", "DM", "DM is missing", stops=True),)
)
RULES = (
    RuleOutcome("R1", {FOUND: 1}),
    RuleOutcome("R2", {SUCCESS: 2}),
    RuleOutcome("R3", {SUCCESS: 1, BROKEN: 1}, broken=("LB",)),
)


def test_what_the_engine_and_the_own_checks_say_is_told_without_places() -> None:
    issue = Issue(CORE, "R1", "LB", "LBSTRESU is null", ("LBSTRESU",), PLACES, "It has no unit")
    told = told_conformance(
        Verdict(
            CoreResult("0.17.1", "sdtmig 3-4", ("sdtmct-2025-03-28",), rules=RULES, issues=(issue,)), CHECKED
        )
    )
    assert (told.version, told.not_run) == ("0.17.1", "")
    assert dict(told.outcomes) == {SUCCESS: 1, FOUND: 1, "skipped": 0, BROKEN: 1}
    assert [(each.rule, each.count, each.explanation) for each in told.issues] == [
        ("R1", 2, "It has no unit"),
        ("OWN-1", 1, None),
    ]
    assert [(each.id, each.rule, each.outcome) for each in told.checks] == [
        ("OWN-1", "Is DM there?", "failed")
    ]
    assert told.broken == (("R3", ("LB",)),)
    assert "101-001" not in repr(told)


def test_an_engine_that_was_not_asked_has_no_outcomes_but_the_own_checks_have() -> None:
    told = told_conformance(Verdict(CoreResult(), CHECKED))
    assert (told.engine, told.not_run, told.outcomes) == (None, NO_CACHE, ())
    assert [each.rule for each in told.issues] == ["OWN-1"]
