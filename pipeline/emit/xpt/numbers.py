"""A numeric column as the doubles that a transport file holds, or a refusal: no digit is lost on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.emit.xpt.columns import numbers_of
from pipeline.emit.xpt.ibm_float import MISSING, all_fit, ibm_bits, too_large, too_small
from pipeline.emit.xpt.limits import MAX_DIGITS, MAX_WHOLE
from pipeline.emit.xpt.place import Place

_NATIVE = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)


def number_cells(series: pl.Series, place: Place) -> NDArray[np.uint64]:
    """The 64 bits of each number as the file holds them; SAS's missing value for null.

    Takes integers, Float64 and Decimal. Refuses NaN, infinity, what IBM's range cannot hold, whole numbers
    beyond 2**53 and decimals of more than 15 significant digits.
    """
    values, missing = _doubles(series, place)
    bits = ibm_bits(values)
    if missing is not None:
        bits[missing] = MISSING
    return bits


def doubles(series: pl.Series, place: Place) -> NDArray[np.float64]:
    """The doubles equal to each number, 0 for null; refuses as ``number_cells`` says."""
    return _doubles(series, place)[0]


def _doubles(series: pl.Series, place: Place) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """The doubles and where they are null: None if nowhere."""
    if series.dtype == pl.Float64:
        values, missing = _filled(*numbers_of(series))
        _check_doubles(values, place)
        return values, missing
    if series.dtype.is_integer():
        return _from_whole(series, place)
    if series.dtype.is_decimal():
        return _from_decimals(series, place), series.is_null().to_numpy()
    if series.dtype != pl.Null:
        culprit = f"is a Num in the specification but a {series.dtype} in the frame"
        place.refuse(culprit, "cast it where it is derived")
    return np.zeros(len(series)), np.ones(len(series), np.bool_)


def _filled(
    values: NDArray[Any], missing: NDArray[np.bool_] | None
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    if missing is not None:
        values = values.copy()
        values[missing] = 0
    return values, missing


def _check_doubles(values: NDArray[np.float64], place: Place) -> None:
    if all_fit(values):
        return
    place.refuse_where(np.isnan(values), "is NaN", "make a missing number null")
    place.refuse_where(
        too_large(values), "is infinite or beyond the range of a transport file", "correct the source"
    )
    place.refuse_where(
        too_small(values), "is so near 0 that a transport file would say 0", "correct the source"
    )


def _from_whole(series: pl.Series, place: Place) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    culprit, fix = "is a whole number beyond 2**53", "submit it as text"
    if series.dtype not in _NATIVE:
        beyond = (series > MAX_WHOLE) | (series < -MAX_WHOLE)
        place.refuse_where(beyond.fill_null(value=False).to_numpy(), culprit, fix)
        series = series.cast(pl.Int64)
    values, missing = _filled(*numbers_of(series))
    if values.size and (int(values.max()) > MAX_WHOLE or int(values.min()) < -MAX_WHOLE):
        place.refuse_where((values > MAX_WHOLE) | (values < -MAX_WHOLE), culprit, fix)
    return values.astype(np.float64), missing


def _from_decimals(series: pl.Series, place: Place) -> NDArray[np.float64]:
    text = series.cast(pl.String)
    digits = text.str.replace_all(r"[-.]", "").str.strip_chars("0").str.len_bytes().fill_null(0)
    fix = "submit the number as text, or round it where it is derived"
    place.refuse_where(
        (digits > MAX_DIGITS).to_numpy(), f"has more than {MAX_DIGITS} significant digits", fix
    )
    values = text.cast(pl.Float64).fill_null(0.0).to_numpy()  # text to double rounds once, to the nearest
    place.refuse_where(np.abs(values) > MAX_WHOLE, "is a decimal beyond 2**53", fix)
    return values
