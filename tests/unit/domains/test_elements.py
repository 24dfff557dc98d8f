"""The elements of a subject's path: when each starts and ends, and which are skipped."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.unit.domains.trial import Trial, subject

WEEK_14, DAY_99 = "10-MAY-2027", "2027-05-10"  # infused on 1 February


def path(*, cut: date = date(2027, 6, 30), **facts: Any) -> list[tuple[str, str, str | None]]:
    trial = Trial(subject(**facts), cut=cut)
    return trial.derived("elements").select("ETCD", "SESTDTC", "SEENDTC").rows()


def test_an_unrescued_subject_goes_from_screening_to_treatment_to_extended_follow_up() -> None:
    assert path(visits={"W14": "11-MAY-2027"}) == [
        ("SCRN", "2027-01-04", "2027-02-01T09:30"),
        ("MASKED", "2027-02-01T09:30", "2027-05-11"),
        ("EFU", "2027-05-11", None),
    ]


def test_the_last_element_ends_with_participation() -> None:
    assert path(visits={"W14": WEEK_14}, ended="20-JUN-2027")[-1] == ("EFU", DAY_99, "2027-06-20")


def test_a_rescue_at_week_14_takes_the_place_of_extended_follow_up() -> None:
    assert path(visits={"W14": WEEK_14}, rescue=WEEK_14)[1:] == [
        ("MASKED", "2027-02-01T09:30", DAY_99),
        ("SOC", DAY_99, None),
    ]


def test_a_rescue_after_follow_up_began_ends_it() -> None:
    assert path(visits={"W14": WEEK_14}, rescue="01-JUN-2027")[2:] == [
        ("EFU", DAY_99, "2027-06-01"),
        ("SOC", "2027-06-01", None),
    ]


def test_a_partial_rescue_date_takes_the_week_14_visit_if_that_is_possible() -> None:
    assert path(visits={"W14": WEEK_14}, rescue="UN-MAY-2027")[-1] == ("SOC", DAY_99, None)


def test_a_partial_rescue_date_that_excludes_the_week_14_visit_makes_no_element() -> None:
    assert [code for code, *_ in path(visits={"W14": WEEK_14}, rescue="UN-JUN-2027")] == [
        "SCRN",
        "MASKED",
        "EFU",
    ]


def test_a_missed_week_14_starts_follow_up_98_days_after_the_infusion() -> None:
    assert path(visits={"W14": None})[-1] == ("EFU", DAY_99, None)


def test_a_week_14_that_is_neither_done_nor_missed_starts_follow_up_once_its_window_has_passed() -> None:
    assert [code for code, *_ in path(cut=date(2027, 5, 13))] == ["SCRN", "MASKED"]
    assert path(cut=date(2027, 5, 14))[-1] == ("EFU", DAY_99, None)


def test_a_dropout_before_week_14_has_no_follow_up_and_treatment_ends_with_participation() -> None:
    assert path(ended="09-MAY-2027")[1:] == [("MASKED", "2027-02-01T09:30", "2027-05-09")]


def test_participation_that_ends_on_day_98_still_enters_follow_up() -> None:
    assert path(ended=WEEK_14)[1:] == [
        ("MASKED", "2027-02-01T09:30", DAY_99),
        ("EFU", DAY_99, DAY_99),
    ]


def test_a_screen_failure_and_a_randomized_subject_without_infusion_have_screening_only() -> None:
    for randomized in (True, False):
        found = path(infused=None, randomized=randomized, ended="20-JAN-2027", rescue="01-MAR-2027")
        assert found == [("SCRN", "2027-01-04", "2027-01-20")]


def test_orders_and_epochs_come_from_the_specification_and_treatment_is_masked() -> None:
    found = Trial(subject(visits={"W14": WEEK_14}, rescue="01-JUN-2027")).derived("elements")
    assert found.select("TAETORD", "EPOCH", "_treatment", "_last").rows() == [
        (1, "SCREENING", False, False),
        (2, "TREATMENT", True, False),
        (4, "FOLLOW-UP", False, False),
        (3, "FOLLOW-UP", False, True),
    ]
    assert found["ELEMENT"].to_list()[1] == "MASKED"
