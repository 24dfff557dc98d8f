"""Medications, comments, relations, elements and the trial summary."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipeline.domains.comments import parts_of
from tests.unit.domains.trial import ONE, TWO, Row, Trial, subject

PRIOR: Row = {
    "VISITOID": "LOG",
    "CMTRT": "Adalimumab",
    "CMSCATC": "TNFI",
    "CMSTDAT": "01-JAN-2020",
    "CMENDAT": "03-JAN-2027",
}
OTHER: Row = {"VISITOID": "LOG", "CMTRT": "Something", "CMSTDAT": "01-JAN-2020"}


def category(source: str, row: Row, atc: str | None = None) -> str:
    coding = [{"RECORDID": "X-1", "RECVERSION": 1, "STATUS": "CODED", "ATC4CD": atc}] if atc else []
    trial = Trial(subject(), {source: [{**row, "RECORDID": "X-1"}], "coding_whodrug": coding})
    ((name,),) = trial.records("CM", "CMCAT")
    return str(name)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "PRIOR RA THERAPY"),
        ({"CMENDAT": "04-JAN-2027"}, "BACKGROUND RA THERAPY"),  # the day of consent
        ({"CMENDAT": "UN-JAN-2027"}, "BACKGROUND RA THERAPY"),  # may have ended after it
        ({"CMENDAT": "UN-DEC-2026"}, "PRIOR RA THERAPY"),
        ({"CMENDAT": None}, "BACKGROUND RA THERAPY"),
        ({"CMRESC": "1"}, "RESCUE STANDARD OF CARE"),
    ],
)
def test_ra_therapy_is_prior_only_if_every_possible_end_lies_before_consent(
    change: Row, expected: str
) -> None:
    assert category("edc_cmra", {**PRIOR, **change}) == expected


def test_other_medication_is_told_apart_by_its_atc_class() -> None:
    assert category("edc_cm", OTHER, "B05AA01") == "BLOOD PRODUCT"
    assert category("edc_cm", OTHER, "H02AB06") == "GENERAL"
    assert category("edc_cm", OTHER) == "GENERAL"


def medication(**row: Any) -> Trial:
    return Trial(subject(), {"edc_cm": [{**OTHER, **row}]})


@pytest.mark.parametrize(
    ("dose", "number", "words"),
    [("12.5", 12.5, None), ("1-2", None, "1-2"), ("as needed", None, "AS NEEDED"), (None, None, None)],
)
def test_a_dose_is_a_number_or_words_and_never_both(
    dose: str | None, number: float | None, words: str | None
) -> None:
    assert medication(CMDOSE=dose).records("CM", "CMDOSE", "CMDOSTXT") == [(number, words)]


def test_a_frequency_in_words_is_looked_up_and_an_unknown_one_quarantined() -> None:
    assert medication(CMDOSFRQ="QW").records("CM", "CMDOSFRQ") == [("EVERY WEEK",)]
    assert medication(CMDOSFRQ="OTH", CMFRQOTH="4 weekly").records("CM", "CMDOSFRQ") == [("EVERY 4 WEEKS",)]
    assert medication(CMDOSFRQ="OTH", CMFRQOTH="at full moon").fates("CM") == [
        ("edc_cm", 2, "quarantined", "CM.CMDOSFRQ")
    ]


def test_premedication_of_the_infusion_day_belongs_to_screening() -> None:
    day = {"CMSTDAT": "01-FEB-2027"}
    assert medication(**day, CMINDC="Premedication for infusion").records("CM", "EPOCH") == [("SCREENING",)]
    assert medication(**day, CMINDC="headache").records("CM", "EPOCH") == [("TREATMENT",)]


def test_an_ongoing_medication_ends_relative_to_the_end_of_the_study() -> None:
    assert medication(CMONGO="1").records("CM", "CMENRTPT", "CMENTPT") == [("ONGOING", "END OF STUDY")]


def comment(text: str, *, who: str = ONE, **row: Any) -> Trial:
    event = {"edc_ae": [{"AETERM": "RASH", "RECORDID": "AE-7"}]}
    return Trial(
        subject(), event, {"edc_co": [{"SUBJID": who, "COVAL": text, "CODAT": "01-MAR-2027", **row}]}
    )


def test_a_comment_belongs_to_the_record_that_its_form_names() -> None:
    found = comment("seen again", COFORM="AE", CORECORDID="AE-7")
    assert found.records("CO", "RDOMAIN", "IDVAR", "IDVARVAL", "COVAL", "CODTC") == [
        ("AE", "AESEQ", "1", "seen again", None)
    ]


@pytest.mark.parametrize("place", [{}, {"COFORM": "AE", "CORECORDID": "AE-99"}], ids=["none", "unknown"])
def test_a_comment_that_belongs_to_no_record_keeps_its_date(place: Row) -> None:
    assert comment("in general", **place).records("CO", "RDOMAIN", "IDVAR", "IDVARVAL", "CODTC") == [
        (None, None, None, "2027-03-01")
    ]


def test_a_comment_of_a_subject_that_is_not_on_the_roster_is_quarantined_and_not_lost() -> None:
    assert comment("who is it", who="101-099").fates("CO") == [("edc_co", 2, "quarantined", "CO.subject")]


def test_a_long_comment_is_cut_between_words_and_nothing_is_lost() -> None:
    text = " ".join(f"word{n:03}" for n in range(120))
    ((first, second, *_),) = comment(text).records("CO", "COVAL", "COVAL1", "COVAL2")
    assert max(len(first), len(second)) <= 200
    assert " ".join(parts_of(text)) == text


@pytest.mark.parametrize("text", ["x" * 401, "x" * 200, "a " * 150 + "b", "b" + " " + "y" * 399, ""])
def test_pieces_of_a_comment_are_short_and_hold_every_letter(text: str) -> None:
    pieces = parts_of(text)
    assert all(len(piece) <= 200 for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


def test_a_comment_that_is_too_long_for_the_dataset_is_quarantined() -> None:
    assert comment("x" * 2001).fates("CO") == [("edc_co", 2, "quarantined", "CO.COVAL")]


def test_the_cause_of_death_belongs_to_the_disposition_record_of_the_death() -> None:
    death = {
        "edc_dth": [{"DTHDAT": "01-MAR-2027", "DTHCAUSE": "Stroke"}],
        "edc_dseos": [{"DSEOSSTAT": "DEATH", "DSEOSDAT": "01-MAR-2027"}],
    }
    assert Trial(subject(), death).records("CO", "RDOMAIN", "IDVAR", "COVAL") == [("DS", "DSSEQ", "Stroke")]


def related(*parts: dict[str, list[Row]]) -> list[tuple[Any, ...]]:
    event: Row = {"AETERM": "RASH", "AENO": 3, "AEACCESSN": "A1", "AESTDAT": "03-FEB-2027"}
    found = Trial(subject(visits={"W1": "08-FEB-2027"}), {"edc_ae": [event]}, *parts)
    return found.records("RELREC", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "RELTYPE", "RELID")


WHO = "BXU001-RA-101-001"
DATASETS = [("EC", None, "ECLNKID", None, "MANY", "ECEX"), ("EX", None, "EXLNKID", None, "ONE", "ECEX")]


def test_collected_and_masked_exposure_are_related_as_datasets() -> None:
    assert related() == DATASETS


def test_a_medication_that_names_an_event_is_related_to_it() -> None:
    medicine = {"edc_cm": [{**OTHER, "CMAENO": 3}, {**OTHER, "CMTRT": "Z", "CMAENO": 4}]}
    assert [row for row in related(medicine) if row not in DATASETS] == [
        ("AE", WHO, "AESEQ", "1", None, "AECM1"),
        ("CM", WHO, "CMSEQ", "1", None, "AECM1"),
    ]


def test_an_event_that_cites_an_accession_is_related_to_its_specimen() -> None:
    draw = {
        "VISITLBL": "WEEK 1",
        "COLLDT": "20270208",
        "ACCESSN": "A1",
        "LABTESTCD": "PLAT",
        "SPECIMEN": "BLD",
    }
    results = {"lab_results": [{**draw, "RESULT": "200", "UNIT": "10^9/L", "RSTAT": "F", "REVNO": 0}]}
    assert ("LB", WHO, "LBREFID", "A1", None, "AELB1") in related(results)
    assert ("LB", WHO, "LBREFID", "A1", None, "AELB1") not in related()


def test_a_fatal_event_is_related_to_the_disposition_of_the_death() -> None:
    death = {
        "edc_dth": [{"DTHDAT": "01-MAR-2027", "DTHAENO": 3}],
        "edc_dseos": [{"DSEOSSTAT": "DEATH", "DSEOSDAT": "01-MAR-2027", "DSAENO": 3}],
    }
    pairs = [row for row in related(death) if row[0] == "DS"]
    assert pairs == [("DS", WHO, "DSSEQ", "1", None, "AEDS1")]


def test_subject_elements_are_the_derived_elements_numbered_in_order_of_time() -> None:
    trial = Trial(subject(visits={"W14": "10-MAY-2027"}, rescue="01-JUN-2027"))
    assert trial.records("SE", "SESEQ", "ETCD", "TAETORD", "SESTDTC", "SESTDY", "SEENDY") == [
        (1.0, "SCRN", 1.0, "2027-01-04", -28.0, 1.0),
        (2.0, "MASKED", 2.0, "2027-02-01T09:30", 1.0, 99.0),
        (3.0, "EFU", 4.0, "2027-05-10", 99.0, 121.0),
        (4.0, "SOC", 3.0, "2027-06-01", 121.0, None),
    ]


def summary(trial: Trial) -> dict[str, Any]:
    return dict(trial.records("TS", "TSPARMCD", "TSVAL"))


def test_the_trial_summary_counts_the_randomized_and_names_the_cut() -> None:
    randomized = {
        "edc_rand": [{"SUBJID": who, "RANDYN": "Y", "RANDDAT": "01-FEB-2027"} for who in (ONE, TWO)]
    }
    people = (
        subject(),
        subject(TWO, consent="02-JAN-2027"),
        subject("101-003", infused=None, randomized=False, consent="01-JAN-2027"),
    )
    found = summary(Trial(*people, randomized, cut=date(2027, 6, 30)))
    assert (found["ACTSUB"], found["DCUTDTC"], found["SSTDTC"], found["ONGOSIND"]) == (
        "2",
        "2027-06-30",
        "2027-01-02",
        "Y",
    )
    assert found["SENDTC"] is None


def test_a_parameter_without_a_value_has_a_null_flavour_and_no_code() -> None:
    rows = Trial(subject()).records("TS", "TSPARMCD", "TSVAL", "TSVALNF", "TSVALCD", "TSVCDREF")
    assert [row for row in rows if row[1] is None and (row[2] is None or row[3] or row[4])] == []
    assert [row for row in rows if row[1] is not None and row[2] is not None] == []


def test_trial_design_datasets_are_the_tables_of_the_study() -> None:
    trial = Trial(subject())
    for name in ("TA", "TE", "TI", "TV"):
        table = trial.spec.table(trial.spec.dataset(name).table or "")
        assert trial.built(name).records.height == table.height
        assert trial.built(name).findings.is_empty()
