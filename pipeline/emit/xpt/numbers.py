"""A numeric column as the doubles that a transport file holds, or a refusal: no digit is lost on the way."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.emit.xpt.ibm_float import MISSING, ibm_bits, too_large, too_small
from pipeline.emit.xpt.limits import MAX_DIGITS, MAX_WHOLE
from pipeline.emit.xpt.place import Place


def number_cells(series: pl.Series, place: Place) -> NDArray[np.uint64]:
    """The 64 bits of each number as the file holds them; SAS's missing value for null.

    Takes integers, Float64 and Decimal. Refuses NaN, infinity, what IBM's range cannot hold, whole numbers
    beyond 2**53 and decimals of more than 15 significant digits.
    """
    values = doubles(series, place)
    bits = ibm_bits(values)
    if series.null_count():
        bits[series.is_null().to_numpy()] = MISSING
    return bits


def doubles(series: pl.Series, place: Place) -> NDArray[np.float64]:
    """The doubles equal to each number, 0 for null; refuses as ``number_cells`` says."""
    if series.dtype == pl.Float64:
        return _checked_doubles(series.fill_null(0.0).to_numpy(), place)
    if series.dtype.is_integer():
        return _from_whole(series.fill_null(0), place)
    if series.dtype.is_decimal():
        return _from_decimals(series, place)
    if series.dtype != pl.Null:
        culprit = f"is a Num in the specification but a {series.dtype} in the frame"
        place.refuse(culprit, "cast it where it is derived")
    return np.zeros(len(series))


def _checked_doubles(values: NDArray[np.float64], place: Place) -> NDArray[np.float64]:
    place.refuse_where(np.isnan(values), "is NaN", "make a missing number null")
    place.refuse_where(
        too_large(values), "is infinite or beyond the range of a transport file", "correct the source"
    )
    place.refuse_where(
        too_small(values), "is so near 0 that a transport file would say 0", "correct the source"
    )
    return values


def _from_whole(series: pl.Series, place: Place) -> NDArray[np.float64]:
    beyond = (series > MAX_WHOLE) | (series < -MAX_WHOLE)
    place.refuse_where(beyond.to_numpy(), "is a whole number beyond 2**53", "submit it as text")
    return series.cast(pl.Float64).to_numpy()


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
