"""Every delivered column is used or has a reason, and every column that the specification names is delivered."""

from __future__ import annotations

import pytest

from pipeline.contracts.facts import ColumnFacts
from pipeline.specs.reference_models import Moment
from tests.consistency.references import FACTS, MODELS, SPEC, parts, references

REFERENCES = references()
AFTER_UNBLINDING = {"rtsm_assign": {"RANDNO"}}  # submitted in SUPPDM of an unblinded package only


@pytest.mark.parametrize("source", sorted(FACTS))
def test_every_delivered_column_is_used_or_says_why_it_is_not_submitted(source: str) -> None:
    used = {column for _, named, column in REFERENCES if named == source} | AFTER_UNBLINDING.get(
        source, set()
    )
    excused = {each.column for each in SPEC.study.not_submitted if each.source == source}
    if None in excused:
        return
    open_columns = [
        name
        for name, fact in FACTS[source].items()
        if name not in used and name not in excused and not fact.not_submitted
    ]
    assert open_columns == []


def test_every_column_that_the_specification_names_is_delivered() -> None:
    missing = [
        (place, source, column) for place, source, column in REFERENCES if column not in FACTS.get(source, {})
    ]
    assert missing == []


def test_every_source_that_the_specification_names_has_a_contract_and_the_other_way_round() -> None:
    named = {source for _, source, _ in REFERENCES} | {s for d in SPEC.datasets.values() for s in d.sources}
    assert named <= set(MODELS)
    used = {source for place, source, _ in REFERENCES if place != "layout"}
    excused = {each.source for each in SPEC.study.not_submitted if each.column is None}
    assert sorted(set(MODELS) - used - excused) == []


def test_a_reason_for_not_submitting_belongs_to_a_column_that_exists_and_fills_no_variable() -> None:
    verbs = {(source, column) for place, source, column in REFERENCES if "." in place and ".csv" not in place}
    for each in SPEC.study.not_submitted:
        assert each.source in FACTS
        assert each.column is None or each.column in FACTS[each.source], each.column
        assert (each.source, each.column) not in verbs, each.column


def test_a_date_verb_reads_dates_and_a_number_variable_reads_numbers_or_codes() -> None:
    kinds = {"date": {"edc_date"}, "time": {"edc_time"}}
    for dataset, part in parts():
        for name in dataset.variables:
            verb = part.set.get(name, dataset.variables[name])
            for role, allowed in kinds.items():
                if column := getattr(verb, role):
                    assert FACTS[part.source][column].kind in allowed, (dataset.dataset, name)
            numeric = SPEC.standard.variable(dataset.dataset, name).type == "Num"
            if numeric and verb.take and "." not in verb.take:
                assert FACTS[part.source][verb.take].kind in {"integer", "decimal"}, (dataset.dataset, name)


def test_reference_moments_are_dates() -> None:
    for name, moment in SPEC.study.reference:
        if isinstance(moment, Moment):
            fact: ColumnFacts = FACTS[moment.source][moment.date]
            assert fact.kind in {"edc_date", "timestamp"}, name


def test_every_form_whose_records_bear_a_visit_and_a_date_places_the_visit() -> None:
    """A visit spans all its records: each such form must be listed, in the order of the contracts."""
    bearing = {
        part.source
        for dataset, part in parts()
        if "VISITNUM" in dataset.variables and part.source != SPEC.study.laboratory.source
    }
    listed = [each.source for each in SPEC.study.reference.visit_dates]
    assert sorted(bearing - set(listed)) == []
    order = [source for source in MODELS if source in listed]
    assert [source for source in listed if source != "edc_sv"] == [
        source for source in order if source != "edc_sv"
    ]
    assert len(listed) == len(set(listed))


def test_items_are_named_once_and_their_columns_are_of_the_kind_that_their_result_needs() -> None:
    for dataset, part in parts():
        if part.items is None:
            continue
        for row in SPEC.table(part.items).iter_rows(named=True):
            if row["source"] != part.source:
                continue
            kind, result = FACTS[part.source][row["column"]].kind, row["result"].partition(":")[0]
            listed = {"code", "flag", "integer"}
            allowed = {"number": {"decimal", "integer"}, "text": {"text"}, "score": listed, "term": listed}
            assert kind in allowed[result], (dataset.dataset, row["column"])
    for name in ("qs_items", "rs_items", "mk_items", "vs_items"):
        keys = SPEC.table(name).select("source", "column")
        assert keys.n_unique() == keys.height, name


def test_every_item_table_is_read_for_every_source_it_names() -> None:
    read = {(part.items, part.source) for _, part in parts() if part.items}
    named = {
        (table, source)
        for table in {items for items, _ in read}
        for source in SPEC.table(table or "")["source"].unique()
    }
    assert named == read
