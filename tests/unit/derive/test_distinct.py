"""A derivation gives each row the same, however often its value occurs and however many rows there are."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.derive.distinct import once_a_pair, once_a_value
from pipeline.derive.iso8601 import collected_date, datetime_iso

TEXTS = [None, "", "14-MAR-2027", "UN-MAR-2027", "nonsense"]
DATES = [None, None, "2027-03-14", "2027-03", None]


@pytest.mark.parametrize("times", [1, 3, 1_000])
def test_many_rows_get_what_few_rows_get(times: int) -> None:
    found = pl.DataFrame({"text": TEXTS * times}).select(collected_date(pl.col("text")))
    assert found.to_series().to_list() == DATES * times


@pytest.mark.parametrize("times", [1, 1_000])
def test_pairs_are_looked_up_together(times: int) -> None:
    rows = pl.DataFrame({"day": ["2027-03-14", "2027-03-14", "2027-03", None], "time": ["09:30", None] * 2})
    found = pl.concat([rows] * times).select(datetime_iso(pl.col("day"), pl.col("time")))
    assert found.to_series().to_list() == ["2027-03-14T09:30", "2027-03-14", "2027-03", None] * times


def test_a_value_that_occurs_often_is_derived_once() -> None:
    seen: list[int] = []

    def counted(column: pl.Series) -> pl.Series:
        seen.append(len(column))
        return column

    def derivation(text: pl.Expr) -> pl.Expr:
        return text.map_batches(counted, return_dtype=pl.String())

    rows = pl.DataFrame({"text": ["a", "b"] * 1_000})
    assert rows.select(once_a_value(pl.col("text"), derivation, pl.String())).equals(rows)
    assert seen == [2]


def test_the_column_keeps_its_name() -> None:
    rows = pl.DataFrame({"left": ["a"], "right": ["b"]})
    joined = once_a_pair(pl.col("left"), pl.col("right"), lambda one, other: one + other, pl.String())
    assert rows.with_columns(both=joined)["both"].to_list() == ["ab"]
    assert rows.select(once_a_value(pl.col("right"), lambda text: text, pl.String())).columns == ["right"]
