"""Exact arithmetic for scores: a text is a fraction, and roots, logarithms and powers carry 50 digits.

An **exact text** is a plain or scientific decimal (``13.5``) or a ratio of whole numbers (``364/27``, a
prorated joint count); scores take exact texts and give decimal texts, so no binary float stands between two
of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from fractions import Fraction
from math import isqrt

import polars as pl

from pipeline.derive.distinct import once_a_row_kind

_DIGITS = 50  # far beyond any tie that a rounded score could sit on
_EXACT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?|[0-9]+/0*[1-9][0-9]*")
_CONTEXT = Context(prec=_DIGITS)


def exact(text: str | None) -> Fraction | None:
    """The value of an exact text; None if the text is None or anything else."""
    return Fraction(text) if text is not None and _EXACT.fullmatch(text) else None


def half_up(value: Fraction, places: int) -> str:
    """``value`` with exactly ``places`` decimals, halves away from zero; a result of zero has no sign."""
    scaled = abs(value) * 10**places
    steps = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    digits = f"{steps:0{places + 1}d}"
    sign = "-" if value < 0 and steps else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def shortest(value: Fraction, most_places: int) -> str:
    """``value`` without trailing zeros, at most ``most_places`` decimals, halves away from zero."""
    text = half_up(value, most_places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def square_root(value: Fraction) -> Fraction:
    """The root of a value >= 0: exact if it is a ratio of whole numbers, else to 50 digits."""
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    return Fraction(_decimal(value).sqrt(_CONTEXT))


def natural_log(value: Fraction) -> Fraction:
    """The natural logarithm of a value > 0 to 50 digits."""
    return Fraction(_decimal(value).ln(_CONTEXT))


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """``base`` > 0 to the power ``exponent``, to about 50 digits."""
    return Fraction(_CONTEXT.power(_decimal(base), _decimal(exponent)))


def _decimal(value: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))


def with_computed(
    frame: pl.DataFrame,
    inputs: Sequence[str],
    outputs: Sequence[str],
    formula: Callable[..., tuple[str | None, ...] | None],
) -> pl.DataFrame:
    """``frame`` in its order plus ``outputs`` (String): ``formula`` of ``inputs``, null if any input is null.

    The formula takes one Fraction an input and gives one text an output, or None for none of them. It runs
    once for each distinct combination, in Python, because polars has no decimal root, logarithm or power.
    """
    columns = list(dict.fromkeys(inputs))

    def computed(combinations: pl.DataFrame) -> pl.DataFrame:
        texts = combinations.select(pl.col(inputs_).cast(pl.String) for inputs_ in columns)
        rows = [
            _row(formula, [by_name[name] for name in inputs], len(outputs))
            for by_name in texts.iter_rows(named=True)
        ]
        values = pl.DataFrame(rows, schema=dict.fromkeys(outputs, pl.String()), orient="row")
        return pl.concat([combinations, values], how="horizontal")

    return once_a_row_kind(frame, columns, computed)


def _row(
    formula: Callable[..., tuple[str | None, ...] | None], texts: list[str | None], width: int
) -> tuple[str | None, ...]:
    values = [exact(text) for text in texts]
    result = None if any(value is None for value in values) else formula(*values)
    return (None,) * width if result is None else result
