"""What a specification may say, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.specs.models import Dataset, Join, Part, Variable, Verb
from pipeline.specs.row_models import Where

AE: dict[str, Any] = {
    "dataset": "AE",
    "label": "Adverse Events",
    "class": "EVENTS",
    "structure": "One record per event",
    "keys": ["USUBJID"],
    "variables": {"USUBJID": {"derived": "identifier", "origin": "Derived"}},
}


@pytest.mark.parametrize(
    "verb",
    [
        {"const": "Y"},
        {"take": "AETERM", "upper": "yes"},
        {"code": "AEOUT", "map": "AEOUT"},
        {"lookup": "criteria", "by": "IETESTCD", "give": "IETEST"},
        {"date": "AESTDAT", "time": "AESTTIM"},
        {"derived": "a sentence"},
        {},
    ],
    ids=str,
)
def test_a_variable_has_one_verb_or_none(verb: dict[str, str]) -> None:
    assert Verb.model_validate(verb).model_dump(exclude_none=True)["upper"] is (verb.get("upper") == "yes")


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        ({"const": "Y", "take": "X"}, "has the verbs const and take; give one"),
        ({"date": "X", "derived": "a sentence"}, "has the verbs date and derived; give one"),
        ({"code": "X"}, "'code' needs 'map'"),
        ({"lookup": "t", "give": "c"}, "'lookup' needs 'by'"),
        ({"lookup": "t", "by": "c"}, "'lookup' needs 'give'"),
        ({"copy": "X"}, "Extra inputs are not permitted"),
    ],
    ids=str,
)
def test_a_verb_that_contradicts_itself_is_refused(verb: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Verb.model_validate(verb)


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "Tabulation"},
        {"label": "x" * 41},
        {"variables": {"USUBJID": {"origin": "Invented"}}},
        {"variables": {"USUBJID": {}}},
        {"supplements": {"Q": {"label": "x" * 41, "origin": "Derived", "content": "y"}}},
        {"parts": [{"source": "edc_ae", "blank": "guess"}]},
    ],
    ids=str,
)
def test_a_dataset_with_an_unknown_key_or_value_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Dataset.model_validate(AE | change)


def test_a_model_does_not_change_after_reading() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Dataset.model_validate(AE).label = "Other"


def test_one_name_may_stand_for_a_list_of_one() -> None:
    assert Where.model_validate({"column": "X", "values": "Y", "otherwise": "no"}).values == ("Y",)
    assert Join.model_validate({"source": "s", "on": "SUBJID"}).on == ("SUBJID",)


def test_the_sponsor_answers_for_what_nobody_else_collected() -> None:
    assert Variable(origin="Derived").source == "Sponsor"
    assert Variable(origin="Collected", by_whom="Vendor").source == "Vendor"


def test_the_sources_of_a_dataset_are_its_parts_joins_and_reads_once_each() -> None:
    joined = Part.model_validate({"source": "a", "join": {"x": {"source": "b", "on": "K"}}})
    dataset = Dataset.model_validate(AE).model_copy(
        update={"parts": (joined, Part(source="a")), "reads": ("c", "b")}
    )
    assert dataset.sources == ("a", "b", "c")
