"""Reading a file back accepts what was written and nothing else: no byte can change unnoticed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipeline.emit.xpt.batches import BATCH_ROWS
from pipeline.emit.xpt.readback import _compare_descriptions, read_back
from pipeline.emit.xpt.write import Column, Member, write_xpt
from pipeline.errors import BuildFailed, MachineError

MEMBER = Member(
    "DM",
    "Demographics",
    (
        Column("STUDYID", "Study Identifier", "Char", 3),
        Column("AGE", "Age", "Num"),
        Column("ARM", "Description of Planned Arm", "Char", 5),
    ),
    datetime(2027, 3, 9, 14, 5, 6),
)
ROWS = pl.DataFrame({"STUDYID": ["S1", "S1"], "AGE": [40.5, None], "ARM": [None, "A B"]})
DATA = 640 + 480 + 80  # the first byte of the first record


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write_xpt(tmp_path / "dm.xpt", MEMBER, ROWS)
    return tmp_path / "dm.xpt"


def refusal(path: Path, member: Member = MEMBER, expected: pl.DataFrame = ROWS) -> str:
    with pytest.raises(BuildFailed) as caught:
        read_back(path, member, expected)
    return str(caught.value)


def test_what_was_written_is_accepted_and_leaves_nothing_behind(written: Path) -> None:
    read_back(written, MEMBER, ROWS)
    read_back(written, MEMBER, ROWS.lazy())
    read_back(written, MEMBER, ROWS.iter_slices(1))
    read_back(written, MEMBER, ROWS.with_columns(pl.col("ARM").fill_null("")))
    assert list(written.parent.iterdir()) == [written]


@pytest.mark.parametrize(("flip", "first"), [(0x01, 0), (0x20, DATA), (0xFF, DATA)])
def test_no_byte_of_the_file_can_change_unnoticed(written: Path, flip: int, first: int) -> None:
    good = written.read_bytes()
    for at in range(first, len(good)):
        written.write_bytes(good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :])
        line = refusal(written)
        assert line.startswith(("dataset DM: ", "DM.")), at
        assert "\n" not in line
    assert list(written.parent.iterdir()) == [written]


@pytest.mark.parametrize(
    ("at", "octet", "culprit"),
    [
        (DATA + 1, b"9", "DM.STUDYID: record 1 read back"),
        (DATA + 2, b"9", "DM.STUDYID: record 1 read back"),
        (DATA + 3, b"\x43", "DM.AGE: record 1 read back"),
        (DATA + 9, b"\x08", "DM.AGE: record 1 read back"),
        (DATA + 10, b"\x01", "dataset DM: record 1 has a byte that was not written"),
        (DATA + 15, b"x", "DM.ARM: record 1 read back"),
        (DATA + 19, b"\x41", "dataset DM: record 2 has a byte that was not written"),
        (DATA + 20, b"\x10", "DM.AGE: record 2 read back"),
        (DATA + 28, b"b", "DM.ARM: record 2 read back"),
        (DATA + 32, b"x", "dataset DM: the file does not end after record 2"),
        (408, b"X", "dataset DM: the dataset name"),
        (512, b"X", "dataset DM: the dataset label"),
        (144, b"8", "dataset DM: byte 144 of the header"),
        (160, b"2", "dataset DM: the date"),
        (464, b"2", "dataset DM: byte 464 of the header"),
        (480, b"2", "dataset DM: byte 480 of the header"),
        (640 + 8, b"X", "dataset DM: the order of variables"),
        (640 + 16, b"X", "DM.STUDYID: the label"),
        (780 + 16, b"X", "DM.AGE: the label"),
        (640 + 5, b"\x04", "DM.STUDYID: the length"),
        (780 + 56, b"X", "DM.AGE: the format"),
        (780 + 87, b"\x04", "DM.AGE: byte 867 of the header"),
    ],
)
def test_a_change_is_reported_where_it_is(written: Path, at: int, octet: bytes, culprit: str) -> None:
    good = written.read_bytes()
    assert good[at : at + 1] != octet
    written.write_bytes(good[:at] + octet + good[at + 1 :])
    assert refusal(written).startswith(culprit)


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        ({"STUDYID": ["S1", "S2"]}, "DM.STUDYID: record 2 read back"),
        ({"AGE": [40.5, 0.0]}, "DM.AGE: record 2 read back"),
        ({"AGE": [None, None]}, "DM.AGE: record 1 read back"),
        ({"AGE": [40.50000000000001, None]}, "DM.AGE: record 1 read back"),
        ({"AGE": [Decimal("40.6"), None]}, "DM.AGE: record 1 read back"),
        ({"ARM": ["A B", "A B"]}, "DM.ARM: record 1 read back"),
        ({"ARM": [None, "a B"]}, "DM.ARM: record 2 read back"),
    ],
)
def test_a_frame_that_was_not_written_is_refused(
    written: Path, change: dict[str, list[object]], culprit: str
) -> None:
    other = ROWS.with_columns(pl.Series(name, values) for name, values in change.items())
    assert refusal(written, expected=other).startswith(culprit)


def test_a_record_too_few_or_too_many_is_refused(written: Path) -> None:
    assert refusal(written, expected=ROWS.head(1)).startswith(
        "dataset DM: the file does not end after record 1"
    )
    assert "records are read back from record 1 on, not 3" in refusal(
        written, expected=pl.concat([ROWS, ROWS.head(1)])
    )
    assert "the file ends before record" in refusal(written, expected=pl.concat([ROWS] * 9))


@pytest.mark.parametrize("length", [0, 1, 79, 500, 640, 1199, 1200, 1216, 1231, 1279])
def test_a_file_that_is_cut_off_is_refused(written: Path, length: int) -> None:
    written.write_bytes(written.read_bytes()[:length])
    assert refusal(written).startswith("dataset DM: ")


@pytest.mark.parametrize("more", [b" ", b" " * 80, b"S1 ", b"\0" * 80])
def test_a_file_with_more_at_its_end_is_refused(written: Path, more: bytes) -> None:
    written.write_bytes(written.read_bytes() + more)
    assert refusal(written).startswith("dataset DM: the file does not end after record 2")


@pytest.mark.parametrize(
    ("other", "culprit"),
    [
        (replace(MEMBER, name="DN"), "dataset DN: the dataset name"),
        (replace(MEMBER, label="Other"), "dataset DM: the dataset label"),
        (replace(MEMBER, created=datetime(2027, 3, 9, 14, 5, 7)), "dataset DM: the date"),
        (replace(MEMBER, columns=MEMBER.columns[:2]), "dataset DM: the order of variables"),
        (replace(MEMBER, columns=MEMBER.columns[::-1]), "dataset DM: the order of variables"),
        (
            replace(MEMBER, columns=(*MEMBER.columns[:2], Column("ARM", "Arm", "Char", 5))),
            "DM.ARM: the label",
        ),
        (
            replace(MEMBER, columns=(*MEMBER.columns[:2], Column("ARM", MEMBER.columns[2].label, "Char", 6))),
            "DM.ARM: the length",
        ),
        (
            replace(MEMBER, columns=(*MEMBER.columns[:2], Column("ARM", MEMBER.columns[2].label, "Num", 5))),
            "DM.ARM: the type",
        ),
    ],
)
def test_the_reader_itself_sees_another_description(written: Path, other: Member, culprit: str) -> None:
    with pytest.raises(BuildFailed) as caught:
        _compare_descriptions(written, other)
    assert str(caught.value).startswith(culprit)


def test_every_record_of_a_long_file_is_compared(tmp_path: Path) -> None:
    count = 2 * BATCH_ROWS + 10
    member = Member(
        "XX", "Long", (Column("A", "Text", "Char", 5), Column("N", "Number", "Num")), datetime(2027, 1, 1)
    )
    number = pl.int_range(count, eager=True)
    frame = pl.DataFrame({"A": (number % 10_000).cast(pl.String), "N": number})
    path = tmp_path / "xx.xpt"
    write_xpt(path, member, frame)
    read_back(path, member, frame)
    for record in (1, BATCH_ROWS, BATCH_ROWS + 1, 2 * BATCH_ROWS + 1, count):
        changed = frame.with_columns(pl.when(number == record - 1).then(-1).otherwise("N").alias("N"))
        assert f"XX.N: record {record} read back" in refusal(path, member, changed)


def test_a_record_of_the_size_of_the_padding_is_not_mistaken_for_it(tmp_path: Path) -> None:
    member = Member("XX", "Short", (Column("A", "Text", "Char", 1),), datetime(2027, 1, 1))
    frame = pl.DataFrame({"A": ["x"] * (BATCH_ROWS + 3)})
    write_xpt(tmp_path / "xx.xpt", member, frame)
    read_back(tmp_path / "xx.xpt", member, frame)
    read_back(tmp_path / "xx.xpt", member, frame.iter_slices(50))
    assert "does not end" in refusal(tmp_path / "xx.xpt", member, frame.head(BATCH_ROWS))


def test_an_empty_dataset_and_untyped_nulls_are_accepted(tmp_path: Path) -> None:
    nulls = ROWS.with_columns(AGE=None, ARM=None)
    for frame in (ROWS.clear(), nulls):
        write_xpt(tmp_path / "dm.xpt", MEMBER, frame, may_be_empty=True)
        read_back(tmp_path / "dm.xpt", MEMBER, frame)


def test_a_missing_file_is_a_machine_error(tmp_path: Path) -> None:
    with pytest.raises(MachineError):
        read_back(tmp_path / "dm.xpt", MEMBER, ROWS)
