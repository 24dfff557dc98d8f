"""A text column as blank padded cells of one width, or a refusal: no character is changed, cut or lost."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.emit.xpt.columns import INLINE_BYTES, VIEW_BYTES, Texts, texts_of
from pipeline.emit.xpt.limits import FIRST_PRINTABLE, LAST_PRINTABLE
from pipeline.emit.xpt.place import Place

_BLANK, _POINT = ord(" "), ord(".")
_TEXT_AT = VIEW_BYTES - INLINE_BYTES
_INLINE = -1  # in the place of a buffer's number: the text stands in its view
_UNPRINTABLE = r"[^\x20-\x7e]"


def text_cells(series: pl.Series, width: int, place: Place) -> NDArray[np.void]:
    """One cell of ``width`` bytes a row; all blanks for null and "".

    Refuses longer values, anything but printable ASCII, a blank at either end and a lone point, which a
    reader cannot tell from a missing number.
    """
    if series.dtype == pl.Null:
        return np.full(len(series) * width, _BLANK, np.uint8).view(f"V{width}")
    if series.dtype != pl.String:
        place.refuse(
            f"is a Char in the specification but a {series.dtype} in the frame", "cast it where it is derived"
        )
    texts = texts_of(series)
    if not len(series):
        return np.zeros(0, f"V{width}")
    if texts.lengths.max() > width:
        place.refuse_where(
            texts.lengths > width, f"is longer than {width} bytes", "correct the length or split the text"
        )
    at = _TEXT_AT if width <= INLINE_BYTES else 0
    rows = texts.views if at else _gathered(texts, width)
    rows = _filled_with_blanks(rows, texts.lengths, at)
    _check(rows, texts.lengths, at, series, place)
    return _cells(rows, width, at)


def _gathered(texts: Texts, width: int) -> NDArray[np.uint8]:
    """One row of ``width`` bytes a text: the text, and behind it whatever follows it in memory."""
    count = len(texts.lengths)
    buffer, start = texts.views.view(np.uint32)[:, 2:].T.astype(np.int64)
    inline = texts.lengths <= INLINE_BYTES
    buffer[inline] = _INLINE
    start[inline] = np.flatnonzero(inline) * VIEW_BYTES + _TEXT_AT
    rows = np.empty(count, f"V{width}")
    used = buffer[:1] if buffer.min() == buffer.max() else np.unique(buffer)
    for each in used:
        octets = texts.views.reshape(-1) if each == _INLINE else texts.buffers[each]
        which = slice(None) if len(used) == 1 else np.flatnonzero(buffer == each)
        rows[which] = _windows(octets, start[which], width)
    return rows.view(np.uint8).reshape(count, width)


def _windows(octets: NDArray[np.uint8], starts: NDArray[np.int64], width: int) -> NDArray[np.void]:
    """The ``width`` bytes from each start on; zeros behind the end."""
    first, last = int(starts.min()), int(starts.max())
    span = octets[first : last + width]
    if len(span) < last - first + width:
        span = np.concatenate([span, np.zeros(last - first + width - len(span), np.uint8)])
    every = np.ndarray(last - first + 1, f"V{width}", span, strides=(1,))
    return every[starts - first]


def _filled_with_blanks(rows: NDArray[np.uint8], lengths: NDArray[np.uint32], at: int) -> NDArray[np.uint8]:
    """The rows with a blank for every byte that is not one of the text's own, which begins at byte ``at``."""
    own, blanks = _masks(rows.shape[1], at)
    filled = own.take(lengths).view(np.uint8).reshape(rows.shape)
    filled &= rows
    filled |= blanks.take(lengths).view(np.uint8).reshape(rows.shape)
    return filled


@lru_cache
def _masks(width: int, at: int) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Length -> a row of ``width`` bytes: all bits where a text of that length has its own, a blank elsewhere."""
    lengths, place = np.ogrid[: width - at + 1, -at : width - at]
    own = (place >= 0) & (place < lengths)
    masks = np.where(own, 0xFF, 0).astype(np.uint8), np.where(own, 0, _BLANK).astype(np.uint8)
    return masks[0].view(f"V{width}").reshape(-1), masks[1].view(f"V{width}").reshape(-1)


def _check(
    rows: NDArray[np.uint8], lengths: NDArray[np.uint32], at: int, series: pl.Series, place: Place
) -> None:
    if rows.min() < FIRST_PRINTABLE or rows.max() > LAST_PRINTABLE:
        place.refuse_where(
            series.str.contains(_UNPRINTABLE).fill_null(value=False).to_numpy(),
            "is not printable ASCII",
            "map the character where it is derived",
        )
    heads, filled = rows[:, at], lengths > 0
    last = np.arange(len(rows)) * rows.shape[1] + (at - 1) + lengths
    tails = rows.reshape(-1).take(last)  # of an empty text: of no meaning
    if not (heads.min() <= _POINT or tails.min() <= _POINT):
        return
    fix = "trim it where it is derived"
    place.refuse_where((heads == _BLANK) & filled, "begins with a blank", fix)
    place.refuse_where((tails == _BLANK) & filled, "ends with a blank", fix)
    lone = (heads == _POINT) & (lengths == 1)
    place.refuse_where(lone, "is a lone point", "make a missing value null")


def _cells(rows: NDArray[np.uint8], width: int, at: int) -> NDArray[np.void]:
    """The cells within their rows."""
    row = np.dtype({"names": ["cell"], "formats": [f"V{width}"], "offsets": [at], "itemsize": rows.shape[1]})
    return rows.view(row).reshape(-1)["cell"]
