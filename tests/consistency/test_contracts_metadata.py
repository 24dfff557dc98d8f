"""Every contract of the study is complete in itself: labels, owners, texts of codes, places of files."""

from __future__ import annotations

import importlib
import pkgutil
from typing import get_args

import pandera.polars as pa
import pytest

import data_contracts.bxu001_ra as study
from pipeline.contracts.catalog import contract_models
from pipeline.contracts.facts import Kind, Owner, column_facts
from pipeline.contracts.model import key_of, layout_of, source_of
from pipeline.findings import SEVERITIES

MODELS = contract_models("bxu001_ra")
AE_SEVERITIES = set(SEVERITIES)
LABEL_LIMIT = 70  # what fits beside a field of an annotated form


@pytest.mark.parametrize("source", sorted(MODELS))
def test_every_column_has_a_kind_a_label_an_owner_and_an_action(source):
    for name, fact in column_facts(MODELS[source]).items():
        assert fact.kind in get_args(Kind), name
        assert fact.owner in get_args(Owner), name
        assert 0 < len(fact.label) <= LABEL_LIMIT, name
        assert fact.action, name
        assert fact.severity in AE_SEVERITIES, name


@pytest.mark.parametrize("source", sorted(MODELS))
def test_rules_of_a_column_have_different_names_and_a_sentence(source):
    for name, column in MODELS[source].to_schema().columns.items():
        kinds = [check.name for check in column.checks]
        assert len(set(kinds)) == len(kinds), name
        assert all(check.description for check in column.checks), name


@pytest.mark.parametrize("source", sorted(MODELS))
def test_a_printed_text_follows_its_code_and_every_code_has_one_text(source):
    facts = column_facts(MODELS[source])
    names = list(facts)
    for name, fact in facts.items():
        if fact.kind == "decode":
            assert names[names.index(name) - 1] == fact.decodes
            assert name == f"{fact.decodes}_DEC"
            texts = list(facts[fact.decodes].codes.values())
            assert all(texts), name
            assert len(set(texts)) == len(texts), name


@pytest.mark.parametrize("source", sorted(MODELS))
def test_layout_and_key_name_columns_that_exist(source):
    layout, key = layout_of(MODELS[source]), key_of(MODELS[source])
    named = {layout.study_column, layout.subject_column, *key} - {None}
    assert named <= set(layout.columns)
    assert layout.source == source
    if layout.study_column:
        assert layout.study_names == study.STUDY_NAMES


def test_places_of_files_are_different_and_only_restricted_ones_lie_apart():
    layouts = [layout_of(model) for model in MODELS.values()]
    assert len({layout.pattern for layout in layouts}) == len(layouts)
    assert {layout.source for layout in layouts if "/" not in layout.pattern} == {
        layout.source for layout in layouts if layout.restricted
    }


def test_a_blinded_source_has_no_column_that_tells_the_treatment():
    telling = ("ARM", "LOT", "CELL", "VIAB", "CONC", "PRODUCT")
    for model in MODELS.values():
        layout = layout_of(model)
        if not layout.restricted:
            assert [name for name in layout.columns if name.startswith(telling)] == [], layout.source


def test_every_contract_that_is_written_is_declared_by_its_sender():
    written = set()
    for sender in study.SENDERS:
        package = importlib.import_module(f"{study.__name__}.{sender}")
        for module in pkgutil.iter_modules(package.__path__):
            members = vars(importlib.import_module(f"{package.__name__}.{module.name}")).values()
            models = [one for one in members if isinstance(one, type) and issubclass(one, pa.DataFrameModel)]
            written |= {source_of(one) for one in models if getattr(one.Config, "metadata", None)}
    assert written == set(MODELS)
