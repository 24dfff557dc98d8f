"""Where polars keeps the values of a column, as numpy sees them: no value is copied or converted.

The layouts are Arrow's (columnar format 1.4, "Variable-size Binary View Layout"). polars and pyarrow hand
them over without a copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

VIEW_BYTES = 16  # of one text's view: four of its length, then the text itself or where it is
INLINE_BYTES = 12  # a text of so many bytes stands in its view, a longer one in a buffer
_NEWEST = pl.CompatLevel.newest()  # polars' own layout, therefore no conversion


@dataclass(frozen=True, slots=True)
class Texts:
    """A text column: ``lengths`` in bytes, 0 for null; ``views`` has one row of ``VIEW_BYTES`` a text."""

    lengths: NDArray[np.uint32]
    views: NDArray[np.uint8]
    buffers: tuple[NDArray[np.uint8], ...]


def texts_of(series: pl.Series) -> Texts:
    """The texts of a String series."""
    array = series.to_arrow(compat_level=_NEWEST)
    _, views, *others = array.buffers()
    count = len(array)
    whole = np.frombuffer(views, np.uint8, count * VIEW_BYTES, array.offset * VIEW_BYTES) if count else _NONE
    rows = whole.reshape(count, VIEW_BYTES)
    lengths = rows.view(np.uint32)[:, 0].copy()
    if array.null_count:
        lengths[absent(array)] = 0  # whatever the view of a null says
    return Texts(lengths, rows, tuple(np.frombuffer(each, np.uint8) for each in others))


def numbers_of(series: pl.Series) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """The values of an integer or Float64 series, and where they are null: None if nowhere.

    A null's value is whatever lies there.
    """
    array = series.to_arrow(compat_level=_NEWEST)
    kind = array.type.to_pandas_dtype()
    count = len(array)
    offset = array.offset * np.dtype(kind).itemsize
    values = np.frombuffer(array.buffers()[1], kind, count, offset) if count else np.zeros(0, kind)
    return values, absent(array) if array.null_count else None


def absent(array: Any) -> NDArray[np.bool_]:
    """True where a pyarrow array, which has some nulls, is null."""
    bits = np.frombuffer(array.buffers()[0], np.uint8)
    first = array.offset
    valid = np.unpackbits(bits, count=first + len(array), bitorder="little")[first:]
    return np.equal(valid, 0)


_NONE = np.zeros(0, np.uint8)
