"""Which contacts a subject had, how they are numbered, and how records find them."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from tests.unit.domains.draws import draw
from tests.unit.domains.trial import ONE, Row, Rows, Trial, subject


def unplanned(day: str | None, repeat: int, **more: Any) -> Row:
    return {"VISITOID": "UNS", "FORMREPEAT": repeat, "SVPERF": "Y", "SVDAT": day, "SVENDAT": day, **more}


def with_visits(*rows: Row) -> Rows:
    found = subject(visits={"W1": "08-FEB-2027", "W2": "15-FEB-2027"})
    found["edc_sv"] += list(rows)
    return found


def visits(trial: Trial, *columns: str) -> list[tuple[Any, ...]]:
    return trial.derived("visits").select(columns).rows()


def test_a_visit_spans_every_dated_record_of_it_that_is_not_before_consent() -> None:
    rows = subject(consent="10-JAN-2027", visits={"W1": "08-FEB-2027"})
    rows["edc_vs"] = [
        {"VISITOID": "SCR", "VSDAT": "09-JAN-2027"},
        {"VISITOID": "SCR", "VSDAT": "12-JAN-2027"},
        {"VISITOID": "W1", "VSDAT": "UN-FEB-2027"},
    ]
    rows["lab_results"] = [draw("WEEK 1", "20270209")]
    found = {oid: (start, end) for oid, start, end in visits(Trial(rows), "oid", "SVSTDTC", "SVENDTC")}
    assert found["SCR"] == ("2027-01-10", "2027-01-12")
    assert found["W1"] == ("2027-02-08", "2027-02-09")


def test_the_classification_form_counts_for_the_screening_visit_because_its_records_bear_the_visit() -> None:
    rows = subject(consent="10-JAN-2027")
    rows["edc_racc"] = [{"VISITOID": "SCR", "RACCDAT": "14-JAN-2027", "RACCA": 3}]
    assert visits(Trial(rows), "oid", "SVENDTC")[0] == ("SCR", "2027-01-14")


def test_a_visit_recorded_as_not_done_has_no_dates() -> None:
    rows = subject(visits={"W1": None})
    trial = Trial(rows)
    assert visits(trial, "oid", "SVSTDTC", "SVENDTC")[-1] == ("W1", None, None)
    assert trial.records("SV", "VISITNUM", "SVPRESP", "SVOCCUR", "SVSTDTC")[-1] == (3.0, "Y", "N", None)


def test_unplanned_contacts_are_numbered_after_the_visit_before_them_in_order_of_date() -> None:
    trial = Trial(
        with_visits(unplanned("12-FEB-2027", 2), unplanned("10-FEB-2027", 1), unplanned("20-FEB-2027", 3))
    )
    found = [row for row in visits(trial, "oid", "repeat", "VISITNUM", "VISIT", "VISITDY") if row[0] == "UNS"]
    assert found == [
        ("UNS", 1, 3.01, "UNSCHEDULED 3.01", None),
        ("UNS", 2, 3.02, "UNSCHEDULED 3.02", None),
        ("UNS", 3, 4.01, "UNSCHEDULED 4.01", None),
    ]


def test_two_contacts_of_one_day_follow_the_order_of_the_forms_then_the_record() -> None:
    rows = with_visits(*(unplanned("10-FEB-2027", n, RECORDID=f"SV-{9 - n}") for n in (5, 6, 7)))
    rows["edc_vs"] = [
        {"VISITOID": "UNS", "FORMREPEAT": 4, "VSDAT": "10-FEB-2027", "RECORDID": "VS-2"},
        {"VISITOID": "UNS", "FORMREPEAT": 5, "VSDAT": "10-FEB-2027", "RECORDID": "VS-1"},
    ]
    found = [row for row in visits(Trial(rows), "VISITNUM", "repeat") if row[0] not in (0, 1, 3, 4)]
    assert found == [(3.01, 5), (3.02, 4), (3.03, 7), (3.04, 6)]


def test_a_draw_that_no_form_knows_makes_a_contact_of_its_own_unless_the_day_has_one() -> None:
    rows = with_visits(unplanned("10-FEB-2027", 1))
    rows["lab_results"] = [
        draw("RETEST", "20270210", "A1"),
        draw("REPEAT", "20270212", "A2"),
        draw("UNSCH", "20270212", "A3"),
    ]
    trial = Trial(rows)
    contacts = [row for row in visits(trial, "oid", "VISITNUM", "repeat", "contact_date") if row[0] == "UNS"]
    assert contacts == [("UNS", 3.01, 1, "2027-02-10"), ("UNS", 3.02, None, "2027-02-12")]
    assert trial.records("LB", "LBREFID", "VISITNUM") == [("A1", 3.01), ("A2", 3.02), ("A3", 3.02)]


def test_an_unplanned_draw_of_a_form_follows_the_form_whatever_its_day() -> None:
    rows = with_visits(unplanned("10-FEB-2027", 1), unplanned("12-FEB-2027", 2))
    rows["edc_lbc"] = [
        {"VISITOID": "UNS", "FORMREPEAT": 2, "ACCESSN": "A1", "LBPERF": "Y", "LBDAT": "12-FEB-2027"}
    ]
    rows["lab_results"] = [draw("RETEST", "20270213")]
    assert Trial(rows).records("LB", "VISITNUM", "LBDTC") == [(3.02, "2027-02-13")]


@pytest.mark.parametrize(
    ("form", "reason"),
    [(unplanned(None, 1), "without a date"), (unplanned("01-DEC-2026", 1), "before every visit")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_unplanned_contact_that_cannot_be_numbered_is_quarantined(form: Row, reason: str) -> None:
    trial = Trial(with_visits(form))
    assert [row for row in trial.fates("SV") if row[2] == "quarantined"] == [
        ("edc_sv", 6, "quarantined", "edc_sv.visit")
    ]
    assert None not in [number for (number,) in trial.records("SV", "VISITNUM")], reason


def test_a_second_form_of_the_same_visit_is_quarantined() -> None:
    trial = Trial(with_visits({"VISITOID": "W1", "SVPERF": "Y", "SVDAT": "09-FEB-2027"}))
    assert trial.fates("SV") == [("edc_sv", 6, "quarantined", "edc_sv.visit")]
    assert len(trial.records("SV", "VISITNUM")) == 4


def test_a_visit_form_of_a_subject_that_is_not_on_the_roster_says_so() -> None:
    trial = Trial(with_visits({"SUBJID": "101-099", "VISITOID": "W1", "SVPERF": "Y", "SVDAT": "09-FEB-2027"}))
    assert trial.fates("SV") == [("edc_sv", 6, "quarantined", "SV.subject")]


def test_what_the_form_says_about_a_visit_stands_beside_its_dates() -> None:
    rows = with_visits(unplanned("10-FEB-2027", 1, SVMODE="PHONE", SVUPDES="rash reported"))
    rows["edc_sv"] += [{"VISITOID": "W4", "SVPERF": "N", "SVREASND": "illness"}]
    found = Trial(rows).records("SV", "VISITNUM", "SVOCCUR", "SVREASOC", "SVCNTMOD", "SVUPDES")
    assert found[3] == (3.01, None, None, "TELEPHONE CALL", "RASH REPORTED")
    assert found[5] == (5.0, "N", "ILLNESS", None, None)


def test_a_record_of_a_visit_that_never_happened_is_quarantined() -> None:
    rows = subject()
    rows["lab_results"] = [draw("RETEST", "20261201")]
    trial = Trial(rows)
    assert trial.records("LB", "LBREFID") == []
    assert trial.fates("LB") == [("lab_results", 2, "quarantined", "LB.visit")]


def test_every_visit_has_one_name_and_every_name_one_number() -> None:
    rows = with_visits(*(unplanned(f"{day:02}-FEB-2027", day) for day in range(16, 28)))
    found = Trial(rows).derived("visits").filter(pl.col("SUBJID") == ONE)
    assert found["VISIT"].n_unique() == found["VISITNUM"].n_unique() == found.height == 16
    assert found["VISIT"].to_list()[-3:] == ["UNSCHEDULED 4.1", "UNSCHEDULED 4.11", "UNSCHEDULED 4.12"]
