"""Queries from night to night: opened, open, closed by data, reopened; by the state before and what is asked."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.queries.state import ASKED, QUERY, Status, Tonight, carried, counts

NIGHTS = [Tonight("n1", date(2027, 1, 1), None), Tonight("n2", date(2027, 1, 2), "n1"),
          Tonight("n3", date(2027, 1, 3), "n2"), Tonight("n4", date(2027, 1, 4), "n3")]  # fmt: skip


def asked(ids: str, message: str = "m") -> pl.DataFrame:
    rows = [{"query_id": one, "severity": "ERROR", "ask": "site 101", "message": message} for one in ids]
    return pl.DataFrame(rows, schema=ASKED)


def test_a_query_whose_record_is_gone_is_told_apart_and_reopens_with_it() -> None:
    first, second, third = NIGHTS[:3]
    opened = carried(QUERY.to_frame(), asked("abc"), first)
    ended = carried(opened, asked("c"), second, {"a"})
    told = {"a": "RECORD GONE", "b": "CLOSED BY DATA", "c": "OPEN"}
    assert dict(ended.select("query_id", "status").iter_rows()) == told
    later = carried(ended, asked("c"), third, {"b"})  # what was closed by data stays so
    assert dict(later.select("query_id", "status").iter_rows()) == told
    back = carried(ended, asked("ac"), third)
    assert back.filter(pl.col("query_id") == "a").select("status", "times_reopened").row(0) == ("REOPENED", 1)
    assert counts(ended, "ask")["closed"].to_list() == [2]


def test_a_query_that_nothing_could_judge_stays_open_until_it_is_judged() -> None:
    first, second, third = NIGHTS[:3]
    opened = carried(QUERY.to_frame(), asked("abc"), first)
    held = carried(opened, asked("c"), second, {"a"}, {"a", "b"})  # gone or not: nobody could look
    assert dict(held.select("query_id", "status").iter_rows()) == {
        "a": "OPEN, NOT JUDGED",
        "b": "OPEN, NOT JUDGED",
        "c": "OPEN",
    }
    assert held["closed_on"].null_count() == 3
    assert counts(held, "ask")["open"].to_list() == [3]
    later = dict(carried(held, asked("a"), third).select("query_id", "status").iter_rows())
    assert later == {"a": "OPEN", "b": "CLOSED BY DATA", "c": "CLOSED BY DATA"}
    closed = carried(carried(opened, asked(""), second), asked(""), third, (), {"a"})
    assert set(closed["status"]) == {"CLOSED BY DATA"}


def after(*nights: str) -> pl.DataFrame:
    state = QUERY.to_frame()
    for ids, night in zip(nights, NIGHTS, strict=False):
        state = carried(state, asked(ids, f"m of {night.delivery}"), night)
        assert state.schema == QUERY
    return state


def status(*nights: str) -> dict[str, str]:
    return dict(after(*nights).select("query_id", "status").iter_rows())


def test_a_query_is_opened_stays_open_is_closed_and_reopened() -> None:
    assert status("ab") == {"a": "OPENED", "b": "OPENED"}
    assert status("ab", "ac") == {"a": "OPEN", "b": "CLOSED BY DATA", "c": "OPENED"}
    assert status("ab", "ac", "ab") == {"a": "OPEN", "b": "REOPENED", "c": "CLOSED BY DATA"}
    assert status("ab", "ac", "ab", "b") == {"a": "CLOSED BY DATA", "b": "OPEN", "c": "CLOSED BY DATA"}


def test_dates_tell_when_it_was_first_and_last_seen_and_when_it_was_closed() -> None:
    closed = after("a", "a", "", "").row(0, named=True)
    assert (closed["first_delivery"], closed["last_delivery"], closed["closed_delivery"]) == (
        "n1",
        "n2",
        "n3",
    )
    assert (closed["first_seen"], closed["last_seen"], closed["closed_on"]) == (
        date(2027, 1, 1), date(2027, 1, 2), date(2027, 1, 3)
    )  # fmt: skip
    again = after("a", "", "a", "a").row(0, named=True)
    assert (again["status"], again["times_reopened"], again["first_delivery"]) == ("OPEN", 1, "n1")
    assert again["closed_on"] is None


def test_an_open_query_tells_tonights_wording_and_a_closed_one_its_last() -> None:
    told = dict(after("ab", "b").select("query_id", "message").iter_rows())
    assert told == {"a": "m of n1", "b": "m of n2"}


def test_every_row_names_the_delivery_whose_state_was_carried_on() -> None:
    assert after("a")["state_from"].to_list() == [None]
    assert after("a", "b")["state_from"].to_list() == ["n1", "n1"]


def test_counts_hold_open_queries_by_severity_and_closed_ones_apart() -> None:
    rows = counts(after("abc", "ab"), "ask").to_dicts()
    assert rows == [{"ask": "site 101", "CRITICAL": 0, "ERROR": 2, "WARN": 0, "open": 2, "closed": 1}]


SETS = st.sets(st.sampled_from("abcdef")).map(lambda ids: "".join(sorted(ids)))


@settings(max_examples=30, deadline=None)
@given(st.lists(SETS, min_size=1, max_size=4))
def test_what_is_not_closed_is_what_is_asked_tonight_and_nothing_is_forgotten(nights: list[str]) -> None:
    state = after(*nights)
    live = state.filter(pl.col("status") != Status.CLOSED)
    assert set(live["query_id"]) == set(nights[-1])
    assert set(state["query_id"]) == set("".join(nights))
    assert state["query_id"].is_unique().all()
