"""The planned arms as a picture: one row an arm, one column an epoch, one box an element."""

from __future__ import annotations

from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from pipeline.documents.guide.blocks import Paths
from pipeline.documents.layout import ACCENT, BOLD, FAINT, INK, RULE, TEXT, WIDTH, tint

_HEAD, _BOX, _SPACE, _SIZE = 18, 24, 5, 8
_NAME_SHARE = 0.2
_BETWEEN = 14


class ArmPaths(Flowable):
    """The picture of ``paths`` over the whole width; several elements of an epoch stand below each other."""

    def __init__(self, paths: Paths) -> None:
        super().__init__()
        self._paths = paths
        self.width = WIDTH
        self.height = _HEAD + sum(self._row(elements) for _, elements in paths.arms)
        self.spaceAfter = self.spaceBefore = 8

    @staticmethod
    def _row(elements: tuple[tuple[tuple[str, str], ...], ...]) -> float:
        most = max((len(boxes) for boxes in elements), default=1)
        return most * _BOX + (most - 1) * _SPACE + 2 * _SPACE

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:  # noqa: ARG002 - reportlab's door
        """The size of the picture."""
        return self.width, self.height

    def draw(self) -> None:
        """Draws the picture; the origin is its lower left corner."""
        canvas: Canvas = self.canv
        left = WIDTH * _NAME_SHARE
        wide = (WIDTH - left) / max(len(self._paths.epochs), 1)
        canvas.setFont(BOLD, _SIZE)
        canvas.setFillColor(FAINT)
        for at, epoch in enumerate(self._paths.epochs):
            canvas.drawString(left + at * wide, self.height - 10, epoch)
        top = self.height - _HEAD
        for name, elements in self._paths.arms:
            row = self._row(elements)
            canvas.setStrokeColor(RULE)
            canvas.setLineWidth(0.5)
            canvas.line(0, top, WIDTH, top)
            self._words(canvas, name, BOLD, (0, top - row / 2), left - 6)
            for at, boxes in enumerate(elements):
                self._boxes(canvas, boxes, (left + at * wide, top - row / 2), wide - _BETWEEN, arrow=at > 0)
            top -= row

    def _boxes(
        self,
        canvas: Canvas,
        boxes: tuple[tuple[str, str], ...],
        place: tuple[float, float],
        wide: float,
        *,
        arrow: bool,
    ) -> None:
        left, middle = place
        whole = len(boxes) * _BOX + (len(boxes) - 1) * _SPACE
        top = middle + whole / 2
        for code, name in boxes:
            canvas.setFillColor(tint(ACCENT, 0.08))
            canvas.setStrokeColor(tint(ACCENT, 0.55))
            canvas.setLineWidth(0.7)
            canvas.roundRect(left, top - _BOX, wide, _BOX, 3, fill=1)
            canvas.setFillColor(INK)
            text = name if name == code else f"{code}: {name}"
            self._words(canvas, text, TEXT, (left + 5, top - _BOX / 2), wide - 10)
            if arrow:
                self._arrow(canvas, left, middle, top - _BOX / 2)
            top -= _BOX + _SPACE

    @staticmethod
    def _arrow(canvas: Canvas, left: float, start: float, end: float) -> None:
        """From the middle of the row before to the left edge of a box."""
        canvas.setStrokeColor(FAINT)
        canvas.setFillColor(FAINT)
        canvas.line(left - _BETWEEN, start, left - 3, end)
        path = canvas.beginPath()
        path.moveTo(left, end)
        path.lineTo(left - 4, end + 2.2)
        path.lineTo(left - 4, end - 2.2)
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)

    @staticmethod
    def _words(canvas: Canvas, text: str, face: str, place: tuple[float, float], wide: float) -> None:
        """Text around the height of ``place`` in as many lines as it needs."""
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and stringWidth(longer, face, _SIZE) > wide:
                lines.append(word)
            else:
                lines[-1] = longer
        canvas.setFont(face, _SIZE)
        canvas.setFillColor(INK)
        x, y = place
        first = y + (len(lines) - 1) * (_SIZE + 1) / 2 - _SIZE * 0.35
        for at, line in enumerate(lines):
            canvas.drawString(x, first - at * (_SIZE + 1), line)
