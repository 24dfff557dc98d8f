"""Texts, JSON and documents may talk about the trial, not about a subject's treatment."""

from __future__ import annotations

import json

import pytest

from pipeline.blinding.leak_rules import LeakRules
from pipeline.blinding.leak_tables import COLUMN, VALUE, WORD
from pipeline.blinding.leak_texts import leaks_in_document, leaks_in_json, leaks_in_text

TITLE = (
    "Safety and Tolerability of a Single Intravenous Infusion of BX-U001 in Refractory Rheumatoid Arthritis"
)
PREVIEW = "| USUBJID | ARMCD |\n| --- | --- |\n| BXU001-RA-101-001 | {} |\n\nThe first rows."


def in_text(text: str, rules: LeakRules) -> list[tuple[str, str]]:
    return list(leaks_in_text(text, rules))


def in_json(value: object, rules: LeakRules) -> list[tuple[str, str]]:
    return list(leaks_in_json(json.loads(json.dumps(value)), rules))


def test_what_the_specification_says_by_itself_is_no_leak(rules: LeakRules) -> None:
    assert not in_text(f"title: {TITLE}\nSTUDYID BXU001-RA in /var/bxu001_ra/BLINDED", rules)
    assert not in_json({"title": TITLE, "study": "BXU001-RA", "concurrency": 1, "product": None}, rules)


@pytest.mark.parametrize(
    "text",
    [
        "2027-01-01 built 101-001 PBO",
        f"101-001: {TITLE}",
        "101-002 Enrolled in Cohort 1 and randomized (3:1) to BX-U001",
        "Placebo",
    ],
)
def test_a_treatment_word_in_a_log_is_a_leak(rules: LeakRules, text: str) -> None:
    assert in_text(text, rules) == [("text", WORD)]


def test_a_table_within_a_text_is_read_as_a_table(rules: LeakRules) -> None:
    assert not in_text(PREVIEW.format("MASKED"), rules)
    assert in_text(PREVIEW.format("A"), rules) == [("text, column ARMCD", VALUE)]
    assert ("text, column AETERM", WORD) in in_text("| AETERM |\n| --- |\n| on placebo |", rules)
    assert in_text("| EXLOT |\n| --- |\n|  |", rules) == [("text, column EXLOT", COLUMN)]
    assert not in_text("| DOMAIN | ARMCD |\n| --- | --- |\n| TA | PBO |", rules)


def test_json_is_read_to_the_bottom(rules: LeakRules) -> None:
    inner = json.dumps({"metadata": {"preview": PREVIEW.format("PBO")}})
    assert in_json({"event": json.dumps({"event": inner})}, rules)
    assert in_json([{"ARMCD": "X"}], rules) == [("/-/ARMCD", VALUE)]
    assert in_json({"LOTNO": None}, rules) == [("/LOTNO", COLUMN)]
    assert in_json({"BXU150": 3}, rules)
    assert in_json({"arm": "PBO"}, rules) == [("/arm", WORD)]


def test_a_place_never_holds_a_value(rules: LeakRules) -> None:
    places = [place for place, _ in in_json({"101-001": {"PBO given": "PBO"}}, rules)]
    assert places
    assert not any("101-001" in place for place in places)


def test_a_document_about_data_may_list_the_terms_of_the_trial(rules: LeakRules) -> None:
    terms = '<a><b v="PBO"/><c>Placebo</c><li>• "BX075" = "BX-U001 0.75 x 10^6 cells/kg"</li>'
    assert not list(leaks_in_document(f"{terms}<d>{TITLE}</d></a>", rules))
    assert list(leaks_in_document(f"{terms}<d>BXU001-RA-101-001</d></a>", rules))


@pytest.mark.parametrize(
    "part",
    [
        "<c>PLACEBO</c>",
        "<!-- BXU075 here -->",
        '<c title="given BX150"/>',
        "<c>one &#80;BO</c>",
        '<li>• "PBO" = "1"</li>',
    ],
)
def test_a_document_may_say_no_more_than_that(rules: LeakRules, part: str) -> None:
    assert [rule for _, rule in leaks_in_document(f"<a>{part}</a>", rules)] == [WORD]
