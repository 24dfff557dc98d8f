"""The workbook: a table to sort and filter, nothing that runs, and the same bytes every time."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import polars as pl
from lxml import etree

from pipeline.derive.spreadsheet import harmless
from pipeline.queries.state import QUERY
from pipeline.queries.workbook import About, write_workbook

ABOUT = About("X-1", "2027-01-02-abc", date(2027, 1, 2), "everybody")
FORMULA = '=HYPERLINK("http://x","y")'
OPEN = {
    "query_id": "Q-1", "status": "OPENED", "severity": "CRITICAL", "ask": "site 101", "site": "101",
    "subject": "101-001", "message": FORMULA, "detail": "-1+1", "rule": "r", "line": 7,
    "first_seen": date(2027, 1, 2), "times_reopened": 0,
}  # fmt: skip
CLOSED = {
    **OPEN,
    "query_id": "Q-2",
    "status": "CLOSED BY DATA",
    "closed_on": date(2027, 1, 2),
    "severity": "WARN",
}
SPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def parts(path: Path) -> dict[str, etree._Element]:
    with ZipFile(path) as book:
        return {name: etree.fromstring(book.read(name)) for name in book.namelist() if name.endswith(".xml")}


def written(folder: Path, rows: list[dict[str, object]]) -> dict[str, etree._Element]:
    write_workbook(folder / "q.xlsx", pl.DataFrame(rows, schema=QUERY), ABOUT)
    return parts(folder / "q.xlsx")


def texts(found: dict[str, etree._Element]) -> list[str]:
    return [each.text or "" for each in found["xl/sharedStrings.xml"].iterfind(".//x:t", SPACE)]


def test_open_and_closed_queries_are_tables_with_filters_under_a_frozen_header(tmp_path: Path) -> None:
    found = written(tmp_path, [OPEN, CLOSED])
    sheets = found["xl/workbook.xml"].iterfind(".//x:sheet", SPACE)
    assert [each.get("name") for each in sheets] == ["Queries", "Summary", "Closed"]
    for table in ("xl/tables/table1.xml", "xl/tables/table2.xml"):
        assert found[table].find("x:autoFilter", SPACE) is not None
    pane = found["xl/worksheets/sheet1.xml"].find(".//x:pane", SPACE)
    assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")
    for number, rows in ((1, 1), (3, 1)):
        data = found[f"xl/worksheets/sheet{number}.xml"].findall(".//x:sheetData/x:row", SPACE)
        assert len(data) == rows + 1


def test_a_row_is_as_tall_as_its_longest_text_needs(tmp_path: Path) -> None:
    long = "the date of the visit is before the date of the informed consent " * 3
    found = written(tmp_path, [OPEN, {**OPEN, "detail": long}, {**OPEN, "detail": "x" * 20_000}])
    rows = found["xl/worksheets/sheet1.xml"].findall(".//x:sheetData/x:row", SPACE)
    assert [float(row.get("ht")) for row in rows[1:]] == [13.5, 4 * 13.5, 405]


def test_a_text_that_looks_like_a_formula_stays_a_text(tmp_path: Path) -> None:
    found = written(tmp_path, [OPEN])
    assert not [name for name, part in found.items() if part.findall(".//x:f", SPACE)]
    assert not [name for name, part in found.items() if part.findall(".//x:hyperlink", SPACE)]
    assert {FORMULA, "-1+1"} <= set(texts(found))
    csv = harmless(pl.DataFrame([OPEN], schema=QUERY))
    assert csv.select("message", "detail", "ask").row(0) == (f"'{FORMULA}", "'-1+1", "site 101")


def test_an_empty_list_is_a_readable_workbook_too(tmp_path: Path) -> None:
    assert "Query" in texts(written(tmp_path, []))


def test_a_text_too_long_for_a_cell_says_that_it_was_cut_off(tmp_path: Path) -> None:
    told = texts(written(tmp_path, [{**OPEN, "detail": "x" * 40_000}]))
    (cut,) = (text for text in told if text.startswith("xxx"))
    assert len(cut) == 32_767
    assert "cut off" in cut


def test_the_same_list_gives_the_same_bytes_whenever_it_is_written(tmp_path: Path) -> None:
    written(tmp_path, [OPEN, CLOSED])
    first = (tmp_path / "q.xlsx").read_bytes()
    time.sleep(1.1)  # the file's own times count in seconds
    written(tmp_path, [OPEN, CLOSED])
    assert (tmp_path / "q.xlsx").read_bytes() == first
    assert "2027-01-02" in etree.tostring(parts(tmp_path / "q.xlsx")["docProps/core.xml"]).decode()
