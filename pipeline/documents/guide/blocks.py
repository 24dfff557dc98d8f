"""What a section is made of before it has pages: headings, paragraphs, questions, lists, tables, the plan's picture.

Texts are plain. ``links`` turns names of datasets, sections and appendices in them into links.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

UNWRITTEN = "The specification of the study has no text for this section (guide.yaml)."


@dataclass(frozen=True)
class Heading:
    """A numbered heading; ``anchor`` is its destination, level 1 the highest."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Paragraph:
    """Running text; ``within`` names the dataset that it is about, which is then no link."""

    text: str
    style: Literal["text", "note", "warning"] = "text"
    within: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list."""

    items: tuple[str, ...]
    within: str = ""


@dataclass(frozen=True)
class Question:
    """A question of the template and its answer in a word or two; what is to be said beside it follows."""

    question: str
    answer: str


@dataclass(frozen=True)
class Link:
    """A cell that leads to ``anchor``."""

    text: str
    anchor: str


@dataclass(frozen=True)
class Alarm:
    """A cell that nobody may overlook."""

    text: str


Cell = str | Link | Alarm


@dataclass(frozen=True)
class Column:
    """One column: its title, share of the table, side, and whether names of datasets in it become links."""

    title: str
    share: float
    align: Literal["left", "center", "right"] = "left"
    linked: bool = False
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table over a share ``width`` of the page; its title and header repeat on every page."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    width: float = 1


@dataclass(frozen=True)
class Pairs:
    """Facts by name, without a header."""

    rows: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class Paths:
    """The planned arms with their elements by epoch."""

    epochs: tuple[str, ...]
    arms: tuple[
        tuple[str, tuple[tuple[tuple[str, str], ...], ...]], ...
    ]  # name, elements (code, name) by epoch


@dataclass(frozen=True)
class PageBreak:
    """What follows begins a page."""


Block = Heading | Paragraph | Bullets | Question | Table | Pairs | Paths | PageBreak


def section(number: str) -> str:
    """Destination of a numbered section or an appendix: ``3.2``, ``Appendix II``."""
    return f"section {number}"


def dataset(name: str) -> str:
    """Destination of a dataset's section."""
    return f"dataset {name}"


def prose(text: str | None, within: str = "") -> list[Block]:
    """Paragraphs and lists of a text; a note that it was not written for None, nothing for an empty text."""
    if text is None:
        return [Paragraph(UNWRITTEN, "note")]
    found: list[Block] = []
    for piece in text.strip().split("\n\n"):
        lines = piece.strip().splitlines()
        if lines and lines[0].startswith("- "):
            found.append(Bullets(_items(lines), within))
        elif lines:
            found.append(Paragraph(" ".join(line.strip() for line in lines), within=within))
    return found


def _items(lines: list[str]) -> tuple[str, ...]:
    items: list[str] = []
    for line in lines:
        if line.startswith("- "):
            items.append(line.removeprefix("- ").strip())
        else:
            items[-1] += f" {line.strip()}"
    return tuple(items)


def counted(number: int | None) -> str:
    """A count with separators; ``-`` where there is nothing to count."""
    return "-" if number is None else f"{number:,}"
