"""The last pages: every variable that is collected on the forms, with its pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from pipeline.documents.acrf.lines import draw_lines
from pipeline.documents.acrf.outline import INDEX, place
from pipeline.documents.layout import ACCENT, BOLD, BOTTOM, FAINT, INK, LEFT, LINK, TEXT, TOP, WIDTH

_COLUMNS, _STEP, _SIZE = 3, 12.5, 8.5


@dataclass(frozen=True)
class Line:
    """A dataset (without pages), or one of its variables with them."""

    text: str
    pages: tuple[int, ...] = ()


def index_lines(keys: Mapping[str, Sequence[int]]) -> list[Line]:
    """The index from top to bottom: datasets in alphabetical order, below each its variables."""
    named = sorted((_named(key), pages) for key, pages in keys.items())
    lines: list[Line] = []
    for dataset, group in groupby(named, key=lambda each: each[0][0]):
        lines.append(Line(dataset))
        lines += [Line(name, tuple(pages)) for (_, name), pages in group]
    return lines


def _named(key: str) -> tuple[str, str]:
    """Dataset and variable or qualifier."""
    return key.partition(".")[0], key.rpartition(".")[2]


def index_pages(lines: list[Line]) -> Iterator[list[list[Line]]]:
    """Page -> column -> lines; a dataset's name never ends a column."""
    room = int((TOP - 30 - BOTTOM) / _STEP)
    columns: list[list[Line]] = [[]]
    for number, line in enumerate(lines):
        left = room - len(columns[-1])
        last = not line.pages and number + 1 < len(lines)
        if left < (2 if last else 1):
            columns.append([])
        columns[-1].append(line)
    for start in range(0, len(columns), _COLUMNS):
        yield columns[start : start + _COLUMNS]


def draw_index(canvas: Canvas, columns: list[list[Line]], *, first: bool) -> None:
    """Draws one page of the index; page numbers lead to their pages."""
    if first:
        place(canvas, INDEX)
    draw_lines(canvas, (INDEX,), BOLD, 15, LEFT, TOP, ACCENT)
    width = WIDTH / _COLUMNS
    for number, column in enumerate(columns):
        top = TOP - 30
        for line in column:
            _draw(canvas, line, LEFT + number * width, top, width - 16)
            top -= _STEP


def _draw(canvas: Canvas, line: Line, x: float, top: float, width: float) -> None:
    if not line.pages:
        draw_lines(canvas, (line.text,), BOLD, 9.5, x, top, ACCENT)
        return
    draw_lines(canvas, (line.text,), TEXT, _SIZE, x + 8, top, INK)
    right = x + width
    for page in reversed(line.pages):
        text = str(page)
        wide = stringWidth(text, TEXT, _SIZE)
        canvas.setFillColor(LINK)
        canvas.drawRightString(right, top - 7, text)
        place_name = page_place(page)
        canvas.linkRect("", place_name, (right - wide, top - 9, right, top), relative=1, thickness=0)
        right -= wide + 6
    canvas.setStrokeColor(FAINT)
    canvas.setLineWidth(0.3)
    canvas.setDash(0.5, 2.5)
    canvas.line(x + 12 + stringWidth(line.text, TEXT, _SIZE), top - 7, right, top - 7)
    canvas.setDash()


def page_place(page: int) -> str:
    """Name of a physical page."""
    return f"page-{page}"
