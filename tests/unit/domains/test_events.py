"""Adverse events, disposition, exposure, demographics: what needs more than one step on one row."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.unit.domains.test_mapping import events
from tests.unit.domains.trial import ONE, TWO, Row, Trial, infusion, subject


@pytest.mark.parametrize(("day", "expected"), [("31-JAN-2027", "N"), ("14-FEB-2027", "Y"), (None, "Y")])
def test_an_infusion_of_an_unknown_day_counts_from_its_first_possible_one(
    day: str | None, expected: str
) -> None:
    trial = Trial(subject(infused="UN-FEB-2027", at=None), {"edc_ae": [{"AETERM": "RASH", "AESTDAT": day}]})
    assert trial.records("SUPPAE", "QNAM", "QVAL") == [("AETRTEM", expected)]


def test_no_event_of_a_subject_without_infusion_is_treatment_emergent() -> None:
    trial = Trial(subject(infused=None), {"edc_ae": [{"AETERM": "RASH", "AESTDAT": None}]})
    assert trial.records("SUPPAE", "QNAM", "QVAL") == [("AETRTEM", "N")]


def test_an_empty_seriousness_box_is_no_for_a_serious_event_and_null_for_another() -> None:
    found = events({"AESER": "Y", "AESHOSP": "1"}, {"AETERM": "B", "RECORDID": "AE-2"})
    assert found.records("AE", "AESER", "AESHOSP", "AESDTH") == [("N", None, None), ("Y", "Y", "N")]


def test_an_ongoing_event_ends_relative_to_the_end_of_participation_or_the_cut() -> None:
    trial = Trial(
        subject(ended="20-JUN-2027"),
        subject(TWO),
        {"edc_ae": [{"SUBJID": who, "AETERM": "RASH", "AEONGO": "1"} for who in (ONE, TWO)]},
    )
    assert trial.records("AE", "AEENRTPT", "AEENTPT") == [
        ("ONGOING", "2027-06-20"),
        ("ONGOING", "2027-06-30"),
    ]
    assert events({}).records("AE", "AEENRTPT", "AEENTPT") == [(None, None)]


def test_an_event_that_began_before_the_infusion_on_its_day_belongs_to_screening() -> None:
    found = events(
        {"AESTDAT": "01-FEB-2027", "AEPRE": "Y"},
        {"AESTDAT": "01-FEB-2027", "AETERM": "B", "RECORDID": "AE-2"},
    )
    assert found.records("AE", "AESPID", "EPOCH") == [("AE-2", "TREATMENT"), ("AE-1", "SCREENING")]


def test_milestones_and_disposition_events_carry_their_categories_and_epochs() -> None:
    rows = {
        "edc_rand": [{"VISITOID": "D1", "RANDYN": "Y", "RANDDAT": "01-FEB-2027"}],
        "edc_dstrt": [{"VISITOID": "D1", "DSTRTYN": "Y", "DSTRTDAT": "01-FEB-2027"}],
        "edc_unb": [{"VISITOID": "LOG", "UNBDAT": "03-MAR-2027", "UNBTIM": "23:10"}],
    }
    trial = Trial(subject(visits={"W14": "10-MAY-2027"}, ended="20-JUN-2027"), rows)
    assert trial.records("DS", "DSCAT", "DSSCAT", "DSDECOD", "DSTERM", "EPOCH", "DSSTDTC") == [
        ("DISPOSITION EVENT", "STUDY PARTICIPATION", "COMPLETED", "COMPLETED", "FOLLOW-UP", "2027-06-20"),
        ("DISPOSITION EVENT", "STUDY TREATMENT", "COMPLETED", "COMPLETED", "TREATMENT", "2027-02-01"),
        ("OTHER EVENT", None, "TREATMENT UNBLINDED", "TREATMENT UNBLINDED", "TREATMENT", "2027-03-03T23:10"),
        (
            "PROTOCOL MILESTONE",
            None,
            "INFORMED CONSENT OBTAINED",
            "INFORMED CONSENT OBTAINED",
            "SCREENING",
            "2027-01-04",
        ),
        ("PROTOCOL MILESTONE", None, "RANDOMIZED", "RANDOMIZED", "SCREENING", "2027-02-01"),
    ]


def test_a_reason_for_ending_keeps_its_own_words_or_takes_the_standard_term() -> None:
    ends = [
        {
            "VISITOID": "LOG",
            "DSEOSSTAT": "WITHDRAWAL BY SUBJECT",
            "DSEOSDAT": "01-MAR-2027",
            "DSEOSTERM": "moved away",
        },
        {"VISITOID": "LOG", "SUBJID": TWO, "DSEOSSTAT": "DEATH", "DSEOSDAT": "01-MAR-2027"},
    ]
    found = Trial(subject(), subject(TWO), {"edc_dseos": ends}).records(
        "DS", "USUBJID", "DSCAT", "DSDECOD", "DSTERM"
    )
    assert [row[2:] for row in found if row[1] == "DISPOSITION EVENT"] == [
        ("WITHDRAWAL BY SUBJECT", "MOVED AWAY"),
        ("DEATH", "DEATH"),
    ]


def intervals(*rows: Row) -> Trial:
    people = subject(infused=None)
    return Trial(people, {"edc_ec": list(rows)})


def test_an_interrupted_infusion_of_one_bag_is_one_exposure_with_both_reasons() -> None:
    trial = intervals(
        infusion("01-FEB-2027", "11:00", "11:40", FORMREPEAT=2, ECADJ="restarted"),
        infusion("01-FEB-2027", "09:30", "10:20", ECADJ="flushing"),
    )
    assert trial.records("EX", "EXTRT", "EXSTDTC", "EXENDTC", "EXADJ", "EXDOSE", "EXDOSU") == [
        ("MASKED", "2027-02-01T09:30", "2027-02-01T11:40", "FLUSHING; RESTARTED", None, None)
    ]
    assert trial.built("EX").links.select("line", "seq").rows() == [(2, 1), (3, 1)]


def test_two_bags_are_two_exposures() -> None:
    trial = intervals(infusion("01-FEB-2027", "09:30"), infusion("01-FEB-2027", "11:00", ECBAGNO="B0002"))
    assert trial.records("EX", "EXSEQ", "EXREFID") == [(1.0, "B0001"), (2.0, "B0002")]


def demographics(trial: Trial, *columns: str) -> list[tuple[Any, ...]]:
    return trial.records("DM", *columns)


def test_one_ticked_race_is_the_race_and_several_are_multiple_with_each_beside_it() -> None:
    trial = Trial(subject(), subject(TWO, dm={"RACE_ASIAN": "1", "RACEOTH": "as told", "RACE_OTHER": "1"}))
    assert demographics(trial, "RACE") == [("WHITE",), ("MULTIPLE",)]
    told = [row for row in trial.records("SUPPDM", "USUBJID", "QNAM", "QVAL") if "RACE" in row[1]]
    assert [row[1:] for row in told] == [
        ("RACE1", "ASIAN"),
        ("RACE2", "WHITE"),
        ("RACE3", "OTHER"),
        ("RACEOTH", "AS TOLD"),
    ]


@pytest.mark.parametrize(
    ("born", "entered", "age"),
    [
        ("05-JAN-1970", 99, 56.0),
        ("04-JAN-1970", 99, 57.0),
        ("UN-UNK-1970", 56, 56.0),
        (None, 56, 56.0),
        (None, None, None),
    ],
)
def test_age_is_complete_years_at_consent_or_as_entered(
    born: str | None, entered: int | None, age: float | None
) -> None:
    trial = Trial(subject(dm={"BRTHDAT": born, "AGE": entered}))
    assert demographics(trial, "AGE", "AGEU") == [(age, None if age is None else "YEARS")]


def test_arms_are_masked_and_a_missing_arm_has_its_reason() -> None:
    failed = subject("101-003", infused=None, randomized=False)
    failed["edc_dseos"] = [{"SUBJID": "101-003", "DSEOSSTAT": "SCREEN FAILURE", "DSEOSDAT": "20-JAN-2027"}]
    left = subject("101-004", infused=None, randomized=False)
    left["edc_dseos"] = [
        {"SUBJID": "101-004", "DSEOSSTAT": "WITHDRAWAL BY SUBJECT", "DSEOSDAT": "20-JAN-2027"}
    ]
    screening = subject("101-005", infused=None, randomized=False)
    trial = Trial(subject(), subject(TWO, infused=None), failed, left, screening)
    assert demographics(trial, "ARMCD", "ARM", "ACTARMCD", "ACTARM", "ARMNRS") == [
        ("MASKED", "Masked", "MASKED", "Masked", None),
        ("MASKED", "Masked", None, None, "ASSIGNED, NOT TREATED"),
        (None, None, None, None, "SCREEN FAILURE"),
        (None, None, None, None, "NOT ASSIGNED"),
        (None, None, None, None, "NOT ASSIGNED"),
    ]


def test_participation_ends_on_the_last_date_of_any_record_but_not_after_its_recorded_end() -> None:
    event = {"edc_ae": [{"AETERM": "RASH", "AESTDAT": "10-FEB-2027", "AEENDAT": "28-JUN-2027"}]}
    assert demographics(Trial(subject(), event), "RFPENDTC", "RFENDTC") == [("2027-06-28", None)]
    ended = Trial(subject(ended="20-JUN-2027"), event)
    assert demographics(ended, "RFPENDTC", "RFENDTC") == [("2027-06-20", "2027-06-20")]
    died = Trial(subject(), event, {"edc_dth": [{"DTHDAT": "15-JUN-2027"}]})
    assert demographics(died, "RFPENDTC", "DTHDTC", "DTHFL") == [("2027-06-15", "2027-06-15", "Y")]


def test_the_demographics_form_itself_counts_for_the_end_of_participation() -> None:
    trial = Trial(subject(infused=None, randomized=False, dm={"DMDAT": "09-JAN-2027"}))
    assert demographics(trial, "DMDTC", "RFPENDTC") == [("2027-01-09", "2027-01-09")]


def test_a_screen_failure_has_no_reference_period() -> None:
    trial = Trial(subject(infused=None, randomized=False, ended="20-JAN-2027"))
    assert demographics(trial, "RFSTDTC", "RFENDTC", "RFXSTDTC", "DMDY") == [(None, None, None, None)]


@pytest.mark.parametrize(
    "report",
    [
        {"edc_ae": [{"AETERM": "STROKE", "AEOUT": "FA"}]},
        {"edc_ae": [{"AETERM": "STROKE", "AESER": "Y", "AESDTH": "1"}]},
        {"edc_dseos": [{"DSEOSSTAT": "DEATH", "DSEOSDAT": "01-MAR-2027"}]},
        {"edc_dth": [{"DTHDAT": "01-MAR-2027"}]},
        {"edc_dth": [{"DTHDAT": "UN-UNK-UNK"}]},
    ],
    ids=["outcome", "box", "disposition", "form", "form without a date"],
)
def test_any_source_that_reports_a_death_sets_the_flag(report: dict[str, list[Row]]) -> None:
    assert demographics(Trial(subject(), report), "DTHFL") == [("Y",)]
    assert demographics(Trial(subject()), "DTHFL") == [(None,)]


def test_demographics_are_linked_to_consent_and_death_and_to_the_joined_site() -> None:
    trial = Trial(subject(), {"edc_dth": [{"DTHDAT": "01-MAR-2027"}]})
    links = trial.built("DM").links
    assert links.filter(pl.col("role").is_in(["record", "joined"]))["source"].to_list() == [
        "edc_dm",
        "edc_dsic",
        "edc_dth",
        "rtsm_assign",
        "rtsm_sites",
    ]


def test_the_site_master_gives_country_and_investigator() -> None:
    assert demographics(Trial(subject()), "SITEID", "COUNTRY", "INVID") == [("101", "USA", "I1")]


def test_qualifiers_refer_to_their_parent_by_number_and_to_demographics_by_subject() -> None:
    trial = events({"AESI": "Y"})
    assert trial.records("SUPPAE", "RDOMAIN", "IDVAR", "IDVARVAL", "QNAM", "QLABEL", "QORIG", "QEVAL")[0] == (
        "AE", "AESEQ", "1", "AEAESI", "Adverse Event of Special Interest", "Collected", None,
    )  # fmt: skip
    assert trial.records("SUPPDM", "RDOMAIN", "IDVAR", "IDVARVAL", "QNAM", "QVAL")[0] == (
        "DM",
        None,
        None,
        "COHORT",
        "COHORT 1",
    )


def test_qualifiers_are_sorted_as_the_texts_of_their_key() -> None:
    terms = "ABCDEFGHIJ"
    trial = events(
        *({"AETERM": term, "RECORDID": f"AE-{number}"} for number, term in enumerate(terms, start=1))
    )
    values = [row[0] for row in trial.records("SUPPAE", "IDVARVAL")]
    assert values == sorted(values)
    assert values[:2] == ["1", "10"]
    parents = trial.built("AE").links.filter(source="edc_ae").select(sequence="seq", line="line")
    lines = (
        trial.built("SUPPAE")
        .links.filter(source="edc_ae")
        .sort("seq")
        .join(parents, on="line", maintain_order="left")
    )
    assert lines["sequence"].cast(pl.String).to_list() == values


def test_a_qualifier_comes_from_the_rows_of_its_parent_record_that_it_reads() -> None:
    """The row of the dictionary gave the parent its terms, and the flag nothing."""
    trial = events({"AESI": "Y"})
    rows = trial.built("SUPPAE").links.select("source", "line", "seq", "role").unique("source", keep="any")
    assert rows.filter(seq=1).rows() == [("edc_ae", 2, 1, "QVAL")]
    assert set(rows["source"]) == {"edc_ae"}


def test_each_reference_date_names_the_row_that_gave_it() -> None:
    links = Trial(subject(ended="01-JUN-2027")).built("DM").links
    found = dict(links.filter(~pl.col("role").is_in(["record", "joined"])).select("role", "source").rows())
    assert found == {
        "RFSTDTC": "edc_ec",
        "RFXSTDTC": "edc_ec",
        "RFXENDTC": "edc_ec",
        "RFICDTC": "edc_dsic",
        "RFENDTC": "edc_dseos",
    }


def test_an_element_names_the_rows_that_started_and_ended_it() -> None:
    links = Trial(subject(ended="01-JUN-2027")).built("SE").links
    assert links.select("seq", "role", "source").sort("seq", "role").rows() == [
        (1, "SEENDTC", "edc_ec"),
        (1, "SESTDTC", "edc_dsic"),
        (2, "SEENDTC", "edc_ec"),
        (2, "SESTDTC", "edc_ec"),
        (3, "SEENDTC", "edc_dseos"),
        (3, "SESTDTC", "edc_ec"),
    ]
