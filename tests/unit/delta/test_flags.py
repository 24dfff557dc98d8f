"""What somebody should look at: locked records that changed, and coded texts that did."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.delta.flags import FLAG, MOVED, Coding, coded_flags, locked_flags, moved_flags
from pipeline.delta.records import Identity, compare_source

FORM = Identity(
    key=("ID",), own=("ID",), audit=("V", "LOCK"), subject="WHO", deleted=("STATE", "GONE"), lock="LOCK"
)
COLUMNS = ["ID", "WHO", "TERM", "STATE", "V", "LOCK"]


def form(*rows: tuple[str, ...]) -> pl.LazyFrame:
    text = pl.DataFrame(list(rows), schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    return text.with_row_index("_line", 2).lazy()


LOCKED = ("a", "01", "rash", "", "1", "SIGNED")


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (("a", "01", "itch", "", "2", "OPEN"), "changed while SIGNED"),
        (("a", "01", "rash", "GONE", "2", "SIGNED"), "deleted while SIGNED"),
        (None, "vanished while SIGNED"),
        (("a", "01", "rash", "", "2", "OPEN"), None),
    ],
)
def test_a_change_of_a_locked_record_is_flagged_and_mere_bookkeeping_is_not(
    now: tuple[str, ...] | None, state: str | None
) -> None:
    found = compare_source("form", form(LOCKED), form(*([now] if now else [])), FORM)
    flags = locked_flags(found.records, ("SIGNED",))
    assert flags.schema == FLAG
    assert flags["state"].to_list() == ([state] if state else [])


@pytest.mark.parametrize(
    ("now", "moved"), [("02", True), ("1", False), ("01", False), ("X", True), ("", True)]
)
def test_a_record_of_another_subject_than_before_is_flagged(now: str, moved: bool) -> None:
    later = form(("a", now, "itch", "", "2", "OPEN"))
    found = compare_source("form", form(LOCKED), later, FORM)
    flags = moved_flags(
        found.records, found.fields, "WHO", lambda text: text.str.extract("^([0-9]+)$").str.zfill(2)
    )
    assert flags.schema == FLAG
    assert flags.select("flag", "key", "new_line").rows() == [(MOVED, "a", 2)] * moved
    assert moved_flags(found.records, found.fields, None, lambda text: text).is_empty()


def test_a_record_that_was_open_may_change() -> None:
    found = compare_source("form", form(("a", "01", "rash", "", "1", "OPEN")), form(LOCKED), FORM)
    assert locked_flags(found.records, ("SIGNED",)).is_empty()


@pytest.mark.parametrize(
    ("codes", "state"),
    [
        ([("a", "2", "ITCH ", "CODED")], "coded again"),
        ([("a", "1", "rash", "CODED")], "its code is that of an earlier version"),
        (
            [("a", "1", "rash", "CODED"), ("a", "2", "itch", "PENDING")],
            "its code is that of an earlier version",
        ),
        ([("a", "2", "rash", "CODED")], "its code is for another text"),
        ([("b", "2", "itch", "CODED")], "not coded yet"),
    ],
)
def test_a_coded_text_that_changed_says_how_its_code_stands(codes: list[tuple[str, ...]], state: str) -> None:
    new = form(("a", "01", "itch", "", "2", "OPEN"))
    found = compare_source("form", form(("a", "01", "rash", "", "1", "OPEN")), new, FORM)
    rows = pl.LazyFrame(codes, schema=["ID", "V", "TEXT", "STATUS"], orient="row")
    coding = Coding("TERM", rows, "TEXT", ("ID", "V"), ("V",), {"STATUS": "CODED"})
    flags = coded_flags(found.records, found.fields, new, coding)
    assert flags.select("flag", "state", "key", "new_line").rows() == [("coded text", state, "a", 2)]


def test_another_field_of_a_coded_record_flags_nothing() -> None:
    new = form(("a", "02", "rash", "", "2", "OPEN"))
    found = compare_source("form", form(("a", "01", "rash", "", "1", "OPEN")), new, FORM)
    rows = pl.LazyFrame(schema=dict.fromkeys(["ID", "V", "TEXT"], pl.String))
    coding = Coding("TERM", rows, "TEXT", ("ID", "V"), ("V",), {})
    assert coded_flags(found.records, found.fields, new, coding).is_empty()
