"""Bookmarks, twice as the guidelines ask: by form in alphabetical order, and by visit in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reportlab.pdfgen.canvas import Canvas

from pipeline.documents.acrf.facts import Crf, Form
from pipeline.documents.layout import PAGE_HEIGHT

COVER, CONTENTS, SCHEDULE, INDEX = "Conventions", "Contents", "Forms by visit", "Index of collected variables"


@dataclass(frozen=True)
class Bookmark:
    """One bookmark to the first page of ``form``; ``name`` is its own, since a place has one title only."""

    name: str
    title: str
    level: int
    form: str


def place(canvas: Canvas, *names: str) -> None:
    """Makes the top of the current page the place of each name; the reader's zoom stays as it is."""
    for name in names:
        canvas.bookmarkPage(name, fit="XYZ", left=0, top=PAGE_HEIGHT)


def form_place(form: Form) -> str:
    """Name of the form's first page."""
    return f"form-{form.code}"


def bookmarks(crf: Crf) -> Iterator[Bookmark]:
    """All bookmarks to forms, in their order."""
    yield Bookmark("shared", crf.shared.title, 0, crf.shared.code)
    ordered = sorted(crf.forms, key=lambda form: form.code)
    for number, form in enumerate(ordered):
        if number == 0:
            yield Bookmark("forms", "Forms", 0, form.code)
        yield Bookmark(f"forms-{form.code}", _named(form), 1, form.code)
    held = {visit: [form for form in crf.forms if visit in form.visits] for visit in crf.visits}
    for number, (visit, forms) in enumerate((visit, forms) for visit, forms in held.items() if forms):
        if number == 0:
            yield Bookmark("visits", "Visits", 0, forms[0].code)
        yield Bookmark(f"visit-{visit}", crf.visits[visit], 1, forms[0].code)
        yield from (Bookmark(f"visit-{visit}-{form.code}", _named(form), 2, form.code) for form in forms)


def draw_outline(canvas: Canvas, crf: Crf) -> None:
    """Adds every bookmark; their places must have been made."""
    for title in (COVER, CONTENTS, SCHEDULE):
        canvas.addOutlineEntry(title, title)
    for each in bookmarks(crf):
        canvas.addOutlineEntry(each.title, each.name, level=each.level, closed=each.level == 1)
    canvas.addOutlineEntry(INDEX, INDEX)


def _named(form: Form) -> str:
    return f"{form.code} - {form.title}"
