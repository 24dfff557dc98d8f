import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.derive.iso8601 import (
    MONTHS,
    collected_date,
    collected_time,
    compact_date,
    compact_date_problem,
    date_part,
    date_problem,
    earliest,
    is_complete_date,
    latest,
    time_problem,
)

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))
UNKNOWN = st.sampled_from(["UN", "UNK", "NK"])
ANY_TEXT = st.one_of(st.text(max_size=14), st.from_regex(r"[0-9U]{2}-[A-Z]{3}-[0-9UNK]{2,4}", fullmatch=True))


def collected(texts: list[str | None]) -> pl.DataFrame:
    iso, problem = collected_date(pl.col("t")), date_problem(pl.col("t"))
    return pl.DataFrame({"t": texts}, schema={"t": pl.String}).with_columns(iso=iso, problem=problem)


@settings(max_examples=40, deadline=None)
@given(DAYS)
def test_a_complete_date_comes_out_as_its_iso_text(day: dt.date) -> None:
    text = f"{day.day:02d}-{MONTHS[day.month - 1]}-{day.year}"
    row = collected([text, text.lower()]).with_columns(d=date_part(pl.col("iso")))
    assert row["iso"].to_list() == [day.isoformat()] * 2
    assert row["d"].to_list() == [day] * 2
    assert row["problem"].null_count() == 2


@settings(max_examples=40, deadline=None)
@given(DAYS, UNKNOWN, UNKNOWN)
def test_each_unknown_part_leaves_a_prefix_of_the_complete_date(
    day: dt.date, no_day: str, no_month: str
) -> None:
    month = MONTHS[day.month - 1]
    texts = [
        f"{day.day:02d}-{month}-{day.year}",
        f"{no_day}-{month}-{day.year}",
        f"{no_day}-{no_month}-{day.year}",
    ]
    complete, to_month, to_year = collected(texts)["iso"].to_list()
    assert complete.startswith(to_month)
    assert to_month.startswith(to_year)
    assert [len(complete), len(to_month), len(to_year)] == [10, 7, 4]


@settings(max_examples=40, deadline=None)
@given(DAYS, UNKNOWN)
def test_the_true_day_lies_between_the_first_and_the_last_possible_day(day: dt.date, unknown: str) -> None:
    month = MONTHS[day.month - 1]
    texts = [
        f"{unknown}-{month}-{day.year}",
        f"{unknown}-{unknown}-{day.year}",
        f"{day.day:02d}-{unknown}-{day.year}",
        f"{day.day:02d}-{month}-{day.year}",
    ]
    bounds = collected(texts).with_columns(a=earliest(pl.col("iso")), b=latest(pl.col("iso")))
    assert all(first <= day <= last for first, last in bounds.select("a", "b").rows())
    assert bounds["a"][3] == bounds["b"][3] == day


@settings(max_examples=40, deadline=None)
@given(st.lists(ANY_TEXT, max_size=5))
def test_any_text_has_either_a_date_or_a_problem_or_is_unknown(texts: list[str]) -> None:
    frame = collected(texts)
    assert frame.filter(pl.col("iso").is_not_null() & pl.col("problem").is_not_null()).is_empty()
    neither = frame.filter(pl.col("iso").is_null() & pl.col("problem").is_null())["t"].to_list()
    assert all(set(text.upper()) <= set("UNK0-") for text in neither)
    dated = frame.filter(is_complete_date(pl.col("iso")))
    assert dated.filter(date_part(pl.col("iso")).is_null()).is_empty()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.integers(0, 99))
def test_a_time_is_a_minute_of_a_day_or_a_problem(hour: int, minute: int) -> None:
    frame = pl.DataFrame({"t": [f"{hour:02d}:{minute:02d}"]})
    value, problem = frame.select(
        collected_time(pl.col("t")).alias("v"), time_problem(pl.col("t")).alias("p")
    ).row(0)
    real = hour <= 23 and minute <= 59
    assert value == (f"{hour:02d}:{minute:02d}" if real else None)
    assert problem == (None if real else "impossible")


@settings(max_examples=40, deadline=None)
@given(DAYS)
def test_both_compact_forms_name_the_same_day(day: dt.date) -> None:
    frame = pl.DataFrame({"t": [f"{day:%Y%m%d}", f"{day.day:02d}{MONTHS[day.month - 1]}{day.year}"]})
    assert frame.select(compact_date(pl.col("t")))["t"].to_list() == [day.isoformat()] * 2


@settings(max_examples=40, deadline=None)
@given(st.from_regex(r"[0-9]{8}", fullmatch=True))
def test_eight_digits_are_a_real_date_or_a_problem(text: str) -> None:
    frame = pl.DataFrame({"t": [text]}).with_columns(
        v=compact_date(pl.col("t")), p=compact_date_problem(pl.col("t"))
    )
    try:
        day = dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        day = None
    expected = day.isoformat() if day and day.year >= 1900 else None
    assert frame["v"].item() == expected
    assert (frame["p"].item() is None) == (expected is not None)
