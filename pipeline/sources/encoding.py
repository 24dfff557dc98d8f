"""UTF-8 out of nearly-UTF-8: bytes that are not UTF-8 are read as Windows-1252, and their lines are told."""

from __future__ import annotations

import codecs

BOM = codecs.BOM_UTF8
_REPAIR = "pipeline-windows-1252"


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """The text of the bytes that are not UTF-8, and where to go on."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(_character(byte) for byte in error.object[error.start : error.end]), error.end


def _character(byte: int) -> str:
    """Windows-1252; its five unassigned bytes become the C1 control of the same number (WHATWG Encoding)."""
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


codecs.register_error(_REPAIR, _as_windows_1252)


def valid_utf8(piece: bytes, first_line: int) -> tuple[bytes, list[int]]:
    """``piece`` as valid UTF-8 and the physical lines that held foreign bytes (none: the very same object).

    No ASCII byte changes, so separators, quotes and line ends stay what they are.
    """
    if piece.isascii() or _is_utf8(piece):
        return piece, []
    lines = piece.split(b"\n")
    foreign = [number for number, line in enumerate(lines) if not _is_utf8(line)]
    for number in foreign:
        lines[number] = lines[number].decode("utf-8", _REPAIR).encode()
    return b"\n".join(lines), [first_line + number for number in foreign]


def _is_utf8(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True
