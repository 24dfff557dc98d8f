"""Results in standard units: verbatim where nothing changes, else an exact conversion rounded half-up.

Sources: SDTMIG --ORRES/--STRESC/--STRESN, FDA rules SD1353 (equal units, equal text), SD1448 and SD1122.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.derive.decimals import decimal_of, exact_product, is_number, plain_text, rounded_text, to_double
from pipeline.derive.distinct import once_a_pair, once_a_row_kind

CENSORED: Final = r"^(<=|>=|<|>) ?([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)$"
LOWEST_MEASURABLE: Final = "0"  # a concentration or count cannot be negative, so ``<x`` means 0 to x
_COMMA = r"^((?:<=|>=|<|>)? ?[+-]?[0-9]+),([0-9]+)$"


def result_form(text: pl.Expr, *, decimal_comma: bool = False) -> pl.Expr:
    """``number`` (``12.40``), ``censored`` (``<0.5``, ``> 60``) or ``text`` (String); null if null or blank.

    A decimal comma makes a text, unless the caller knows that the sender writes it.
    """
    value = with_point(text) if decimal_comma else text
    return (
        pl.when(text.is_null() | (text == ""))
        .then(None)
        .when(is_number(value))
        .then(pl.lit("number"))
        .when(value.str.contains(CENSORED))
        .then(pl.lit("censored"))
        .otherwise(pl.lit("text"))
    )


def with_point(text: pl.Expr) -> pl.Expr:
    """A number with its decimal comma as a point (String), any other text as it is; null if null."""
    return text.str.replace(_COMMA, "${1}.${2}")


def with_standard_result(
    frame: pl.DataFrame,
    *,
    orres: str,
    orresu: str,
    factor: str,
    std_unit: str,
    places: str,
    stresc: str,
    stresn: str,
    stresu: str,
    problem: str = "_result_problem",
    decimal_comma: bool = False,
) -> pl.DataFrame:
    """``frame`` in its order plus ``stresc``, ``stresn`` (Float64) and ``stresu``, or instead ``problem``.

    All arguments are columns: original text and unit, factor to the standard unit (exact text), standard
    unit (null for a unitless test), decimals of a converted result (integer). The verbatim text stays where
    the units are equal or the factor is 1; otherwise it is converted, rounded half-up to ``places``, a sign
    ``<``/``>`` kept. ``stresn`` only where ``stresc`` is a number. Where ``problem`` is not null the other
    three are null: ``text`` (no number: the caller maps it), ``comma``, ``unit_missing``, ``unit_unknown``
    (no factor), ``places_missing``, ``precision`` (more digits than exact arithmetic holds), ``bound_lost``
    (``<0.001`` -> ``<0.0``).
    """

    def converted(kinds: pl.DataFrame) -> pl.DataFrame:
        text = with_point(pl.col(orres)) if decimal_comma else pl.col(orres)
        judged = _converted(
            kinds.with_columns(
                __text=text,
                __unit=pl.col(orresu).replace("", None),
                __factor=decimal_of(pl.col(factor)),
                __std=pl.col(std_unit).replace("", None),
                __places=pl.col(places).cast(pl.Int64),
            )
        )
        fine = pl.col("__problem").is_null() & pl.col("__form").is_not_null()
        return judged.select(
            *kinds.columns,
            pl.when(fine).then("__result").alias(stresc),
            pl.when(fine).then(to_double(pl.col("__result"))).alias(stresn),
            pl.when(fine).then("__std").alias(stresu),
            pl.col("__problem").alias(problem),
        )

    return once_a_row_kind(frame, list(dict.fromkeys([orres, orresu, factor, std_unit, places])), converted)


def _converted(given: pl.DataFrame) -> pl.DataFrame:
    """``given`` plus ``__form``, ``__result`` and ``__problem``, row by row."""
    text, factor = pl.col("__text"), pl.col("__factor")
    equal_units, factor_is_one = (
        pl.col("__unit").eq_missing(pl.col("__std")),
        factor == decimal_of(pl.lit("1")),
    )
    number = decimal_of(pl.coalesce(text.str.extract(CENSORED, 2), text))
    measured = given.with_columns(
        __form=result_form(text),
        __sign=text.str.extract(CENSORED, 1).fill_null(""),
        __verbatim=equal_units | factor_is_one.fill_null(value=False),
        __product=exact_product(number, factor),
    )
    rounded = measured.with_columns(__rounded=rounded_text(pl.col("__product"), pl.col("__places")))
    result = pl.when("__verbatim").then(text).otherwise(pl.col("__sign") + pl.col("__rounded"))
    return rounded.with_columns(__result=result, __problem=_problem())


def _problem() -> pl.Expr:
    form, sign, rounded = pl.col("__form"), pl.col("__sign"), pl.col("__rounded")
    no_unit, no_standard = pl.col("__unit").is_null(), pl.col("__std").is_null()
    vanished = (sign != "") & (pl.col("__product") != 0) & ~rounded.str.contains("[1-9]")
    return (
        pl.when(form.is_null())
        .then(None)
        .when((form == "text") & pl.col("__text").str.contains(_COMMA))
        .then(pl.lit("comma"))
        .when(form == "text")
        .then(pl.lit("text"))
        .when(no_unit & ~no_standard)
        .then(pl.lit("unit_missing"))
        .when(pl.col("__verbatim"))
        .then(None)
        .when(pl.col("__factor").is_null() | no_standard)
        .then(pl.lit("unit_unknown"))
        .when(pl.col("__places").is_null())
        .then(pl.lit("places_missing"))
        .when(rounded.is_null())
        .then(pl.lit("precision"))
        .when(vanished)
        .then(pl.lit("bound_lost"))
    )


def converted_double(text: pl.Expr, factor: pl.Expr) -> pl.Expr:
    """A reference limit in standard units, unrounded (Float64: the double nearest to the exact product).

    Null if either text is null or no number.
    """
    return once_a_pair(text, factor, _converted_double, pl.Float64())


def _converted_double(text: pl.Expr, factor: pl.Expr) -> pl.Expr:
    return to_double(plain_text(exact_product(decimal_of(text), decimal_of(factor))))


def range_indicator(
    orres: pl.Expr, low: pl.Expr, high: pl.Expr, *, lowest_measurable: str = LOWEST_MEASURABLE
) -> pl.Expr:
    """``LOW``, ``NORMAL`` (limits included) or ``HIGH`` in original units (String); null if not certain.

    All three are texts. One limit may be missing. A censored result counts only if all its possible values,
    from ``lowest_measurable`` on, fall on one side of the limits. Null too if the result is text, a limit
    is no number, or the limits are crossed.
    """
    sign, value = (
        orres.str.extract(CENSORED, 1),
        decimal_of(pl.coalesce(orres.str.extract(CENSORED, 2), orres)),
    )
    lower, upper = decimal_of(low), decimal_of(high)
    no_limit = lower.is_null() & upper.is_null()
    unreadable = (low.is_not_null() & lower.is_null()) | (high.is_not_null() & upper.is_null())
    floor = decimal_of(pl.lit(lowest_measurable))
    exact = _side(value < lower, value > upper)
    below = pl.when(sign == "<").then(value <= lower).otherwise(value < lower)
    above = pl.when(sign == ">").then(value >= upper).otherwise(value > upper)
    not_above = value <= upper
    normal_below = (lower.is_null() | (floor >= lower)) & (upper.is_null() | not_above)
    normal_above = upper.is_null() & (value >= lower)
    under = pl.when(below).then(pl.lit("LOW")).when(normal_below).then(pl.lit("NORMAL"))
    over = pl.when(above).then(pl.lit("HIGH")).when(normal_above).then(pl.lit("NORMAL"))
    judged = pl.when(sign.is_null()).then(exact).when(sign.str.starts_with("<")).then(under).otherwise(over)
    return pl.when(
        value.is_not_null() & ~no_limit & ~unreadable & ~(lower > upper).fill_null(value=False)
    ).then(judged)


def _side(low: pl.Expr, high: pl.Expr) -> pl.Expr:
    return pl.when(low).then(pl.lit("LOW")).when(high).then(pl.lit("HIGH")).otherwise(pl.lit("NORMAL"))
