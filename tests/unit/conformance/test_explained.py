"""Findings and explanations are matched; what is left on either side is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import polars as pl
import pytest

from pipeline.conformance.explained import Explanation, Records, explanations, judged, no_records
from pipeline.conformance.verdict import (
    CORE,
    OWN,
    At,
    CoreResult,
    Criterion,
    Issue,
    OwnResult,
    RuleOutcome,
    Stale,
    Verdict,
    core_json,
    core_of,
    own_json,
)
from pipeline.errors import SpecError

EPOCH = Issue(CORE, "CORE-000701", "CM", "EPOCH is missing", ("EPOCH",), (At(3, "S-1", 2), At(9, "S-2", 1)))
ARM = Issue(CORE, "CORE-000210", "DM", "ARMCD is not in TA", ("ARMCD",), (At(1, "S-1"),))
ORDER = Issue(OWN, "PKG-ORDER", "DM", "its variables are not in order")
NOTHING = OwnResult()
LOOKED = (RuleOutcome("CORE-000701", {"issue reported": 1}),)
RAN = CoreResult(engine="0.17.1", rules=LOOKED, issues=(EPOCH, ARM))


COLUMNS = ("rule", "dataset", "mode", "variables", "records", "why")
NAMED = {"CORE-000701": "EPOCH", "CORE-000210": "ARMCD"}


def told(*rows: tuple[str | None, ...]) -> pl.DataFrame:
    """The table; a row of four is of the variables that the findings here name, and of all their records."""
    full = [
        row if len(row) == len(COLUMNS) else (*row[:3], NAMED.get(str(row[0])), None, row[3]) for row in rows
    ]
    return pl.DataFrame(full, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def verdict(
    *rows: tuple[str | None, ...],
    core: CoreResult = RAN,
    own: OwnResult = NOTHING,
    mode: str = "FINAL",
    records: Records = no_records,
) -> Verdict:
    return judged(core, own, explanations(told(*rows)) if rows else (), mode, records)


def test_an_explanation_is_of_one_rule_in_one_dataset() -> None:
    found = verdict(("CORE-000701", "CM", None, "before consent"))
    assert [(issue.rule, issue.why) for issue in found.issues] == [
        ("CORE-000210", None),
        ("CORE-000701", "before consent"),
    ]
    assert [issue.rule for issue in found.unexplained] == ["CORE-000210"]
    assert verdict(("CORE-000701", "EC", None, "not given")).unexplained == verdict().issues


def test_an_explanation_of_a_mode_explains_in_that_mode_only_and_is_not_stale_in_another() -> None:
    masked = ("CORE-000210", "DM", "BLINDED", "masked")
    assert [issue.rule for issue in verdict(masked, mode="BLINDED").unexplained] == ["CORE-000701"]
    final = verdict(masked)
    assert len(final.unexplained) == 2
    assert final.stale == ()


STATUS = pl.DataFrame({"CMSTAT": [None, None, "NOT DONE", None, None, None, None, None, None]})


def cm_only(dataset: str, names: Sequence[str]) -> pl.DataFrame | None:
    return STATUS.select(names) if dataset == "CM" else None


def test_a_condition_explains_the_records_that_fulfil_it_and_no_others() -> None:
    row = ("CORE-000701", "CM", None, "EPOCH", "CMSTAT = 'NOT DONE'", "not done")
    found = verdict(row, records=cm_only)
    parts = [(each.why, [at.record for at in each.places]) for each in found.issues if each.dataset == "CM"]
    assert sorted(parts, key=str) == [("not done", [3]), (None, [9])]
    again = replace(found.core, issues=tuple(replace(each, why=None) for each in found.core.issues))
    assert verdict(row, core=again, records=cm_only) == found
    more = ("CORE-000701", "CM", None, "EPOCH", "CMSTAT is null", "no date")
    whole = verdict(row, more, records=cm_only)
    assert [each.why for each in whole.issues if each.dataset == "CM"] == ["no date", "not done"]
    assert [each.why for each in verdict(row).stale] == ["not done"]


def test_an_explanation_is_of_findings_that_name_its_variables() -> None:
    for variables in ("CMSTDTC", "CMSTDTC EPOCH", None):
        row = ("CORE-000701", "CM", None, variables, None, "another matter")
        assert len(verdict(row).unexplained) == len(RAN.issues)


@pytest.mark.parametrize("condition", ["CMSTAT < 3", "CMSTAT"])
def test_a_condition_that_is_none_of_these_records_is_refused(condition: str) -> None:
    row = ("CORE-000701", "CM", None, "EPOCH", condition, "a")
    with pytest.raises(SpecError, match="line 2: its condition cannot be asked of the records"):
        verdict(row, records=cm_only)


def test_an_explanation_that_explains_nothing_is_told() -> None:
    found = verdict(("CORE-000701", "EC", None, "not given"), ("PKG-SORT", "AE", None, "no"))
    assert found.stale == (Stale("CORE-000701", "EC", "not given"), Stale("PKG-SORT", "AE", "no"))


def test_without_the_engine_its_explanations_are_not_stale() -> None:
    found = verdict(("CORE-000701", "EC", None, "x"), ("PKG-SORT", "AE", None, "y"), core=CoreResult())
    assert [each.rule for each in found.stale] == ["PKG-SORT"]


def test_what_stops_a_filing_is_not_explained_away() -> None:
    stopping = Issue(OWN, "1736", "DM", "the dataset is missing", stops=True)
    found = verdict(("1736", "DM", None, "never mind"), core=CoreResult(), own=OwnResult((), (stopping,)))
    assert found.unexplained == (stopping,)
    assert [each.rule for each in found.stale] == ["1736"]


def test_a_study_without_the_table_explains_nothing() -> None:
    assert explanations(None) == ()


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (told(("CORE-000701", "CM", None, None)), "line 2: lacks rule, dataset or why"),
        (told(("R", "CM", None, "a"), ("R", "CM", "FINAL", "b")), "line 3: explains R in CM again"),
        (told(("R", "CM", "FINAL", "a"), ("R", "CM", "FINAL", "b")), "line 3: explains R in CM again"),
        (told(("R", "CM", None, "a")).rename({"mode": "kind"}), "has other columns"),
        (
            told(("R", "CM", None, None, "CMSTAT ==", "a")),
            "line 2: its condition on records is no expression",
        ),
    ],
)
def test_a_table_that_is_incomplete_or_ambiguous_is_refused(table: pl.DataFrame, problem: str) -> None:
    with pytest.raises(SpecError, match=problem):
        explanations(table)


def test_two_modes_may_have_a_sentence_each() -> None:
    table = told(("R", "CM", "BLINDED", "a"), ("R", "CM", "FINAL", "b"))
    assert [each.mode for each in explanations(table)] == ["BLINDED", "FINAL"]
    assert explanations(table)[0] == Explanation("R", "CM", "BLINDED", (), None, "a", 2)


def test_a_rule_that_broke_in_one_dataset_did_not_pass_and_outcomes_sum_up_to_all_rules() -> None:
    rules = (
        RuleOutcome("A", {"success": 3, "skipped": 9}),
        RuleOutcome("B", {"success": 3, "issue reported": 1}),
        RuleOutcome("C", {"issue reported": 1, "execution error": 1}),
        RuleOutcome("D", {"skipped": 4}),
        RuleOutcome("E", {}),
    )
    assert CoreResult("1", rules=rules).outcomes == {
        "success": 1,
        "issue reported": 1,
        "skipped": 2,
        "execution error": 1,
    }


def test_a_rule_that_broke_is_a_finding_of_each_dataset_until_somebody_explains_it() -> None:
    broke = RuleOutcome("CORE-000701", {"execution error": 2, "success": 1}, broken=("CM", "LB"))
    core = CoreResult("0.17.1", rules=(broke,))
    row = ("CORE-000701", "CM", None, None, None, "the engine cannot compare the dates")
    assert len(verdict(("CORE-000701", "CM", None, "of EPOCH"), core=core).unexplained) == 2
    found = verdict(row, core=core)
    assert [(issue.rule, issue.dataset) for issue in found.unexplained] == [("CORE-000701", "LB")]
    assert found.summary["broken"] == ["CORE-000701 in CM", "CORE-000701 in LB"]
    assert found.stale == ()
    again = core_of(core_json(found.core))
    assert verdict(row, core=again).issues == found.issues
    unnamed = CoreResult("0.17.1", rules=(RuleOutcome("R", {"execution error": 1, "success": 1}),))
    assert [issue.dataset for issue in verdict(core=unnamed).unexplained] == ["ALL"]


def test_an_engine_of_which_no_rule_has_looked_stops_the_filing() -> None:
    for outcome in ({"execution error": 3}, {"skipped": 3}, {}):
        core = CoreResult("0.17.1", rules=(RuleOutcome("R", outcome),))
        found = verdict(("CORE", "ALL", None, "never mind"), core=core)
        assert "CORE" in [issue.rule for issue in found.unexplained if issue.stops]
    assert verdict(core=CoreResult()).issues == ()


def test_the_kept_texts_are_sorted_and_do_not_depend_on_the_order_of_findings() -> None:
    one = core_json(CoreResult("0.17.1", issues=(EPOCH, ARM)))
    assert one == core_json(CoreResult("0.17.1", issues=(ARM, EPOCH)))
    content = json.loads(one)
    assert [issue["rule"] for issue in content["issues"]] == ["CORE-000210", "CORE-000701"]
    assert content["issues"][1]["places"][0] == {"record": 3, "subject": "S-1", "seq": 2}
    own = json.loads(own_json(OwnResult((Criterion("1736", "passed", "DM is there"),), (ORDER,))))
    assert own["criteria"] == [{"rule": "1736", "outcome": "passed", "asks": "DM is there"}]
    assert own["issues"][0]["count"] == 1


def test_the_summary_counts_sentences_by_whether_they_are_explained() -> None:
    summary = verdict(("CORE-000701", "CM", None, "x"), ("CORE-000701", "EC", None, "y")).summary
    assert (summary["explained"], summary["unexplained"], summary["stale_explanations"]) == (1, 1, 1)
