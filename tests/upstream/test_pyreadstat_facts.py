"""Facts about pyreadstat that the transport writer relies on: a failure says who changed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pyreadstat
import pytest

from pipeline.emit.xpt.write import Column, Member, write_xpt

MEMBER = Member(
    "VS",
    "Vital Signs",
    (Column("STUDYID", "Study Identifier", "Char", 5), Column("VSSTRESN", "Numeric Result", "Num")),
    datetime(2027, 3, 9, 14, 5, 6),
)
ROWS = pl.DataFrame({"STUDYID": ["S-001", None, "S-1"], "VSSTRESN": [98.6, None, -0.5]})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_xpt(tmp_path / "vs.xpt", MEMBER, ROWS)
    return tmp_path / "vs.xpt"


def test_pyreadstat_writes_the_same_bytes_except_for_dates_and_the_side_of_numbers(
    path: Path, tmp_path: Path
) -> None:
    pyreadstat.write_xport(
        ROWS,
        tmp_path / "theirs.xpt",
        file_label=MEMBER.label,
        column_labels=[column.label for column in MEMBER.columns],
        table_name="VS",
        file_format_version=5,
    )
    ours, theirs = path.read_bytes(), bytearray((tmp_path / "theirs.xpt").read_bytes())
    for at in (144, 160, 464, 480):
        theirs[at : at + 16] = ours[at : at + 16]
    justified = (
        640 + 140 + 68
    )  # nfj of the second variable: they ask for numbers on the right, SAS itself does not
    assert theirs[justified : justified + 2] == b"\0\1"
    theirs[justified + 1] = 0
    assert ours == theirs


def test_it_tells_names_labels_lengths_types_and_dates(path: Path) -> None:
    rows, seen = pyreadstat.read_xport(path, metadataonly=True, output_format="dict")
    assert rows == {"STUDYID": [], "VSSTRESN": []} or not rows
    assert (seen.table_name, seen.file_label) == ("VS", "Vital Signs")
    assert seen.column_names == ["STUDYID", "VSSTRESN"]
    assert seen.column_names_to_labels == {"STUDYID": "Study Identifier", "VSSTRESN": "Numeric Result"}
    assert seen.readstat_variable_types == {"STUDYID": "string", "VSSTRESN": "double"}
    assert seen.variable_storage_width == {"STUDYID": 5, "VSSTRESN": 8}
    assert seen.original_variable_types == {"STUDYID": None, "VSSTRESN": None}
    assert seen.creation_time == MEMBER.created


def test_missing_text_is_read_as_an_empty_one_and_a_missing_number_as_null(path: Path) -> None:
    rows, _ = pyreadstat.read_xport(path, output_format="polars")
    assert rows.to_dict(as_series=False) == {"STUDYID": ["S-001", "", "S-1"], "VSSTRESN": [98.6, None, -0.5]}


def test_blanks_after_a_text_vanish_and_blanks_before_it_stay(path: Path) -> None:
    octets = path.read_bytes().replace(b"S-001", b" S-  ", 1)
    path.write_bytes(octets)
    rows, _ = pyreadstat.read_xport(path, output_format="polars")
    assert rows["STUDYID"][0] == " S-"


def test_blank_records_at_the_end_are_taken_for_padding(tmp_path: Path) -> None:
    member = Member("XX", "Dataset", (Column("A", "Text", "Char", 20),), MEMBER.created)
    write_xpt(tmp_path / "xx.xpt", member, pl.DataFrame({"A": ["a", "b"]}))
    rows, _ = pyreadstat.read_xport(tmp_path / "xx.xpt", output_format="polars")
    assert rows["A"].to_list() == ["a", "b"]


def test_its_own_writer_still_lets_a_number_pass_that_is_none(tmp_path: Path) -> None:
    """Why the writer is our own: NaN becomes a number and 1e-79 becomes 0."""
    pyreadstat.write_xport(
        pl.DataFrame({"N": [float("nan"), 1e-79]}), tmp_path / "x.xpt", file_format_version=5
    )
    rows, _ = pyreadstat.read_xport(tmp_path / "x.xpt", output_format="polars")
    assert rows["N"][0] > 7e75
    assert rows["N"][1] == 0.0


@pytest.mark.parametrize("octets", [b"", b"x" * 10, b" " * 2000])
def test_what_is_no_transport_file_raises_its_own_error(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "x.xpt").write_bytes(octets)
    with pytest.raises(pyreadstat.ReadstatError):
        pyreadstat.read_xport(tmp_path / "x.xpt", output_format="polars")
