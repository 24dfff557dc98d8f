"""Arrays of a trial and their texts. Days and minutes count from 1970-01-01; MISSING stands for none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

Array = npt.NDArray[Any]

MISSING: Final = -(10**9)
DAY: Final = 24 * 60
_EPOCH = date(1970, 1, 1)
_THURSDAY = 3  # weekday of 1970-01-01, Monday = 0
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6


def day_number(day: date) -> int:
    """Days from 1970-01-01 to ``day``."""
    return (day - _EPOCH).days


def weekday(days: Array) -> Array:
    """0 Monday .. 6 Sunday."""
    number: Array = (days + _THURSDAY) % 7
    return number


def on_workday(days: Array) -> Array:
    """Saturday moves to Friday, Sunday to Monday."""
    moved: Array = days - (weekday(days) == _SATURDAY) + (weekday(days) == _SUNDAY)
    return moved


def before_friday(days: Array) -> Array:
    """Friday to Sunday move to Monday, so that the day after is a working day."""
    wait = np.select([weekday(days) == day for day in (_FRIDAY, _SATURDAY, _SUNDAY)], [3, 2, 1], 0)
    moved: Array = days + wait
    return moved


def dates(days: Array) -> pl.Series:
    """Days as polars dates, MISSING as null."""
    return (
        pl.Series(np.where(days == MISSING, 0, days), dtype=pl.Int32)
        .cast(pl.Date)
        .set(pl.Series(days == MISSING), None)
    )


def moments(minutes: Array) -> pl.Series:
    """Minutes as polars datetimes, MISSING as null."""
    text = pl.Series(np.where(minutes == MISSING, 0, minutes) * 60_000_000, dtype=pl.Int64).cast(
        pl.Datetime("us")
    )
    return text.set(pl.Series(minutes == MISSING), None)


def edc_date(days: Array) -> pl.Series:
    """``DD-MMM-YYYY``, MISSING as null."""
    return dates(days).dt.strftime("%d-%b-%Y").str.to_uppercase()


def compact_date(days: Array) -> pl.Series:
    """``YYYYMMDD``, MISSING as null."""
    return dates(days).dt.strftime("%Y%m%d")


def clock(minutes: Array, separator: str = ":") -> pl.Series:
    """Time of day ``HH:MM``, MISSING as null."""
    return moments(minutes).dt.strftime(f"%H{separator}%M")


def fixed(scaled: Array, places: int) -> pl.Series:
    """Integers in units of 10^-places as decimal text; MISSING as null."""
    whole = pl.Series(scaled, dtype=pl.Int64)
    scale = 10**places
    sign = pl.when(pl.col("v") < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    size = pl.col("v").abs()
    text = [sign, (size // scale).cast(pl.String)]
    if places:
        text += [pl.lit("."), (size % scale).cast(pl.String).str.zfill(places)]
    shown = pl.when(pl.col("v") != MISSING).then(pl.concat_str(text))
    return whole.alias("v").to_frame().select(shown.alias("text")).to_series()


def scaled(values: Array, places: int) -> Array:
    """Numbers as integers in units of 10^-places."""
    whole: Array = np.rint(values * 10**places).astype(np.int64)
    return whole


def one_of(choices: Sequence[str], place: Array) -> pl.Series:
    """``choices[place]`` for every place; -1 as null."""
    return pl.Series([*choices, None], dtype=pl.String).gather(np.where(place < 0, len(choices), place))


def yes_no(condition: Array) -> pl.Series:
    """Y or N."""
    return one_of(("N", "Y"), condition.astype(np.int64))


def ticked(condition: Array) -> pl.Series:
    """A check box: 1 or null."""
    return one_of(("1",), condition.astype(np.int64) - 1)


def completed_years(birth: Array, on: Array) -> Array:
    """Completed years of age on the days ``on``."""
    frame = pl.DataFrame({"born": dates(birth), "on": dates(on)})
    month_day = [
        100 * pl.col(name).dt.month().cast(pl.Int32) + pl.col(name).dt.day() for name in frame.columns
    ]
    years = pl.col("on").dt.year() - pl.col("born").dt.year() - (month_day[1] < month_day[0]).cast(pl.Int32)
    return frame.select(years).to_series().to_numpy()
