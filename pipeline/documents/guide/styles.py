"""How the guide's text looks: paragraph and table styles over the letters and colours of every document."""

from __future__ import annotations

from functools import cache
from typing import Literal

from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import TableStyle

from pipeline.documents.layout import ACCENT, ALARM, BOLD, FAINT, INK, ITALIC, TEXT, register_letters

GAP = 6  # points between blocks
TIGHT = TableStyle(
    [
        ("FONTNAME", (0, 0), (-1, -1), TEXT),
        *((f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
    ]
)
_BODY, _SMALL = 10, 8.5
# Sides of a cell, as reportlab counts them.
_SIDES: dict[str, Literal[0, 1, 2]] = {"left": 0, "center": 1, "right": 2}


@cache
def styles() -> dict[str, ParagraphStyle]:
    """Every style by name; their letters are registered, which paragraphs need before there is a page."""
    register_letters()
    body = ParagraphStyle(
        "text",
        fontName=TEXT,
        fontSize=_BODY,
        leading=13.5,
        textColor=INK,
        spaceAfter=GAP,
        bulletFontName=TEXT,
    )
    cell = ParagraphStyle("cell", parent=body, fontSize=_SMALL, leading=10.5, spaceAfter=0)
    made = [
        body,
        cell,
        ParagraphStyle("note", parent=body, fontName=ITALIC, textColor=FAINT),
        ParagraphStyle("warning", parent=body, fontName=BOLD, textColor=ALARM),
        ParagraphStyle("question", parent=body, fontName=BOLD, spaceBefore=GAP, spaceAfter=2),
        ParagraphStyle("item", parent=body, leftIndent=14, bulletIndent=3, spaceAfter=3),
        ParagraphStyle("caption", parent=cell, fontName=BOLD, fontSize=9, leading=12, spaceBefore=3),
        ParagraphStyle("strong", parent=cell, fontName=BOLD),
        *(ParagraphStyle(f"cell {name}", parent=cell, alignment=side) for name, side in _SIDES.items()),
        *(
            ParagraphStyle(f"head {name}", parent=cell, fontName=BOLD, textColor=ACCENT, alignment=side)
            for name, side in _SIDES.items()
        ),
        ParagraphStyle("alarm", parent=cell, fontName=BOLD, textColor=ALARM),
        ParagraphStyle(
            "heading 1",
            parent=body,
            fontName=BOLD,
            fontSize=17,
            leading=21,
            textColor=ACCENT,
            spaceBefore=16,
            spaceAfter=8,
        ),
        ParagraphStyle(
            "heading 2",
            parent=body,
            fontName=BOLD,
            fontSize=13,
            leading=17,
            textColor=ACCENT,
            spaceBefore=14,
            spaceAfter=5,
        ),
        ParagraphStyle(
            "heading 3",
            parent=body,
            fontName=BOLD,
            fontSize=11,
            leading=14,
            textColor=ACCENT,
            spaceBefore=13,
            spaceAfter=4,
        ),
        ParagraphStyle(
            "title", parent=body, fontName=BOLD, fontSize=26, leading=32, textColor=ACCENT, spaceAfter=14
        ),
        ParagraphStyle("subtitle", parent=body, fontSize=14, leading=19, spaceAfter=24),
        ParagraphStyle(
            "contents", parent=body, fontName=BOLD, fontSize=17, leading=21, textColor=ACCENT, spaceAfter=10
        ),
        ParagraphStyle(
            "contents 1", parent=body, fontName=BOLD, fontSize=10.5, leading=14, spaceBefore=5, spaceAfter=0
        ),
        ParagraphStyle("contents 2", parent=body, leftIndent=14, leading=13, spaceAfter=0),
        ParagraphStyle(
            "contents 3", parent=body, leftIndent=30, fontSize=9, leading=12, textColor=FAINT, spaceAfter=0
        ),
    ]
    return {style.name: style for style in made}
