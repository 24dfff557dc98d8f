"""The door of the guide: facts in, PDF out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from io import BytesIO
from xml.sax.saxutils import escape

from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageBreak, PageTemplate, Paragraph, Spacer
from reportlab.platypus.doctemplate import IndexingFlowable
from reportlab.platypus.tableofcontents import TableOfContents

from pipeline.documents.guide.blocks import Block, Heading, Pairs
from pipeline.documents.guide.blocks import Paragraph as Text
from pipeline.documents.guide.conformance import appendices, conformance
from pipeline.documents.guide.facts import GuideFacts
from pipeline.documents.guide.flowables import HeadingLines, flowables
from pipeline.documents.guide.introduction import introduction, protocol
from pipeline.documents.guide.links import Links
from pipeline.documents.guide.styles import TIGHT, styles
from pipeline.documents.guide.subjects import subject_data
from pipeline.documents.layout import BOTTOM, LEFT, TOP, WIDTH, Edges, canvas_settings, describe, new_canvas

TITLE = "Clinical Study Data Reviewer's Guide"
_LEVELS = (1, 2, 3)
_PAGE = "PAGE"


def reviewers_guide(facts: GuideFacts, mark: str | None) -> bytes:
    """The guide as PDF; equal facts give equal bytes. ``mark`` stands on every page of a draft, None for none."""
    edges = Edges(facts.source.study, TITLE, mark, date.fromisoformat(facts.source.cut))
    blocks = list(sections(facts))
    links = Links(block.anchor for block in blocks if isinstance(block, Heading))

    total, into = _Total(), BytesIO()
    story = [total, *_front(facts, mark, links), *flowables(blocks, links)]
    _Pages(into, edges, total).multiBuild(story, canvasmaker=lambda to, **_: new_canvas(to, edges))
    return into.getvalue()


def sections(facts: GuideFacts) -> Iterator[Block]:
    """Everything behind the table of contents, in the order of the template."""
    yield from introduction(facts)
    yield from protocol(facts)
    yield from subject_data(facts)
    yield from conformance(facts)
    yield from appendices(facts)


def _front(facts: GuideFacts, mark: str | None, links: Links) -> Iterator[Flowable]:
    """Title page and table of contents."""
    source = facts.source
    yield Spacer(0, 130)
    yield Paragraph(TITLE, styles()["title"])
    yield Paragraph(escape(source.title), styles()["subtitle"])
    about = [
        ("Study", source.study),
        *((name or "Registry", number) for name, number in source.registries),
        ("Sponsor", source.sponsor),
        ("Data cut", source.cut),
        ("Package", f"{mark}: not for submission" if mark else source.mode),
        ("Build", f"{source.build} of delivery {source.delivery}"),
    ]
    yield from flowables([Pairs(tuple(about))], links)
    if source.masked:
        yield Spacer(0, 12)
        told = "Treatment is masked in these data. What that means for each dataset is told in section 3.1.2."
        yield from flowables([Text(told, "warning")], links)
    yield PageBreak()
    yield Paragraph("Contents", styles()["contents"])
    yield TableOfContents(
        levelStyles=[styles()[f"contents {level}"] for level in _LEVELS], dotsMinLevel=0, tableStyle=TIGHT
    )
    yield PageBreak()


class _Total(IndexingFlowable):
    """Draws nothing; knows how many pages the pass before had, and asks for another pass until that is the number."""

    def __init__(self) -> None:
        super().__init__()
        self.told = self._found = 0

    def beforeBuild(self) -> None:  # noqa: N802 - reportlab calls it
        """Begins a pass."""
        self.told, self._found = self._found, 0

    def notify(self, kind: str, page: int) -> None:
        """Hears of every page."""
        if kind == _PAGE:
            self._found = page

    def isSatisfied(self) -> bool:  # noqa: N802 - reportlab asks
        """Whether the pages carry the right total."""
        return self.told == self._found

    def wrap(self, *_: float) -> tuple[float, float]:
        """No size."""
        return 0, 0

    def draw(self) -> None:
        """Nothing."""


class _Pages(BaseDocTemplate):
    """Pages with edges; every heading becomes a bookmark, a destination and a line of the table of contents."""

    def __init__(self, into: BytesIO, edges: Edges, total: _Total) -> None:
        super().__init__(into, **canvas_settings())
        self._edges, self._total = edges, total
        frame = Frame(
            LEFT, BOTTOM, WIDTH, TOP - BOTTOM, leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0
        )
        self.addPageTemplates(PageTemplate(frames=[frame], onPage=self._draw_edges))

    def handle_documentBegin(self) -> None:  # noqa: N802 - reportlab calls it
        """Describes the document again, because the template has put its own title there."""
        super().handle_documentBegin()
        describe(self.canv, self._edges)

    def _draw_edges(self, canvas: Canvas, pages: BaseDocTemplate) -> None:
        self._edges.draw(canvas, pages.page, self._total.told)

    def afterPage(self) -> None:  # noqa: N802 - reportlab calls it
        """Counts the page."""
        self.notify(_PAGE, self.page)

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab calls it
        """Tells bookmarks and table of contents of a heading."""
        if not isinstance(flowable, HeadingLines):
            return
        heading = flowable.heading
        self.canv.addOutlineEntry(heading.text, heading.anchor, heading.level - 1, closed=heading.level > 1)
        self.notify("TOCEntry", (heading.level - 1, heading.text, self.page, heading.anchor))
