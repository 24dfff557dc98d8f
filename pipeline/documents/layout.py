"""What every document shares: paper, letters, colours, the edges of each page, and equal bytes for equal content.

Paper and margins follow FDA's Portable Document Format specifications: US letter, every font embedded, room for binding
at the left, bookmarks open at the start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any

from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.fonts import addMapping
from reportlab.lib.pagesizes import letter
from reportlab.pdfbase.pdfdoc import PDFInfo
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

PAGE_WIDTH, PAGE_HEIGHT = letter  # points, 1/72 inch
LEFT, RIGHT = 54, PAGE_WIDTH - 36  # FDA: 3/4 inch for binding, 3/8 inch elsewhere
TOP, BOTTOM = PAGE_HEIGHT - 58, 48  # what stands between belongs to the content
WIDTH = RIGHT - LEFT

TEXT, BOLD, ITALIC, BOLD_ITALIC = "Text", "Text-Bold", "Text-Italic", "Text-BoldItalic"
_LETTERS = {
    TEXT: "SourceSansPro-Regular.ttf",
    BOLD: "SourceSansPro-Semibold.ttf",
    ITALIC: "SourceSansPro-It.ttf",
    BOLD_ITALIC: "SourceSansPro-SemiboldIt.ttf",
}

INK = HexColor("#1b1f24")
FAINT = HexColor("#5d6670")  # secondary text; still 4.5 : 1 on white
RULE = HexColor("#c3cad1")
SHADE = HexColor("#f1f3f5")
LINK = HexColor("#0b4fa3")  # FDA: hyperlinks are blue
ALARM = HexColor("#b3121d")  # a draft's mark
ACCENT = HexColor("#22405f")

rl_config.useA85 = 0  # streams as they are; writing them as letters makes a file a quarter larger
_PDF_VERSION = (1, 7)
_DATES = re.compile(rb" ?/(CreationDate|ModDate) \([^)]*\)")
_SMALL = 8
_HEAD, _FOOT = PAGE_HEIGHT - 38, 30  # base lines of the edges


@dataclass(frozen=True)
class Edges:
    """What stands at the edges of every page: the study, the document, and a draft's ``mark`` (None: no draft).

    ``cut`` is the data cut, the only date that the document's properties tell; they tell none without it.
    """

    study: str
    title: str
    mark: str | None = None
    cut: date | None = None

    def draw(self, canvas: Canvas, page: int, total: int) -> None:
        """Draws header and footer of page ``page`` of ``total``; the canvas is left as it was."""
        canvas.saveState()
        canvas.setFillColor(FAINT)
        canvas.setFont(TEXT, _SMALL)
        canvas.drawString(LEFT, _HEAD, self.study)
        canvas.drawRightString(RIGHT, _HEAD, self.title)
        canvas.drawRightString(RIGHT, _FOOT, f"Page {page} of {total}")
        canvas.setStrokeColor(RULE)
        canvas.setLineWidth(0.5)
        canvas.line(LEFT, _HEAD - 6, RIGHT, _HEAD - 6)
        canvas.line(LEFT, _FOOT + 11, RIGHT, _FOOT + 11)
        if self.mark:
            self._draw_mark(canvas, self.mark)
        canvas.restoreState()

    def _draw_mark(self, canvas: Canvas, mark: str) -> None:
        """The mark in a frame in the middle of the header, and again as a sentence at the foot."""
        width = stringWidth(mark, BOLD, _SMALL + 1) + 12
        middle = (LEFT + RIGHT) / 2
        canvas.setFillColor(ALARM)
        canvas.setStrokeColor(ALARM)
        canvas.setLineWidth(0.8)
        canvas.roundRect(middle - width / 2, _HEAD - 4, width, 13, 2)
        canvas.setFont(BOLD, _SMALL + 1)
        canvas.drawCentredString(middle, _HEAD - 0.5, mark)
        canvas.setFont(TEXT, _SMALL)
        canvas.drawString(LEFT, _FOOT, f"{mark}: not for submission")


@cache
def register_letters() -> None:
    """Makes the four faces known by name, and as one family, so that <b> and <i> work in paragraphs."""
    folder = resources.files("font_source_sans_pro") / "files"
    for name, file in _LETTERS.items():
        with resources.as_file(folder / file) as path:
            registerFont(TTFont(name, str(path)))
    addMapping(TEXT, 0, 0, TEXT)
    addMapping(TEXT, 1, 0, BOLD)
    addMapping(TEXT, 0, 1, ITALIC)
    addMapping(TEXT, 1, 1, BOLD_ITALIC)


def canvas_settings() -> dict[str, Any]:
    """Keyword arguments of a canvas (or a platypus template) with equal bytes for equal content: no clock, no id."""
    register_letters()
    return {
        "pagesize": letter,
        "invariant": 1,
        "pageCompression": 1,
        "lang": "en-US",
        "initialFontName": TEXT,
    }


class _Undated(PDFInfo):
    """Document properties without a date; reportlab would tell its own instead of the clock's."""

    def format(self, document: Any) -> Any:
        """The properties as PDF."""
        written: bytes = super().format(document)
        return _DATES.sub(b"", written)


def new_canvas(into: BytesIO, edges: Edges) -> Canvas:
    """An empty document that writes itself into ``into``."""
    canvas = Canvas(into, pdfVersion=_PDF_VERSION, **canvas_settings())
    describe(canvas, edges)
    return canvas


def describe(canvas: Canvas, edges: Edges) -> None:
    """Document properties, and bookmarks open at the start; call once a document."""
    canvas.setTitle(f"{edges.study} {edges.title}")
    canvas.setSubject(edges.mark or edges.title)
    canvas.setAuthor("")
    canvas.setCreator("sdtm-pipeline")
    if edges.cut is None:
        known: Any = canvas
        known._doc.info.__class__ = _Undated  # noqa: SLF001 - reportlab has no way to leave the date out
    else:
        told = f"D:{edges.cut:%Y%m%d}000000Z"
        canvas.setDateFormatter(lambda *_: told)
    canvas.showOutline()
    canvas.setViewerPreference("DisplayDocTitle", "true")


def tint(colour: Color, share: float) -> Color:
    """``colour`` mixed with white; ``share`` 1 is the colour itself, 0 white."""
    red, green, blue = (1 - share * (1 - part) for part in colour.rgb())
    return Color(red, green, blue)
