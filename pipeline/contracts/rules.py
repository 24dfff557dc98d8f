"""One rule = one pandera ``Check``: its name ends the rule id, its description tells what a breach is.

Every rule sees text after R13 with blanks as null and passes a null; only ``required`` refuses one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import pandera.polars as pa
import polars as pl

from pipeline.contracts.screen import PASSES
from pipeline.derive import iso8601

Expression = Callable[[pl.Expr], pl.Expr]

_INTEGER = r"^[+-]?[0-9]{1,18}$"  # fits Int64
_DECIMAL = r"^[+-]?[0-9]{1,18}(\.[0-9]{1,12})?$"
_SCALE = 12
_STAMP = r"^([0-9]{8}|[0-9]{2}[A-Za-z]{3}[0-9]{4})(?:T([0-9]{4}))?$"
_TIMESTAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-5][0-9](\.[0-9]{1,6})?)?Z$"


def rule(kind: str, sentence: str, passes: Expression) -> pa.Check:
    """A check that holds where ``passes(column)`` is true or null; ``sentence`` tells what a breach is."""

    def judge(at: pa.PolarsData) -> pl.LazyFrame:
        return at.lazyframe.select(passes(pl.col(at.key)))

    return pa.Check(judge, name=kind, description=sentence, statistics={PASSES: passes})


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
    """Fails where the column is not the printed text of the code in ``coded``; an unknown code passes."""

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
    """Fails on a number outside ``low``..``high`` (one may be None: open); text that is no number passes."""

    def passes(column: pl.Expr) -> pl.Expr:
        value = column.cast(pl.Decimal(38, _SCALE), strict=False)
        return pl.all_horizontal(
            *([value >= _exact(low)] if low is not None else []),
            *([value <= _exact(high)] if high is not None else []),
        )

    ends = [f"below {low}"] * (low is not None) + [f"above {high}"] * (high is not None)
    return rule("range", f"lies {' or '.join(ends)}", passes)


def _exact(limit: str | int) -> pl.Expr:
    return pl.lit(Decimal(limit)).cast(pl.Decimal(38, _SCALE))


def timestamp_form() -> pa.Check:
    """Fails on text that is not an existing UTC time in ISO 8601 with a final Z."""

    def passes(column: pl.Expr) -> pl.Expr:
        exists = column.str.slice(0, 16).str.to_datetime("%Y-%m-%dT%H:%M", strict=False).is_not_null()
        return column.is_null() | (column.str.contains(_TIMESTAMP) & exists)

    return rule("timestamp", "is not a UTC time YYYY-MM-DDTHH:MM[:SS]Z", passes)


def usable(kind: str, sentence: str, problem: Expression) -> pa.Check:
    """Fails where ``problem(column)`` gives a reason."""
    return rule(kind, sentence, lambda column: problem(column).is_null())


def full_date() -> pa.Check:
    """Fails on a collected date with unknown parts."""

    def passes(column: pl.Expr) -> pl.Expr:
        return column.is_null() | iso8601.is_complete_date(iso8601.collected_date(column)).fill_null(
            value=False
        )

    return rule("partial", "is not known to the day", passes)


def stamp_date(text: pl.Expr) -> pl.Expr:
    """Date part of a laboratory date with or without ``THHMM`` (String); another text whole."""
    return pl.coalesce(text.str.extract(_STAMP, 1), text)


def stamp_problem(text: pl.Expr) -> pl.Expr:
    """Reason code of a laboratory date with or without ``THHMM``; null when usable or null."""
    time = text.str.extract(_STAMP, 2)
    return pl.coalesce(iso8601.compact_date_problem(stamp_date(text)), iso8601.compact_time_problem(time))
