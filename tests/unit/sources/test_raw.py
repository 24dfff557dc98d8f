"""The raw frame: every column as delivered, every row with its line."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import Refused
from pipeline.sources import pieces
from pipeline.sources.raw import read_raw
from pipeline.specs.layout import SourceLayout

FORM = SourceLayout("edc_xx", "XX.csv", ("A", "B"), study_column=None)
LAB = SourceLayout("lab", "*.txt", ("A", "B"), separator="|", study_column=None)


def raw(tmp_path: Path, content: bytes, layout: SourceLayout = FORM) -> pl.DataFrame:
    path = tmp_path / "file"
    path.write_bytes(content)
    return read_raw(path, layout).collect()


def test_values_are_exactly_those_delivered(tmp_path):
    frame = raw(tmp_path, b'A,B\r\n" x ",\t\r\nNA,null\r\n"",1.50\r\n007,"say ""hi"", twice"\r\n')
    assert frame.schema == {"_line": pl.UInt32, "A": pl.String, "B": pl.String}
    assert frame.rows() == [
        (2, " x ", "\t"),
        (3, "NA", "null"),
        (4, "", "1.50"),
        (5, "007", 'say "hi", twice'),
    ]


def test_lines_are_physical_lines_also_behind_line_feeds_inside_quotes(tmp_path):
    frame = raw(tmp_path, b'A,B\n1,"x\ny\r\nz"\n2,\n"\n",3\n4,\n')
    assert frame["_line"].to_list() == [2, 5, 6, 8]
    assert frame["B"][0] == "x\ny\r\nz"


def test_carriage_returns_inside_a_value_stay(tmp_path):
    frame = raw(tmp_path, b'A,B\r\na\rb,"c\r"\r\n\r,d\r\n')
    assert frame.rows() == [(2, "a\rb", "c\r"), (3, "\r", "d")]


def test_a_pipe_file_knows_no_quotes_and_keeps_a_bare_line_feed(tmp_path):
    frame = raw(tmp_path, b'A|B\r\n"x|y"\r\na\nb|\r\nc|d\r\n', LAB)
    assert frame.rows() == [(2, '"x', 'y"'), (3, "a\nb", ""), (5, "c", "d")]


def test_only_foreign_bytes_are_read_as_windows_1252(tmp_path):
    frame = raw(tmp_path, b"A,B\ncaf\xe9,\x93x\x94\ncaf\xc3\xa9,\x81\n")
    assert frame.rows() == [(2, "café", "“x”"), (3, "café", "\x81")]


def test_control_characters_in_a_value_are_no_syntax(tmp_path):
    frame = raw(tmp_path, b"A,B\n\x1f\x1e,\x1d\x1c\r\x1b\n")
    assert frame.rows() == [(2, "\x1f\x1e", "\x1d\x1c\r\x1b")]


def test_a_frame_of_one_column_has_blank_records(tmp_path):
    layout = SourceLayout("one", "*", ("A",), study_column=None)
    assert raw(tmp_path, b"A\n\nx\n\n", layout).rows() == [(2, ""), (3, "x"), (4, "")]


def test_columns_rows_and_a_limit_can_be_chosen_before_reading(tmp_path, monkeypatch):
    monkeypatch.setattr(pieces, "PIECE", 10)
    path = tmp_path / "file"
    path.write_bytes(b"A,B\n" + b"".join(b"%d,x%d\n" % (n, n % 3) for n in range(100)))
    lazy = read_raw(path, FORM)
    assert lazy.filter(pl.col("B") == "x0").select("_line", "A").head(2).collect().rows() == [
        (2, "0"),
        (5, "3"),
    ]
    assert lazy.select("_line").collect().height == 100
    assert lazy.head(5).collect().height == 5
    assert lazy.select(pl.len()).collect().item() == 100


def test_a_header_only_file_is_an_empty_frame(tmp_path):
    frame = raw(tmp_path, b"A,B\r\n")
    assert (frame.height, frame.columns) == (0, ["_line", "A", "B"])


def test_a_fault_behind_the_header_is_a_refusal_when_the_frame_is_collected(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"A,B\n1,2\n3\n")
    lazy = read_raw(path, FORM)
    with pytest.raises(Refused, match="line 3 has 1 fields"):
        lazy.collect()
