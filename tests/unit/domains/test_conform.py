"""The gate: which variables a dataset must have, and what the data's own faults become."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from pipeline.domains.conform import conform
from pipeline.domains.records import Built
from pipeline.errors import BuildFailed, SpecError
from pipeline.specs.terminology import known_codelists, permitted
from tests.unit.domains.trial import Trial, spec, subject

TYPES = {"Num": pl.Float64, "Char": pl.String}


def through_the_gate(dataset: str, *rows: dict[str, Any], drop: str = "", **columns: pl.Series) -> Built:
    facts = {name: TYPES[each.type] for name, _, each in spec().ordered(dataset)}
    frame = pl.DataFrame(list(rows), schema={**facts, "_line": pl.UInt32, "_source": pl.String}, orient="row")
    frame = frame.with_columns(**columns).drop(drop, strict=False).select(pl.all().exclude("_none"))
    return conform(
        Trial(subject()).inputs, spec().dataset(dataset), Built(frame.select(reversed(frame.columns)))
    )


def event(**values: Any) -> dict[str, Any]:
    known = {
        "STUDYID": "BXU001-RA",
        "DOMAIN": "AE",
        "USUBJID": "U1",
        "AESEQ": 1.0,
        "AETERM": "RASH",
        "AEDECOD": "Rash",
    }
    return {**known, "_line": 2, "_source": "edc_ae", **values}


def rules(built: Built) -> list[tuple[str, str, int | None]]:
    return built.findings.select("rule", "severity", "line").sort("rule", "line").rows()


def test_records_come_out_with_exactly_the_variables_of_the_dataset_in_the_order_of_the_standard() -> None:
    built = through_the_gate("AE", event())
    assert built.records.columns == [name for name, _, _ in spec().ordered("AE")]
    assert rules(built) == []


def test_a_variable_that_no_step_made_fails_the_build_and_names_it() -> None:
    with pytest.raises(BuildFailed, match=r"^AE: no step made AEBODSYS; ") as error:
        through_the_gate("AE", event(), drop="AEBODSYS")
    assert error.value.exit_code == 4


def test_a_variable_of_another_type_fails_the_build() -> None:
    with pytest.raises(BuildFailed, match=r"AE\.AEPTCD: is String, SDTMIG says Num"):
        through_the_gate("AE", event(), AEPTCD=pl.Series(["10000001"]))


def test_a_repeated_key_is_a_finding_on_each_of_its_rows() -> None:
    assert rules(through_the_gate("AE", event(), event(_line=3, AESEQ=2.0))) == [
        ("AE.key", "ERROR", 2),
        ("AE.key", "ERROR", 3),
    ]


def test_a_required_variable_without_value_is_a_finding() -> None:
    assert rules(through_the_gate("AE", event(AEDECOD=None))) == [("AE.AEDECOD.required", "WARN", 2)]


def test_a_finding_names_the_subject_as_forms_do_and_a_missing_code_is_the_coders() -> None:
    person = spec().study.subject_prefix + "101-001"
    found = through_the_gate("AE", event(USUBJID=person, AEDECOD=None)).findings
    assert found.select("subject", "action").row(0) == (
        "101-001",
        "ask the sender of coding_meddra for the missing value",
    )


def test_a_value_outside_its_codelist_is_a_finding_that_does_not_tell_the_value() -> None:
    built = through_the_gate("AE", event(AEOUT="PLANTED VALUE"))
    assert rules(built) == [("AE.AEOUT.codelist", "ERROR", 2)]
    assert "PLANTED" not in str(built.findings.rows())
    assert built.records["AEOUT"].to_list() == ["PLANTED VALUE"]


def test_a_term_that_the_study_adds_to_a_codelist_is_allowed() -> None:
    person = {
        "STUDYID": "BXU001-RA",
        "DOMAIN": "DM",
        "USUBJID": "U1",
        "SUBJID": "1",
        "SITEID": "1",
        "SEX": "F",
        "COUNTRY": "USA",
    }
    assert rules(through_the_gate("DM", {**person, "RACE": "MULTIPLE"})) == []
    assert rules(through_the_gate("DM", {**person, "RACE": "SEVERAL"})) == [
        ("DM.RACE.codelist", "ERROR", None)
    ]


@pytest.mark.parametrize(
    ("standard", "outside"),
    [
        ("12.40", False),
        ("<0.5", False),
        ("> 60", False),
        (">= 1e3", False),
        ("0-2", False),
        ("NEGATIVE", False),
        ("PURPLE", True),
    ],
)
def test_a_measured_standard_result_needs_no_term_but_a_word_does(standard: str, outside: bool) -> None:
    known = {
        "STUDYID": "BXU001-RA",
        "DOMAIN": "LB",
        "USUBJID": "U1",
        "LBSEQ": 1.0,
        "LBTESTCD": "WBC",
        "LBTEST": "Leukocytes",
    }
    found = through_the_gate("LB", {**known, "LBSTRESC": standard, "VISITNUM": 1.0})
    assert ([rule for rule, _, _ in rules(found)] == ["LB.LBSTRESC.codelist"]) is outside


def test_a_codelist_that_is_not_in_the_terminology_allows_anything() -> None:
    assert known_codelists(spec(), ("AEREL",)) == []
    assert permitted(spec(), known_codelists(spec(), ("C66742",))) == {"Y", "N", "U", "NA"}


def test_a_dataset_with_an_unknown_way_of_building_is_an_error_of_the_specification() -> None:
    odd = spec().dataset("AE").model_copy(update={"build": "by_magic"})
    trial = Trial(subject(), spec_=replace(spec(), datasets={**spec().datasets, "AE": odd}))
    with pytest.raises(SpecError, match=r"ae\.yaml: no way of building is called by_magic"):
        trial.built("AE")
