"""Numbers exactly as they were written: text to decimal and back, without a float on the way.

polars rounds a decimal that has too many digits, and stops a query that overflows, with the value in the
message; so everything here first asks whether a number fits, and answers null if it does not.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.derive.distinct import once_a_value

DIGITS: Final = 38  # the most that polars' Decimal (an Int128) holds
SCALE: Final = 18
DECIMAL: Final = pl.Decimal(DIGITS, SCALE)
_LARGEST: Final = 10.0 ** (DIGITS - SCALE - 1)  # one digit below the limit: the test is made in floats

_NUMBER = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"
_FRACTION = r"\.([0-9]*?)0*(?:[eE]|$)"
_EXPONENT = r"[eE]([+-]?[0-9]+)$"


def is_number(text: pl.Expr) -> pl.Expr:
    """True for a number such as ``12.40``, ``.5`` or ``1.2E3`` (Boolean); null if null."""
    return text.str.contains(_NUMBER)


def decimal_of(text: pl.Expr) -> pl.Expr:
    """The exact value (Decimal(38, 18)); null if the text is no number or would have to be rounded."""
    return once_a_value(text, _decimal_of, DECIMAL)


def _decimal_of(text: pl.Expr) -> pl.Expr:
    fraction = text.str.extract(_FRACTION).str.len_bytes().cast(pl.Int64).fill_null(0)
    exponent = text.str.extract(_EXPONENT).cast(pl.Int64, strict=False).fill_null(0)
    fits = is_number(text) & (fraction - exponent <= SCALE) & (to_double(text).abs() < _LARGEST)
    return pl.when(fits).then(text).cast(DECIMAL, strict=False)


def to_double(text: pl.Expr) -> pl.Expr:
    """The double nearest to a number's text (Float64); null if the text is no number or too large."""
    value = pl.when(is_number(text)).then(text).cast(pl.Float64, strict=False)
    return pl.when(value.is_finite()).then(value + 0.0)  # the sum makes minus zero plain zero


def exact_product(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """The product of two decimals (Decimal(38, 18)); null if either is null or it would be rounded."""
    size = (left.cast(pl.Float64) * right.cast(pl.Float64)).abs()
    fits = (fraction_digits(left) + fraction_digits(right) <= SCALE) & (size < _LARGEST)
    return pl.when(fits).then(left).cast(DECIMAL) * right.cast(DECIMAL)


def fraction_digits(number: pl.Expr) -> pl.Expr:
    """How many decimals a decimal needs without trailing zeros (UInt32); null if null."""
    return (
        number.cast(DECIMAL).cast(pl.String).str.strip_chars_end("0").str.extract(r"\.(.*)$").str.len_bytes()
    )


def plain_text(number: pl.Expr) -> pl.Expr:
    """The shortest exact text of a decimal (String), ``0.5`` not ``.5`` or ``0.50``; null if null."""
    text = number.cast(DECIMAL).cast(pl.String)
    return text.str.strip_chars_end("0").str.strip_chars_end(".")


def rounded_text(number: pl.Expr, places: int | pl.Expr) -> pl.Expr:
    """A decimal with exactly ``places`` decimals (String), halves away from zero; null if either is null.

    ``places`` 0 to 18, a number or an integer column; outside that range null. A result of zero has no
    sign.
    """
    wanted = (pl.lit(places) if isinstance(places, int) else places).cast(pl.Int64)
    kept = pl.when(wanted.is_between(0, SCALE)).then(wanted)
    unit = pl.lit(10, dtype=pl.Int128).pow(SCALE - kept)
    steps = number.cast(DECIMAL).to_physical()
    rounded = (steps.abs() + unit // 2) // unit
    digits = rounded.cast(pl.String).str.zfill(kept + 1)
    whole = digits.str.slice(0, digits.str.len_bytes().cast(pl.Int64) - kept)
    fraction = pl.when(kept > 0).then(pl.lit(".") + digits.str.tail(kept)).otherwise(pl.lit(""))
    sign = pl.when((steps < 0) & (rounded > 0)).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.when(steps.is_not_null() & kept.is_not_null()).then(sign + whole + fraction)
