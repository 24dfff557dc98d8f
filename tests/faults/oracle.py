"""How a delivered file must be read, by Python's own csv module and text methods, without the pipeline's code."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

Row = tuple[int, tuple[str, ...]]  # the physical line on which it starts (header = 1), its values

_BOM = b"\xef\xbb\xbf"
_STAND_IN = "\ue0ff"  # for a carriage return that ends no line: csv takes it for a line end
csv.field_size_limit(1 << 30)


def decoded(content: bytes) -> str:
    """UTF-8; a byte that is none is read as Windows-1252, where that has no character as the control of its number."""
    text = content.removeprefix(_BOM).decode("utf-8", "surrogateescape")
    if text.isascii() or not any("\udc80" <= one <= "\udcff" for one in text):
        return text
    return "".join(_foreign(one) if "\udc80" <= one <= "\udcff" else one for one in text)


def _foreign(one: str) -> str:
    byte = bytes([ord(one) - 0xDC00])
    try:
        return byte.decode("cp1252")
    except UnicodeDecodeError:
        return byte.decode("latin-1")


def rows_of(content: bytes, separator: str) -> list[Row] | None:
    """Every record behind the header with its line; None if the file cannot be read at all."""
    text = decoded(content)
    if separator in "|\t":
        return list(_unquoted(text, separator))
    if _STAND_IN in text:
        return None
    try:
        return list(_quoted(text, separator))
    except csv.Error:
        return None


def _quoted(text: str, separator: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(_hide(text), newline=""), delimiter=separator, strict=True)
    line = 1
    for number, values in enumerate(reader):
        if number:
            yield line, tuple(value.replace(_STAND_IN, "\r") for value in values or [""])
        line = reader.line_num + 1


def _hide(text: str) -> str:
    parts = text.split("\r\n")
    return "\r\n".join(part.replace("\r", _STAND_IN) for part in parts)


def _unquoted(text: str, separator: str) -> Iterator[Row]:
    """A pipe or tab file has no quotes; its header tells whether records end in CRLF, and a bare LF is data then."""
    head, _, _ = text.partition("\n")
    ending = "\r\n" if head.endswith("\r") else "\n"
    records = text.split(ending)
    if records[-1] == "":
        records.pop()
    line = 1
    for number, record in enumerate(records):
        if number:
            yield line, tuple((record.removesuffix("\r") if ending == "\n" else record).split(separator))
        line += record.count("\n") + 1  # the one that ended it, and those inside
