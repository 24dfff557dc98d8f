"""What stands before the forms: cover with the conventions, contents, and which form belongs to which visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reportlab.pdfgen.canvas import Canvas

from pipeline.documents.acrf.facts import Crf, Form, Note
from pipeline.documents.acrf.lines import draw_lines, height_of, lines_of
from pipeline.documents.acrf.notes import Palette, draw_note, note_size
from pipeline.documents.acrf.outline import CONTENTS, COVER, SCHEDULE, form_place, place
from pipeline.documents.layout import (
    ACCENT,
    BOLD,
    BOTTOM,
    FAINT,
    INK,
    LEFT,
    LINK,
    RIGHT,
    RULE,
    SHADE,
    TEXT,
    TOP,
    WIDTH,
)

_SAMPLES = (
    (
        Note("DM", "DM (Demographics)"),
        "Legend of a page: the datasets that its fields go to, each in one colour.",
    ),
    (Note("DM", "DM.SEX"), "The field is the value of this variable."),
    (
        Note("VS", 'VS.VSORRES when VSTESTCD = "SYSBP"'),
        "The field is the value of the variable on the records where the condition holds.",
    ),
    (
        Note("DM", 'QVAL in SUPPDM where QNAM = "RACEOTH"'),
        "The field is a supplemental qualifier; it has the colour of its parent dataset.",
    ),
    (
        Note("VS", 'VS.VSSTAT = "NOT DONE" if not done'),
        "An answer to the field gives the variable this value.",
    ),
    (
        Note("DM", "used to derive DM.AGE"),
        "The field itself is not submitted; the variable is computed from it (see define.xml).",
    ),
    (Note("", "USUBJID"), "The variable is in every dataset of the form."),
    (Note(None, "[NOT SUBMITTED] reason"), "No dataset holds the field, for the reason given."),
    (Note(None, "a remark"), "What else is made of the field than the annotations above the remark say."),
)
_CHOICES = (
    "Codes stand in brackets behind the printed text of a choice. A column that delivers this text (named behind the "
    "column of the code) is not submitted by itself: the code is mapped to controlled terminology."
)
_DATES = (
    "Dates are DD-MMM-YYYY and times HH:MM; unknown parts are entered as UN or UNK. An asterisk marks fields that must "
    "be filled."
)
_HEADER = "Every form begins with the same record header. It is annotated in full once, behind the schedule."
_OTHERS = (
    "Results of the central laboratory, the randomization system and the coding files are not collected on these "
    "forms; define.xml names their origin."
)


def draw_cover(canvas: Canvas, crf: Crf) -> None:
    """Study and document, and how the annotations are read."""
    place(canvas, COVER)
    top = TOP - 40
    draw_lines(canvas, (crf.sponsor,), TEXT, 11, LEFT, top, FAINT)
    draw_lines(canvas, (crf.study,), BOLD, 26, LEFT, top - 18, ACCENT)
    draw_lines(canvas, ("Annotated Case Report Form",), BOLD, 16, LEFT, top - 56, INK)
    title = lines_of(crf.title, TEXT, 11, WIDTH)
    draw_lines(canvas, title, TEXT, 11, LEFT, top - 84, INK)
    top -= 90 + height_of(title, 11)
    draw_lines(canvas, (crf.standards,), TEXT, 9, LEFT, top, FAINT)
    _rule(canvas, top - 24)
    draw_lines(canvas, ("How to read the annotations",), BOLD, 12, LEFT, top - 36, INK)
    _draw_conventions(canvas, top - 62)


def _draw_conventions(canvas: Canvas, top: float) -> None:
    palette = Palette(("DM", "VS"))
    for note, meaning in _SAMPLES:
        draw_note(canvas, note, palette, LEFT, top, 200)
        lines = lines_of(meaning, TEXT, 9.5, WIDTH - 214)
        draw_lines(canvas, lines, TEXT, 9.5, LEFT + 214, top - 1, INK)
        top -= max(note_size(note, 200)[1], height_of(lines, 9.5)) + 7
    top -= 8
    for hint in (_CHOICES, _DATES, _HEADER, _OTHERS):
        lines = lines_of(hint, TEXT, 9.5, WIDTH)
        draw_lines(canvas, lines, TEXT, 9.5, LEFT, top, INK)
        top -= height_of(lines, 9.5) + 5


def draw_contents(canvas: Canvas, crf: Crf, pages: Mapping[str, int]) -> None:
    """Every form with its datasets and its page, in the order of the forms."""
    place(canvas, CONTENTS)
    draw_lines(canvas, ("Contents",), BOLD, 15, LEFT, TOP, ACCENT)
    top = TOP - 30
    _header(canvas, top, (("Form", LEFT), ("Title", LEFT + 52), ("Datasets", LEFT + 262)), "Page")
    forms = (crf.shared, *crf.forms)
    step = min((top - 20 - BOTTOM) / len(forms), 20)
    for number, form in enumerate(forms):
        line = top - 20 - number * step
        names = [name for name, _ in form.datasets]
        draw_lines(canvas, (form.code,), BOLD, 9, LEFT, line, INK)
        draw_lines(canvas, (form.title,), TEXT, 9, LEFT + 52, line, LINK)
        draw_lines(canvas, lines_of(", ".join(names), TEXT, 9, 230)[:1], TEXT, 9, LEFT + 262, line, FAINT)
        canvas.setFillColor(LINK)
        canvas.drawRightString(RIGHT, line - 7.5, str(pages[form.code]))
        canvas.linkRect(
            "", form_place(form), (LEFT, line - step + 4, RIGHT, line + 2), relative=1, thickness=0
        )


def draw_schedule(canvas: Canvas, crf: Crf) -> None:
    """A line a form and a column a visit; each dot leads to the form."""
    place(canvas, SCHEDULE)
    draw_lines(canvas, ("Forms by visit",), BOLD, 15, LEFT, TOP, ACCENT)
    used = [visit for visit in crf.visits if any(visit in form.visits for form in crf.forms)]
    first, top = LEFT + 196, TOP - 112
    step = (RIGHT - first) / max(len(used), 1)
    for number, visit in enumerate(used):
        canvas.saveState()
        canvas.translate(first + (number + 0.5) * step + 3, top + 6)
        canvas.rotate(90)
        draw_lines(canvas, (crf.visits[visit],), TEXT, 8.5, 0, 8.5, INK)
        canvas.restoreState()
    _rule(canvas, top)
    high = min((top - BOTTOM) / max(len(crf.forms), 1), 19)
    for number, form in enumerate(crf.forms):
        line = top - number * high
        if number % 2:
            canvas.setFillColor(SHADE)
            canvas.rect(LEFT, line - high, WIDTH, high, fill=1, stroke=0)
        draw_lines(canvas, (form.code,), BOLD, 8.5, LEFT + 2, line - 4, INK)
        draw_lines(canvas, (form.title,), TEXT, 8.5, LEFT + 42, line - 4, INK)
        _draw_dots(canvas, form, used, first, line - high / 2, step)
    _rule(canvas, top - len(crf.forms) * high)


def _draw_dots(
    canvas: Canvas, form: Form, visits: Sequence[str], first: float, middle: float, step: float
) -> None:
    for number, visit in enumerate(visits):
        if visit in form.visits:
            x = first + (number + 0.5) * step
            canvas.setFillColor(LINK)
            canvas.circle(x, middle, 2.6, fill=1, stroke=0)
            canvas.linkRect(
                "", form_place(form), (x - 6, middle - 6, x + 6, middle + 6), relative=1, thickness=0
            )


def _header(canvas: Canvas, top: float, titles: Sequence[tuple[str, float]], last: str) -> None:
    for title, x in titles:
        draw_lines(canvas, (title,), BOLD, 8.5, x, top, FAINT)
    canvas.setFont(BOLD, 8.5)
    canvas.drawRightString(RIGHT, top - 7, last)
    _rule(canvas, top - 14)


def _rule(canvas: Canvas, y: float) -> None:
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.6)
    canvas.line(LEFT, y, RIGHT, y)
