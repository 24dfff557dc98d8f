"""How a field is answered on paper: boxes of a list, cells of a date or time, a line for text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reportlab.lib.colors import Color, white
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from pipeline.documents.acrf.facts import Choice, Field
from pipeline.documents.acrf.lines import draw_lines, height_of, lines_of
from pipeline.documents.layout import FAINT, INK, RULE, TEXT

_SIZE, _SMALL = 8.5, 6.5
_BOX, _SPACE = 7, 7  # the box of a choice, and what stands between two choices
_CELL_WIDTH, _CELL_HEIGHT = 9.5, 12
_MASKS = {"date": "DD-MMM-YYYY", "time": "HH:MM"}
_LINES = {"integer": 44.0, "decimal": 60.0, "identifier": 96.0}
_MANY = 12  # more choices than these need the width of the form, in two columns


@dataclass(frozen=True)
class _Placed:
    """One choice at its place: offset from the left, and from the top."""

    choice: Choice
    x: float
    y: float
    lines: tuple[str, ...]


def entry_height(field: Field, width: float) -> float:
    """Height of the field's entry when it may be ``width`` wide."""
    if field.choices:
        placed = list(_placed(field.choices, width))
        return max(each.y + height_of(each.lines, _SIZE) for each in placed)
    return _CELL_HEIGHT


def is_long(field: Field) -> bool:
    """Whether the field's choices stand below its label, over the width of the form."""
    return len(field.choices) > _MANY


def draw_entry(canvas: Canvas, field: Field, x: float, top: float, width: float) -> None:
    """Draws the entry below ``top``."""
    if field.choices:
        for each in _placed(field.choices, width):
            _draw_choice(canvas, each, x + each.x, top - each.y)
    elif field.entry == "tick":
        draw_box(canvas, x, top)
    elif field.entry in _MASKS:
        _draw_cells(canvas, _MASKS[field.entry], x, top)
    else:
        _draw_line(canvas, x, top, min(_LINES.get(field.entry, width), width))


def draw_box(canvas: Canvas, x: float, top: float) -> None:
    """An empty box, its side that of a letter."""
    canvas.setStrokeColor(INK)
    canvas.setFillColor(white)
    canvas.setLineWidth(0.6)
    canvas.rect(x, top - _BOX - 1.2, _BOX, _BOX, fill=1)


def _placed(choices: tuple[Choice, ...], width: float) -> Iterator[_Placed]:
    """Choices side by side as they fit; long lists in two columns."""
    room = width / 2 - _SPACE / 2 if len(choices) > _MANY else width
    x = y = 0.0
    deepest = 0.0
    for choice in choices:
        printed = _printed(choice)
        lines = lines_of(printed, TEXT, _SIZE, room - _BOX - 3)
        wide = _BOX + 3 + max(stringWidth(line, TEXT, _SIZE) for line in lines)
        if x and x + wide > width + 0.01:
            x, y, deepest = 0.0, y + deepest + 1.5, 0.0
        yield _Placed(choice, x, y, lines)
        deepest = max(deepest, height_of(lines, _SIZE))
        x += (room if len(choices) > _MANY else wide) + _SPACE


def _printed(choice: Choice) -> str:
    """The text with its code in brackets; the code alone where the text says the same in other letters."""
    same = choice.text.casefold() in ("", choice.code.casefold())
    return choice.code if same else f"{choice.text} [{choice.code}]"


def _draw_choice(canvas: Canvas, placed: _Placed, x: float, top: float) -> None:
    draw_box(canvas, x, top)
    draw_lines(canvas, placed.lines, TEXT, _SIZE, x + _BOX + 3, top, INK)


def _draw_cells(canvas: Canvas, mask: str, x: float, top: float) -> None:
    """One cell a letter of the mask, which is printed in it; its separators stand between."""
    canvas.setLineWidth(0.6)
    for letter in mask:
        if letter.isalpha():
            canvas.setStrokeColor(FAINT)
            canvas.setFillColor(white)
            canvas.rect(x, top - _CELL_HEIGHT, _CELL_WIDTH, _CELL_HEIGHT, fill=1)
            _centred(canvas, letter, x + _CELL_WIDTH / 2, top, RULE)
            x += _CELL_WIDTH
        else:
            _centred(canvas, letter, x + 3, top, FAINT)
            x += 6


def _centred(canvas: Canvas, letter: str, x: float, top: float, colour: Color) -> None:
    canvas.setFillColor(colour)
    canvas.setFont(TEXT, _SMALL + 1)
    canvas.drawCentredString(x, top - _CELL_HEIGHT + 3.6, letter)


def _draw_line(canvas: Canvas, x: float, top: float, width: float) -> None:
    canvas.setStrokeColor(FAINT)
    canvas.setFillColor(white)
    canvas.setLineWidth(0.6)
    canvas.rect(x, top - _CELL_HEIGHT, width, _CELL_HEIGHT, fill=1)
