"""Text cut into lines, and small pieces of a page that are measured before they are drawn."""

from __future__ import annotations

from functools import lru_cache

from reportlab.lib.colors import Color
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

LEADING = 1.2
TIED = "\u00a0"  # a space where a line is not broken


@lru_cache(maxsize=4096)
def lines_of(text: str, font: str, size: float, width: float) -> tuple[str, ...]:
    """``text`` in lines no wider than ``width``; a word that is wider on its own is cut. One empty line for "".

    No line ends at a space that is marked as TIED.
    """
    lines: list[str] = []
    line = ""
    for word in (piece for long in text.split(" ") for piece in _pieces(long, font, size, width)):
        longer = f"{line} {word}" if line else word
        if line and stringWidth(longer, font, size) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return tuple(each.replace(TIED, " ") for each in (*lines, line))


def _pieces(word: str, font: str, size: float, width: float) -> list[str]:
    pieces = [""]
    for letter in word:
        if pieces[-1] and stringWidth(pieces[-1] + letter, font, size) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def height_of(lines: tuple[str, ...], size: float) -> float:
    """Height of the lines from the top of the first to the bottom of the last."""
    return len(lines) * size * LEADING


def draw_lines(
    canvas: Canvas, lines: tuple[str, ...], font: str, size: float, x: float, top: float, colour: Color
) -> None:
    """Draws the lines with their left ends at ``x``, the first below ``top``."""
    canvas.setFillColor(colour)
    canvas.setFont(font, size)
    for number, line in enumerate(lines):
        canvas.drawString(x, top - size - number * size * LEADING + 0.18 * size, line)
