"""The table of forms, the contracts, the plan of visits and the design say the same about forms and visits."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from pipeline.flow.acrf import FORMS
from tests.consistency.references import FACTS, MODELS, SPEC
from tests.unit.review.spoiled import DELIVERED

DESIGN = Path(__file__).resolve().parents[3] / "shared" / "design" / "tables" / "edc_forms.csv"
ROWS = {row["form"]: row for row in SPEC.table(FORMS).to_dicts()}
VISITS = {form: row["visits"].split() for form, row in ROWS.items()}
PLANNED = list(SPEC.table("visits")["oid"])
UNPLANNED, LOG = SPEC.study.reference.unscheduled, "LOG"


def test_the_forms_are_the_contracts_of_the_edc_in_their_order():
    assert [row["source"] for row in ROWS.values()] == [name for name in MODELS if name.startswith("edc_")]
    patterns = [DELIVERED[row["source"]].pattern for row in ROWS.values()]
    assert patterns == [f"edc/{form}.csv" for form in ROWS]


@pytest.mark.parametrize("form", ROWS)
def test_visits_of_a_form_are_visits_that_it_can_be_entered_at_in_their_order(form):
    offered = list(FACTS[ROWS[form]["source"]]["VISITOID"].codes)
    assert VISITS[form] == [each for each in offered if each in VISITS[form]] != []


def test_every_visit_has_a_form():
    assert {each for own in VISITS.values() for each in own} == {*PLANNED, UNPLANNED, LOG}


@pytest.mark.parametrize("dataset", ["VS", "RS", "QS"])
def test_items_that_are_planned_at_a_visit_are_on_a_form_of_that_visit(dataset):
    forms = {row["source"]: VISITS[form] for form, row in ROWS.items()}
    for row in SPEC.table(f"{dataset.lower()}_items").iter_rows(named=True):
        assert set((row["visits"] or "").split()) <= set(forms[row["source"]]), row["column"]


def test_samples_are_collected_where_the_laboratory_plans_them():
    assert set(SPEC.table("lab_schedule")["oid"]) == set(VISITS["LBC"]) - {UNPLANNED}


@pytest.mark.skipif(not DESIGN.exists(), reason="the study design is not beside this checkout")
def test_visits_are_those_of_the_design():
    with DESIGN.open(encoding="utf-8", newline="") as file:
        designed = {row["form"]: row["visits"].partition(" (")[0] for row in csv.DictReader(file)}
    assert list(designed) == list(ROWS)
    laboratory = [each for each in PLANNED if each in set(SPEC.table("lab_schedule")["oid"])]
    words = {
        "all": [*PLANNED, UNPLANNED],
        "any": [*PLANNED, UNPLANNED, LOG],
        "lab visits": [*laboratory, UNPLANNED],
        "as JC28": VISITS["JC28"],
    }
    for form, said in designed.items():
        assert VISITS[form] == words.get(said, said.split(", ")), form


def test_a_log_repeats():
    assert all(
        row["repeats"] for form, row in ROWS.items() if VISITS[form] == [LOG] and form not in {"DSEOS", "DTH"}
    )
