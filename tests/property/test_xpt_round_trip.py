"""What the writer accepts, pyreadstat reads back unchanged; what a file cannot hold, the writer refuses."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pyarrow as pa
import pyreadstat
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.emit.xpt.header import records_within, transport_bytes
from pipeline.emit.xpt.ibm_float import MISSING, all_fit, ibm_bits, too_large, too_small
from pipeline.emit.xpt.limits import MAX_WHOLE
from pipeline.emit.xpt.numbers import number_cells
from pipeline.emit.xpt.place import Place
from pipeline.emit.xpt.readback import read_back
from pipeline.emit.xpt.text import text_cells
from pipeline.emit.xpt.write import Column, Kind, Member, char_lengths, write_xpt
from pipeline.errors import BuildFailed

ID = Column("STUDYID", "Study Identifier", "Char", 1)
LARGEST = math.nextafter(2.0**252, 0)
SMALLEST = 2.0**-260

on_disk = settings(deadline=None, max_examples=60)  # a disk has its moments
unhurried = settings(deadline=None)  # neither has a busy machine
in_range = st.floats(SMALLEST, LARGEST) | st.floats(-LARGEST, -SMALLEST) | st.just(0.0) | st.just(-0.0)
whole = st.integers(-MAX_WHOLE, MAX_WHOLE)
printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=200)
text = printable.map(str.strip).filter(lambda value: value != ".")


def read_after_write(values: pl.Series, column: Column) -> pl.Series:
    member = Member("XX", "Round trip", (ID, column), datetime(2027, 1, 1))
    frame = pl.DataFrame({"STUDYID": ["S"] * len(values), column.name: values})
    with TemporaryDirectory() as folder:
        path = Path(folder) / "xx.xpt"
        write_xpt(path, member, frame)
        read_back(path, member, frame)
        seen, _ = pyreadstat.read_xport(path, output_format="polars")
    assert isinstance(seen, pl.DataFrame)
    assert seen["STUDYID"].to_list() == ["S"] * len(values)
    return seen[column.name]


def accepted(values: pl.Series, column: Column) -> bool:
    member = Member("XX", "Round trip", (ID, column), datetime(2027, 1, 1))
    with TemporaryDirectory() as folder:
        try:
            write_xpt(Path(folder) / "xx.xpt", member, pl.DataFrame({"STUDYID": ["S"], column.name: values}))
        except BuildFailed:
            return False
    return True


NUM = Column("AVAL", "Value", "Num")


@on_disk
@given(st.lists(in_range | st.none(), min_size=1))
def test_doubles_come_back_bit_by_bit(values: list[float | None]) -> None:
    seen = read_after_write(pl.Series(values, dtype=pl.Float64), NUM)
    assert seen.to_list() == values


@on_disk
@given(st.lists(whole | st.none(), min_size=1))
def test_whole_numbers_come_back_as_themselves(values: list[int | None]) -> None:
    seen = read_after_write(pl.Series(values, dtype=pl.Int64), NUM)
    assert [None if value is None else int(value) for value in seen.to_list()] == values


@on_disk
@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 20))
def test_decimals_of_fifteen_digits_come_back_digit_by_digit(digits: int, scale: int) -> None:
    value = Decimal(digits).scaleb(-scale)
    seen = read_after_write(pl.Series([value], dtype=pl.Decimal(38, scale)), NUM)
    assert seen.to_list() == [float(str(value))]
    assert Decimal(repr(seen.to_list()[0])) == value


@on_disk
@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_double_is_refused_exactly_when_an_ibm_double_cannot_hold_it(value: float) -> None:
    holds = value == 0.0 or SMALLEST <= abs(value) <= LARGEST
    assert accepted(pl.Series([value]), NUM) == holds


@on_disk
@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_number_is_refused_exactly_beyond_two_to_the_53(value: int) -> None:
    assert accepted(pl.Series([value], dtype=pl.Int64), NUM) == (abs(value) <= MAX_WHOLE)


@given(st.lists(in_range, min_size=2))
def test_ibm_doubles_of_numbers_above_zero_keep_their_order(values: list[float]) -> None:
    ordered = np.sort(np.abs(np.array(values)))
    assert (np.diff(ibm_bits(ordered).astype(object)) >= 0).all()


@on_disk
@given(st.lists(text | st.none(), min_size=1))
def test_texts_come_back_letter_by_letter(values: list[str | None]) -> None:
    series = pl.Series("AVAL", values, dtype=pl.String)
    column = Column("AVAL", "Value", "Char", char_lengths(series.to_frame())["AVAL"])
    assert read_after_write(series, column).to_list() == [value or "" for value in values]


@on_disk
@given(st.text(max_size=12))
def test_a_text_is_refused_exactly_when_a_cell_cannot_hold_it(value: str) -> None:
    holds = (
        len(value) <= 8
        and all(" " <= letter <= "~" for letter in value)
        and value == value.strip(" ")
        and value != "."
    )
    assert accepted(pl.Series([value]), Column("AVAL", "Value", "Char", 8)) == holds


@given(st.lists(text | st.none()), st.integers(0, 5), st.integers(0, 5))
def test_cells_do_not_depend_on_how_a_column_was_cut(
    values: list[str | None], before: int, after: int
) -> None:
    column = pl.Series(["head"] * before + values + ["tail"] * after, dtype=pl.String)
    part = column.slice(before, len(values))
    cells = text_cells(part, 200, Place("XX", "AVAL"))
    assert cells.tobytes() == b"".join((value or "").ljust(200).encode() for value in values)


@unhurried
@given(st.lists(st.lists(text | st.none(), min_size=1), min_size=1), st.integers(1, 200), st.data())
def test_cells_do_not_depend_on_where_polars_keeps_the_texts(
    pieces: list[list[str | None]], width: int, draw: st.DataObject
) -> None:
    cut = [[value and value[:width].strip() for value in piece] for piece in pieces]
    values = [None if value == "." else value for piece in cut for value in piece]
    column = pl.concat([pl.Series(piece, dtype=pl.String) for piece in cut], rechunk=False)
    column = column.set(column == ".", None)
    order = draw.draw(st.permutations(range(len(values))))
    for series, expected in (
        (column, values),
        (column.gather(order), [values[k] for k in order]),
        (column.rechunk(), values),
    ):
        cells = text_cells(series, width, Place("XX", "AVAL"))
        assert cells.tobytes() == b"".join((value or "").ljust(width).encode() for value in expected)


@unhurried
@given(st.lists(text.filter(bool), min_size=1), st.data())
def test_what_lies_behind_a_null_is_never_seen(values: list[str], draw: st.DataObject) -> None:
    missing = draw.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
    full = pa.array(values, pa.string_view())
    bits = np.packbits(~np.array(missing), bitorder="little")
    hidden = pa.Array.from_buffers(
        pa.string_view(), len(values), [pa.py_buffer(bits), *full.buffers()[1:]], null_count=sum(missing)
    )
    cells = text_cells(pl.Series(hidden), 200, Place("XX", "AVAL")).tobytes()
    shown = ["" if gone else value for value, gone in zip(values, missing, strict=True)]
    assert cells == b"".join(value.ljust(200).encode() for value in shown)


@unhurried
@given(st.lists(st.tuples(in_range, st.booleans()), min_size=1))
def test_the_number_behind_a_null_is_never_seen(pairs: list[tuple[float, bool]]) -> None:
    values = np.array([math.nan if gone else value for value, gone in pairs])
    bits = np.packbits([not gone for _, gone in pairs], bitorder="little")
    hidden = pa.Array.from_buffers(pa.float64(), len(values), [pa.py_buffer(bits), pa.py_buffer(values)])
    cells = number_cells(pl.Series(hidden), Place("XX", "AVAL"))
    assert (cells == MISSING).tolist() == [gone for _, gone in pairs]


@unhurried
@given(st.lists(st.floats(), min_size=1))
def test_one_look_at_the_exponents_answers_as_each_number_does(values: list[float]) -> None:
    numbers = np.array(values)
    each = too_large(numbers) | too_small(numbers) | np.isnan(numbers)
    assert all_fit(numbers) == (not each.any())


names = st.from_regex(r"[A-Z][A-Z0-9_]{0,7}", fullmatch=True)
labels = (
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40).map(str.strip).filter(bool)
)
kinds = st.just(("Num", 8)) | st.tuples(st.just("Char"), st.integers(1, 200))
columns = st.lists(st.tuples(names, labels, kinds), min_size=1, max_size=12, unique_by=lambda each: each[0])
moments = st.datetimes(datetime(1960, 1, 1), datetime(2059, 12, 31))  # what two digits of a year can tell


@on_disk
@given(names, labels, columns, moments, st.none() | st.just("DRAFT-BLINDED"), st.integers(0, 30))
def test_any_description_and_size_is_read_back_and_fills_whole_cards(
    name: str,
    label: str,
    described: list[tuple[str, str, tuple[Kind, int]]],
    created: datetime,
    mark: str | None,
    count: int,
) -> None:
    told = tuple(Column(name, label, kind, length) for name, label, (kind, length) in described)
    member = Member(name, label, told, created, mark)
    cells = {each.name: [1.0] * count if each.kind == "Num" else ["x" * each.length] * count for each in told}
    types = {each.name: pl.Float64 if each.kind == "Num" else pl.String for each in told}
    frame = pl.DataFrame(cells, schema=types)
    with TemporaryDirectory() as folder:
        path = Path(folder) / member.file_name
        write_xpt(path, member, frame, may_be_empty=True)
        read_back(path, member, frame)
        assert path.stat().st_size == transport_bytes(member, count)
    assert transport_bytes(member, count) % 80 == 0
    assert records_within(member, transport_bytes(member, count)) >= count
    assert records_within(member, transport_bytes(member, count) - 80) < max(count, 1)
