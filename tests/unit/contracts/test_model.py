"""Models, fields and the catalog: a contract that contradicts itself is told before any data are read."""

from __future__ import annotations

import sys
from datetime import date
from types import ModuleType

import pandera.polars as pa
import polars as pl
import pytest
from pandera.config import config_context

from pipeline.contracts import fields as f
from pipeline.contracts import rules
from pipeline.contracts.catalog import contract_models
from pipeline.contracts.check import check
from pipeline.contracts.facts import column_facts
from pipeline.contracts.identity import SubjectForm
from pipeline.contracts.model import key_of, layout_of, model_of, source
from pipeline.errors import BuildFailed, SpecError

FORM = SubjectForm(3, 3)
FACTS = source(
    "pets", "pets/*.csv", title="Pets", owner="Vendor", key=("ID",), study_column=None, subject_column=None
)


class Base(pa.DataFrameModel):
    """First column of every model here."""

    ID: str = f.identifier("Number", required=True)

    class Config:
        """Own facts."""

        metadata = FACTS


def test_columns_of_the_base_come_first_and_the_layout_says_where_the_file_lies():
    class Pets(Base):
        NAME: str = f.text("Name")

        class Config:
            metadata = FACTS

    layout = layout_of(Pets)
    assert layout.columns == ("ID", "NAME")
    assert (layout.source, layout.pattern, layout.study_column) == ("pets", "pets/*.csv", None)
    assert key_of(Pets) == ("ID",)


def test_a_model_from_a_table_is_a_model_like_any_other():
    pets = model_of("Pets", Base, {"LEGS": f.integer("Legs", 0, 4)}, FACTS, "Pets.")
    raw = pl.DataFrame(
        {"_line": [2, 3], "ID": ["a", "b"], "LEGS": ["4", "5"]}, schema_overrides={"_line": pl.UInt32}
    )
    outcome = check(raw, pets, file="pets.csv", cut=date(2027, 1, 1), form=FORM)
    assert outcome.accepted["LEGS"].to_list() == [4]
    assert outcome.findings["message"].to_list() == ["LEGS lies below 0 or above 4"]


def test_a_column_answers_to_the_owner_of_its_model_unless_it_names_one():
    pets = model_of("Pets", Base, {"NAME": f.text("Name", owner="Subject")}, FACTS, "Pets.")
    facts = column_facts(pets)
    assert (facts["ID"].owner, facts["NAME"].owner) == ("Vendor", "Subject")


def test_severity_and_action_of_a_breach_come_from_its_column():
    pets = model_of(
        "Pets", Base, {"NAME": f.flag("Tame", severity="WARN", action="stroke it")}, FACTS, "Pets."
    )
    raw = pl.DataFrame({"_line": [2], "ID": ["a"], "NAME": ["no"]}, schema_overrides={"_line": pl.UInt32})
    outcome = check(raw, pets, file="pets.csv", cut=date(2027, 1, 1), form=FORM)
    assert outcome.findings.select("severity", "action").rows() == [("WARN", "stroke it")]


def test_a_date_can_be_asked_to_be_complete_or_allowed_to_lie_ahead():
    columns = {
        "WHOLE": f.edc_date("Born", allow_partial=False),
        "AHEAD": f.edc_date("Next visit", may_be_future=True),
    }
    pets = model_of("Pets", Base, columns, FACTS, "Pets.")
    raw = pl.DataFrame(
        {"_line": [2, 3, 4], "ID": ["a", "b", "c"], "WHOLE": ["UN-MAR-2026", "05-MAR-2026", ""]}
    ).with_columns(pl.col("_line").cast(pl.UInt32), AHEAD=pl.lit("01-JAN-2030"))
    outcome = check(raw, pets, file="pets.csv", cut=date(2027, 1, 1), form=FORM)
    assert outcome.findings.select("line", "rule").rows() == [(2, "pets.WHOLE.partial")]


def test_a_rule_that_cannot_be_applied_fails_the_build_without_telling_a_value():
    def explode(column: pl.Expr) -> pl.Expr:
        return column.cast(pl.Int64) > 0

    name = f.text("Name")
    name.checks = [rules.rule("odd", "is odd", explode)]
    pets = model_of("Pets", Base, {"NAME": name}, FACTS, "Pets.")
    raw = pl.DataFrame(
        {"_line": [2], "ID": ["a"], "NAME": ["Zebra77"]}, schema_overrides={"_line": pl.UInt32}
    )
    with pytest.raises(BuildFailed, match="rule odd of NAME cannot be applied") as failure:
        check(raw, pets, file="pets.csv", cut=date(2027, 1, 1), form=FORM)
    assert "Zebra77" not in str(failure.value)
    assert failure.value.__context__ is None


def test_switching_validation_off_in_pandera_changes_nothing():
    pets = model_of("Pets", Base, {"LEGS": f.integer("Legs")}, FACTS, "Pets.")
    raw = pl.DataFrame({"_line": [2], "ID": ["a"], "LEGS": ["two"]}, schema_overrides={"_line": pl.UInt32})
    with config_context(validation_enabled=False):
        outcome = check(raw, pets, file="pets.csv", cut=date(2027, 1, 1), form=FORM)
    assert outcome.counts.quarantined == 1


def test_a_column_without_a_kind_is_an_error_of_the_contract():
    class Bare(Base):
        NAME: str = pa.Field()

        class Config:
            metadata = FACTS

    with pytest.raises(SpecError, match="column NAME has no kind"):
        column_facts(Bare)


def test_a_model_without_a_source_is_an_error_of_the_contract():
    class Nowhere(pa.DataFrameModel):
        NAME: str = f.text("Name")

    with pytest.raises(SpecError, match="names no source"):
        layout_of(Nowhere)


def test_an_unknown_study_is_named_with_the_fix():
    with pytest.raises(
        SpecError, match=r"study nowhere: package data_contracts\.nowhere does not exist; add"
    ):
        contract_models("nowhere")


def test_two_models_of_one_source_are_refused(monkeypatch):
    study, sender = ModuleType("data_contracts.twice"), ModuleType("data_contracts.twice.farm")
    study.SENDERS = ("farm",)
    sender.SOURCES = (Base, Base)
    monkeypatch.setitem(sys.modules, study.__name__, study)
    monkeypatch.setitem(sys.modules, sender.__name__, sender)
    with pytest.raises(SpecError, match="two models are source pets"):
        contract_models("twice")
