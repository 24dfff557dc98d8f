"""Numbers of subjects and sites: the sender's habits are understood, nothing else is guessed (dirt 13)."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.identity import SubjectForm, site_number, subject_number
from tests.unit.contracts.frames import broken_rules, checked

FORM = SubjectForm(site_digits=3, subject_digits=3)
SITES = ("007", "101")


def subject_of(text: str | None) -> str | None:
    return pl.select(subject_number(pl.lit(text, pl.String), FORM, SITES)).item()


def site_of(text: str | None) -> str | None:
    return pl.select(site_number(pl.lit(text, pl.String), FORM, SITES)).item()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("101-001", "101-001"),
        ("101001", "101-001"),
        ("101 001", "101-001"),
        ("7-001", "007-001"),
        ("7001", "007-001"),
        ("101-1", "101-001"),
        ("999-001", "999-001"),  # well-formed: whether the site exists is not asked here
        ("9-001", None),  # padded, but there is no site 009
        ("1001", None),
        ("12", None),
        ("101-0011", None),
        ("1010011", None),
        ("101--001", None),
        ("10l-001", None),
        ("SUBJ 101-001", None),
        ("", None),
        (None, None),
    ],
)
def test_a_subject_number_is_understood_or_has_no_value(written, meant):
    assert subject_of(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [("101", "101"), ("7", "007"), ("07", "007"), ("8", None), ("999", "999"), ("1010", None), ("A1", None)],
)
def test_a_site_number_gets_its_zeros_back_only_for_a_known_site(written, meant):
    assert site_of(written) == meant


@given(st.sampled_from(SITES), st.integers(1, 999), st.sampled_from(["-", "", " ", "_"]))
def test_every_habit_of_writing_leads_to_the_same_number(site, number, separator):
    assert subject_of(f"{site}{separator}{number:03}") == f"{site}-{number:03}"


@given(st.integers(0, 10**6 - 1))
def test_a_number_in_the_studys_form_never_changes(number):
    text = f"{number:06}"
    assert subject_of(f"{text[:3]}-{text[3:]}") == f"{text[:3]}-{text[3:]}"


def test_another_form_of_study_works_the_same():
    form = SubjectForm(site_digits=2, subject_digits=4, separator="/")
    assert pl.select(subject_number(pl.lit("120003"), form, ())).item() == "12/0003"


def test_renumbered_values_are_counted_and_unreadable_ones_set_aside():
    outcome = checked(
        "lab_results", {"SUBJID": "101 001"}, {"SUBJID": "7001", "SITEID": "7"}, {"SUBJID": "1O1-001"}
    )
    assert outcome.accepted["SUBJID"].to_list() == ["101-001", "007-001"]
    assert outcome.accepted["SITEID"].to_list() == ["101", "007"]
    assert broken_rules(outcome) == [(4, "lab_results.SUBJID.identity")]
    infos = outcome.findings.filter(pl.col("severity") == "INFO")
    assert infos.select("rule", "line", "subject").rows() == [
        ("lab_results.SITEID.renumbered", 3, "007-001"),
        ("lab_results.SUBJID.renumbered", 2, "101-001"),
        ("lab_results.SUBJID.renumbered", 3, "007-001"),
    ]
    assert outcome.counts.changed == 3


@pytest.mark.parametrize(("lines", "told"), [(20, 20), (21, 1)])
def test_a_habit_of_the_sender_is_told_once_with_its_number(lines, told):
    outcome = checked("lab_results", *[{"SUBJID": "101 001"}] * lines)
    infos = outcome.findings.filter(pl.col("rule") == "lab_results.SUBJID.renumbered")
    assert infos.height == told
    assert infos["message"].str.starts_with(f"SUBJID: {lines} ").any() == (told == 1)


@pytest.mark.parametrize("written", ["101-003", "101003", "101-3"])
def test_a_record_under_another_subject_than_its_id_names_is_set_aside(written):
    rows = [
        {"RECORDID": "101-001-VS-W8-1-1", "SUBJID": written},
        {"RECORDID": "101-003-VS-W8-1-1", "SUBJID": written},
        {"RECORDID": "V1", "SUBJID": written},  # names no subject
    ]
    outcome = checked("edc_vs", *rows)
    assert broken_rules(outcome) == [(2, "edc_vs.RECORDID.other_subject")]
    assert outcome.quarantined["_reasons"].to_list() == ["edc_vs.RECORDID.other_subject"]
    assert outcome.findings.filter(pl.col("quarantined"))["severity"].to_list() == ["CRITICAL"]


def test_without_a_site_master_no_zero_is_restored():
    outcome = checked("lab_results", {"SUBJID": "7001", "SITEID": ""}, sites=())
    assert broken_rules(outcome) == [(2, "lab_results.SUBJID.identity")]
