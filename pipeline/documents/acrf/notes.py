"""Annotations: coloured boxes that are text of the page, and FreeText comments of the same place and look.

Page text is seen by every viewer, printer and search; tools that read annotations find the comments. A comment
carries its own appearance, so that no viewer draws it in its own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.lib.colors import Color, HexColor, white
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFObjectReference, PDFString, xObjectName
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from pipeline.documents.acrf.facts import Note
from pipeline.documents.acrf.lines import LEADING, TIED, draw_lines, height_of, lines_of
from pipeline.documents.layout import BOLD, FAINT, INK, RULE, SHADE, TEXT

# Pastel colours of the guidelines: the first dataset of a form blue, then yellow, green, peach, and two more.
_COLOURS = tuple(
    HexColor(each) for each in ("#bfe3ff", "#fff3a3", "#c4efc0", "#ffd7b8", "#e3d5f7", "#c5eeee")
)
_SIZE, _GAP, _PAD = 8, 2, 2.5
_PRINT, _LOCKED = 4, 128  # flags of a comment: it is printed, and cannot be moved by accident
_SUPPLEMENTAL = "SUPP"


@dataclass(frozen=True)
class Palette:
    """Dataset -> colour, by its place in the legend of the form; a supplemental dataset has that of its parent."""

    datasets: tuple[str, ...]

    def colour(self, dataset: str | None) -> Color:
        """White for what is not submitted, light grey for what every dataset has."""
        if dataset is None:
            return white
        parents = list(dict.fromkeys(name.removeprefix(_SUPPLEMENTAL) for name in self.datasets))
        name = dataset.removeprefix(_SUPPLEMENTAL)
        return _COLOURS[parents.index(name) % len(_COLOURS)] if name in parents else SHADE


def note_size(note: Note, width: float, size: float = _SIZE) -> tuple[float, float]:
    """Width and height of the box of an annotation that may be ``width`` wide."""
    font = _font(note)
    lines = _lines(note, size, width)
    widest = max(stringWidth(line, font, size) for line in lines)
    return widest + 2 * _PAD, height_of(lines, size) + 2 * _PAD - size * (LEADING - 1)


def notes_height(notes: Sequence[Note], width: float) -> float:
    """Height of the boxes one below the other."""
    return sum(note_size(note, width)[1] + _GAP for note in notes) - (_GAP if notes else 0)


def draw_notes(
    canvas: Canvas, notes: Sequence[Note], palette: Palette, x: float, top: float, width: float
) -> None:
    """Draws the boxes one below the other from ``top``."""
    for note in notes:
        draw_note(canvas, note, palette, x, top, width)
        top -= note_size(note, width)[1] + _GAP


def draw_note(
    canvas: Canvas, note: Note, palette: Palette, x: float, top: float, width: float, size: float = _SIZE
) -> None:
    """Draws one box as page text, and the comment over it."""
    wide, high = note_size(note, width, size)
    name = f"Note{canvas.getPageNumber()}-{round(x)}-{round(top * 10)}"  # no two have the same corner
    canvas.beginForm(name, 0, 0, wide, high)
    canvas.setFillColor(palette.colour(note.dataset))
    canvas.setStrokeColor(RULE if note.dataset is None else FAINT)
    canvas.setLineWidth(0.5)
    canvas.rect(0.25, 0.25, wide - 0.5, high - 0.5, fill=1)
    colour = FAINT if note.dataset is None else INK
    lines = _lines(note, size, width)
    draw_lines(canvas, lines, _font(note), size, _PAD, high - _PAD + size * 0.02, colour)
    canvas.endForm()
    canvas.saveState()
    canvas.translate(x, top - high)
    canvas.doForm(name)
    canvas.restoreState()
    _comment(canvas, note, name, (x, top - high, x + wide, top))


def _lines(note: Note, size: float, width: float) -> tuple[str, ...]:
    """The text of the box; a variable, its sign and the first word of its value stay together."""
    return lines_of(note.text.replace(" = ", f"{TIED}={TIED}"), _font(note), size, width - 2 * _PAD)


def _font(note: Note) -> str:
    return TEXT if note.dataset is None else BOLD


def _comment(canvas: Canvas, note: Note, form: str, place: tuple[float, float, float, float]) -> None:
    canvas.freeTextAnnotation(
        note.text,
        PDFString(f"/Helv {_SIZE} Tf 0 g"),  # asked for by the standard; the appearance makes it moot
        Rect=place,
        name=form,
        AP=PDFDictionary({"N": PDFObjectReference(xObjectName(form))}),
        F=_PRINT | _LOCKED,
        T=PDFString("SDTM"),
    )
