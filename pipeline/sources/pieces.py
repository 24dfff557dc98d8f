"""A delivered file as byte pieces that end where a record ends, in bounded memory.

A comma file is quoted (RFC 4180): every newline outside quotes ends a record. A pipe or tab file has no
quoting, a quote is data; its header tells how records end, so in a file with CRLF a bare LF is data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.sources.encoding import BOM
from pipeline.sources.refusals import refused
from pipeline.specs.layout import SourceLayout

PIECE = 16 << 20
LONGEST_RECORD = 16 << 20  # far above any form or laboratory comment; beyond it a quote was never closed
LONGEST_HEADER = 1 << 20
_UNQUOTED = ("|", "\t")


@dataclass(frozen=True)
class Head:
    """The header record: its bytes without byte order mark and line end; ``size`` counts all of them."""

    text: bytes
    ending: bytes
    size: int
    bom: bool


def is_quoted(separator: str) -> bool:
    """True if files with this separator follow RFC 4180, False if a quote is an ordinary character."""
    return separator not in _UNQUOTED


def head_of(path: Path, separator: str) -> Head:
    """The first record of ``path``; all of it (at most 1 MiB) if no line end is found."""
    with path.open("rb") as file:
        start = file.read(LONGEST_HEADER)
    end = _first_end(start, quoted=is_quoted(separator))
    line = start[:end]
    text = line.removesuffix(b"\n")
    text, ending = (
        (text, line[len(text) :]) if not text.endswith(b"\r") else (text[:-1], line[len(text) - 1 :])
    )
    return Head(
        text.removeprefix(BOM), ending if ending.endswith(b"\n") else b"", len(line), line.startswith(BOM)
    )


def _first_end(start: bytes, *, quoted: bool) -> int:
    end = start.find(b"\n") + 1
    while quoted and end and start.count(b'"', 0, end) % 2:
        end = start.find(b"\n", end) + 1
    return end or len(start)


def pieces_of(
    path: Path, layout: SourceLayout, head: Head, see: Callable[[bytes], object] | None = None
) -> Iterator[bytes]:
    """Whole data records, about 16 MiB at a time; ``see`` gets every byte of the file, header too, once.

    Raises Refused for a last record without its line end and for a record over 16 MiB.
    """
    quoted = is_quoted(layout.separator)
    rest = b""
    with path.open("rb") as file:
        header = file.read(head.size)
        if see:
            see(header)
        while chunk := file.read(PIECE):
            if see:
                see(chunk)
            rest += chunk
            end = _last_quoted_end(rest) if quoted else _last_end(rest, head.ending)
            if end:
                yield rest[:end]
                rest = rest[end:]
            if len(rest) > LONGEST_RECORD:
                raise refused(
                    path, layout, "a record is longer than 16 MiB: a quote or a line end is missing"
                )
    if rest:
        raise refused(path, layout, _unfinished(rest, quoted=quoted))


def _unfinished(rest: bytes, *, quoted: bool) -> str:
    if quoted and rest.count(b'"') % 2:
        return "the file is truncated: a quote in the last record is never closed"
    return "the file is truncated: the last line has no line end"


def _last_end(rest: bytes, ending: bytes) -> int:
    found = rest.rfind(ending)
    return found + len(ending) if found >= 0 else 0


def _last_quoted_end(rest: bytes) -> int:
    """Behind the last newline that has an even number of quotes before it; 0 if there is none."""
    quotes = rest.count(b'"')
    upto = len(rest)
    while (found := rest.rfind(b"\n", 0, upto)) >= 0:
        quotes -= rest.count(b'"', found, upto)
        if quotes % 2 == 0:
            return found + 1
        upto = found
    return 0
