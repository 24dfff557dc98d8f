"""What a transport file must not hold is refused in one line that names the place and never the value."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipeline.emit.xpt.batches import BATCH_ROWS
from pipeline.emit.xpt.write import Column, Kind, Member, write_xpt
from pipeline.errors import BuildFailed

CUT = datetime(2027, 3, 9)
ID = Column("STUDYID", "Study Identifier", "Char", 2)


def refusal(folder: Path, values: pl.Series, kind: Kind, length: int = 8) -> str:
    """The line that a file with the column AVAL of ``values`` is refused with."""
    member = Member("XX", "Dataset", (ID, Column("AVAL", "Value", kind, length)), CUT)
    frame = pl.DataFrame({"STUDYID": ["S1"] * len(values), "AVAL": values})
    with pytest.raises(BuildFailed) as caught:
        write_xpt(folder / "xx.xpt", member, frame)
    assert list(folder.iterdir()) == []
    return str(caught.value)


def written(folder: Path, values: pl.Series, kind: Kind, length: int = 8) -> int:
    member = Member("XX", "Dataset", (ID, Column("AVAL", "Value", kind, length)), CUT)
    return write_xpt(
        folder / "xx.xpt", member, pl.DataFrame({"STUDYID": ["S1"] * len(values), "AVAL": values})
    )


@pytest.mark.parametrize(
    ("value", "culprit"),
    [
        (float("nan"), "record 2 is NaN"),
        (float("inf"), "record 2 is infinite or beyond the range"),
        (float("-inf"), "record 2 is infinite or beyond the range"),
        (2.0**252, "record 2 is infinite or beyond the range"),
        (-(2.0**252), "record 2 is infinite or beyond the range"),
        (1e-79, "record 2 is so near 0"),
        (5e-324, "record 2 is so near 0"),
        (2**53 + 1, "record 2 is a whole number beyond 2**53"),
        (-(2**53) - 1, "record 2 is a whole number beyond 2**53"),
        (-(2**63), "record 2 is a whole number beyond 2**53"),
        (Decimal("0.1234567890123456"), "record 2 has more than 15 significant digits"),
        (Decimal("1234567.890123456"), "record 2 has more than 15 significant digits"),
        (Decimal(9007199254740994), "record 2 has more than 15 significant digits"),
        (Decimal(9100000000000000), "record 2 is a decimal beyond 2**53"),
    ],
)
def test_a_number_that_the_file_cannot_hold_is_refused(tmp_path: Path, value: object, culprit: str) -> None:
    line = refusal(tmp_path, pl.Series([None, value]), "Num")
    assert line.startswith(f"XX.AVAL: {culprit}")
    if value != float("inf"):  # whose name the sentence needs
        assert str(value) not in line


@pytest.mark.parametrize(
    ("value", "culprit"),
    [
        ("xyzxyz", "record 2 is longer than 4 bytes"),
        (" abc", "record 2 begins with a blank"),
        ("abc ", "record 2 ends with a blank"),
        ("    ", "record 2 begins with a blank"),
        (".", "record 2 is a lone point"),
        ("a\tb", "record 2 is not printable ASCII"),
        ("a\nb", "record 2 is not printable ASCII"),
        ("a\0b", "record 2 is not printable ASCII"),
        ("a\x7f", "record 2 is not printable ASCII"),
        ("µg", "record 2 is not printable ASCII"),
        ("≥5", "record 2 is not printable ASCII"),
        ("a\xa0b", "record 2 is not printable ASCII"),
    ],
)
def test_a_text_that_the_file_cannot_hold_is_refused(tmp_path: Path, value: str, culprit: str) -> None:
    for before in (None, "", "ok", "full"):
        line = refusal(tmp_path, pl.Series([before, value, "x"]), "Char", 4)
        assert line.startswith(f"XX.AVAL: {culprit}")
        if value.strip(" ."):
            assert value not in line


@pytest.mark.parametrize("value", ["..", "a.", ".5", "a b", "~!", "-", '"', "0"])
def test_a_text_that_only_resembles_a_refused_one_is_kept(tmp_path: Path, value: str) -> None:
    assert written(tmp_path, pl.Series([value]), "Char", 4) == 1
    assert (tmp_path / "xx.xpt").read_bytes().rstrip(b" ").endswith(b"S1" + value.encode())


@pytest.mark.parametrize(
    "value",
    [
        2**53,
        -(2**53),
        Decimal("0.1"),
        Decimal("123456789012.345"),
        Decimal("-0.000000000000001"),
        Decimal(900),
    ],
)
def test_a_number_at_the_limit_is_kept(tmp_path: Path, value: object) -> None:
    assert written(tmp_path, pl.Series([value]), "Num") == 1


def test_trailing_zeros_of_a_decimal_are_no_digits(tmp_path: Path) -> None:
    assert written(tmp_path, pl.Series([Decimal("1.5")], dtype=pl.Decimal(38, 20)), "Num") == 1


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        (pl.String, "Num"),
        (pl.Boolean, "Num"),
        (pl.Float32, "Num"),
        (pl.Date, "Num"),
        (pl.Int64, "Char"),
        (pl.Date, "Char"),
        (pl.Categorical, "Char"),
    ],
)
def test_a_column_of_another_type_is_refused(tmp_path: Path, dtype: pl.DataType, kind: Kind) -> None:
    line = refusal(tmp_path, pl.Series([None], dtype=dtype), kind)
    assert line.startswith(
        f"XX.AVAL: is a {kind} in the specification but a {pl.Series([], dtype=dtype).dtype}"
    )


def test_the_record_is_counted_over_all_batches(tmp_path: Path) -> None:
    good = pl.DataFrame({"STUDYID": ["S1"] * 10})
    member = Member("XX", "Dataset", (ID,), CUT)
    with pytest.raises(BuildFailed, match=r"XX\.STUDYID: record 25 is longer than 2 bytes"):
        write_xpt(tmp_path / "xx.xpt", member, [good, good, pl.DataFrame({"STUDYID": ["S1"] * 4 + ["S12"]})])
    rows = pl.DataFrame({"STUDYID": ["S1"] * (BATCH_ROWS + 3)})
    rows[BATCH_ROWS + 1, "STUDYID"] = "S12"
    with pytest.raises(BuildFailed, match=rf"record {BATCH_ROWS + 2} is longer"):
        write_xpt(tmp_path / "xx.xpt", member, rows)


@pytest.mark.parametrize(
    ("columns", "culprit"),
    [
        (["AVAL"], "the frame has no column STUDYID"),
        (["STUDYID"], "the frame has no column AVAL"),
        (["STUDYID", "AVAL", "_line"], "the frame has a column _line that is not specified"),
        (["AVAL", "STUDYID"], "the columns are not in the specification's order"),
    ],
)
def test_a_frame_that_is_not_the_specified_one_is_refused(
    tmp_path: Path, columns: list[str], culprit: str
) -> None:
    member = Member("XX", "Dataset", (ID, Column("AVAL", "Value", "Char", 2)), CUT)
    with pytest.raises(BuildFailed) as caught:
        write_xpt(tmp_path / "xx.xpt", member, pl.DataFrame({name: ["S1"] for name in columns}))
    assert str(caught.value).startswith(f"dataset XX: {culprit}")


def test_a_record_of_blanks_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    member = Member("XX", "Dataset", (ID, Column("AVAL", "Value", "Char", 2)), CUT)
    rows = pl.DataFrame({"STUDYID": ["S1", None, "S1"], "AVAL": ["a", "", "b"]})
    with pytest.raises(BuildFailed, match="dataset XX: record 2 is all blank"):
        write_xpt(tmp_path / "xx.xpt", member, rows)


GOOD = Column("AVAL", "Value", "Num")


@pytest.mark.parametrize(
    ("column", "culprit"),
    [
        (Column("LONGNAMES", "Value", "Num"), "XX.LONGNAMES: not a name"),
        (Column("aval", "Value", "Num"), "XX.aval: not a name"),
        (Column("1VAL", "Value", "Num"), "XX.1VAL: not a name"),
        (Column("_VAL", "Value", "Num"), "XX._VAL: not a name"),
        (Column("A-VAL", "Value", "Num"), "XX.A-VAL: not a name"),
        (Column("AVAL\n", "Value", "Num"), "'XX.AVAL\\n': not a name"),
        (Column("ÄVAL", "Value", "Num"), "XX.ÄVAL: not a name"),
        (Column("", "Value", "Num"), "XX.: not a name"),
        (Column("AVAL", "Value", "Num"), "XX.AVAL: named twice"),
        (Column("BVAL", "V" * 41, "Num"), "XX.BVAL: label has 41 characters"),
        (Column("BVAL", "", "Num"), "XX.BVAL: label is blank"),
        (Column("BVAL", "Value ", "Num"), "XX.BVAL: label is blank or begins or ends with a blank"),
        (Column("BVAL", "Änderung", "Num"), "XX.BVAL: label is not printable ASCII"),
        (Column("BVAL", "a\nb", "Num"), "XX.BVAL: label is not printable ASCII"),
        (Column("BVAL", "Value", "Num", 4), "XX.BVAL: Num of length 4"),
        (Column("BVAL", "Value", "Char", 0), "XX.BVAL: Char of length 0"),
        (Column("BVAL", "Value", "Char", 201), "XX.BVAL: Char of length 201"),
    ],
)
def test_a_variable_that_the_layout_cannot_describe_is_refused(
    tmp_path: Path, column: Column, culprit: str
) -> None:
    with pytest.raises(BuildFailed) as caught:
        write_xpt(tmp_path / "xx.xpt", Member("XX", "Dataset", (GOOD, column), CUT), pl.DataFrame())
    assert str(caught.value).startswith(culprit)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("member", "culprit"),
    [
        (Member("SUPPLEMENT", "Dataset", (GOOD,), CUT), "dataset SUPPLEMENT: not a name"),
        (Member("lb", "Dataset", (GOOD,), CUT), "dataset lb: not a name"),
        (Member("LB", "D" * 41, (GOOD,), CUT), "dataset LB: label has 41 characters"),
        (Member("LB", " Dataset", (GOOD,), CUT), "dataset LB: label is blank or begins"),
        (Member("LB", "Dataset", (), CUT), "dataset LB: has 0 variables"),
        (Member("LB", "Dataset", (GOOD,) * 10_000, CUT), "dataset LB: has 10000 variables"),
        (Member("LB", "Dataset", (GOOD,), datetime(1959, 1, 1)), "dataset LB: created in a year"),
        (Member("VS", "Dataset", (GOOD,), CUT), "dataset VS: cannot be written as lb.xpt"),
    ],
)
def test_a_dataset_that_the_layout_cannot_describe_is_refused(
    tmp_path: Path, member: Member, culprit: str
) -> None:
    with pytest.raises(BuildFailed) as caught:
        write_xpt(tmp_path / "lb.xpt", member, pl.DataFrame({"AVAL": [1.0]}))
    assert str(caught.value).startswith(culprit)
    assert "\n" not in str(caught.value)


def test_a_label_of_forty_characters_and_a_length_of_two_hundred_are_kept(tmp_path: Path) -> None:
    member = Member("LB", "D" * 40, (Column("A2345678", "L" * 40, "Char", 200),), CUT)
    assert write_xpt(tmp_path / "lb.xpt", member, pl.DataFrame({"A2345678": ["x" * 200]})) == 1


def test_a_dataset_without_records_is_refused_unless_asked_for(tmp_path: Path) -> None:
    empty = pl.DataFrame(schema={"AVAL": pl.Float64})
    member = Member("LB", "Dataset", (GOOD,), CUT)
    with pytest.raises(BuildFailed, match="dataset LB: has no records"):
        write_xpt(tmp_path / "lb.xpt", member, empty)
    assert write_xpt(tmp_path / "lb.xpt", member, empty, may_be_empty=True) == 0


def test_a_file_beyond_the_size_limit_is_refused_while_it_is_written(tmp_path: Path) -> None:
    member = Member("LB", "Dataset", (GOOD,), CUT)
    rows = pl.DataFrame({"AVAL": [1.0] * 1000})
    with pytest.raises(BuildFailed, match="dataset LB: is larger than 8000 bytes"):
        write_xpt(tmp_path / "lb.xpt", member, rows, max_bytes=8000)
    assert not (tmp_path / "lb.xpt").exists()
    assert write_xpt(tmp_path / "lb.xpt", member, rows, max_bytes=None) == 1000
