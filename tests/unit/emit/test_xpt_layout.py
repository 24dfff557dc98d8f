"""The bytes of a transport file against the published layout, by a parser of its own."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from pipeline.emit.xpt.write import Column, Member, write_xpt

CUT = datetime(2027, 3, 9, 14, 5, 6)
VITALS = Member(
    "VS",
    "Vital Signs",
    (
        Column("STUDYID", "Study Identifier", "Char", 5),
        Column("VSSEQ", "Sequence Number", "Num"),
        Column("VSORRES", "Result", "Char", 4),
    ),
    CUT,
)
ROWS = pl.DataFrame({"STUDYID": ["S-001", "S-001"], "VSSEQ": [1, None], "VSORRES": ["98.6", None]})


@dataclass
class Variable:
    kind: int
    length: int
    number: int
    name: bytes
    label: bytes
    position: int
    unused: bytes


def variables(octets: bytes) -> list[Variable]:
    """The NAMESTRs, cut out by the published offsets."""
    count = int(octets[560 + 54 : 560 + 58])
    cut = [octets[640 + 140 * k : 640 + 140 * (k + 1)] for k in range(count)]
    return [
        Variable(
            kind=int.from_bytes(one[0:2], "big"),
            length=int.from_bytes(one[4:6], "big"),
            number=int.from_bytes(one[6:8], "big"),
            name=one[8:16],
            label=one[16:56],
            position=int.from_bytes(one[84:88], "big"),
            unused=one[2:4] + one[56:84] + one[88:140],
        )
        for one in cut
    ]


def body(octets: bytes) -> bytes:
    """Everything behind the header of the observations."""
    marker = b"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!" + b"0" * 30 + b"  "
    at = octets.index(marker)
    assert at % 80 == 0
    return octets[at + 80 :]


@pytest.fixture
def octets(tmp_path: Path) -> bytes:
    write_xpt(tmp_path / "vs.xpt", VITALS, ROWS)
    return (tmp_path / "vs.xpt").read_bytes()


def test_the_header_cards_are_the_published_ones(octets: bytes) -> None:
    cards = [octets[k : k + 80] for k in range(0, 640, 80)]
    stamp = b"09MAR27:14:05:06"
    assert cards[0] == b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!" + b"0" * 30 + b"  "
    assert cards[1][:24] == b"SAS     SAS     SASLIB  "
    assert cards[1][40:] == b" " * 24 + stamp
    assert cards[2] == stamp + b" " * 64
    assert cards[3] == b"HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!" + b"0" * 17 + b"1600000000140  "
    assert cards[4] == b"HEADER RECORD*******DSCRPTR HEADER RECORD!!!!!!!" + b"0" * 30 + b"  "
    assert cards[5][:24] == b"SAS     VS      SASDATA "
    assert cards[5][24:40] == cards[1][24:40]
    assert cards[5][40:] == b" " * 24 + stamp
    assert cards[6] == stamp + b" " * 16 + b"Vital Signs".ljust(40) + b" " * 8
    assert (
        cards[7]
        == b"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!" + b"000000" + b"0003" + b"0" * 20 + b"  "
    )


def test_every_namestr_tells_type_length_order_name_label_and_position(octets: bytes) -> None:
    told = [(v.kind, v.length, v.number, v.name, v.label.rstrip(), v.position) for v in variables(octets)]
    assert told == [
        (2, 5, 1, b"STUDYID ", b"Study Identifier", 0),
        (1, 8, 2, b"VSSEQ   ", b"Sequence Number", 5),
        (2, 4, 3, b"VSORRES ", b"Result", 13),
    ]


def test_formats_are_blank_and_the_rest_of_a_namestr_is_nul(octets: bytes) -> None:
    for variable in variables(octets):
        hash_code, form, numbers, informat, informat_numbers, rest = struct.unpack(
            ">2s8s8s8s4s52s", variable.unused
        )
        assert form == informat == b" " * 8
        assert hash_code + numbers + informat_numbers + rest == bytes(66)


def test_the_namestrs_are_filled_up_to_a_card_with_blanks(octets: bytes) -> None:
    assert octets[640 + 3 * 140 : 1120] == b" " * 60
    assert octets[1120:1140] == b"HEADER RECORD*******"


def test_records_follow_each_other_and_only_the_file_is_filled_up(octets: bytes) -> None:
    one = bytes.fromhex("4110000000000000")
    missing = bytes.fromhex("2e00000000000000")
    assert body(octets) == (b"S-001" + one + b"98.6" + b"S-001" + missing + b"    ").ljust(80)


@pytest.mark.parametrize(
    ("length", "rows", "cards"), [(8, 10, 1), (8, 11, 2), (200, 2, 5), (1, 80, 1), (1, 0, 0)]
)
def test_a_file_that_ends_with_a_card_gets_no_blanks(
    tmp_path: Path, length: int, rows: int, cards: int
) -> None:
    member = Member("TI", "Inclusion", (Column("STUDYID", "Study Identifier", "Char", length),), CUT)
    frame = pl.DataFrame({"STUDYID": ["S" * length] * rows}, schema={"STUDYID": pl.String})
    write_xpt(tmp_path / "ti.xpt", member, frame, may_be_empty=True)
    data = body((tmp_path / "ti.xpt").read_bytes())
    assert len(data) == cards * 80
    assert data.rstrip(b" ") == b"S" * length * rows


@pytest.mark.parametrize("count", [1, 4, 5, 200, 1001])
def test_the_number_of_variables_stands_in_four_digits(tmp_path: Path, count: int) -> None:
    names = [f"V{k}" for k in range(count)]
    member = Member("XX", "Wide", tuple(Column(name, name, "Num") for name in names), CUT)
    write_xpt(tmp_path / "xx.xpt", member, pl.DataFrame({name: [float(k)] for k, name in enumerate(names)}))
    octets = (tmp_path / "xx.xpt").read_bytes()
    assert octets[614:618] == f"{count:04d}".encode()
    assert [v.name.rstrip().decode() for v in variables(octets)] == names
    assert [v.position for v in variables(octets)] == [8 * k for k in range(count)]
    assert len(octets) % 80 == 0
    assert len(body(octets)) == -(-8 * count // 80) * 80


MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


@pytest.mark.parametrize(("month", "letters"), list(enumerate(MONTHS, start=1)))
def test_months_are_english_capitals_in_every_locale(tmp_path: Path, month: int, letters: str) -> None:
    member = Member("VS", "Vital Signs", VITALS.columns, datetime(2030, month, 1))
    write_xpt(tmp_path / "vs.xpt", member, ROWS)
    octets = (tmp_path / "vs.xpt").read_bytes()
    stamps = {octets[at : at + 16] for at in (144, 160, 464, 480)}
    assert stamps == {f"01{letters}30:00:00:00".encode()}
