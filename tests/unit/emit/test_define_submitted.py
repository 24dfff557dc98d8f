"""What of a dataset is submitted: variables, widths, types and values."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.emit.define.shapes import Shape, iso_facts, iso_shape, number_shape, plain_numbers
from pipeline.emit.submitted import submitted
from pipeline.errors import BuildFailed
from tests.unit.emit.submission_frames import DM, HEADACHE, RASH, described, records, study

_DATETIME = "ISO 8601 datetime or interval"


def test_a_permissible_variable_without_a_value_is_left_out() -> None:
    names = [variable.name for variable in described("AE", HEADACHE, RASH).variables]
    assert "AETOXGR" not in names
    assert "AESPID" in names


def test_an_expected_variable_without_a_value_stays_and_is_marked() -> None:
    found = {variable.name: variable for variable in described("AE", HEADACHE).variables}
    assert found["AESTDTC"].has_data
    assert not found["AEENDTC"].has_data


def test_a_study_day_stays_where_its_date_stays() -> None:
    found = {
        variable.name: variable for variable in described("IE", {"IESEQ": 1.0, "IEDTC": "2026"}).variables
    }
    assert not found["IEDY"].has_data
    assert "IEDY" not in {variable.name for variable in described("IE", {"IESEQ": 1.0}).variables}


def test_a_text_of_blanks_only_is_no_value() -> None:
    names = [variable.name for variable in described("AE", HEADACHE | {"AETOXGR": ""}).variables]
    assert "AETOXGR" not in names


def test_variables_keep_the_order_of_the_standard() -> None:
    names = [variable.name for variable in described("AE", HEADACHE, RASH).variables]
    assert names == [name for name, _, _ in study().ordered("AE") if name in names]


def test_a_dataset_without_records_is_not_submitted() -> None:
    assert submitted(study(), "EX", records("EX")) is None


def test_a_column_that_no_variable_asks_for_is_not_submitted() -> None:
    with_qualifier = records("AE", HEADACHE).with_columns(pl.lit("Y").alias("_q.AETRTEM"))
    found = submitted(study(), "AE", with_qualifier)
    assert found is not None
    assert "_q.AETRTEM" not in found.records.collect_schema().names()


def test_a_missing_column_is_refused() -> None:
    with pytest.raises(BuildFailed, match="AE: the records lack AETERM"):
        submitted(study(), "AE", records("AE", HEADACHE).drop("AETERM"))


def test_a_code_with_two_names_is_refused_without_quoting_them() -> None:
    other = DM | {"ARM": "Another"}
    with pytest.raises(BuildFailed, match="a code has more than one ARM") as told:
        described("DM", DM, other)
    assert "Another" not in str(told.value)


def test_the_width_of_a_text_is_its_longest_value_and_at_least_one() -> None:
    widths = {
        column.name: column.length
        for column in described("AE", HEADACHE, RASH).member(datetime(2027, 3, 1)).columns
    }
    assert widths["AETERM"] == len("HEADACHE")
    assert widths["AESER"] == 1
    assert widths["AEOUT" if "AEOUT" in widths else "AEENDTC"] == 1
    assert widths["AESEQ"] == 8


def test_all_records_come_back_in_order_and_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.emit.submitted.ROWS_AT_A_TIME", 2)
    found = described("AE", *(HEADACHE | {"AESEQ": float(number)} for number in range(5)))
    pieces = list(found.frames())
    assert [piece.height for piece in pieces] == [2, 2, 1]
    assert pl.concat(pieces)["AESEQ"].to_list() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("numbers", "shape"),
    [
        ([1.0, 12.0], Shape("integer", 2)),
        ([-12.0], Shape("integer", 2)),
        ([1.01, 90.0], Shape("float", 4, 2)),
        ([0.5], Shape("float", 2, 1)),
        ([1e-7], Shape("float", 8, 7)),
        ([1e16], Shape("integer", 17)),
        ([], Shape("integer", 8)),
    ],
)
def test_the_shape_of_numbers_counts_digits_only(numbers: list[float], shape: Shape) -> None:
    assert number_shape(pl.Series(numbers, dtype=pl.Float64)) == shape


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=64), max_size=20))
def test_plain_numbers_are_equal_to_the_numbers_and_have_no_exponent(numbers: list[float]) -> None:
    plain = plain_numbers(pl.Series(numbers, dtype=pl.Float64))
    assert [float(text) for text in plain] == numbers
    assert not any("e" in text for text in plain)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_the_joined_shape_is_the_shape_of_all_the_numbers(one: float, other: float) -> None:
    left, right = (number_shape(pl.Series([number])) for number in (one, other))
    assert left.joined(right) == number_shape(pl.Series([one, other])) == right.joined(left)


@pytest.mark.parametrize(
    ("values", "datatype"),
    [
        (["2027-01-05", None], "date"),
        (["2027-01-05", "2027-01"], "partialDate"),
        (["2027-01-05T10:00:00", "2027-01-05T10:00:30"], "datetime"),
        (["2027-01-05T10:00", "2027-01-05T10:00:30"], "partialDatetime"),
        (["2027-01-05T10:00"], "partialDatetime"),
        (["2027-01-05T10:00", "2027-01-05"], "partialDatetime"),
        (["2027-01-05T10"], "partialDatetime"),
        (["2027---14"], "incompleteDatetime"),
        (["2027-01-05/2027-01-06"], "intervalDatetime"),
        ([None], "datetime"),
    ],
)
def test_the_type_of_dates_is_the_narrowest_that_holds_them_all(
    values: list[str | None], datatype: str
) -> None:
    told = pl.DataFrame({"X": pl.Series(values, dtype=pl.String)}).select(iso_facts("X")).row(0, named=True)
    assert iso_shape(told, "X", _DATETIME) == Shape(datatype)


def test_a_duration_is_a_duration_even_without_data() -> None:
    told = pl.DataFrame({"X": pl.Series([None], dtype=pl.String)}).select(iso_facts("X")).row(0, named=True)
    assert iso_shape(told, "X", "ISO 8601 duration or interval") == Shape("durationDatetime")
