"""Each line of the ledger points at the physical line that holds the defect."""

from __future__ import annotations

import csv
from collections.abc import Callable

import polars as pl
import pytest

from tests.unit.simulate.nights import Night, day

Row = dict[str, str]
KNOWN_UNITS = {"10^9/L", "10^12/L", "mm/h", "s", "mL/min/1.73 m2", "g/dL", "mg/dL", "U/L", "%"}
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def row_at(delivered: Night, file: str, line: int) -> Row:
    text = (delivered.result.folder / file).read_text(encoding="utf-8").splitlines()
    separator = "|" if file.endswith(".txt") else ","
    header, values = (next(csv.reader([text[number]], delimiter=separator)) for number in (0, line - 1))
    return dict(zip(header, values, strict=True))


def planted(delivered: Night, kind: str) -> list[tuple[Row, str, str]]:
    """Each row that the ledger names for ``kind``, with its fate and the value that it must lead to."""
    notes = delivered.ledger().filter(pl.col("kind") == kind)
    rows = [
        (row_at(delivered, file, line), fate, value, subject)
        for file, line, fate, value, subject in notes.select(
            "file", "line", "fate", pl.col("value").fill_null(""), "subject"
        ).iter_rows()
    ]
    assert all(row["SUBJID"] == subject for row, _, _, subject in rows)
    return [(row, fate, value) for row, fate, value, _ in rows]


def is_partial_date(row: Row, _: str, value: str) -> bool:
    text = row.get("MHSTDAT") or row["CMSTDAT"]
    asked, month, year = text.split("-")
    iso = year if month == "UNK" else f"{year}-{MONTHS.index(month) + 1:02}"
    return asked == "UN" and value == iso


def is_impossible_date(row: Row, fate: str, _: str) -> bool:
    text = row.get("VSDAT") or row["CMSTDAT"]
    short_year = len(text) < len("DD-MMM-YYYY")
    no_such_day = pl.DataFrame({"at": [text]}).select(day("at")).item() is None
    return fate == "quarantined" and (short_year or no_such_day)


def is_revision_or_its_original(row: Row, fate: str, value: str) -> bool:
    if fate == "superseded":
        return (row["REVNO"], row["RSTAT"]) == ("0", "F")
    return (row["REVNO"], row["RSTAT"], row["RESULT"]) == ("1", "C", value)


CASES: dict[str, Callable[[Row, str, str], bool]] = {
    "partial_date": is_partial_date,
    "impossible_date": is_impossible_date,
    "unit_spelling": lambda row, fate, _: fate == "mapped" and row["UNIT"] not in KNOWN_UNITS,
    "censored_result": lambda row, *_: (
        row["RESULT"].startswith("<") and row["ABNFL"] == "N" and not row["REFLO"]
    ),
    "duplicate_lab": lambda row, fate, _: fate == "superseded" and row["REVNO"] == "0",
    "revised_lab": is_revision_or_its_original,
    "unknown_subject": lambda row, fate, _: fate == "quarantined" and row["SUBJID"][4:] > "900",
    "unmapped_visit": lambda row, *_: row["VISITLBL"].startswith("FOLLOW-UP"),
    "unknown_code": lambda row, *_: "ZZ" in row.values(),
}


@pytest.mark.parametrize("kind", list(CASES))
def test_the_ledger_points_at_the_line_that_holds_the_defect(dirty: Night, kind: str) -> None:
    found = planted(dirty, kind)
    assert len(found) >= 2
    assert all(CASES[kind](*each) for each in found)


def test_a_duplicate_stands_directly_under_its_original(dirty: Night) -> None:
    for line, file in (
        dirty.ledger().filter(pl.col("kind") == "duplicate_lab").select("line", "file").iter_rows()
    ):
        assert row_at(dirty, file, line) == row_at(dirty, file, line - 1)


def test_a_revision_stands_under_the_result_that_it_corrects(dirty: Night) -> None:
    for line, file in (
        dirty.ledger()
        .filter((pl.col("kind") == "revised_lab") & (pl.col("fate") == "mapped"))
        .select("line", "file")
        .iter_rows()
    ):
        new, old = row_at(dirty, file, line), row_at(dirty, file, line - 1)
        changed = {name for name in new if new[name] != old[name]}
        assert changed == {"RESULT", "RSTAT", "REVNO", "RPTDT", "COMMENT"}
        assert new["RPTDT"] > old["RPTDT"]


def test_an_unknown_subject_is_in_no_form(dirty: Night) -> None:
    subjects = set(dirty.form("DM")["SUBJID"])
    assert all(row["SUBJID"] not in subjects for row, *_ in planted(dirty, "unknown_subject"))


def test_no_line_carries_two_defects(dirty: Night) -> None:
    assert dirty.ledger().select("file", "line").is_unique().all()


def test_nothing_but_the_planted_lines_differs_from_the_clean_night(dirty: Night, first: Night) -> None:
    old = (pl.col("kind") == "revised_lab") & (pl.col("fate") == "superseded")  # named, but as it was
    for file, lines in dirty.ledger().filter(~old).group_by("file").agg("line").iter_rows():
        before = (first.result.folder / file).read_text(encoding="utf-8").splitlines()
        after = (dirty.result.folder / file).read_text(encoding="utf-8").splitlines()
        untouched = [text for number, text in enumerate(after, start=1) if number not in set(lines)]
        assert set(untouched) <= set(before)
        assert len(untouched) + len(lines) == len(after)
