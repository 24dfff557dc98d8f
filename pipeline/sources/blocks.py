"""Where records and fields begin and end in a piece of a file, found in whole-array steps.

polars' own CSV reader is not used on delivered bytes: it strips carriage returns, knows no physical lines,
splits a CRLF file at a bare LF and guesses at malformed quotes. It only sees `Block`s rewritten by `raw`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.errors import Refused
from pipeline.sources.encoding import valid_utf8
from pipeline.sources.pieces import Head, is_quoted, pieces_of
from pipeline.sources.refusals import refused
from pipeline.specs.layout import SourceLayout

Positions = npt.NDArray[np.int64]
_LF, _CR, _QUOTE = 10, 13, 34


@dataclass(frozen=True)
class Block:
    """Whole records as valid UTF-8; all positions are byte offsets into ``text``.

    ``ends``: the newline of each record; ``separators`` and ``quotes``: those that are syntax, not data;
    ``lines``: physical line on which each record starts (header = 1); ``foreign``: lines that were not UTF-8.
    """

    text: bytes
    ends: Positions
    separators: Positions
    quotes: Positions
    lines: npt.NDArray[np.uint32]
    foreign: list[int]


def blocks_of(
    path: Path, layout: SourceLayout, head: Head, see: Callable[[bytes], object] | None = None
) -> Iterator[Block]:
    """The data records of ``path``, in order; every one has as many fields as the layout has columns.

    Raises Refused, with the line, for NUL bytes, broken quoting and a record with too few or too many fields.
    """
    line = 2 + head.text.count(b"\n")
    for piece in pieces_of(path, layout, head, see):
        if (at := piece.find(b"\0")) >= 0:
            number = line + piece.count(b"\n", 0, at)
            raise refused(path, layout, f"line {number} holds a NUL byte: not a text file, or in UTF-16")
        text, foreign = valid_utf8(piece, line)
        block = _measured(text, layout.separator, head.ending, line, foreign)
        _check(block, path, layout)
        yield block
        line += text.count(b"\n")


def _measured(text: bytes, separator: str, ending: bytes, line: int, foreign: list[int]) -> Block:
    body = np.frombuffer(text, np.uint8)
    newlines = np.flatnonzero(body == _LF)
    separators = np.flatnonzero(body == ord(separator))
    quotes = np.flatnonzero(body == _QUOTE) if is_quoted(separator) else newlines[:0]
    ends = newlines
    if quotes.size:
        ends, separators = _outside(newlines, quotes), _outside(separators, quotes)
    elif ending == b"\r\n" and not is_quoted(separator):
        ends = newlines[body[newlines - 1] == _CR]
    starts = np.concatenate([newlines[:0], [0], ends[:-1] + 1])
    lines = (line + np.searchsorted(newlines, starts)).astype(np.uint32)
    return Block(text, ends, separators, quotes, lines, foreign)


def _outside(positions: Positions, quotes: Positions) -> Positions:
    """The positions with an even number of quotes before them."""
    outside: Positions = positions[np.searchsorted(quotes, positions) % 2 == 0]
    return outside


def _check(block: Block, path: Path, layout: SourceLayout) -> None:
    if block.quotes.size and (at := _broken_quote(block)) is not None:
        record = int(np.searchsorted(block.ends, at))
        line = block.lines[min(record, len(block.lines) - 1)]
        raise refused(
            path, layout, f"line {line} breaks the rules of quoting (RFC 4180): a quote inside a field"
        )
    fields = np.diff(np.searchsorted(block.separators, block.ends), prepend=0) + 1
    wrong = np.flatnonzero(fields != len(layout.columns))
    if wrong.size:
        raise _wrong_width(path, layout, int(block.lines[wrong[0]]), int(fields[wrong[0]]))


def _wrong_width(path: Path, layout: SourceLayout, line: int, fields: int) -> Refused:
    expected = len(layout.columns)
    why = "cut off" if fields < expected else "too long"
    return refused(
        path, layout, f"line {line} has {fields} fields instead of {expected}: the record is {why}"
    )


def _broken_quote(block: Block) -> int | None:
    """The first quote that neither opens a field, nor closes one, nor is doubled; None if all do."""
    body = np.frombuffer(block.text, np.uint8)
    opening, closing = block.quotes[0::2], block.quotes[1::2]
    is_end = np.zeros(len(body) + 1, bool)  # the last entry, index -1, stands for "before the first byte"
    is_end[block.ends] = is_end[-1] = True
    is_break = is_end.copy()
    is_break[block.separators] = True
    doubled = doubled_quotes(block)
    after = closing + 1  # never beyond the text, which ends with a newline outside quotes
    carriage = (body[after] == _CR) & is_end[np.minimum(after + 1, len(body) - 1)]
    followed = np.append(doubled[1:], False)
    good = is_break[after] | carriage | followed
    bad = np.concatenate([opening[~(is_break[opening - 1] | doubled)], closing[~good]])
    return int(bad.min()) if bad.size else None


def doubled_quotes(block: Block) -> npt.NDArray[np.bool_]:
    """For each opening quote whether it follows a closing one at once: the second half of a doubled quote."""
    opening, closing = block.quotes[0::2], block.quotes[1::2]
    doubled = np.zeros(len(opening), bool)
    doubled[1:] = closing[:-1] + 1 == opening[1:]
    return doubled
