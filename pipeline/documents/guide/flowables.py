"""Blocks as reportlab's flowables: what a page is filled with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from xml.sax.saxutils import escape

from reportlab.platypus import CondPageBreak, Flowable, TableStyle
from reportlab.platypus import PageBreak as NewPage
from reportlab.platypus import Paragraph as Lines
from reportlab.platypus import Table as Grid

from pipeline.documents.guide.blocks import (
    Alarm,
    Block,
    Bullets,
    Cell,
    Column,
    Heading,
    Link,
    PageBreak,
    Pairs,
    Paragraph,
    Paths,
    Question,
    Table,
)
from pipeline.documents.guide.links import Links, link
from pipeline.documents.guide.paths import ArmPaths
from pipeline.documents.guide.styles import GAP, styles
from pipeline.documents.layout import PAGE_HEIGHT, RULE, SHADE, TEXT, WIDTH

# Room (points) that must be left on a page for a heading with what follows, a question, and a table's first rows.
_ROOM = {1: 150, 2: 110, 3: 110}
_ROOM_FOR_ANSWER, _ROOM_FOR_ROWS = 60, 64
_WHOLE = 250  # a table below this height is not divided
_NAMES = 0.2  # share of the width that the names of pairs take
_PADDING = [
    (
        "FONTNAME",
        (0, 0),
        (-1, -1),
        TEXT,
    ),  # also of cells that nothing is written into: every font is embedded
    ("LEFTPADDING", (0, 0), (-1, -1), 4),
    ("RIGHTPADDING", (0, 0), (-1, -1), 4),
    ("TOPPADDING", (0, 0), (-1, -1), 2.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
_LINES = [("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE)]


class HeadingLines(Lines):
    """A heading that knows its level, for the table of contents and the bookmarks, and marks its own destination."""

    def __init__(self, heading: Heading) -> None:
        super().__init__(escape(heading.text), styles()[f"heading {heading.level}"])
        self.heading = heading

    def draw(self) -> None:
        """Draws the heading; who comes here by a link sees it at the top and keeps the zoom."""
        top = self.canv.absolutePosition(0, self.height + GAP)[1]
        self.canv.bookmarkPage(self.heading.anchor, fit="XYZ", left=0, top=top, zoom=0)
        super().draw()


def flowables(blocks: Iterable[Block], links: Links) -> Iterator[Flowable]:
    """The blocks in order; a table's header repeats, and no row of a table is split."""
    for block in blocks:
        match block:
            case Heading():
                yield CondPageBreak(_ROOM[block.level])
                yield HeadingLines(block)
            case Pairs():
                yield _pairs(block, links)
            case Table():
                yield from _table(block, links)
            case Paths():
                yield ArmPaths(block)
            case PageBreak():
                yield NewPage()
            case _:
                yield from _text(block, links)


def _text(block: Paragraph | Question | Bullets, links: Links) -> Iterator[Flowable]:
    match block:
        case Paragraph(text, style, within):
            yield Lines(links.markup(text, within), styles()[style])
        case Question(question, answer):
            yield CondPageBreak(_ROOM_FOR_ANSWER)
            yield Lines(
                f"{escape(question)} <font name='{TEXT}'>{escape(answer)}.</font>", styles()["question"]
            )
        case Bullets(items, within):
            for item in items:
                yield Lines(links.markup(item, within), styles()["item"], bulletText="\u2022")


def _table(block: Table, links: Links) -> Iterator[Flowable]:
    head = [Lines(escape(column.title), styles()[f"head {column.align}"]) for column in block.columns]
    body = [[_cell(cell, c, links) for cell, c in zip(row, block.columns, strict=True)] for row in block.rows]
    whole = sum(column.share for column in block.columns) / block.width
    at = 1 if block.title else 0  # the row of the header, below the title, which repeats with it
    title = [[Lines(escape(block.title), styles()["caption"])]] if block.title else []
    grid = Grid(
        [*title, head, *body],
        colWidths=[WIDTH * column.share / whole for column in block.columns],
        repeatRows=at + 1,
        splitInRow=0,
        hAlign="LEFT",
        spaceAfter=GAP + 3,
        style=TableStyle([*_PADDING, *_header(at)]),
    )
    height = grid.wrap(WIDTH, PAGE_HEIGHT)[1]
    yield CondPageBreak(height if height < _WHOLE else _ROOM_FOR_ROWS)
    yield grid


def _header(at: int) -> list[tuple[Any, ...]]:
    """Lines below every row from the header on, and the header's ground."""
    return [
        *(("SPAN", (0, row), (-1, row)) for row in range(at)),
        *(("LEFTPADDING", (0, row), (-1, row), 0) for row in range(at)),
        ("LINEBELOW", (0, at), (-1, -1), 0.4, RULE),
        ("BACKGROUND", (0, at), (-1, at), SHADE),
        ("LINEABOVE", (0, at), (-1, at), 0.8, RULE),
        ("LINEBELOW", (0, at), (-1, at), 0.8, RULE),
    ]


def _pairs(block: Pairs, links: Links) -> Grid:
    name, value = Column("", _NAMES), Column("", 1 - _NAMES)
    rows = [
        [Lines(escape(key), styles()["head left"]), _cell(cell, value, links)] for key, cell in block.rows
    ]
    return Grid(
        rows,
        colWidths=[WIDTH * name.share, WIDTH * value.share],
        splitInRow=0,
        hAlign="LEFT",
        spaceAfter=GAP,
        style=TableStyle([*_PADDING, *_LINES]),
    )


def _cell(cell: Cell, column: Column, links: Links) -> Lines:
    kind = "strong" if column.strong else f"cell {column.align}"
    if isinstance(cell, Link):
        return Lines(link(cell.text, cell.anchor), styles()[kind])
    if isinstance(cell, Alarm):
        return Lines(escape(cell.text), styles()["alarm"])
    return Lines(links.markup(cell) if column.linked else escape(cell), styles()[kind])
