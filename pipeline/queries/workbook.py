"""The query list as a workbook that a data manager sorts, filters and sends. Equal lists give equal bytes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from pipeline.queries.state import ENDED, STATUSES, Status, counts

_WIDTHS: Mapping[str, tuple[str, int]] = {  # column -> heading, width in characters
    "query_id": ("Query", 17),
    "status": ("Status", 16),
    "severity": ("Severity", 11),
    "ask": ("Ask", 18),
    "site": ("Site", 7),
    "subject": ("Subject", 11),
    "visit": ("Visit", 14),
    "form": ("Form", 26),
    "field": ("Field", 14),
    "message": ("What is wrong", 46),
    "detail": ("Detail", 50),
    "action": ("What to do", 36),
    "first_seen": ("First seen", 11),
    "last_seen": ("Last seen", 11),
    "closed_on": ("Closed on", 11),
    "times_reopened": ("Reopened", 10),
    "record": ("Record", 26),
    "sdtm_record": ("SDTM record", 12),
    "rule": ("Rule", 28),
    "file": ("File", 26),
    "line": ("Line", 8),
}
_COLOURS = {
    "CRITICAL": ("#FFFFFF", "#A61B1B"),
    "ERROR": ("#7A1F1F", "#F9D9D6"),
    "WARN": ("#6B4E00", "#FFF0C2"),
}
_FRESH = {Status.OPENED: "#1D5FA8", Status.REOPENED: "#A64B00", Status.HELD: "#5D6B7A"}
_LINE, _TALLEST = 13.5, 405  # points of a line of text, and of the tallest row that the format allows
_MOST_CHARACTERS = 32_767  # of a cell, a limit of the format
_CUT_OFF = " ... (cut off here; queries.csv has the whole text)"
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_OPEN_SHEET, _CLOSED_SHEET, _SUMMARY_SHEET = "Queries", "Closed", "Summary"


@dataclass(frozen=True)
class About:
    """What the workbook tells of itself: study, delivery, data cut (its date of creation), and to whom it goes."""

    study: str
    delivery: str
    cut: date
    whom: str


@dataclass(frozen=True)
class _Look:
    heading: Format
    text: Format
    day: Format
    number: Format
    title: Format
    soft: Format
    severity: dict[str, Format]
    status: dict[str, Format]


def write_workbook(target: Path, rows: pl.DataFrame, about: About) -> None:
    """Sheets "Queries" (open), "Summary" and "Closed" with all ``rows`` (QUERY) in their order.

    Every text is written as text: nothing that a site typed is ever run as a formula.
    """
    with xlsxwriter.Workbook(str(target), dict(_OPTIONS)) as book:
        book.set_properties(
            {
                "title": f"{about.study}: queries for {about.whom}",
                "subject": f"delivery {about.delivery}, data cut {about.cut.isoformat()}",
                "created": datetime.combine(about.cut, time()),
            }
        )
        look = _look(book)
        closed = pl.col("status").is_in(ENDED)
        _list(book.add_worksheet(_OPEN_SHEET), "Open", rows.filter(~closed).drop("closed_on"), look)
        _summary(book.add_worksheet(_SUMMARY_SHEET), rows, about, look)
        _list(book.add_worksheet(_CLOSED_SHEET), "Past", rows.filter(closed), look)


def _look(book: Workbook) -> _Look:
    cell = {"valign": "top", "text_wrap": True, "font_size": 10}
    heading = {**cell, "bold": True, "font_color": "#FFFFFF", "bg_color": "#16324F", "valign": "vcenter"}
    return _Look(
        heading=book.add_format(heading),
        text=book.add_format(cell),
        day=book.add_format({**cell, "num_format": "yyyy-mm-dd", "align": "center"}),
        number=book.add_format({**cell, "align": "center"}),
        title=book.add_format({"bold": True, "font_size": 14}),
        soft=book.add_format({"font_color": "#5D6B7A"}),
        severity={
            name: book.add_format({**cell, "bold": True, "font_color": ink, "bg_color": paper})
            for name, (ink, paper) in _COLOURS.items()
        },
        status={
            str(name): book.add_format({**cell, "bold": True, "font_color": ink})
            for name, ink in _FRESH.items()
        },
    )


def _list(sheet: Worksheet, name: str, rows: pl.DataFrame, look: _Look) -> None:
    """The rows as a table with filters under a header that stays in sight."""
    columns = [column for column in _WIDTHS if column in rows.columns]
    headings = [{"header": _WIDTHS[column][0], "header_format": look.heading} for column in columns]
    last = max(rows.height, 1)  # a table has at least one row
    style = {"style": "Table Style Light 1", "banded_rows": False}
    sheet.add_table(0, 0, last, len(columns) - 1, {"name": f"{name}Queries", "columns": headings, **style})
    for place, column in enumerate(columns):
        sheet.set_column(place, place, _WIDTHS[column][1])
        for number, value in enumerate(rows[column], start=1):
            _cell(sheet, number, place, value, _format(look, column, value))
    sheet.set_row(0, 22)
    for number, height in enumerate(_heights(rows, columns), start=1):
        sheet.set_row(number, height)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _heights(rows: pl.DataFrame, columns: list[str]) -> Iterator[float]:
    """Points for every row, so that wrapped texts show whole in programs that do not fit rows by themselves."""
    texts = {column: _WIDTHS[column][1] for column in columns if rows.schema[column] == pl.String}
    for row in rows.select(*texts).iter_rows():
        lines = (
            len(textwrap.wrap(text, width - 1)) if text and len(text) >= width else 1
            for text, width in zip(row, texts.values(), strict=True)
        )
        yield min(max(lines, default=1) * _LINE, _TALLEST)


def _format(look: _Look, column: str, value: Any) -> Format:
    if isinstance(value, date):
        return look.day
    if isinstance(value, int):
        return look.number
    special = {"severity": look.severity, "status": look.status}.get(column, {})
    return special.get(value, look.text)


def _cell(sheet: Worksheet, row: int, column: int, value: Any, how: Format) -> None:
    if value is None:
        sheet.write_blank(row, column, None, how)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, datetime.combine(value, time()), how)
    elif isinstance(value, int):
        sheet.write_number(row, column, value, how)
    else:
        whole = len(value) <= _MOST_CHARACTERS
        text = value if whole else value[: _MOST_CHARACTERS - len(_CUT_OFF)] + _CUT_OFF
        sheet.write_string(row, column, text, how)


def _summary(sheet: Worksheet, rows: pl.DataFrame, about: About, look: _Look) -> None:
    sheet.write_string(0, 0, f"{about.study}: queries for {about.whom}", look.title)
    sheet.write_string(1, 0, f"Delivery {about.delivery}, data cut {about.cut.isoformat()}", look.soft)
    by_status = pl.DataFrame({"status": STATUSES}).join(
        rows.group_by("status").len("queries"), on="status", how="left", maintain_order="left"
    )
    place = _block(sheet, 3, by_status.fill_null(0), look)
    for by in ("ask", "rule"):
        place = _block(sheet, place + 1, counts(rows, by), look)
    sheet.set_column(0, 0, 40)
    sheet.set_column(1, 8, 12)


def _block(sheet: Worksheet, top: int, rows: pl.DataFrame, look: _Look) -> int:
    """Writes a small table; the row below it."""
    for column, name in enumerate(rows.columns):
        sheet.write_string(top, column, name if name.isupper() else name.capitalize(), look.heading)
        for number, value in enumerate(rows[name], start=top + 1):
            _cell(sheet, number, column, value, look.text)
    return top + rows.height + 1
