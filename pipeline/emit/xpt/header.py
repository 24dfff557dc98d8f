"""The descriptive records of a SAS V5 transport file with one member. Source: SAS TS-140.

Every record ("card") has 80 bytes; numbers are big-endian; text is blank padded ASCII.
"""

from __future__ import annotations

import struct
from datetime import datetime

from pipeline.emit.xpt.member import Column, Member

CARD = 80
NAMESTR_BYTES = 140
NAMESTR_START = 8 * CARD
SYSTEM_BYTES = 16  # the SAS release and the operating system, eight bytes each, side by side

_NUMERIC, _CHARACTER = 1, 2
_MONTHS = (
    "JAN",
    "FEB",
    "MAR",
    "APR",
    "MAY",
    "JUN",
    "JUL",
    "AUG",
    "SEP",
    "OCT",
    "NOV",
    "DEC",
)  # in every locale
_RELEASE = "6.06".ljust(8)  # the SAS release and system that TS-140 itself shows, written by most tools
_SYSTEM = "bsd4.2".ljust(8)

# ntype, nhfun, nlng, nvar0, nname, nlabel, nform, nfl, nfd, nfj, nfill, niform, nifl, nifd, npos, rest
_NAMESTR = struct.Struct(">hhhh8s40s8shhh2s8shhi52s")
_BLANK8 = b" " * 8


def header_bytes(member: Member) -> bytes:
    """Everything before the first record: library, member, variables, start of the observations."""
    stamp = _stamp(member.created)
    system = f"{member.mark:<{SYSTEM_BYTES}}" if member.mark else _RELEASE + _SYSTEM
    maker = system + " " * 24 + stamp
    cards = (
        _announcement("LIBRARY", "0" * 30),
        "SAS     SAS     SASLIB  " + maker,
        stamp.ljust(CARD),
        _announcement("MEMBER", f"{'0' * 17}1600000000{NAMESTR_BYTES}"),
        _announcement("DSCRPTR", "0" * 30),
        f"SAS     {member.name:<8}SASDATA " + maker,
        f"{stamp}{'':16}{member.label:<40}{'':8}",
        _announcement("NAMESTR", f"{'0' * 6}{len(member.columns):04d}{'0' * 20}"),
    )
    observations = _announcement("OBS", "0" * 30)
    return "".join(cards).encode("ascii") + _namestrs(member.columns) + observations.encode("ascii")


def transport_bytes(member: Member, records: int) -> int:
    """The size of the file that holds so many records of ``member``, known before it is written."""
    size = len(header_bytes(member)) + records * member.record_bytes
    return size + len(padding(size))


def records_within(member: Member, max_bytes: int) -> int:
    """How many records of ``member`` a file of at most ``max_bytes`` holds; it has whole cards only."""
    room = max_bytes // CARD * CARD - len(header_bytes(member))
    return max(room, 0) // member.record_bytes


def padding(count: int) -> bytes:
    """The blanks that fill ``count`` bytes up to whole cards; none if they already are."""
    return b" " * (-count % CARD)


def variable_at(member: Member, offset: int) -> str | None:
    """The variable whose NAMESTR holds the byte ``offset`` of the header; None outside the NAMESTRs."""
    index, _ = divmod(offset - NAMESTR_START, NAMESTR_BYTES)
    return member.columns[index].name if 0 <= index < len(member.columns) else None


def _announcement(kind: str, numbers: str) -> str:
    return f"HEADER RECORD*******{kind:<8}HEADER RECORD!!!!!!!{numbers}".ljust(CARD)


def _stamp(moment: datetime) -> str:
    return f"{moment.day:02d}{_MONTHS[moment.month - 1]}{moment.year % 100:02d}:{moment:%H:%M:%S}"


def _namestrs(columns: tuple[Column, ...]) -> bytes:
    block, position = bytearray(), 0
    for number, column in enumerate(columns, start=1):
        block += _namestr(column, number, position)
        position += column.length
    return bytes(block) + padding(len(block))


def _namestr(column: Column, number: int, position: int) -> bytes:
    kind = _NUMERIC if column.kind == "Num" else _CHARACTER
    name, label = column.name.ljust(8).encode("ascii"), column.label.ljust(40).encode("ascii")
    no_format = (_BLANK8, 0, 0)
    form, length, decimals = no_format
    informat, informat_length, informat_decimals = no_format
    return _NAMESTR.pack(
        kind, 0, column.length, number, name, label,
        form, length, decimals, 0, b"",
        informat, informat_length, informat_decimals, position, b"",
    )  # fmt: skip
