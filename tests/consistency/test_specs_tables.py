"""Every table of the study is read by something, its references close, and it says what the design says."""

from __future__ import annotations

import csv
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipeline.conformance.conditions import variables_of
from pipeline.conformance.explained import TABLE as EXPLAINED
from pipeline.conformance.explained import explanations
from pipeline.domains.build import DERIVED, LOOKS
from pipeline.flow.acrf import FORMS
from pipeline.flow.conform_records import require_known
from pipeline.specs.load import StudySpec
from tests.consistency.references import FACTS, SPEC
from tests.unit.domains.trial import Trial, subject

DESIGN = Path(__file__).resolve().parents[3] / "shared" / "design" / "tables"
beside_the_design = pytest.mark.skipif(
    not DESIGN.exists(), reason="the study design is not beside this checkout"
)


OTHER_CHOICE = {"HAQ_YN"}  # what the setting haq.checkbox may name instead


class Watched(StudySpec):
    """A specification that remembers which tables and code maps were asked for."""

    asked: set[str]

    def table(self, name: str) -> pl.DataFrame:
        self.asked.add(name)
        return super().table(name)

    def codemap(self, name: str) -> dict[str, str]:
        self.asked.add(f"map {name}")
        return super().codemap(name)


@pytest.fixture(scope="module")
def asked() -> set[str]:
    """What one build of every dataset asks for."""
    watched = Watched(**{each.name: getattr(SPEC, each.name) for each in fields(StudySpec)})
    object.__setattr__(watched, "asked", set())
    forms = {
        "edc_vs": [{"VISITOID": "SCR", "VSDAT": "05-JAN-2027", "TEMP": "98.6", "TEMPU": "F"}],
        "edc_haq": [{"VISITOID": "SCR", "HAQDAT": "05-JAN-2027", "HAQ01": "0"}],
        "edc_dar": [{"VISITOID": "SCR", "DARDAT": "05-JAN-2027", "EULCRP": "G", "ACR20": "Y"}],
        "edc_jc28": [{"VISITOID": "SCR", "JCDAT": "05-JAN-2027", "RSH_T": "1"}],
    }
    trial = Trial(subject(), forms, spec_=watched)
    for name in DERIVED:
        trial.derived(name)
    for name in watched.datasets:
        trial.built(name)
    for look in LOOKS.values():
        look(trial.inputs)
    return watched.asked


def test_every_table_is_read_by_a_build_or_printed_or_judges_a_release(asked: set[str]) -> None:
    by_checks = {name for check in SPEC.checks.values() for layer, name in check.tables if layer == "spec"}
    assert sorted(set(SPEC.tables) - asked - by_checks - {FORMS, EXPLAINED}) == []


def test_conditions_of_explanations_name_variables_that_their_dataset_or_dm_has() -> None:
    told = explanations(SPEC.table(EXPLAINED))
    conditions = [each for each in told if each.records]
    assert conditions
    for each in conditions:
        require_known(SPEC, each.dataset, variables_of(str(each.records), each.place))


def test_every_code_map_is_read_by_a_build(asked: set[str]) -> None:
    """Maps of items are read when the items have answers; those named in the item tables count as read."""
    named = {
        result.partition(":")[2]
        for table in ("qs_items", "rs_items", "mk_items", "vs_items")
        for result in SPEC.table(table)["result"]
    }
    read = {each.removeprefix("map ") for each in asked if each.startswith("map ")} | named
    assert sorted(set(SPEC.table("codemaps")["map"]) - read - OTHER_CHOICE) == []


def visits() -> set[str]:
    return set(SPEC.table("visits")["oid"])


def test_visits_are_those_that_the_forms_offer() -> None:
    offered = set(FACTS["edc_sv"]["VISITOID"].codes)
    assert visits() == offered - {"LOG", SPEC.study.reference.unscheduled}


@pytest.mark.parametrize("table", ["visit_labels", "lab_schedule"])
def test_a_visit_that_a_table_names_exists(table: str) -> None:
    named = set(SPEC.table(table)["oid"])
    assert sorted(named - visits() - {SPEC.study.reference.unscheduled}) == []


@pytest.mark.parametrize("table", ["rs_items", "vs_items", "qs_items"])
def test_a_visit_that_an_item_is_planned_at_exists(table: str) -> None:
    named = {oid for oids in SPEC.table(table)["visits"].drop_nulls() for oid in oids.split()}
    assert sorted(named - visits()) == []


def test_labels_are_known_once_whatever_their_blanks_and_hyphens() -> None:
    keys = [label.upper().replace(" ", "").replace("-", "") for label in SPEC.table("visit_labels")["label"]]
    pairs = dict(zip(keys, SPEC.table("visit_labels")["oid"], strict=True))
    both = list(zip(keys, SPEC.table("visit_labels")["oid"], strict=True))
    assert all(pairs[key] == oid for key, oid in both)


def test_the_panels_planned_at_visits_are_categories_of_the_catalogue() -> None:
    assert set(SPEC.table("lab_schedule")["CAT"]) <= set(SPEC.table("lab_tests")["CAT"])


def test_the_catalogue_knows_a_test_once_a_specimen() -> None:
    tests = SPEC.table("lab_tests").drop_nulls("vendor_test")
    assert tests.select("vendor_test", "vendor_specimen").n_unique() == tests.height
    assert set(tests["vendor_specimen"]) <= set(FACTS["lab_results"]["SPECIMEN"].codes)
    assert set(tests["dataset"]) <= set(SPEC.datasets)
    assert set(tests["result"]) == {"numeric", "count", "character"}


