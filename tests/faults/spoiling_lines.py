"""Ways to spoil a delivered file by its lines, columns and fields; with those of ``spoiling`` they are all."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.faults.spoiling import SPOILS, anywhere, spoils

# Must be read, and exactly.
HARMLESS = ("untouched", "every field quoted", "BOM", "line ends CRLF", "blank at the end of a field")

_FIELD_OF = (1_000, 70_000, 1_100_000)
_LONGEST_LINE = 17 << 20  # beyond the longest record that is read
_SELDOM = 40


def spoilt(kind: str, draw: Random, content: bytes, separator: bytes) -> bytes:
    """The content after one way, or after several of them."""
    if kind != "several at once":
        return SPOILS[kind](draw, content, separator)
    for _ in range(draw.randint(2, 4)):
        content = SPOILS[draw.choice([*SPOILS])](draw, content, separator)
    return content


def _lines(content: bytes) -> list[bytes]:
    return (
        content.splitlines(keepends=True)
        if b"\r" not in content.replace(b"\r\n", b"")
        else content.split(b"\n")
    )


def _any_line(draw: Random, lines: list[bytes]) -> int:
    return draw.randrange(len(lines)) if lines else 0


def _by_columns(content: bytes, separator: bytes, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """Every line cut at each separator, quoted or not: what a careless program does."""
    made = []
    for line in content.split(b"\n"):
        body, ending = (line[:-1], b"\r") if line.endswith(b"\r") else (line, b"")
        made.append(separator.join(change(body.split(separator))) + ending if body else line)
    return b"\n".join(made)


@spoils("line dropped")
def _line_dropped(draw: Random, content: bytes, _: bytes) -> bytes:
    lines = _lines(content)
    del lines[_any_line(draw, lines) : _any_line(draw, lines) + draw.randint(1, 2)]
    return b"".join(lines)


@spoils("line doubled")
def _line_doubled(draw: Random, content: bytes, _: bytes) -> bytes:
    lines = _lines(content)
    at = _any_line(draw, lines)
    return b"".join([*lines[: at + 1], *lines[at:]])


@spoils("lines swapped")
def _lines_swapped(draw: Random, content: bytes, _: bytes) -> bytes:
    lines = _lines(content)
    if lines:
        one, other = _any_line(draw, lines), _any_line(draw, lines)
        lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


@spoils("column dropped")
def _column_dropped(draw: Random, content: bytes, separator: bytes) -> bytes:
    at = draw.randrange(content.split(b"\n")[0].count(separator) + 1)
    return _by_columns(content, separator, lambda parts: parts[:at] + parts[at + 1 :])


@spoils("column doubled")
def _column_doubled(draw: Random, content: bytes, separator: bytes) -> bytes:
    at = draw.randrange(content.split(b"\n")[0].count(separator) + 1)
    return _by_columns(content, separator, lambda parts: parts[: at + 1] + parts[at:])


@spoils("columns swapped")
def _columns_swapped(draw: Random, content: bytes, separator: bytes) -> bytes:
    width = content.split(b"\n")[0].count(separator) + 1
    one, other = draw.randrange(width), draw.randrange(width)

    def swapped(parts: list[bytes]) -> list[bytes]:
        if max(one, other) < len(parts):
            parts[one], parts[other] = parts[other], parts[one]
        return parts

    return _by_columns(content, separator, swapped)


@spoils("another separator")
def _separated(draw: Random, content: bytes, separator: bytes) -> bytes:
    other = draw.choice([one for one in (b",", b";", b"\t", b"|") if one != separator])
    return (
        content.replace(separator, other)
        if draw.random() < 0.5
        else content.replace(separator, other, draw.randint(1, 40))
    )


@spoils("every field quoted")
def _quoted(draw: Random, content: bytes, separator: bytes) -> bytes:
    if separator in (b"|", b"\t") or b'"' in content:
        return content
    return _by_columns(content, separator, lambda parts: [b'"' + part + b'"' for part in parts])


@spoils("separator or line end inside quotes")
def _inside(draw: Random, content: bytes, separator: bytes) -> bytes:
    start = content.find(separator, content.find(b"\n"))
    at = content.find(separator, draw.randint(start, len(content))) + 1 if start > 0 else 0
    inside = draw.choice([separator, b"\n", b"\r\n", b"\r", b'""', b"\n\n" + separator])
    end = min(
        (found for mark in (separator, b"\r", b"\n") if (found := content.find(mark, at)) >= 0), default=at
    )
    return content[:at] + b'"' + content[at:end] + inside + b'"' + content[end:]


@spoils("huge field")
def _huge(draw: Random, content: bytes, separator: bytes) -> bytes:
    at = content.find(separator, anywhere(draw, content)) + 1
    return content[:at] + b"x" * draw.choice(_FIELD_OF) + content[at:]


@spoils("very long line")
def _long(draw: Random, content: bytes, separator: bytes) -> bytes:
    at = content.find(b"\n", anywhere(draw, content)) + 1
    length = _LONGEST_LINE if not draw.randrange(_SELDOM) else draw.choice(_FIELD_OF)
    return (
        content[:at]
        + draw.choice([separator, b"x", b'"']) * length
        + draw.choice([b"\n", b""])
        + content[at:]
    )


@spoils("header only")
def _header_only(draw: Random, content: bytes, _: bytes) -> bytes:
    head = content[: content.find(b"\n") + 1]
    return draw.choice([head, head.rstrip(b"\r\n"), head + b"\n"])


@spoils("header repeated")
def _repeated(draw: Random, content: bytes, _: bytes) -> bytes:
    head = content[: content.find(b"\n") + 1]
    at = content.find(b"\n", anywhere(draw, content)) + 1
    return content[:at] + head + content[at:]


@spoils("trailer")
def _trailer(draw: Random, content: bytes, separator: bytes) -> bytes:
    count = str(content.count(b"\n") - 1).encode()
    line = draw.choice(
        [b"TRAILER" + separator + count, count, b"EOF", b"rows: " + count, separator * 3, b"\x1a"]
    )
    return content + line + draw.choice([b"\n", b"\r\n", b""])


@spoils("blank lines")
def _blank_lines(draw: Random, content: bytes, _: bytes) -> bytes:
    at = content.find(b"\n", anywhere(draw, content)) + 1
    return content[:at] + draw.choice([b"\n", b"\r\n", b" \n", b"\n\n\n"]) + content[at:]


@spoils("blank at the end of a field")
def _padded(draw: Random, content: bytes, separator: bytes) -> bytes:
    at = content.find(separator, draw.randint(content.find(b"\n") + 1, len(content)))
    quoted = content[at - 1 : at] == b'"'
    return (
        content
        if at < 0 or quoted
        else content[:at] + draw.choice([b" ", b"\t\t" if separator != b"\t" else b" "]) + content[at:]
    )
