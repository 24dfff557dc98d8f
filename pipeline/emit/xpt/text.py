"""A text column as blank padded cells of one width, or a refusal: no character is changed, cut or lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.emit.xpt.limits import FIRST_PRINTABLE, LAST_PRINTABLE
from pipeline.emit.xpt.place import Place

_BLANK, _POINT = ord(" "), ord(".")
_WITH_OFFSETS = pl.CompatLevel.oldest()  # Arrow text as one run of bytes and 64-bit offsets into it


def text_cells(series: pl.Series, width: int, place: Place) -> NDArray[np.void]:
    """One cell of ``width`` bytes a row; all blanks for null and "".

    Refuses longer values, anything but printable ASCII, a blank at either end and a lone point, which a
    reader cannot tell from a missing number.
    """
    if series.dtype == pl.Null:
        return _cells(np.full(len(series) * width, _BLANK, np.uint8), width)
    if series.dtype != pl.String:
        place.refuse(
            f"is a Char in the specification but a {series.dtype} in the frame", "cast it where it is derived"
        )
    filled = series.fill_null("") if series.null_count() else series
    array = filled.to_arrow(compat_level=_WITH_OFFSETS)
    ends, octets = _offsets_and_octets(array)
    lengths = np.diff(ends)
    _check(ends, lengths, octets, width, place)
    if (lengths == width).all():
        return _cells(octets, width)
    padded = pc.ascii_rpad(array, width, padding=" ")
    return _cells(_offsets_and_octets(padded)[1], width)


def _offsets_and_octets(array: Any) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    _, offsets, octets = array.buffers()
    ends = (
        np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
        if len(array)
        else np.zeros(1, np.int64)
    )
    every = np.frombuffer(octets, np.uint8) if octets is not None else np.zeros(0, np.uint8)
    return ends - ends[0], every[ends[0] : ends[-1]]


def _cells(octets: NDArray[np.uint8], width: int) -> NDArray[np.void]:
    return octets.view(f"V{width}")


def _check(
    ends: NDArray[np.int64], lengths: NDArray[np.int64], octets: NDArray[np.uint8], width: int, place: Place
) -> None:
    place.refuse_where(
        lengths > width, f"is longer than {width} bytes", "correct the length or split the text"
    )
    if not octets.size:
        return
    lowest, highest = octets.min(), octets.max()
    if lowest < FIRST_PRINTABLE or highest > LAST_PRINTABLE:
        _refuse_unprintable(ends, octets, place)
    if lowest > _POINT:
        return
    filled = lengths > 0
    heads, tails = octets[ends[:-1][filled]], octets[ends[1:][filled] - 1]
    if lowest == _BLANK:
        place.refuse_where(
            _spread(filled, heads == _BLANK), "begins with a blank", "trim it where it is derived"
        )
        place.refuse_where(
            _spread(filled, tails == _BLANK), "ends with a blank", "trim it where it is derived"
        )
    lone = (heads == _POINT) & (lengths[filled] == 1)
    place.refuse_where(_spread(filled, lone), "is a lone point", "make a missing value null")


def _spread(filled: NDArray[np.bool_], bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``bad``, told for the filled rows only, as one answer a row."""
    spread = np.zeros(len(filled), np.bool_)
    spread[filled] = bad
    return spread


def _refuse_unprintable(ends: NDArray[np.int64], octets: NDArray[np.uint8], place: Place) -> None:
    bad = (octets < FIRST_PRINTABLE) | (octets > LAST_PRINTABLE)
    row = int(np.searchsorted(ends, int(bad.argmax()), side="right")) - 1
    place.refuse(
        f"record {place.first + row} is not printable ASCII", "map the character where it is derived"
    )
