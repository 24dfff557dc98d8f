"""A form's blocks as pieces of a page: each is measured first, drawn whole, and never cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from pipeline.documents.acrf.blocks import Block, Column, Row, Single, Table, Ticks
from pipeline.documents.acrf.entries import draw_box, draw_entry, entry_height, is_long
from pipeline.documents.acrf.facts import Collected, Field, Note
from pipeline.documents.acrf.lines import draw_lines, height_of, lines_of
from pipeline.documents.acrf.notes import Palette, draw_notes, note_size, notes_height
from pipeline.documents.layout import BOLD, FAINT, INK, LEFT, RIGHT, RULE, SHADE, TEXT

PANEL = 308  # width of the form itself; the annotations stand to its right
NOTES_X = LEFT + PANEL + 8
NOTES_WIDTH = RIGHT - NOTES_X
_LABEL_WIDTH, _ENTRY_X = 128, LEFT + 138
_ENTRY_WIDTH = PANEL - 138 - 6
_LABEL, _NAME, _PAD = 9, 6.5, 4.5
_LEAST_LINE = 11.0  # height of a box to tick with its label
_ROW_TITLE, _CHOICES_WIDTH, _INDENT = 112, 73, 46


@dataclass(frozen=True)
class Piece:
    """Something with a height that is drawn below ``top``; ``keys`` name what is annotated in it.

    ``heading`` is drawn again where a page starts with the piece.
    """

    height: float
    draw: Callable[[Canvas, float], None]
    keys: tuple[Collected, ...] = ()
    heading: Piece | None = None


def pieces_of(block: Block, palette: Palette) -> Iterator[Piece]:
    """The block from top to bottom."""
    if isinstance(block, Single):
        yield _single(block.field, palette)
    elif isinstance(block, Ticks):
        yield _ticks(block, palette)
    else:
        heading = _table_heading(block, palette)
        yield heading
        yield from (_table_row(row, block.columns, palette, heading) for row in block.rows)


def panel(canvas: Canvas, top: float, height: float, *, shaded: bool = False) -> None:
    """The frame of one row of the form."""
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.5)
    canvas.setFillColor(SHADE)
    canvas.rect(LEFT, top - height, PANEL, height, fill=int(shaded))


def _keys(notes: Sequence[Note]) -> tuple[Collected, ...]:
    return tuple(key for note in notes for key in note.keys)


def _single(field: Field, palette: Palette) -> Piece:
    below = _label_height(field) + 2 if is_long(field) else 0
    x, width = (LEFT + 5, PANEL - 10) if is_long(field) else (_ENTRY_X, _ENTRY_WIDTH)
    entry = below + entry_height(field, width)
    height = max(_label_height(field), entry, notes_height(field.notes, NOTES_WIDTH)) + 2 * _PAD

    def draw(canvas: Canvas, top: float) -> None:
        panel(canvas, top, height)
        _draw_label(canvas, field, top - _PAD)
        draw_entry(canvas, field, x, top - _PAD - below, width)
        draw_notes(canvas, field.notes, palette, NOTES_X, top - _PAD, NOTES_WIDTH)

    return Piece(height, draw, _keys(field.notes))


def _label_height(field: Field) -> float:
    return height_of(lines_of(_title(field), TEXT, _LABEL, _LABEL_WIDTH), _LABEL) + _NAME * 1.2


def _title(field: Field) -> str:
    return f"{field.label} *" if field.required else field.label


def _draw_label(canvas: Canvas, field: Field, top: float) -> None:
    lines = lines_of(_title(field), TEXT, _LABEL, _LABEL_WIDTH)
    draw_lines(canvas, lines, TEXT, _LABEL, LEFT + 5, top, INK)
    draw_lines(canvas, (field.names,), TEXT, _NAME, LEFT + 5, top - height_of(lines, _LABEL), FAINT)


def _ticks(block: Ticks, palette: Palette) -> Piece:
    notes = [() if block.notes else each.notes for each in block.fields]
    tall = [max(_LEAST_LINE, notes_height(own, NOTES_WIDTH) + 2) for own in notes]
    height = max(sum(tall), notes_height(block.notes, NOTES_WIDTH), _LABEL) + 2 * _PAD

    def draw(canvas: Canvas, top: float) -> None:
        panel(canvas, top, height)
        draw_lines(canvas, (block.label,), TEXT, _LABEL, LEFT + 5, top - _PAD, INK)
        draw_notes(canvas, block.notes, palette, NOTES_X, top - _PAD, NOTES_WIDTH)
        line = top - _PAD
        for each, own, step in zip(block.fields, notes, tall, strict=True):
            draw_box(canvas, _ENTRY_X, line)
            draw_lines(canvas, (each.label,), TEXT, 8.5, _ENTRY_X + 10, line, INK)
            draw_lines(canvas, (each.name,), TEXT, _NAME, LEFT + 75, line - 1.5, FAINT)
            draw_notes(canvas, own, palette, NOTES_X, line, NOTES_WIDTH)
            line -= step

    return Piece(height, draw, _keys([*block.notes, *(note for own in notes for note in own)]))


def _widths(columns: tuple[Column, ...]) -> list[float]:
    """Widths of the columns: lists have the room they need, the others share the rest."""
    lists = sum(bool(column.field.choices) for column in columns)
    rest = PANEL - _ROW_TITLE - lists * _CHOICES_WIDTH
    other = rest / max(len(columns) - lists, 1)
    return [_CHOICES_WIDTH if column.field.choices else other for column in columns]


def _table_heading(table: Table, palette: Palette) -> Piece:
    widths = _widths(table.columns)
    titles = [
        lines_of(each.title, BOLD, 8, width - 6) for each, width in zip(table.columns, widths, strict=True)
    ]
    named = [(column.title, note) for column in table.columns for note in column.notes]
    indent = min(max((stringWidth(title, TEXT, 7) for title, _ in named), default=0) + 4, _INDENT)
    boxes = [
        max(note_size(note, NOTES_WIDTH - indent)[1], height_of(lines_of(title, TEXT, 7, indent - 3), 7)) + 2
        for title, note in named
    ]
    height = max(*(height_of(each, 8) for each in titles), sum(boxes)) + 2 * _PAD

    def draw(canvas: Canvas, top: float) -> None:
        panel(canvas, top, height, shaded=True)
        x: float = LEFT + _ROW_TITLE
        for lines, width in zip(titles, widths, strict=True):
            draw_lines(canvas, lines, BOLD, 8, x + 3, top - _PAD, INK)
            x += width
        line = top - _PAD
        for (title, note), step in zip(named, boxes, strict=True):
            draw_lines(canvas, lines_of(title, TEXT, 7, indent - 3), TEXT, 7, NOTES_X, line - 1.5, FAINT)
            draw_notes(canvas, [note], palette, NOTES_X + indent, line, NOTES_WIDTH - indent)
            line -= step

    return Piece(height, draw)  # what is collected is collected in its rows


def _table_row(row: Row, columns: tuple[Column, ...], palette: Palette, heading: Piece) -> Piece:
    widths = _widths(columns)
    title = lines_of(row.title, TEXT, 8.5, _ROW_TITLE - 7)
    first = columns[0].notes[0].dataset if columns[0].notes else None
    notes = (Note(first, " and ".join(row.when)),) if row.when else ()
    entries = [entry_height(each, width - 6) for each, width in zip(row.fields, widths, strict=True)]
    tallest = max(entries) + 1 + height_of(("",), _NAME)  # the name of a cell stands below its entry
    height = max(height_of(title, 8.5), tallest, notes_height(notes, NOTES_WIDTH)) + 5

    def draw(canvas: Canvas, top: float) -> None:
        panel(canvas, top, height)
        draw_lines(canvas, title, TEXT, 8.5, LEFT + 5, top - 2, INK)
        x: float = LEFT + _ROW_TITLE
        for each, width in zip(row.fields, widths, strict=True):
            draw_entry(canvas, each, x + 3, top - 3, width - 8)
            draw_lines(canvas, (each.name,), TEXT, _NAME, x + 3, top - 4 - max(entries), FAINT)
            x += width
        draw_notes(canvas, notes, palette, NOTES_X, top - 2.5, NOTES_WIDTH)

    return Piece(height, draw, tuple(key for each in row.fields for key in _keys(each.notes)), heading)
