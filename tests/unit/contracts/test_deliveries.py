"""The small tables behind the expectations of a delivery, and the rules that a study gets."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.contracts.deliveries.report import nothing_new, tell_in_one_column
from pipeline.contracts.deliveries.rules import delivery_rules
from pipeline.contracts.deliveries.tables import (
    Arrived,
    arrival,
    expected_visits,
    files,
    missing_subjects,
    presence,
)
from pipeline.derive.shares import at_most, least_left
from pipeline.specs.models import Delivery

CUT = date(2027, 3, 1)
PLAN = pl.DataFrame(
    [("0", "-28", "27"), ("1", "1", "0"), ("3", "8", "2"), ("5", "29", "3"), ("90", None, None)],
    schema=["VISITNUM", "VISITDY", "late"],
    orient="row",
)


def delivery(**expected: object) -> Delivery:
    return Delivery.model_validate(
        {
            "deleted": {"column": "STATE", "value": "GONE"},
            "study_names": ["S"],
            "deny_columns": [],
            "deny_patterns": [],
            "quarantine_limit_percent": "2",
            "expected": expected,
        }
    )


def arrived(source: str = "lab", **facts: object) -> Arrived:
    usual = {
        "state": "accepted",
        "cumulative": True,
        "released": False,
        "delivered_in": "d",
        "sha256": "f",
        "rows": 100,
        "last_rows": 100,
        "same_since": None,
        "used": 100,
        "quarantined": 0,
    }
    return Arrived(source=source, **{**usual, **facts})  # type: ignore[arg-type]


def people(*rows: tuple[str, str, str | None, str | None, str | None]) -> pl.DataFrame:
    columns = ["USUBJID", "SITEID", "RFICDTC", "RFXSTDTC", "ENDDTC"]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row").with_columns(
        DTHDTC=pl.lit(None, pl.String)
    )


def contacts(*rows: tuple[str, float]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"USUBJID": pl.String, "VISITNUM": pl.Float64}, orient="row")


@pytest.mark.parametrize(
    ("count", "percent", "most"),
    [(100, "2", 2), (149, "2", 2), (150, "2", 3), (49, "2", 0), (0, "5", 0), (1000, "0.3", 3), (7, "100", 7)],
)
def test_a_share_is_the_largest_whole_number_within_it(count: int, percent: str, most: int) -> None:
    assert at_most(count, percent) == most


@given(st.integers(0, 10**9), st.integers(0, 1000))
def test_what_goes_and_what_is_left_make_the_whole_and_the_limit_is_exact(count: int, tenths: int) -> None:
    percent = f"{tenths / 10:.1f}"
    gone = at_most(count, percent)
    assert gone + least_left(count, percent) == count
    assert gone * 1000 <= count * tenths < (gone + 1) * 1000


def test_a_study_that_expects_nothing_is_judged_by_its_quarantine_limit_alone() -> None:
    assert [rule.name for rule in delivery_rules(delivery())] == ["quarantine_limit"]


def test_only_a_cumulative_file_that_came_before_has_a_least_number_of_rows() -> None:
    rows = [arrived(), arrived(cumulative=False), arrived(last_rows=None)]
    told = files(rows, CUT, delivery(shrink_limit_percent="5"))
    assert told["least_rows"].to_list() == [95, None, None]


def test_a_delivery_is_repeated_only_when_nothing_in_it_is_new() -> None:
    study = delivery(repeated_days=7, every_days=1, late_days=1)
    for since, days in ((["2027-02-01", "2027-02-10"], 19), (["2027-02-01", None], None)):
        table = files([arrived(f"s{n}", same_since=each) for n, each in enumerate(since)], CUT, study)
        row = arrival("d", CUT, "2027-02-27", None, table, study).row(0, named=True)
        assert (row["repeated_days"], row["days_since_last"], row["most_days"]) == (days, 2, 2)


def test_a_quiet_night_is_a_fact_until_it_has_lasted_too_long() -> None:
    study = delivery(repeated_days=7)
    for since, facts in ((None, 0), ("2027-02-28", 1), ("2027-02-22", 1), ("2027-02-21", 0)):
        table = files([arrived(same_since=since)], CUT, study)
        told = nothing_new(arrival("d", CUT, "2027-02-28", None, table, study))
        assert told.select("rule", "severity").rows() == [("delivery.nothing_new", "INFO")] * facts


def test_a_first_delivery_has_nothing_to_be_compared_with() -> None:
    study = delivery(repeated_days=7, every_days=1)
    table = files([arrived(last_rows=None)], CUT, study)
    row = arrival("d", CUT, None, None, table, study).row(0, named=True)
    assert (row["days_since_last"], row["repeated_days"], row["unchanged"]) == (None, None, 0)


def test_each_source_is_asked_for_each_expected_subject() -> None:
    expected = pl.Series("subject", ["101-001", "101-002"])
    found = {"dm": pl.Series(["101-001", "101-002", "101-009"]), "vs": pl.Series(["101-002"])}
    missing = missing_subjects(expected, found)
    assert missing.rows() == [("vs", "101-001")]
    assert presence(("dm", "vs"), expected, missing).rows() == [("dm", 2, 2, 0, 0), ("vs", 2, 1, 1, 0)]


def test_without_randomized_subjects_nobody_is_missing() -> None:
    missing = missing_subjects(pl.Series("subject", [], pl.String), {"dm": pl.Series(["1"])})
    assert missing.is_empty()
    assert presence(("dm",), pl.Series([], dtype=pl.String), missing).rows() == [("dm", 0, 0, 0, 0)]


def test_a_visit_is_due_when_its_window_and_the_days_for_entry_have_passed() -> None:
    """Infused on 20 February: Week 1 (day 8 + 2) closes on 1 March, Week 4 much later; screening closed before."""
    one = people(("S1", "101", "2027-01-25", "2027-02-20", None))
    for days, due in ((0, 3), (1, 2)):
        told = expected_visits(
            one, contacts(), PLAN, CUT, delivery(visits_recorded_percent="95", entry_days=days)
        )
        assert told.rows(named=True)[0]["due"] == due


def test_visits_after_the_end_of_participation_are_not_due() -> None:
    gone = people(
        ("S1", "101", "2026-11-01", "2026-12-01", "2026-12-05"), ("S2", "101", "2026-11-01", None, None)
    )
    told = expected_visits(
        gone, contacts(("S1", 0.0), ("S1", 1.0)), PLAN, CUT, delivery(visits_recorded_percent="95")
    )
    assert told.rows() == [("all", 3, 2, 2), ("101", 3, 2, 2)]


def test_visits_of_a_study_that_does_not_ask_are_not_counted() -> None:
    one = people(("S1", "101", "2026-11-01", "2026-12-01", None))
    assert expected_visits(one, contacts(), PLAN.drop("late"), CUT, delivery()).is_empty()


def test_one_visit_may_be_open_at_a_small_site_and_five_percent_at_a_large_one() -> None:
    rows = [(f"S{n}", "101" if n else "102", "2026-11-01", "2026-12-01", None) for n in range(31)]
    told = expected_visits(people(*rows), contacts(), PLAN, CUT, delivery(visits_recorded_percent="95"))
    assert told.select("site", "due", "least_recorded").rows() == [
        ("all", 124, 118),
        ("101", 120, 114),
        ("102", 4, 3),
    ]


def test_what_was_found_is_shown_in_one_column_since_the_library_has_no_order_for_several() -> None:
    result = {
        "unexpected_index_column_names": ["source"],
        "unexpected_index_list": [{"rows": 1, "source": "edc_ae", "least_rows": 3}],
    }
    tell_in_one_column(result)
    assert result["unexpected_index_list"] == [{"source": "edc_ae", "found": "least rows 3, rows 1"}]
    nothing: dict[str, object] = {}
    tell_in_one_column(nothing)
    assert nothing == {}
