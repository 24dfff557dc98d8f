"""A subject's reference moments: which rows of which form count, and what stays null."""

from __future__ import annotations

import polars as pl

from tests.unit.domains.trial import ONE, TWO, Row, Trial, infusion, subject


def moments(trial: Trial, number: str = ONE) -> Row:
    people = trial.derived("subjects")
    return people.row(by_predicate=pl.col("SUBJID") == number, named=True)


def test_every_subject_of_the_roster_has_one_row_in_the_order_of_usubjid() -> None:
    trial = Trial(subject(TWO, consent=None, infused=None, randomized=False), subject(ONE))
    assert trial.derived("subjects")["USUBJID"].to_list() == ["BXU001-RA-101-001", "BXU001-RA-101-002"]
    assert moments(trial, TWO)["RFICDTC"] is None
    assert moments(trial, TWO)["RANDOMIZED"] is False


def test_the_first_of_several_consents_counts() -> None:
    rows = subject()
    rows["edc_dsic"] += [{"ICDAT": "02-JAN-2027", "ICTIM": "08:15"}, {"ICDAT": None}]
    assert moments(Trial(rows))["RFICDTC"] == "2027-01-02T08:15"


def test_exposure_runs_from_the_first_start_to_the_last_end_of_performed_intervals() -> None:
    rows = subject(infused=None)
    rows["edc_ec"] = [
        infusion("01-FEB-2027", "11:00", "11:40", FORMREPEAT=2),
        infusion("01-FEB-2027", "09:30", "10:20"),
        infusion("01-FEB-2027", "07:00", "07:30", ECYN="N"),
    ]
    found = moments(Trial(rows))
    assert (found["RFXSTDTC"], found["RFXENDTC"]) == ("2027-02-01T09:30", "2027-02-01T11:40")


def test_a_cancelled_assignment_is_no_randomization() -> None:
    rows = subject(randomized=False)
    rows["rtsm_assign"] = [{"STATUS": "CANCELLED", "COHORT": "1"}]
    assert moments(Trial(rows))["RANDOMIZED"] is False


def test_only_a_medication_ticked_as_rescue_starts_the_rescue() -> None:
    rows = subject(rescue="12-MAY-2027")
    rows["edc_cmra"] += [{"CMTRT": "METHOTREXATE", "CMSTDAT": "01-MAR-2020"}]
    assert moments(Trial(rows))["RESCUEDTC"] == "2027-05-12"


def test_a_record_marked_as_deleted_gives_no_moment() -> None:
    rows = subject(ended="10-MAR-2027")
    rows["edc_dseos"][0]["RECSTATUS"] = "DELETED"
    assert moments(Trial(rows))["ENDDTC"] is None


def test_partial_dates_stay_as_precise_as_they_were_collected() -> None:
    trial = Trial(subject(consent="UN-JAN-2027", infused="01-FEB-2027", at="UN:UN"))
    assert (moments(trial)["RFICDTC"], moments(trial)["RFXSTDTC"]) == ("2027-01", "2027-02-01")
