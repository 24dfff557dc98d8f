import datetime as dt

import polars as pl
import pytest

from pipeline.derive import iso8601 as iso


def of(expression: pl.Expr, **columns: str | None) -> object:
    frame = pl.DataFrame(
        {name: [text] for name, text in columns.items()}, schema=dict.fromkeys(columns, pl.String())
    )
    return frame.select(expression).item()


@pytest.mark.parametrize(
    ("text", "value", "problem"),
    [
        ("12-MAR-2027", "2027-03-12", None),
        ("12-Mar-2027", "2027-03-12", None),
        ("29-FEB-2028", "2028-02-29", None),
        ("UN-MAR-2027", "2027-03", None),
        ("00-MAR-2027", "2027-03", None),
        ("NK-UNK-2027", "2027", None),
        ("14-UNK-2027", "2027---14", None),
        ("2027", "2027", None),
        ("UN-UNK-UNK", None, None),
        ("UNK", None, None),
        ("", None, None),
        (None, None, None),
        ("UN-MAR-UNK", None, "month_only"),
        ("14-MAR-UNK", None, "no_year"),
        ("14-UNK-UNK", None, "no_year"),
        ("31-APR-2027", None, "impossible"),
        ("29-FEB-2027", None, "impossible"),
        ("32-UNK-2027", None, "impossible"),
        ("12-MAR-27", None, "year"),
        ("UN-MAR-27", None, "year"),
        ("12-MAR-0027", None, "year"),
        ("12-XXX-2027", None, "form"),
        ("1-MAR-2027", None, "form"),
        ("2027-03-12", None, "form"),
        ("03/12/2027", None, "form"),
        ("12-MAR-2027 ", None, "form"),
        ("45678", None, "form"),
    ],
)
def test_a_collected_date_is_truncated_where_it_is_unknown(
    text: str | None, value: str | None, problem: str | None
) -> None:
    assert of(iso.collected_date(pl.col("t")), t=text) == value
    assert of(iso.date_problem(pl.col("t")), t=text) == problem


@pytest.mark.parametrize(
    ("text", "value", "problem"),
    [
        ("09:30", "09:30", None),
        ("00:00", "00:00", None),
        ("23:59", "23:59", None),
        ("UN:UN", None, None),
        ("UNK", None, None),
        ("", None, None),
        ("09:UN", "09", None),
        ("UN:30", None, "hour_unknown"),
        ("24:00", None, "impossible"),
        ("12:60", None, "impossible"),
        ("9:30", None, "form"),
        ("09:30:00", None, "form"),
        ("0930", None, "form"),
    ],
)
def test_a_collected_time_keeps_its_known_hour(text: str, value: str | None, problem: str | None) -> None:
    assert of(iso.collected_time(pl.col("t")), t=text) == value
    assert of(iso.time_problem(pl.col("t")), t=text) == problem


@pytest.mark.parametrize(
    ("text", "value", "problem"),
    [
        ("20270312", "2027-03-12", None),
        ("12MAR2027", "2027-03-12", None),
        ("12mar2027", "2027-03-12", None),
        ("", None, None),
        (None, None, None),
        ("20270431", None, "impossible"),
        ("20271301", None, "impossible"),
        ("31APR2027", None, "impossible"),
        ("12MAR27", None, "year"),
        ("12032027", None, "year"),
        ("12XXX2027", None, "form"),
        ("45678", None, "form"),
        ("2027-03-12", None, "form"),
        ("UNMAR2027", None, "form"),
    ],
)
def test_a_compact_date_has_one_of_two_declared_forms(
    text: str | None, value: str | None, problem: str | None
) -> None:
    assert of(iso.compact_date(pl.col("t")), t=text) == value
    assert of(iso.compact_date_problem(pl.col("t")), t=text) == problem


@pytest.mark.parametrize(
    ("text", "value", "problem"),
    [
        ("0930", "09:30", None),
        ("2400", None, "impossible"),
        ("930", None, "form"),
        ("", None, None),
        (None, None, None),
    ],
)
def test_a_compact_time_has_four_digits(text: str | None, value: str | None, problem: str | None) -> None:
    assert of(iso.compact_time(pl.col("t")), t=text) == value
    assert of(iso.compact_time_problem(pl.col("t")), t=text) == problem


@pytest.mark.parametrize(
    ("date", "time", "joined", "lost"),
    [
        ("2027-03-12", "09:30", "2027-03-12T09:30", False),
        ("2027-03-12", "09", "2027-03-12T09", False),
        ("2027-03-12", None, "2027-03-12", False),
        ("2027-03", "09:30", "2027-03", True),
        ("2027---14", "09:30", "2027---14", True),
        (None, "09:30", None, True),
        (None, None, None, False),
    ],
)
def test_a_time_is_joined_to_a_complete_date_only(
    date: str | None, time: str | None, joined: str | None, lost: bool
) -> None:
    assert of(iso.datetime_iso(pl.col("d"), pl.col("t")), d=date, t=time) == joined
    assert of(iso.time_without_date(pl.col("d"), pl.col("t")), d=date, t=time) is lost


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2027-03-12", dt.date(2027, 3, 12), dt.date(2027, 3, 12)),
        ("2027-03-12T09:30", dt.date(2027, 3, 12), dt.date(2027, 3, 12)),
        ("2028-02", dt.date(2028, 2, 1), dt.date(2028, 2, 29)),
        ("2027", dt.date(2027, 1, 1), dt.date(2027, 12, 31)),
        ("2027---31", dt.date(2027, 1, 31), dt.date(2027, 12, 31)),
        ("--03", None, None),
        ("nonsense", None, None),
        ("2027-02-30", None, None),
        (None, None, None),
    ],
)
def test_a_partial_date_has_a_first_and_a_last_possible_day(
    text: str | None, first: dt.date | None, last: dt.date | None
) -> None:
    assert of(iso.earliest(pl.col("t")), t=text) == first
    assert of(iso.latest(pl.col("t")), t=text) == last
    assert of(iso.date_part(pl.col("t")), t=text) == (
        first if text and text.startswith("2027-03-12") else None
    )


def test_expressions_keep_nulls_names_and_empty_frames() -> None:
    frame = pl.DataFrame({"t": ["12-MAR-2027", None, "x"]})
    for expression in (
        iso.collected_date(pl.col("t")),
        iso.date_problem(pl.col("t")),
        iso.compact_date(pl.col("t")),
    ):
        assert frame.select(expression).height == 3
        assert frame.clear().select(r=expression).schema == {"r": pl.String}
        assert frame.lazy().select(r=expression).collect().height == 3
