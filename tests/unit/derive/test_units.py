import polars as pl
import pytest

from pipeline.derive.units import converted_double, range_indicator, result_form, with_standard_result


def standardised(**columns: object) -> pl.DataFrame:
    given = {"orres": None, "unit": "mg/dL", "factor": "10", "std": "mg/L", "dp": 1} | columns
    types = {"orres": pl.String, "unit": pl.String, "factor": pl.String, "std": pl.String, "dp": pl.Int64}
    frame = pl.DataFrame({name: [value] for name, value in given.items()}, schema=types)
    return standard(frame)


def standard(frame: pl.DataFrame, **options: bool) -> pl.DataFrame:
    return with_standard_result(
        frame,
        orres="orres",
        orresu="unit",
        factor="factor",
        std_unit="std",
        places="dp",
        stresc="C",
        stresn="N",
        stresu="U",
        problem="P",
        **options,
    )


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("12.40", "number"),
        ("-3", "number"),
        (".5", "number"),
        ("1.2E3", "number"),
        ("<0.5", "censored"),
        ("< 0.5", "censored"),
        (">=60", "censored"),
        ("0,5", "text"),
        ("+++", "text"),
        ("1 000", "text"),
        ("NaN", "text"),
        ("inf", "text"),
        ("٣", "text"),  # a digit, but not an ASCII one
        ("0-2", "text"),
        ("<", "text"),
        ("", None),
        (None, None),
    ],
)
def test_the_form_of_a_result_is_told_by_its_text(text: str | None, form: str | None) -> None:
    frame = pl.DataFrame({"r": [text]}, schema={"r": pl.String})
    assert frame.select(result_form(pl.col("r"))).item() == form


@pytest.mark.parametrize(
    ("columns", "result"),
    [
        ({"orres": "1.250", "unit": "mg/L"}, ("1.250", 1.25, "mg/L", None)),
        ({"orres": "1.250", "factor": "1.0"}, ("1.250", 1.25, "mg/L", None)),
        ({"orres": "1.250", "factor": None}, (None, None, None, "unit_unknown")),
        ({"orres": "1.250", "unit": None}, (None, None, None, "unit_missing")),
        ({"orres": "1.250", "unit": ""}, (None, None, None, "unit_missing")),
        ({"orres": "1.020", "unit": None, "std": None, "factor": None}, ("1.020", 1.02, None, None)),
        ({"orres": "1.020", "std": None}, (None, None, None, "unit_unknown")),
        ({"orres": "12", "dp": None}, (None, None, None, "places_missing")),
        ({"orres": "0.125"}, ("1.3", 1.3, "mg/L", None)),
        ({"orres": "-0.125"}, ("-1.3", -1.3, "mg/L", None)),
        ({"orres": "1.2E3"}, ("12000.0", 12000.0, "mg/L", None)),
        ({"orres": "1.2E3", "unit": "mg/L"}, ("1.2E3", 1200.0, "mg/L", None)),
        ({"orres": "> 60"}, (">600.0", None, "mg/L", None)),
        ({"orres": "> 60", "unit": "mg/L"}, ("> 60", None, "mg/L", None)),
        ({"orres": "<0.001"}, (None, None, None, "bound_lost")),
        ({"orres": "<0"}, ("<0.0", None, "mg/L", None)),
        ({"orres": "0,5"}, (None, None, None, "comma")),
        ({"orres": "Hemolyzed"}, (None, None, None, "text")),
        ({"orres": None}, (None, None, None, None)),
        ({"orres": "0.12345678901234567", "factor": "0.055507"}, (None, None, None, "precision")),
        ({"orres": "9" * 18, "factor": "1000"}, (None, None, None, "precision")),
    ],
)
def test_a_result_is_converted_or_says_why_it_is_not(
    columns: dict[str, object], result: tuple[object, ...]
) -> None:
    assert standardised(**columns).select("C", "N", "U", "P").row(0) == result


