"""What two define.xml say differently, and which variables stand elsewhere."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.delta.metadata import compare_facts, moved

DATASET, TERM_LIST = ("dataset", "AE", "", ""), ("codelist", "YN", "", "")
VARIABLE = ("variable", "AE", "AETERM", "")
LEVEL = ("value level", "AE", "AETERM", "AECAT = X")
TERM = ("term", "YN", "Y", "")


def test_aspects_of_one_place_are_told_one_by_one() -> None:
    old = {VARIABLE: {"label": "Term", "length": "8", "role": "Topic"}}
    new = {VARIABLE: {"label": "Reported Term", "length": "8", "method": "as is"}}
    told = [(each.item, each.aspect, each.old, each.new) for each in compare_facts(old, new)]
    assert told == [
        ("AETERM", "label", "Term", "Reported Term"),
        ("AETERM", "method", None, "as is"),
        ("AETERM", "role", "Topic", None),
    ]


def test_what_goes_with_its_dataset_or_list_is_counted_and_not_told() -> None:
    facts = {DATASET: {"label": "Events"}, VARIABLE: {}, LEVEL: {}, TERM_LIST: {}, TERM: {}}
    told = [(each.kind, each.change, each.old, each.within) for each in compare_facts(facts, {})]
    assert told == [("dataset", "removed", "Events", 2), ("codelist", "removed", None, 1)]
    assert [each.change for each in compare_facts({}, facts)] == ["added", "added"]


def test_a_variable_or_term_of_a_place_that_stays_is_told_with_its_own_parts() -> None:
    stays = {DATASET: {"label": "Events"}, TERM_LIST: {}}
    come = stays | {VARIABLE: {"label": "Term"}, LEVEL: {}, TERM: {"label": "Yes"}}
    told = [(each.kind, each.item, each.new, each.within) for each in compare_facts(stays, come)]
    assert told == [("variable", "AETERM", "Term", 1), ("term", "Y", "Yes", 0)]


def test_nothing_is_told_of_equal_facts() -> None:
    facts = {VARIABLE: {"label": "Term"}}
    assert compare_facts(facts, dict(facts)) == []


def test_only_what_left_its_place_has_moved() -> None:
    assert moved(["A", "B", "C", "D"], ["A", "D", "B", "C"]) == ["D"]
    assert moved(["A", "B"], ["X", "A", "B", "Y"]) == []
    assert moved(["A", "B"], []) == []


@given(st.permutations(list("ABCDEFG")))
def test_what_has_not_moved_keeps_its_order(order: list[str]) -> None:
    stayed = [name for name in order if name not in moved(list("ABCDEFG"), order)]
    assert stayed == sorted(stayed)
    assert stayed
