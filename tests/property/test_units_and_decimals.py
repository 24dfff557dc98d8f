from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import polars as pl
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.derive.decimals import decimal_of, exact_product, is_number, plain_text, rounded_text, to_double
from pipeline.derive.rational import exact, half_up
from pipeline.derive.units import converted_double, with_standard_result

DECIMALS = st.decimals(-(10**12), 10**12, places=9, allow_nan=False, allow_infinity=False)
SMALL = st.decimals(-(10**7), 10**7, places=6, allow_nan=False, allow_infinity=False)
FACTORS = st.decimals(Decimal("0.00001"), 10**4, places=6, allow_nan=False, allow_infinity=False)
PLACES = st.integers(0, 8)


def rounded(value: Decimal, places: int) -> str:
    """Python's own answer, without the sign of a zero."""
    text = f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"
    return text.removeprefix("-") if Decimal(text) == 0 else text


def one(expression: pl.Expr, **columns: object) -> object:
    return pl.DataFrame({name: [value] for name, value in columns.items()}).select(expression).item()


@settings(max_examples=40, deadline=None)
@given(DECIMALS, PLACES)
def test_rounding_agrees_with_pythons_decimal(value: Decimal, places: int) -> None:
    number = decimal_of(pl.col("t"))
    assert one(rounded_text(number, places), t=f"{value:f}") == rounded(value, places)
    assert one(rounded_text(number, pl.col("n")), t=f"{value:f}", n=places) == rounded(value, places)
    assert half_up(Fraction(value), places) == rounded(value, places)


@settings(max_examples=40, deadline=None)
@given(st.integers(-(10**9), 10**9), PLACES)
def test_a_half_is_always_rounded_away_from_zero(steps: int, places: int) -> None:
    tie = Decimal(2 * steps + 1) / 2
    value = tie.scaleb(-places)
    away = Decimal(steps + 1 if tie > 0 else steps).scaleb(-places)
    text = one(rounded_text(decimal_of(pl.col("t")), places), t=f"{value:f}")
    assert Decimal(str(text)) == away


@settings(max_examples=40, deadline=None)
@given(DECIMALS)
def test_the_shortest_text_is_the_same_number_without_trailing_zeros(value: Decimal) -> None:
    text = str(one(plain_text(decimal_of(pl.col("t"))), t=f"{value:f}"))
    assert Decimal(text) == value
    assert text == (f"{value.normalize():f}" if value else "0")


@settings(max_examples=40, deadline=None)
@given(
    st.from_regex(r"[+-]?([0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12})([eE][+-]?[0-9]{1,2})?", fullmatch=True)
)
def test_a_text_is_the_decimal_that_python_reads_or_nothing(text: str) -> None:
    assert one(is_number(pl.col("t")), t=text) is True
    value = one(decimal_of(pl.col("t")), t=text)
    assert value is None or value == Decimal(text)
    assert one(to_double(pl.col("t")), t=text) == float(text)
    assert exact(text) == Fraction(Decimal(text))
    if Decimal(text) == 0 or (Decimal("1e-12") < abs(Decimal(text)) < 10**15 and "e" not in text.lower()):
        assert value is not None


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=8))
def test_a_text_that_is_no_number_is_never_read_as_one(text: str) -> None:
    assume(not one(is_number(pl.col("t")), t=text))
    assert one(decimal_of(pl.col("t")), t=text) is None
    assert one(to_double(pl.col("t")), t=text) is None


@settings(max_examples=40, deadline=None)
@given(SMALL, FACTORS)
def test_products_are_exact(value: Decimal, factor: Decimal) -> None:
    product = one(
        exact_product(decimal_of(pl.col("a")), decimal_of(pl.col("b"))), a=f"{value:f}", b=f"{factor:f}"
    )
    assert product == value * factor


@settings(max_examples=40, deadline=None)
@given(DECIMALS, DECIMALS)
def test_a_product_is_exact_or_missing_however_large(left: Decimal, right: Decimal) -> None:
    product = one(
        exact_product(decimal_of(pl.col("a")), decimal_of(pl.col("b"))), a=f"{left:f}", b=f"{right:f}"
    )
    assert product is None or Fraction(product) == Fraction(left) * Fraction(right)


@settings(max_examples=40, deadline=None)
@given(SMALL, FACTORS, PLACES, st.sampled_from(["", "<", ">", "< ", ">="]))
def test_a_converted_result_is_the_exact_product_rounded_once(
    value: Decimal, factor: Decimal, places: int, sign: str
) -> None:
    assume(factor != 1)
    frame = pl.DataFrame({"o": [f"{sign}{value:f}"], "u": "a", "f": f"{factor:f}", "s": "b", "p": places})
    result = with_standard_result(
        frame, orres="o", orresu="u", factor="f", std_unit="s", places="p", stresc="C", stresn="N", stresu="U"
    ).row(0, named=True)
    expected = rounded(value * factor, places)
    if result["_result_problem"] is None:
        assert result["C"] == sign.strip() + expected
        assert result["N"] == (None if sign else float(expected))
    else:
        assert result["_result_problem"] == "bound_lost"
        assert sign
        assert Decimal(expected) == 0


@settings(max_examples=40, deadline=None)
@given(SMALL)
def test_a_result_in_its_standard_unit_is_never_touched(value: Decimal) -> None:
    frame = pl.DataFrame(
        {"o": [f"{value:f}"], "u": "a", "f": None, "s": "a", "p": 1}, schema_overrides={"f": pl.String}
    )
    result = with_standard_result(
        frame, orres="o", orresu="u", factor="f", std_unit="s", places="p", stresc="C", stresn="N", stresu="U"
    ).row(0, named=True)
    assert (result["C"], result["N"]) == (f"{value:f}", float(value))


@settings(max_examples=40, deadline=None)
@given(SMALL, FACTORS)
def test_a_converted_limit_is_the_double_nearest_to_the_exact_product(
    value: Decimal, factor: Decimal
) -> None:
    double = one(converted_double(pl.col("a"), pl.col("b")), a=f"{value:f}", b=f"{factor:f}")
    assert double == float(value * factor)
