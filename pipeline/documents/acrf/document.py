"""The door of the annotated CRF: facts in, PDF and the pages of every collected variable out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from io import BytesIO

from reportlab.pdfgen.canvas import Canvas

from pipeline.documents.acrf.facts import AnnotatedCrf, Collected, Crf, Facts
from pipeline.documents.acrf.front import draw_contents, draw_cover, draw_schedule
from pipeline.documents.acrf.index import Line, draw_index, index_lines, index_pages, page_place
from pipeline.documents.acrf.outline import bookmarks, draw_outline, form_place, place
from pipeline.documents.acrf.sheets import Sheet, sheets_of
from pipeline.documents.layout import Edges, new_canvas, register_letters

TITLE = "Annotated Case Report Form"
_FRONT = 3  # cover, contents, schedule


@dataclass(frozen=True)
class _Plan:
    """Every page before it is drawn: the sheets of each form and its first page, what is where, and the index."""

    sheets: dict[str, list[Sheet]]
    forms: dict[str, int]
    keys: dict[Collected, tuple[int, ...]]
    pages: dict[str, tuple[int, ...]]
    index: list[list[list[Line]]]

    @property
    def total(self) -> int:
        """Number of pages."""
        return _FRONT + sum(len(sheets) for sheets in self.sheets.values()) + len(self.index)


def annotated_crf(crf: Crf, mark: str | None, cut: date | None = None) -> AnnotatedCrf:
    """The annotated CRF of ``crf``; ``mark`` is that of a draft, None for none. Equal facts give equal bytes.

    ``cut`` is the data cut of the release that it is for, None for none.
    """
    register_letters()
    plan = _plan(crf)
    pdf = _drawn(crf, plan, Edges(crf.study, TITLE, mark, cut))
    return AnnotatedCrf(pdf, plan.total, plan.pages, _spots(plan.keys))


def _spots(keys: Mapping[Collected, tuple[int, ...]]) -> dict[str, tuple[tuple[int, Facts], ...]]:
    """Variable -> page and facts of every place where it is annotated."""
    found: dict[str, list[tuple[int, Facts]]] = {}
    for key, pages in keys.items():
        found.setdefault(key.place, []).extend((page, dict(key.told)) for page in pages)
    return {place: tuple(spots) for place, spots in found.items()}


def _plan(crf: Crf) -> _Plan:
    sheets = {form.code: sheets_of(form, crf.visits) for form in (crf.shared, *crf.forms)}
    forms: dict[str, int] = {}
    keys: dict[Collected, list[int]] = {}
    page = _FRONT
    for code, own in sheets.items():
        forms[code] = page + 1
        for sheet in own:
            page += 1
            for key in sheet.keys:
                keys.setdefault(key, []).append(page)
    ordered = sorted(keys, key=lambda key: (key.place, key.told))
    named: dict[str, set[int]] = {}
    for key in ordered:
        named.setdefault(key.name, set()).update(keys[key])
    pages = {name: tuple(sorted(numbers)) for name, numbers in named.items()}
    each = {key: tuple(keys[key]) for key in ordered}
    return _Plan(sheets, forms, each, pages, list(index_pages(index_lines(pages))))


def _drawn(crf: Crf, plan: _Plan, edges: Edges) -> bytes:
    into = BytesIO()
    canvas = new_canvas(into, edges)
    for number, (names, draw) in enumerate(_pages(crf, plan, canvas), start=1):
        place(canvas, page_place(number), *names)
        draw()
        edges.draw(canvas, number, plan.total)
        canvas.showPage()
    draw_outline(canvas, crf)
    canvas.save()
    return into.getvalue()


def _pages(crf: Crf, plan: _Plan, canvas: Canvas) -> list[tuple[list[str], Callable[[], None]]]:
    """Every page: the names of its place, and what draws it."""
    pages: list[tuple[list[str], Callable[[], None]]] = [
        ([], partial(draw_cover, canvas, crf)),
        ([], partial(draw_contents, canvas, crf, plan.forms)),
        ([], partial(draw_schedule, canvas, crf)),
    ]
    for form in (crf.shared, *crf.forms):
        named = [form_place(form), *(each.name for each in bookmarks(crf) if each.form == form.code)]
        for number, sheet in enumerate(plan.sheets[form.code]):
            pages.append((named if number == 0 else [], partial(sheet.draw, canvas)))
    pages += [
        ([], partial(draw_index, canvas, columns, first=number == 0))
        for number, columns in enumerate(plan.index)
    ]
    return pages
