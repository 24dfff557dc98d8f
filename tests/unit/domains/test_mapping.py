"""The verbs on the study's own forms: one step on one row, and no code that vanishes."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from pipeline.domains.mapping import kept, mapped
from pipeline.specs.models import Dataset
from pipeline.specs.row_models import Where
from tests.unit.domains.trial import Row, Trial, spec, subject

EVENT: Row = {
    "VISITOID": "LOG",
    "AENO": 1,
    "AETERM": "Head ache",
    "AESTDAT": "03-FEB-2027",
    "AESER": "N",
    "AEPRE": "N",
}
CODING: Row = {
    "SOURCE": "AE",
    "RECORDID": "AE-1",
    "RECVERSION": 1,
    "PT": "Headache",
    "PTCD": "10000001",
    "STATUS": "CODED",
}


def events(*rows: Row, coding: tuple[Row, ...] = (CODING,)) -> Trial:
    return Trial(subject(), {"edc_ae": [{**EVENT, **row} for row in rows], "coding_meddra": list(coding)})


def test_a_verb_takes_a_value_as_it_is_or_in_upper_case() -> None:
    assert events({}).records("AE", "AESPID", "AETERM", "AEDECOD") == [("AE-1", "HEAD ACHE", "Headache")]


def test_a_code_becomes_its_term_and_a_blank_stays_null() -> None:
    found = events({"AEOUT": "RR"}, {"AEOUT": None, "RECORDID": "AE-2"}).records("AE", "AESPID", "AEOUT")
    assert found == [("AE-2", None), ("AE-1", "RECOVERED/RESOLVED")]


def test_a_code_that_means_nothing_to_submit_is_known_and_null() -> None:
    trial = events({"AEINFR": "N"})
    assert trial.records("AE", "AECAT") == [(None,)]
    assert trial.fates("AE") == []


def test_an_unknown_code_takes_its_row_out_and_names_the_rule_but_not_the_value() -> None:
    trial = events({}, {"AEOUT": "ZZ-PLANTED"}, {"AEREL": "??"})
    assert trial.fates("AE") == [
        ("edc_ae", 3, "quarantined", "AE.AEOUT.code"),
        ("edc_ae", 4, "quarantined", "AE.AEREL.code"),
    ]
    assert len(trial.records("AE", "AESPID")) == 1
    assert "PLANTED" not in str(trial.built("AE").set_aside.rows())


def test_a_date_with_its_time_becomes_one_iso_text_and_loses_a_time_without_day() -> None:
    found = events({"AESTTIM": "14:05"}, {"AESTDAT": "UN-FEB-2027", "AESTTIM": "14:05"}).records(
        "AE", "AESTDTC"
    )
    assert sorted(found) == [("2027-02",), ("2027-02-03T14:05",)]


def test_a_number_variable_gets_the_nearest_double() -> None:
    assert events({}).records("AE", "AEPTCD") == [(10000001.0,)]


@pytest.mark.parametrize("change", [{"RECVERSION": 2}, {"SOURCE": "MH"}, {"STATUS": "PENDING"}], ids=str)
def test_a_code_of_another_version_form_or_state_is_not_joined(change: Row) -> None:
    trial = events({}, coding=({**CODING, **change},))
    assert trial.records("AE", "AEDECOD") == [(None,)]
    assert trial.built("AE").links["source"].to_list() == ["edc_ae"]


def test_a_record_is_linked_to_its_own_row_and_to_the_row_that_was_joined() -> None:
    links = events({}).built("AE").links.select("source", "line", "subject", "seq").rows()
    assert links == [("coding_meddra", 2, "BXU001-RA-101-001", 1), ("edc_ae", 2, "BXU001-RA-101-001", 1)]


def test_rows_that_a_condition_does_not_keep_are_set_aside_with_its_reason() -> None:
    trial = Trial(subject(infused=None), {"edc_ec": [{"VISITOID": "D1", "ECYN": "N"}]})
    assert trial.fates("EX") == [("edc_ec", 2, "not submitted", "edc_ec.ECYN")]


def test_deleted_rows_are_not_seen() -> None:
    trial = events({"RECSTATUS": "DELETED"})
    assert trial.records("AE", "AESPID") == []
    assert trial.fates("AE") == []


def test_a_row_of_a_subject_that_is_not_on_the_roster_is_quarantined() -> None:
    assert events({"SUBJID": "101-099"}).fates("AE") == [("edc_ae", 2, "quarantined", "AE.subject")]


@pytest.mark.parametrize(
    ("condition", "kept_values"),
    [
        ({"values": ("Y",)}, ["Y"]),
        ({"other_than": ("Y",)}, ["N", None]),
        ({}, ["Y", "N"]),
    ],
)
def test_a_condition_never_takes_a_blank_for_a_value(
    condition: dict[str, Any], kept_values: list[Any]
) -> None:
    frame = pl.DataFrame({"X": ["Y", "N", None]})
    where = Where(column="X", otherwise="no", **condition)
    assert frame.filter(kept(where))["X"].to_list() == kept_values
    assert frame.filter(kept(where)).height + frame.filter(~kept(where)).height == 3


def test_a_lookup_gives_another_column_of_a_table_and_quarantines_what_it_does_not_know() -> None:
    rows = {
        "edc_ie": [
            {"VISITOID": "SCR", "IEDAT": "05-JAN-2027", "IETESTCD": code} for code in ("INCL01", "EXCL99")
        ]
    }
    trial = Trial(subject(), rows)
    assert trial.records("IE", "IETESTCD", "IECAT", "IEORRES", "VISITNUM") == [
        ("INCL01", "INCLUSION", "N", 0.0)
    ]
    assert ("edc_ie", 3, "quarantined", "IE.IETEST.code") in trial.fates("IE")


def test_parts_without_a_verb_for_a_variable_leave_it_null() -> None:
    history = {"edc_mhra": [{"VISITOID": "SCR", "RADXDAT": "UN-MAY-2015"}]}
    assert Trial(subject(), history).records("MH", "MHTERM", "MHOCCUR", "MHSTDTC") == [
        ("RHEUMATOID ARTHRITIS", None, "2015-05")
    ]


def test_used_columns_are_carried_under_the_name_of_their_part() -> None:
    trial = events({"AEONGO": "1"})
    rows = mapped(trial.inputs, spec().dataset("AE")).rows.collect()
    assert rows.select("_ongoing", "_began_before", "_subject", "_source", "_line").row(0) == (
        "1",
        "N",
        "101-001",
        "edc_ae",
        2,
    )


def test_a_supplement_may_be_mapped_by_a_verb_of_its_own() -> None:
    assert isinstance(spec().dataset("AE"), Dataset)
    trial = events({"AESI": "Y"}, {"AESI": "N", "RECORDID": "AE-2", "AETERM": "Z"})
    found = [row for row in trial.records("SUPPAE", "IDVARVAL", "QNAM", "QVAL") if row[1] == "AEAESI"]
    assert found == [("2", "AEAESI", "Y")]
