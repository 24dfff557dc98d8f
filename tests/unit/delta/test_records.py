"""Raw records from one delivery to the next: matched by what names them, never by guess."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.delta.records import FIELD, RECORD, Change, Compared, Identity, compare_source

COLUMNS = ("ID", "WHO", "TERM", "NTH", "STATE", "VERSION", "LOCK")
FORM = Identity(
    key=("ID",),
    own=("ID",),
    audit=("VERSION", "LOCK"),
    numbering=("NTH",),
    subject="WHO",
    deleted=("STATE", "GONE"),
    lock="LOCK",
)
Row = tuple[str, ...]


def frame(rows: list[Row], columns: tuple[str, ...] = COLUMNS) -> pl.LazyFrame:
    text = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return text.with_row_index("_line", 2).lazy()


def row(
    name: str, term: str = "rash", *, nth: str = "1", state: str = "", version: str = "1", lock: str = "OPEN"
) -> Row:
    return (name, "01", term, nth, state, version, lock)


def compared(old: list[Row], new: list[Row], identity: Identity = FORM) -> Compared:
    found = compare_source("form", frame(old), frame(new), identity)
    assert found.records.schema == RECORD
    assert found.fields.schema == FIELD
    return found


def changes(old: list[Row], new: list[Row], identity: Identity = FORM) -> dict[str, str]:
    rows = compared(old, new, identity).records
    return dict(rows.select("key", "change").iter_rows())


def test_new_changed_and_vanished_records_are_told_by_their_id_whatever_their_line() -> None:
    old = [row("a"), row("b"), row("c")]
    new = [row("d"), row("c"), row("b", "itch", version="2")]
    assert changes(old, new) == {"a": "vanished", "b": "changed", "d": "re-entered"}


def test_a_changed_field_is_told_with_both_texts_and_its_bookkeeping_apart() -> None:
    found = compared([row("a")], [row("a", "itch", version="2")])
    assert found.records.select("columns", "audit", "old_line", "new_line").rows() == [
        ("TERM", "VERSION", 2, 2)
    ]
    told = found.fields.select("column", "audit", "old", "new").rows()
    assert told == [("TERM", False, "rash", "itch"), ("VERSION", True, "1", "2")]


def test_bookkeeping_alone_is_no_change() -> None:
    found = compared([row("a")], [row("a", version="2", lock="FROZEN")])
    assert found.records.select("change", "columns", "audit").rows() == [("audit only", "", "VERSION, LOCK")]


def test_a_record_is_deleted_by_its_mark_and_purged_once_it_leaves_the_file() -> None:
    assert changes([row("a")], [row("a", state="GONE", version="2")]) == {"a": "deleted"}
    assert changes([row("a", state="GONE")], []) == {"a": "purged"}
    assert changes([row("a", state="GONE")], [row("a")]) == {"a": "restored"}


def test_what_was_deleted_and_comes_back_under_another_id_is_re_entered_and_names_the_old_one() -> None:
    for old in ([row("a")], [row("a", state="GONE")]):
        for gone in ([], [row("a", state="GONE", version="2")]):
            found = compared(old, [*gone, row("b", nth="2")]).records
            back = found.filter(pl.col("change") == Change.REENTERED)
            assert back.select("key", "was", "old_line").rows() == [("b", "a", 2)]


def test_equal_content_of_a_living_record_is_a_new_record() -> None:
    assert changes([row("a")], [row("a"), row("b", nth="2")]) == {"b": "new"}


def test_repeated_ids_are_ambiguous_and_never_matched() -> None:
    found = compared([row("a"), row("a", "itch")], [row("a"), row("a", "ache")])
    told = found.records.select("change", "old_line", "new_line").rows()
    assert told == [("ambiguous", 3, None), ("ambiguous", None, 3)]
    assert found.fields.is_empty()


def test_a_record_repeated_tonight_only_is_ambiguous_too() -> None:
    assert changes([row("a")], [row("a", "itch"), row("a", "ache")]) == {"a": "ambiguous"}


def test_rows_without_any_id_are_compared_by_content() -> None:
    blank = compared([row(""), row("")], [row(""), row("", "itch")]).records
    assert sorted(blank["change"]) == ["new", "vanished"]
    nameless = Identity(key=(), deleted=("STATE", "GONE"))
    told = compared([row("a"), row("a")], [row("a"), row("b")], nameless).records
    assert told.select("change", "key", "old_line", "new_line").rows() == [
        ("new", None, None, 3),
        ("vanished", None, 3, None),
    ]


def test_a_code_for_the_next_version_of_a_record_is_a_change_of_it() -> None:
    coding = Identity(key=("ID", "VERSION"), own=("ID",), audit=("VERSION",))
    assert changes([row("a")], [row("a", "itch", version="2")], coding) == {"a / 2": "changed"}
    both = [row("a"), row("a", "itch", version="2")]
    assert changes([row("a")], both, coding) == {"a / 2": "new"}


NAMES = st.sampled_from(["", "a", "b", "c", "d"])
ROWS = st.lists(
    st.builds(
        row,
        NAMES,
        st.sampled_from(["rash", "itch"]),
        state=st.sampled_from(["", "GONE"]),
        version=st.sampled_from("12"),
    ),
    max_size=8,
)


@settings(max_examples=30, deadline=None)
@given(ROWS, ROWS)
def test_every_row_of_both_files_is_accounted_for(old: list[Row], new: list[Row]) -> None:
    found = compared(old, new)
    counts = dict(found.records.group_by("change").len().iter_rows())
    both = sum(
        counts.get(kind, 0) for kind in (Change.CHANGED, Change.DELETED, Change.RESTORED, Change.AUDIT)
    )
    doubtful = found.records.filter(pl.col("change") == Change.AMBIGUOUS)
    gone = counts.get(Change.VANISHED, 0) + counts.get(Change.PURGED, 0) + doubtful["old_line"].count()
    come = counts.get(Change.NEW, 0) + counts.get(Change.REENTERED, 0) + doubtful["new_line"].count()
    assert len(old) == found.rows["unchanged"] + both + gone
    assert len(new) == found.rows["unchanged"] + both + come


@settings(max_examples=30, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_another_order_of_the_same_rows_is_no_change(old: list[Row], random: object) -> None:
    new = list(old)
    random.shuffle(new)  # type: ignore[attr-defined]
    assert compared(old, new).records.is_empty()
