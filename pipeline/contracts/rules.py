"""One rule = one pandera ``Check``: its name is the last part of the rule id, its description what a breach means.

Every rule sees text after R13 with blanks as null and passes a null; only ``required`` refuses one. Rules judge the
distinct values where a column repeats itself (dates), because a laboratory file has millions of rows and few dates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import pandera.polars as pa
import polars as pl

Expression = Callable[[pl.Expr], pl.Expr]

_INTEGER = r"^[+-]?[0-9]{1,18}$"  # fits Int64
_DECIMAL = r"^[+-]?[0-9]{1,18}(\.[0-9]{1,12})?$"
_SCALE = 12
_TIMESTAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?Z$"


def _check(kind: str, sentence: str, judge: Callable[[pa.PolarsData], pl.LazyFrame]) -> pa.Check:
    return pa.Check(judge, name=kind, description=sentence)


def rule(kind: str, sentence: str, passes: Expression) -> pa.Check:
    """A check that holds where ``passes(column)`` is true or null."""
    return _check(kind, sentence, lambda at: at.lazyframe.select(passes(pl.col(_key(at)))))


def rule_of_values(kind: str, sentence: str, problem: Expression) -> pa.Check:
    """A check that fails where ``problem(column)`` is not null, worked out once per distinct value."""

    def judge(at: pa.PolarsData) -> pl.LazyFrame:
        column = pl.col(_key(at))
        values = at.lazyframe.select(column.unique()).filter(problem(column).is_not_null()).collect()
        return at.lazyframe.select(~column.is_in(values.to_series().to_list()))

    return _check(kind, sentence, judge)


def _key(at: pa.PolarsData) -> str:
    return cast("str", at.key)


def required() -> pa.Check:
    """Fails on null."""
    return rule("required", "is blank although every record needs it", lambda column: column.is_not_null())


def length(most: int) -> pa.Check:
    """Fails on text of more than ``most`` bytes."""
    return rule("length", f"is longer than {most} bytes", lambda column: column.str.len_bytes() <= most)


def form(pattern: str, sentence: str) -> pa.Check:
    """Fails on text that the regular expression ``pattern`` does not match."""
    return rule("form", sentence, lambda column: column.str.contains(pattern))


def listed(codes: Sequence[str]) -> pa.Check:
    """Fails on a code that is not in ``codes``."""
    return rule("code", "holds a code that its list does not have", lambda column: column.is_in(list(codes)))


def printed_text(coded: str, codes: Mapping[str, str]) -> pa.Check:
    """Fails where the column is not the printed text of the code in ``coded``; an unknown code is that column's."""

    def passes(text: pl.Expr) -> pl.Expr:
        expected = pl.col(coded).replace_strict(dict(codes), default=None, return_dtype=pl.String)
        unknown_code = expected.is_null() & pl.col(coded).is_not_null()
        return unknown_code | expected.eq_missing(text)

    return rule("decode", f"is not the printed text of the code in {coded}", passes)


def whole_number() -> pa.Check:
    """Fails on text that is not an integer."""
    return form(_INTEGER, "is not a whole number")


def number() -> pa.Check:
    """Fails on text that is not a plain decimal number with a point."""
    return form(_DECIMAL, "is not a decimal number")


def within(low: str | int | None, high: str | int | None) -> pa.Check:
    """Fails on a number outside ``low``..``high`` (None: open); text that is no number is the business of ``form``."""

    def passes(column: pl.Expr) -> pl.Expr:
        value = column.cast(pl.Decimal(38, _SCALE), strict=False)
        above = pl.lit(True) if low is None else value >= _exact(low)  # noqa: FBT003 - polars' own signature
        below = pl.lit(True) if high is None else value <= _exact(high)  # noqa: FBT003 - polars' own signature
        return above & below

    return rule("range", f"lies outside {low or 'any'} to {high or 'any'}", passes)


def _exact(limit: str | int) -> pl.Expr:
    return pl.lit(Decimal(limit)).cast(pl.Decimal(38, _SCALE))


def timestamp_form() -> pa.Check:
    """Fails on text that is not an existing UTC time in ISO 8601 with a final Z."""

    def passes(column: pl.Expr) -> pl.Expr:
        exists = column.str.slice(0, 16).str.to_datetime("%Y-%m-%dT%H:%M", strict=False).is_not_null()
        seconds = column.str.extract(r"^.{17}([0-9]{2})").cast(pl.Int64).fill_null(0) < 60  # noqa: PLR2004
        return column.is_null() | (column.str.contains(_TIMESTAMP) & exists & seconds)

    return rule("timestamp", "is not a UTC time YYYY-MM-DDTHH:MM[:SS]Z", passes)


def statistics_of(check: Any) -> tuple[str, str]:
    """Name and sentence of a check."""
    return str(check.name), str(check.description)
