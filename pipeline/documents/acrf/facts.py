"""What an annotated CRF is made of: plain facts, in the order in which they are printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Entry = Literal["choice", "tick", "date", "time", "integer", "decimal", "text", "identifier"]


Facts = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Collected:
    """The variable ``place`` (``DM.SEX``, ``SUPPDM.QVAL``), collected on records that have ``told`` in other variables.

    ``told`` has each variable of which the form says something, with every value that it can have.
    """

    place: str
    told: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def name(self) -> str:
        """``DM.SEX``, or ``SUPPDM.QVAL.RACEOTH``."""
        return ".".join([self.place, *dict(self.told).get("QNAM", ())])


@dataclass(frozen=True)
class Note:
    """One annotation. ``dataset`` gives its colour: "" for every dataset, None for a field that is not submitted.

    ``when`` are conditions that all hold; ``keys`` name what is collected here.
    """

    dataset: str | None
    head: str
    when: tuple[str, ...] = ()
    keys: tuple[Collected, ...] = ()

    @property
    def text(self) -> str:
        """The whole annotation."""
        return f"{self.head} when {' and '.join(self.when)}" if self.when else self.head


@dataclass(frozen=True)
class Choice:
    """One box of a list: the printed text and the code behind it."""

    code: str
    text: str


@dataclass(frozen=True)
class Field:
    """One field: its name in the data, what is printed, how it is answered, and its annotations.

    ``text`` is the name of the column that delivers the printed text of its code, "" if there is none.
    """

    name: str
    label: str
    entry: Entry
    notes: tuple[Note, ...]
    choices: tuple[Choice, ...] = ()
    required: bool = False
    text: str = ""

    @property
    def names(self) -> str:
        """The columns of the field as they are printed below its label."""
        return f"{self.name}, {self.text}" if self.text else self.name


@dataclass(frozen=True)
class Form:
    """One form: ``visits`` are those it is collected at, ``repeats`` what has an entry of its own ("": one a visit).

    ``datasets`` are names with labels in the order of the legend; ``heading`` are the fields of its first lines;
    ``fixed`` annotates what has the same value on every record of the form.
    """

    code: str
    title: str
    visits: tuple[str, ...]
    repeats: str
    datasets: tuple[tuple[str, str], ...]
    heading: tuple[Field, ...]
    fixed: tuple[Note, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Crf:
    """A study's forms; ``visits`` maps the code of a visit to its name, in the order of the study.

    ``shared`` is the record header that every form has, printed once.
    """

    study: str
    title: str
    sponsor: str
    standards: str
    visits: Mapping[str, str]
    forms: tuple[Form, ...]
    shared: Form


@dataclass(frozen=True)
class AnnotatedCrf:
    """The document with its number of pages, and the physical pages (from 1) of everything that is collected on it.

    Keys of ``pages``: ``DM.SEX``, ``SUPPDM.QVAL.RACEOTH``. ``spots`` has by variable (``QS.QSORRES``) each annotation
    as its page and the values that its records can have in other variables (``QSTESTCD``).
    """

    pdf: bytes
    total: int
    pages: Mapping[str, tuple[int, ...]]
    spots: Mapping[str, tuple[tuple[int, Facts], ...]]