def test_units_are_converted_only_for_tests_of_the_catalogue_and_by_exact_factors() -> None:
    known = set(SPEC.table("lab_tests").select("TESTCD", "SPEC", "unit").iter_rows())
    standard = {(test, specimen): unit for test, specimen, unit in known}
    for row in SPEC.table("lab_units").iter_rows(named=True):
        assert row["unit"] != standard[row["TESTCD"], row["SPEC"]], row
        assert Decimal(row["factor"]) > 0


def test_a_unit_is_spelled_in_one_way_only_and_never_as_another_unit() -> None:
    spellings = dict(SPEC.table("unit_spellings").iter_rows())
    assert len(spellings) == SPEC.table("unit_spellings").height
    wanted = set(spellings.values()) | set(SPEC.table("lab_tests")["unit"].drop_nulls())
    wanted |= set(SPEC.table("lab_units")["unit"])
    chained = {spelling for spelling in spellings if spelling in wanted and spellings[spelling] != spelling}
    assert sorted(chained) == []
    assert spellings["G/L"] == "10^9/L"
    assert "g/L" not in spellings


def test_a_restricted_test_is_marked_in_the_catalogue() -> None:
    tests = SPEC.table("lab_tests")
    told = tests.filter(pl.col("CAT") == "ANTI-HLA ANTIBODIES")
    assert told.height > 0
    assert told["restricted"].to_list() == ["yes"] * told.height
    assert (
        tests.filter(pl.col("CAT") != "ANTI-HLA ANTIBODIES")["restricted"].null_count()
        == tests.height - told.height
    )


def rows(name: str) -> list[dict[str, str]]:
    with (DESIGN / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@beside_the_design
def test_a_dataset_has_the_variables_of_the_design() -> None:
    planned: dict[str, set[str]] = {}
    for row in rows("variables.csv"):
        planned.setdefault(row["dataset"], set()).add(row["variable"])
    only_unblinded = {"EXLOT"}
    planned["MH"] |= {"MHSTDY", "MHENDY"}  # SDTMIG 3.4, 4.4.4: a study day for each date that has one
    for name, dataset in SPEC.datasets.items():
        family = "SUPP--" if name.startswith("SUPP") else name
        assert (
            set(dataset.variables) - {f"COVAL{n}" for n in range(1, 10)} == planned[family] - only_unblinded
        ), name


@beside_the_design
def test_datasets_have_the_labels_structures_and_keys_of_the_design() -> None:
    planned = {row["file"].removesuffix(".xpt").upper(): row for row in rows("datasets.csv")}
    assert set(planned) - set(SPEC.datasets) == {"SUPPEX"}  # unblinded only
    for name, dataset in SPEC.datasets.items():
        row = planned[name]
        assert (dataset.label, dataset.class_, dataset.structure) == (
            row["label"],
            row["class"],
            row["structure"],
        )
        assert dataset.keys == tuple(row["keys"].split(", ")), name


@beside_the_design
def test_the_catalogue_is_that_of_the_design() -> None:
    ours = SPEC.table("lab_tests").filter(pl.col("dataset") == "LB")
    mine = {
        (row["TESTCD"], row["SPEC"]): (
            row["TEST"],
            row["CAT"],
            row["METHOD"] or "",
            row["unit"] or "",
            row["places"] or "",
        )
        for row in ours.iter_rows(named=True)
    }
    theirs = {
        (row["LBTESTCD"], row["LBSPEC"]): (
            row["LBTEST"],
            row["LBCAT"],
            row["LBMETHOD"],
            row["Std unit"],
            row["dp"],
        )
        for row in rows("lb_tests.csv")
    }
    assert mine == theirs


@beside_the_design
def test_questions_and_responses_are_those_of_the_design() -> None:
    haq = SPEC.table("qs_items").filter(pl.col("QSCAT") == "HAQ-DI WITH VAS")
    assert haq.select("QSTESTCD", "QSTEST", pl.col("QSSCAT").fill_null("")).rows() == [
        (row["QSTESTCD"], row["QSTEST"], row["category (QSSCAT)"]) for row in rows("haq_items.csv")
    ]
    assert SPEC.table("rs_items").select("RSCAT", "RSTESTCD", "RSTEST").rows() == [
        (row["RSCAT"], row["RSTESTCD"], row["RSTEST"]) for row in rows("rs_tests.csv")
    ]


@beside_the_design
@pytest.mark.parametrize("name", ["ta", "te", "ti", "tv"])
def test_trial_design_is_that_of_the_design(name: str) -> None:
    dataset = SPEC.dataset(name.upper())
    records = Trial(subject()).built(dataset.dataset).records
    keys = [key for key in dataset.keys if key in records.columns and key in rows(f"{name}.csv")[0]]
    planned = sorted(
        rows(f"{name}.csv"),
        key=lambda row: [(len(row[k]), row[k]) if k == "VISITNUM" else row[k] for k in keys],
    )
    for ours, theirs in zip(records.iter_rows(named=True), planned, strict=True):
        for column, value in theirs.items():
            if column in ours:
                told = ours[column]
                same = str(told if told is not None else "")
                assert same.removesuffix(".0") == value.removesuffix(".0"), (name, column)
