"""Collected dates and times as ISO 8601 text, with the unknown parts left out and never filled in.

Every ``x_problem`` is the other half of ``x``: null where the text is usable, otherwise a reason code;
where there is a problem, ``x`` is null. A text whose parts are all unknown has neither a value nor a
problem.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.derive.distinct import once_a_pair, once_a_value

MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
UNKNOWN: Final = ("UN", "UNK", "NK")
UNKNOWN_DAY: Final = "00"  # some sites key an unknown day as 00
EARLIEST_YEAR: Final = 1900  # nobody in a trial was born before; a smaller number is a mistyped year
LONGEST_MONTH: Final = 31
LAST_HOUR: Final = 23  # 24:00 is a legal ISO 8601 time but means two different days to two readers
LAST_MINUTE: Final = 59
_DATE_LENGTH: Final = 10

_UNKNOWN = "UNK|UN|NK"
_COLLECTED_DATE = (
    rf"^(?P<day>[0-9]{{2}}|{_UNKNOWN})-(?P<month>[A-Z]{{3}}|{_UNKNOWN})"
    rf"-(?P<year>[0-9]{{2}}|[0-9]{{4}}|{_UNKNOWN})$"
)
_COLLECTED_TIME = rf"^(?P<hour>[0-9]{{2}}|{_UNKNOWN}):(?P<minute>[0-9]{{2}}|{_UNKNOWN})$"
_COMPACT_NUMERIC = r"^[0-9]{8}$"
_COMPACT_NAMED = r"^[0-9]{2}[A-Z]{3}([0-9]{2}|[0-9]{4})$"
_COMPACT_TIME = r"^[0-9]{4}$"
_ISO_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T|$)"


def collected_date(text: pl.Expr) -> pl.Expr:
    """ISO 8601 date, truncated where unknown (String); null if wholly unknown or ``date_problem``.

    From ``DD-MMM-YYYY`` in any case, parts ``UN``/``UNK``/``NK`` (day also ``00``), or a bare year:
    ``UN-MAR-2027`` -> ``2027-03``, ``UN-UNK-2027`` -> ``2027``, ``14-UNK-2027`` -> ``2027---14``.
    """
    return once_a_value(text, _collected_date, pl.String())


def _collected_date(text: pl.Expr) -> pl.Expr:
    day, month, year = _date_parts(text)
    tail = (
        pl.when(month.is_not_null() & day.is_not_null())
        .then(pl.concat_str(pl.lit("-"), month, pl.lit("-"), day))
        .when(month.is_not_null())
        .then(pl.concat_str(pl.lit("-"), month))
        .when(day.is_not_null())
        .then(pl.concat_str(pl.lit("---"), day))
        .otherwise(pl.lit(""))
    )
    return pl.when(_date_problem(text).is_null()).then(year + tail)


def date_problem(text: pl.Expr) -> pl.Expr:
    """Why a collected date is not usable (String), null when it is usable, absent or wholly unknown.

    ``form``: not the declared pattern or no month's name; ``year``: two digits, or before 1900;
    ``impossible``: no such day; ``month_only``: a month without a year; ``no_year``: a day without a year.
    """
    return once_a_value(text, _date_problem, pl.String())


def _date_problem(text: pl.Expr) -> pl.Expr:
    upper = text.str.to_uppercase()
    parts = upper.str.extract_groups(_COLLECTED_DATE)
    day, month, year = _date_parts(text)
    raw_month, raw_year = parts.struct.field("month"), parts.struct.field("year")
    absent = upper.is_null() | upper.is_in(["", *UNKNOWN])
    bare_year = upper.str.contains(r"^[0-9]{4}$")
    no_pattern = raw_year.is_null() & ~bare_year
    no_month = month.is_null() & ~raw_month.is_in(UNKNOWN)
    known_day, known_month = day.is_not_null(), month.is_not_null()
    return (
        pl.when(absent)
        .then(None)
        .when(no_pattern | no_month)
        .then(pl.lit("form"))
        .when(raw_year.is_in(UNKNOWN) & known_day)
        .then(pl.lit("no_year"))
        .when(raw_year.is_in(UNKNOWN) & known_month)
        .then(pl.lit("month_only"))
        .when(_year_is_wrong(year))
        .then(pl.lit("year"))
        .when(_day_is_impossible(year, month, day))
        .then(pl.lit("impossible"))
    )


def _date_parts(text: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    upper = text.str.to_uppercase()
    parts = upper.str.extract_groups(_COLLECTED_DATE)
    day, year = parts.struct.field("day"), parts.struct.field("year")
    known_year = pl.when(~year.is_in(UNKNOWN)).then(year)
    return (
        pl.when(~day.is_in([*UNKNOWN, UNKNOWN_DAY])).then(day),
        _month_number(parts.struct.field("month")),
        pl.coalesce(known_year, upper.str.extract(r"^([0-9]{4})$")),
    )


def _month_number(name: pl.Expr) -> pl.Expr:
    """Two digits; null for anything but a month's English abbreviation, which the callers test for."""
    return name.replace_strict({m: f"{n:02d}" for n, m in enumerate(MONTHS, 1)}, default=None)