def test_a_rounding_tie_goes_up_where_binary_floats_would_go_down() -> None:
    # 1.005 * 1000 is 1004.9999999999999 in floats, and round() would even prefer 1.0045 -> 1.00
    assert standardised(orres="1.005", factor="10", dp=1)["C"].item() == "10.1"
    assert standardised(orres="0.145", factor="10", dp=1)["C"].item() == "1.5"


def test_a_senders_decimal_comma_is_read_only_when_it_is_declared() -> None:
    frame = pl.DataFrame({"orres": ["0,5", "< 0,5"], "unit": "mg/L", "factor": "1", "std": "mg/L", "dp": 1})
    assert standard(frame)["P"].to_list() == ["comma", "comma"]
    assert standard(frame, decimal_comma=True).select("C", "N").rows() == [("0.5", 0.5), ("< 0.5", None)]


def test_rows_keep_their_order_and_the_callers_columns() -> None:
    frame = pl.DataFrame(
        {
            "_line": [3, 1, 2],
            "orres": ["2", "1", "2"],
            "unit": "mg/dL",
            "factor": "10",
            "std": "mg/L",
            "dp": 0,
        }
    )
    result = standard(frame)
    assert result["C"].to_list() == ["20", "10", "20"]
    assert result.columns == [*frame.columns, "C", "N", "U", "P"]
    assert standard(result).equals(result)


def test_limits_are_converted_to_the_nearest_double_without_rounding() -> None:
    frame = pl.DataFrame({"t": ["0.7", "1.3", "abc", None, "0.3"], "f": ["17.104", "88.4", "1", "1", "0.1"]})
    expected = [11.9728, 114.92, None, None, 0.03]  # 0.3 * 0.1 is 0.03 here and 0.0299...96 in floats
    assert frame.select(r=converted_double(pl.col("t"), pl.col("f")))["r"].to_list() == expected


@pytest.mark.parametrize(
    ("result", "low", "high", "indicator"),
    [
        ("4.9", "5", "10", "LOW"),
        ("5", "5", "10", "NORMAL"),
        ("10.0", "5", "10", "NORMAL"),
        ("10.01", "5", "10", "HIGH"),
        ("50", "60", None, "LOW"),
        ("60", "60", None, "NORMAL"),
        ("6", None, "5", "HIGH"),
        ("6", None, None, None),
        ("<0.5", "0.0", "5.0", "NORMAL"),  # 0 to 0.5: nothing measurable lies below a lower limit of 0
        ("<0.5", "0.5", "5.0", "LOW"),
        ("<=0.5", "0.5", "5.0", None),
        ("<0.5", "0.3", "5.0", None),
        ("<10", None, "5", None),
        ("<5", None, "5", "NORMAL"),
        (">60", "10", "60", "HIGH"),
        (">=60", "10", "60", None),
        (">60", "10", "100", None),
        ("> 60", "60", None, "NORMAL"),
        (">50", "60", None, None),
        ("TRACE", "0", "1", None),
        ("5", "NEG", "10", None),
        ("5", "10", "1", None),
        (None, "0", "1", None),
    ],
)
def test_a_result_is_low_normal_or_high_only_if_that_is_certain(
    result: str | None, low: str | None, high: str | None, indicator: str | None
) -> None:
    frame = pl.DataFrame({"r": [result], "l": [low], "h": [high]}, schema=dict.fromkeys("rlh", pl.String()))
    assert frame.select(range_indicator(pl.col("r"), pl.col("l"), pl.col("h"))).item() == indicator


def test_no_rows_give_no_rows_with_the_same_columns() -> None:
    empty = pl.DataFrame(
        schema={"orres": pl.String, "unit": pl.String, "factor": pl.String, "std": pl.String, "dp": pl.Int64}
    )
    assert standard(empty).schema["N"] == pl.Float64
    indicator = empty.select(r=range_indicator(pl.col("orres"), pl.col("factor"), pl.col("std")))
    assert indicator.height == 0
    assert empty.select(r=converted_double(pl.col("orres"), pl.col("factor"))).schema["r"] == pl.Float64
