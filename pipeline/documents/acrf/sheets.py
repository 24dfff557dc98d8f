"""The pages of a form: title, legend of datasets, record header, and the fields as far as they fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reportlab.pdfgen.canvas import Canvas

from pipeline.documents.acrf.blocks import blocks_of
from pipeline.documents.acrf.facts import Collected, Field, Form, Note
from pipeline.documents.acrf.lines import draw_lines, height_of, lines_of
from pipeline.documents.acrf.notes import Palette, draw_note, draw_notes, note_size, notes_height
from pipeline.documents.acrf.pieces import PANEL, Piece, panel, pieces_of
from pipeline.documents.layout import ACCENT, BOLD, BOTTOM, FAINT, INK, LEFT, RIGHT, RULE, TEXT, TOP, WIDTH

_TITLE, _LEGEND, _SMALL = 15, 9.5, 8
_BETWEEN = 6


@dataclass(frozen=True)
class Sheet:
    """One page: its pieces from top to bottom."""

    pieces: tuple[Piece, ...]

    @property
    def keys(self) -> set[Collected]:
        """What is annotated on the page."""
        return {key for piece in self.pieces for key in piece.keys}

    def draw(self, canvas: Canvas) -> None:
        """Draws the page from the top of its content."""
        top = TOP
        for piece in self.pieces:
            piece.draw(canvas, top)
            top -= piece.height


def sheets_of(form: Form, visits: Mapping[str, str]) -> list[Sheet]:
    """The pages of the form, at least one; every further one repeats title and legend."""
    palette = Palette(tuple(name for name, _ in form.datasets))
    legend = list(_legend(form, palette))
    first = [_title(form, visits, more=False), *legend, *_opening(form, palette)]
    later = [_title(form, visits, more=True), *legend]
    body = [piece for block in blocks_of(form.fields) for piece in pieces_of(block, palette)]
    pages: list[list[Piece]] = [first]
    for number, piece in enumerate(body):
        following = body[number + 1] if number + 1 < len(body) else None
        needed = piece.height + (following.height if following and following.heading is piece else 0)
        if _used(pages[-1]) + needed > TOP - BOTTOM:
            pages.append([*later, *([piece.heading] if piece.heading else [])])
        pages[-1].append(piece)
    return [Sheet(tuple(page)) for page in pages]


def _used(pieces: list[Piece]) -> float:
    return sum(piece.height for piece in pieces)


def _title(form: Form, visits: Mapping[str, str], *, more: bool) -> Piece:
    where = ", ".join(visits[each] for each in form.visits)
    told = lines_of(f"Collected at: {where}", TEXT, _SMALL, WIDTH) if form.visits else ()
    height = _TITLE * 1.25 + (0 if more else height_of(told, _SMALL)) + _BETWEEN

    def draw(canvas: Canvas, top: float) -> None:
        words = f"{form.title} (continued)" if more else form.title
        draw_lines(canvas, (words,), BOLD, _TITLE, LEFT, top, ACCENT)
        canvas.setFont(BOLD, 11)
        canvas.setFillColor(FAINT)
        canvas.drawRightString(RIGHT, top - _TITLE + 2, form.code)
        if not more:
            draw_lines(canvas, told, TEXT, _SMALL, LEFT, top - _TITLE * 1.25, FAINT)

    return Piece(height, draw)


def _legend(form: Form, palette: Palette) -> Iterator[Piece]:
    """The datasets of the form in their colours, side by side as they fit."""
    notes = [Note(name, f"{name} ({label})") for name, label in form.datasets]
    placed: list[tuple[Note, float, float]] = []
    x = y = 0.0
    for note in notes:
        wide, high = note_size(note, WIDTH, _LEGEND)
        if x and x + wide > WIDTH:
            x, y = 0.0, y + high + 3
        placed.append((note, x, y))
        x += wide + 5
    if placed:
        height = placed[-1][2] + note_size(placed[-1][0], WIDTH, _LEGEND)[1] + _BETWEEN

        def draw(canvas: Canvas, top: float) -> None:
            for note, right, down in placed:
                draw_note(canvas, note, palette, LEFT + right, top - down, WIDTH, _LEGEND)

        yield Piece(height, draw)


def _opening(form: Form, palette: Palette) -> Iterator[Piece]:
    if form.heading:
        yield _record_header(form.heading, palette)
    if form.fixed:
        yield _fixed(form.fixed, palette)
    if form.repeats:
        yield _repeats(form.repeats)


def _record_header(fields: tuple[Field, ...], palette: Palette) -> Piece:
    """The first line of the form: whose record it is, and of which visit."""
    width = WIDTH / len(fields)
    room = width - 8
    tallest = max(notes_height(each.notes, room) for each in fields)
    height = 26 + tallest + 4

    def draw(canvas: Canvas, top: float) -> None:
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.5)
        for number, each in enumerate(fields):
            x = LEFT + number * width
            canvas.setStrokeColor(RULE)
            canvas.rect(x, top - height, width, height)
            draw_lines(canvas, (each.label,), TEXT, _SMALL, x + 4, top - 3, INK)
            draw_lines(canvas, (each.name,), TEXT, 6.5, x + 4, top - 13.5, FAINT)
            draw_notes(canvas, each.notes, palette, x + 4, top - 24, room)

    return Piece(
        height + _BETWEEN, draw, tuple(key for each in fields for note in each.notes for key in note.keys)
    )


def _fixed(notes: tuple[Note, ...], palette: Palette) -> Piece:
    """What is the same on every record of the form."""
    height = 11 + notes_height(notes, WIDTH) + _BETWEEN

    def draw(canvas: Canvas, top: float) -> None:
        draw_lines(canvas, ("The same on every record of this form:",), TEXT, _SMALL, LEFT, top, FAINT)
        draw_notes(canvas, notes, palette, LEFT, top - 11, WIDTH)

    return Piece(height, draw, tuple(key for note in notes for key in note.keys))


def _repeats(what: str) -> Piece:
    height = 16.0

    def draw(canvas: Canvas, top: float) -> None:
        panel(canvas, top, height, shaded=True)
        words = lines_of(f"Repeats: one entry for each {what}", BOLD, _SMALL, PANEL - 10)
        draw_lines(canvas, words, BOLD, _SMALL, LEFT + 5, top - 3.5, INK)

    return Piece(height, draw)
