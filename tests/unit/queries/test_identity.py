"""A query's id is about the record and the rule, never about where and how it is told tonight."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.queries.identity import ABOUT, KNOWN, with_query_ids

SCHEMA = {
    "rule": pl.String, "source": pl.String, "variable": pl.String, ABOUT: pl.String, "subject": pl.String,
    "visit": pl.String, "message": pl.String, "detail": pl.String, "file": pl.String, "line": pl.Int64,
    "record": pl.String,
}  # fmt: skip
FINDING = {
    "rule": "r", "source": "edc_vs", "variable": "SYSBP", ABOUT: "101-001-VS", "subject": "101-001",
    "visit": "W1", "message": "too high", "detail": "300", "file": "edc/VS.csv", "line": 7, "record": "VS/4",
}  # fmt: skip


def ids(*rows: dict[str, object]) -> list[str]:
    frame = pl.DataFrame([{**FINDING, **row} for row in rows], schema=SCHEMA).with_row_index("place")
    return with_query_ids(frame).sort("place")["query_id"].to_list()


def test_an_id_is_for_months_so_it_never_changes() -> None:
    assert ids({}) == ["Q-3HNCNDNWFO72"]


def test_a_changed_value_message_line_or_running_number_keeps_the_id() -> None:
    changes = {
        "message": "far too high",
        "detail": "310",
        "line": 900,
        "file": "edc/VS2.csv",
        "record": "VS/9",
    }
    assert ids(changes) == ids({})


def test_another_rule_record_source_or_variable_is_another_query() -> None:
    others = [{name: "other"} for name in ("rule", "source", "variable", ABOUT)]
    assert len({*ids({}), *(ids(other)[0] for other in others)}) == 5


def test_without_a_record_the_subject_and_visit_are_asked_about() -> None:
    first, second, third = ids({ABOUT: None}, {ABOUT: None, "visit": "W2"}, {ABOUT: None, "subject": None})
    assert len({first, second, third}) == 3
    assert first not in ids({ABOUT: "101-001\x1fW1"})


def test_equal_questions_are_numbered_by_what_they_say() -> None:
    bare, second = ids({"detail": "1"}, {"detail": "2"})
    assert second == f"{bare}-2"
    assert ids({"detail": "2"}, {"detail": "1"}) == [second, bare]


def listed(before: dict[str, tuple[str, bool]]) -> pl.DataFrame:
    """The list before: id -> its text, and whether it was closed."""
    rows = [(one, "too high", text, closed) for one, (text, closed) in before.items()]
    return pl.DataFrame(rows, schema=KNOWN, orient="row")


def next_ids(before: dict[str, tuple[str, bool]], *texts: str) -> dict[str, str]:
    frame = pl.DataFrame([{**FINDING, "detail": text} for text in texts], schema=SCHEMA)
    return dict(with_query_ids(frame, listed(before)).select("detail", "query_id").iter_rows())


def test_equal_questions_keep_their_numbers_whatever_becomes_of_the_others() -> None:
    bare = ids({})[0]
    before = {bare: ("1", False), f"{bare}-2": ("2", False), f"{bare}-3": ("3", False)}
    assert next_ids(before, "2", "3") == {"2": f"{bare}-2", "3": f"{bare}-3"}
    assert next_ids(before, "0", "1", "2", "3")["0"] == f"{bare}-4"
    assert next_ids(before, "1", "2b", "3")["2b"] == f"{bare}-2"  # a changed value goes on under its number


def test_a_number_is_not_taken_from_a_closed_question_while_an_open_one_is_free() -> None:
    bare = ids({})[0]
    before = {bare: ("1", True), f"{bare}-2": ("2", False)}
    assert next_ids(before, "new") == {"new": f"{bare}-2"}
    assert next_ids(before, "1", "2") == {"1": bare, "2": f"{bare}-2"}


TEXTS = st.lists(st.sampled_from("abcd"), max_size=5)


@settings(max_examples=40, deadline=None)
@given(TEXTS, TEXTS)
def test_a_text_that_is_asked_again_keeps_its_id_and_no_id_is_given_twice(
    first: list[str], second: list[str]
) -> None:
    def asked(texts: list[str], known: pl.DataFrame | None) -> pl.DataFrame:
        frame = pl.DataFrame([{**FINDING, "detail": text} for text in texts], schema=SCHEMA)
        return with_query_ids(frame, known).select(
            "query_id", "message", "detail", closed=pl.lit(value=False)
        )

    before = asked(first, None)
    after = asked(second, before)
    assert after["query_id"].is_unique().all()
    for text in set(first) & set(second):
        old, new = (set(each.filter(pl.col("detail") == text)["query_id"]) for each in (before, after))
        assert old <= new or new <= old


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "rule": st.sampled_from("rs"),
            ABOUT: st.sampled_from(["a", "b", None]),
            "visit": st.sampled_from(["W1", None]),
            "detail": st.sampled_from(["1", "2"]),
        }
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(ROWS, st.integers(0, 1000), st.randoms(use_true_random=False))
def test_shuffling_rows_and_renumbering_lines_keeps_every_id(
    rows: list[dict[str, object]], start: int, random: object
) -> None:
    numbered = [{**row, "line": line} for line, row in enumerate(rows)]
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    moved = [{**rows[place], "line": start + line} for line, place in enumerate(order)]
    before, after = ids(*numbered), ids(*moved)
    assert len(set(before)) == len(rows)
    assert sorted(before) == sorted(after)
    told = ("rule", ABOUT, "visit", "detail")
    said = {one: [row[name] for name in told] for one, row in zip(before, numbered, strict=True)}
    assert said == {one: [row[name] for name in told] for one, row in zip(after, moved, strict=True)}