def _year_is_wrong(year: pl.Expr) -> pl.Expr:
    return year.cast(pl.Int32, strict=False) < EARLIEST_YEAR


def _day_is_impossible(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    number = day.cast(pl.Int32, strict=False)
    whole = pl.concat_str(year, month, day, separator="-")
    no_such_date = whole.is_not_null() & whole.str.to_date("%Y-%m-%d", strict=False).is_null()
    return no_such_date | ~number.is_between(1, LONGEST_MONTH)


def collected_time(text: pl.Expr) -> pl.Expr:
    """``hh:mm``, or ``hh`` if only the minute is unknown (String); null if unknown or ``time_problem``.

    The hour stays because SDTM truncates a time from the right like a date (``T09``), and dropping it would
    lose data.
    """
    return once_a_value(text, _collected_time, pl.String())


def _collected_time(text: pl.Expr) -> pl.Expr:
    hour, minute = _time_parts(text)
    value = pl.when(minute.is_null()).then(hour).otherwise(pl.concat_str(hour, minute, separator=":"))
    return pl.when(_time_problem(text).is_null()).then(value)


def time_problem(text: pl.Expr) -> pl.Expr:
    """Why a collected ``HH:MM`` is not usable (String), null when it is usable, absent or wholly unknown.

    ``form``; ``impossible``: outside 00:00 to 23:59 (24:00 too); ``hour_unknown``: a minute without its
    hour.
    """
    return once_a_value(text, _time_problem, pl.String())


def _time_problem(text: pl.Expr) -> pl.Expr:
    upper = text.str.to_uppercase()
    hour, minute = _time_parts(text)
    return (
        pl.when(upper.is_null() | upper.is_in(["", *UNKNOWN]))
        .then(None)
        .when(~upper.str.contains(_COLLECTED_TIME))
        .then(pl.lit("form"))
        .when(hour.is_null() & minute.is_not_null())
        .then(pl.lit("hour_unknown"))
        .when(_clock_is_impossible(hour, minute))
        .then(pl.lit("impossible"))
    )


def _time_parts(text: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    parts = text.str.to_uppercase().str.extract_groups(_COLLECTED_TIME)
    hour, minute = parts.struct.field("hour"), parts.struct.field("minute")
    return pl.when(~hour.is_in(UNKNOWN)).then(hour), pl.when(~minute.is_in(UNKNOWN)).then(minute)


def _clock_is_impossible(hour: pl.Expr, minute: pl.Expr) -> pl.Expr:
    return (hour.cast(pl.Int32, strict=False) > LAST_HOUR) | (
        minute.cast(pl.Int32, strict=False) > LAST_MINUTE
    )


def compact_date(text: pl.Expr) -> pl.Expr:
    """ISO 8601 date (String) of ``YYYYMMDD`` or ``DDMMMYYYY``; null if blank or ``compact_date_problem``."""
    return once_a_value(text, _compact_date, pl.String())


def _compact_date(text: pl.Expr) -> pl.Expr:
    year, month, day = _compact_parts(text)
    return pl.when(_compact_date_problem(text).is_null()).then(pl.concat_str(year, month, day, separator="-"))


def compact_date_problem(text: pl.Expr) -> pl.Expr:
    """``form``, ``year`` (two digits, before 1900) or ``impossible`` (String); null when usable or blank."""
    return once_a_value(text, _compact_date_problem, pl.String())


def _compact_date_problem(text: pl.Expr) -> pl.Expr:
    upper = text.str.to_uppercase()
    year, month, day = _compact_parts(text)
    declared = upper.str.contains(_COMPACT_NUMERIC) | upper.str.contains(_COMPACT_NAMED)
    return (
        pl.when(upper.is_null() | (upper == ""))
        .then(None)
        .when(~declared | month.is_null())
        .then(pl.lit("form"))
        .when(_year_is_wrong(year))
        .then(pl.lit("year"))
        .when(_day_is_impossible(year, month, day))
        .then(pl.lit("impossible"))
    )


def _compact_parts(text: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    upper = text.str.to_uppercase()
    numeric = upper.str.contains(_COMPACT_NUMERIC)
    return (
        pl.when(numeric).then(upper.str.slice(0, 4)).otherwise(upper.str.slice(5)),
        pl.when(numeric).then(upper.str.slice(4, 2)).otherwise(_month_number(upper.str.slice(2, 3))),
        pl.when(numeric).then(upper.str.slice(6, 2)).otherwise(upper.str.slice(0, 2)),
    )


def compact_time(text: pl.Expr) -> pl.Expr:
    """``hh:mm`` (String) from ``HHMM``; null if null, blank or ``compact_time_problem``."""
    value = pl.concat_str(text.str.slice(0, 2), text.str.slice(2, 2), separator=":")
    return pl.when(_present(text) & compact_time_problem(text).is_null()).then(value)


def compact_time_problem(text: pl.Expr) -> pl.Expr:
    """``form`` or ``impossible`` (outside 0000 to 2359) (String); null when usable, null or blank."""
    return (
        pl.when(~_present(text))
        .then(None)
        .when(~text.str.contains(_COMPACT_TIME))
        .then(pl.lit("form"))
        .when(_clock_is_impossible(text.str.slice(0, 2), text.str.slice(2, 2)))
        .then(pl.lit("impossible"))
    )


def _present(text: pl.Expr) -> pl.Expr:
    return text.is_not_null() & (text != "")


def datetime_iso(date_iso: pl.Expr, time_iso: pl.Expr) -> pl.Expr:
    """Date ``T`` time (String); the date alone if the time is null or the date partial; null if null.

    ``time_without_date`` tells which rows lose their time here.
    """
    return once_a_pair(date_iso, time_iso, _datetime_iso, pl.String())


def _datetime_iso(date_iso: pl.Expr, time_iso: pl.Expr) -> pl.Expr:
    joined = pl.concat_str(date_iso, time_iso, separator="T")
    return pl.when(is_complete_date(date_iso) & time_iso.is_not_null()).then(joined).otherwise(date_iso)


def time_without_date(date_iso: pl.Expr, time_iso: pl.Expr) -> pl.Expr:
    """True where a known time has no complete date to belong to (Boolean, never null)."""
    return time_iso.is_not_null() & ~is_complete_date(date_iso).fill_null(value=False)


def is_complete_date(iso: pl.Expr) -> pl.Expr:
    """True for an ISO text with year, month and day, with or without a time (Boolean); null if null."""
    return iso.str.contains(_ISO_DATE)


def date_part(iso: pl.Expr) -> pl.Expr:
    """The calendar day (Date) of an ISO text; null if the text is partial, null or no date."""
    return (
        pl.when(is_complete_date(iso))
        .then(iso.str.slice(0, _DATE_LENGTH))
        .str.to_date("%Y-%m-%d", strict=False)
    )


def minute_part(iso: pl.Expr) -> pl.Expr:
    """The moment to the minute (Datetime) of an ISO text with ``Thh:mm``; null for anything less precise."""
    whole = pl.when(iso.str.len_bytes() > _DATE_LENGTH).then(iso.str.slice(0, len("YYYY-MM-DDThh:mm")))
    return whole.str.to_datetime("%Y-%m-%dT%H:%M", strict=False, time_unit="us")


def earliest(iso: pl.Expr) -> pl.Expr:
    """The first day that a complete or partial ISO date can mean (Date); null if null or no date.

    For ``YYYY---DD`` it is that day of January, which every day number has.
    """
    return pl.coalesce(
        date_part(iso),
        _as_date(iso.str.extract(r"^([0-9]{4}-[0-9]{2})$") + "-01"),
        _as_date(iso.str.extract(r"^([0-9]{4})$") + "-01-01"),
        _as_date(iso.str.replace(r"^([0-9]{4})---([0-9]{2})$", "$1-01-$2")),
    )


def latest(iso: pl.Expr) -> pl.Expr:
    """The last day that a complete or partial ISO date can mean (Date); null if null or no date."""
    return pl.coalesce(
        date_part(iso),
        _as_date(iso.str.extract(r"^([0-9]{4}-[0-9]{2})$") + "-01").dt.month_end(),
        _as_date(iso.str.extract(r"^([0-9]{4})$") + "-12-31"),
        _as_date(iso.str.replace(r"^([0-9]{4})---([0-9]{2})$", "$1-12-$2")),
    )


def _as_date(text: pl.Expr) -> pl.Expr:
    return text.str.to_date("%Y-%m-%d", strict=False)
