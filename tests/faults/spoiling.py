"""Ways to spoil a delivered file byte by byte; each is a function of its draws only."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Spoil = Callable[[Random, bytes, bytes], bytes]  # draws, content, separator
SPOILS: dict[str, Spoil] = {}


def spoils(name: str) -> Callable[[Spoil], Spoil]:
    """Enters a way to spoil under its name in the table."""

    def enter(spoil: Spoil) -> Spoil:
        SPOILS[name] = spoil
        return spoil

    return enter


def anywhere(draw: Random, content: bytes) -> int:
    return draw.randint(0, len(content))


@spoils("untouched")
def _untouched(_: Random, content: bytes, __: bytes) -> bytes:
    return content


@spoils("bit flipped")
def _flipped(draw: Random, content: bytes, _: bytes) -> bytes:
    found = bytearray(content)
    for _number in range(draw.randint(1, 3) if found else 0):
        found[draw.randrange(len(found))] ^= 1 << draw.randrange(8)
    return bytes(found)


@spoils("byte replaced")
def _replaced(draw: Random, content: bytes, separator: bytes) -> bytes:
    at = anywhere(draw, content)
    return content[:at] + draw.choice([b'"', b"\n", b"\r", separator, b"\x1f", b" "]) + content[at + 1 :]


@spoils("bytes inserted")
def _inserted(draw: Random, content: bytes, _: bytes) -> bytes:
    at = anywhere(draw, content)
    return content[:at] + draw.randbytes(draw.randint(1, 8)) + content[at:]


@spoils("bytes deleted")
def _deleted(draw: Random, content: bytes, _: bytes) -> bytes:
    at = anywhere(draw, content)
    return content[:at] + content[at + draw.randint(1, 30) :]


@spoils("bytes doubled")
def _doubled(draw: Random, content: bytes, _: bytes) -> bytes:
    at = anywhere(draw, content)
    end = at + draw.randint(1, 300)
    return content[:end] + content[at:]


@spoils("truncated at a byte")
def _truncated(draw: Random, content: bytes, _: bytes) -> bytes:
    return content[: anywhere(draw, content)]


@spoils("truncated at a line")
def _shortened(draw: Random, content: bytes, _: bytes) -> bytes:
    at = content.find(b"\n", anywhere(draw, content))
    return content[: at + 1] if at >= 0 else content


@spoils("stray quote")
def _stray_quote(draw: Random, content: bytes, _: bytes) -> bytes:
    for _number in range(draw.choice([1, 1, 2, 3])):
        at = anywhere(draw, content)
        content = content[:at] + b'"' * draw.choice([1, 1, 2]) + content[at:]
    return content


@spoils("field never closed")
def _never_closed(draw: Random, content: bytes, separator: bytes) -> bytes:
    at = content.find(separator, anywhere(draw, content)) + 1
    return content[:at] + b'"' + content[at:]


@spoils("line ends CRLF")
def _crlf(_: Random, content: bytes, __: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@spoils("line ends mixed")
def _mixed(draw: Random, content: bytes, _: bytes) -> bytes:
    ends = draw.choice(
        [(b"\n", b"\r\n"), (b"\n", b"\r"), (b"\r",), (b"\n", b"\r\n", b"\r\r\n"), (b"\n", b"\n\n")]
    )
    parts = content.replace(b"\r\n", b"\n").split(b"\n")
    return b"".join(part + draw.choice(ends) for part in parts[:-1]) + parts[-1]


@spoils("bare CR or LF in a field")
def _bare(draw: Random, content: bytes, _: bytes) -> bytes:
    at = anywhere(draw, content)
    return content[:at] + draw.choice([b"\r", b"\n", b"\r\r", b"\n\r"]) + content[at:]


@spoils("line end lost")
def _joined(draw: Random, content: bytes, _: bytes) -> bytes:
    at = content.find(b"\n", draw.choice([0, anywhere(draw, content)]))
    return content[: max(0, at - draw.choice([0, 0, 9]))] + content[at + draw.choice([1, 1, 40]) :]


@spoils("NUL bytes")
def _nul(draw: Random, content: bytes, _: bytes) -> bytes:
    at = anywhere(draw, content)
    return content[:at] + b"\0" * draw.choice([1, 4096]) + content[at:]


@spoils("BOM")
def _bom(_: Random, content: bytes, __: bytes) -> bytes:
    return b"\xef\xbb\xbf" + content


@spoils("BOM elsewhere")
def _bom_elsewhere(draw: Random, content: bytes, _: bytes) -> bytes:
    at = draw.choice([0, anywhere(draw, content)])
    return (
        b"\xef\xbb\xbf" * (2 if at == 0 else 1) + content
        if at == 0
        else content[:at] + b"\xef\xbb\xbf" + content[at:]
    )


@spoils("UTF-16")
def _utf16(draw: Random, content: bytes, _: bytes) -> bytes:
    return content.decode("latin-1").encode(draw.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32"]))


@spoils("not UTF-8")
def _latin(draw: Random, content: bytes, _: bytes) -> bytes:
    for _number in range(draw.randint(1, 5)):
        at = anywhere(draw, content)
        content = (
            content[:at]
            + draw.choice([b"\xe9", b"\xfc", b"\x81", b"\xc3", b"\xe2\x82", b"\xff", b"\x92"])
            + content[at:]
        )
    return content


@spoils("control characters")
def _controls(draw: Random, content: bytes, _: bytes) -> bytes:
    all_of_them = draw.random() < 0.3
    for byte in range(1, 32) if all_of_them else [draw.randrange(1, 32)]:
        at = anywhere(draw, content)
        content = content[:at] + bytes([byte]) + content[at:]
    return content


@spoils("empty file")
def _empty(draw: Random, _: bytes, __: bytes) -> bytes:
    return draw.choice([b"", b"\n", b" ", b"\r\n\r\n", b"\xef\xbb\xbf"])


@spoils("of another study")
def _other_study(draw: Random, content: bytes, _: bytes) -> bytes:
    return content.replace(b"BXU001", b"OTHER-9", draw.choice([1, 1_000_000]))
