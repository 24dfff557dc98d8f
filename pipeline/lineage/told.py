"""What a trace tells, as plain values: places, cells, steps, records. They may hold a subject's values."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Place:
    """One physical line of one delivered file (header = 1)."""

    source: str
    file: str
    delivery: str
    sha256: str
    line: int


@dataclass(frozen=True)
class Cell:
    """One delivered value: ``raw`` exactly as delivered, ``typed`` as accepted (null: blank or not accepted).

    ``change`` says what the text rules did: unchanged, blank, normalised, renumbered, set aside.
    """

    column: str
    label: str
    raw: str
    typed: str | None
    change: str
    kind: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One delivered row behind a record; ``role`` is what it is to the record, ``model`` the contract it passed."""

    place: Place
    role: str
    model: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class From:
    """A delivered value behind a variable, and the verb or rule that reads it."""

    place: Place
    cell: Cell
    by: str
    how: str = ""


@dataclass(frozen=True)
class TableRow:
    """A row of the study's tables that was consulted; ``line`` is its line in the CSV (header = 1)."""

    table: str
    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Step:
    """What was there, and after which treatment."""

    what: str
    value: str | None
    note: str = ""


@dataclass(frozen=True)
class SpecLine:
    """Where the specification says how the variable is filled, and the sentence itself."""

    file: str
    line: int
    origin: str
    sentence: str


@dataclass(frozen=True)
class Known:
    """A record, by dataset, subject and number."""

    dataset: str
    subject: str
    seq: int
    why: str = ""


@dataclass(frozen=True)
class Moment:
    """A reference moment of the subject (``RFXSTDTC``) or an element, with the cells that gave it."""

    name: str
    value: str | None
    sources: tuple[From, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Component:
    """A part of a score: its value, the records of one dataset it was made of, and the lines these came from."""

    name: str
    value: str | None
    dataset: str
    seqs: tuple[int, ...]
    shown: str
    sources: tuple[From, ...]
    baseline_visit: str | None = None


@dataclass(frozen=True)
class Recalculation:
    """What the form shows of an index or response beside what its components give."""

    test: str
    collected: str | None
    recalculated: str | None
    difference: str | None
    verdict: str
    components: tuple[Component, ...]


@dataclass(frozen=True)
class Value:
    """One variable of one record and everything behind it."""

    variable: str
    label: str
    value: str | None
    spec: SpecLine
    sources: tuple[From, ...] = ()
    steps: tuple[Step, ...] = ()
    tables: tuple[TableRow, ...] = ()
    moments: tuple[Moment, ...] = ()
    records: tuple[Known, ...] = ()
    recalculation: Recalculation | None = None


@dataclass(frozen=True)
class Told:
    """A finding about the record or the row."""

    rule: str
    severity: str
    variable: str | None
    message: str
    action: str | None
    line: int | None


@dataclass(frozen=True)
class RecordTrace:
    """One record of a dataset; ``subject`` is null for a record of a study's table."""

    dataset: str
    label: str
    subject: str | None
    seq: int
    key: dict[str, str | None]
    values: tuple[Value, ...]
    rows: tuple[Row, ...] = ()
    findings: tuple[Told, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Became:
    """A record that a delivered row became or gave something to; ``roles`` as in ``ops.links_*``."""

    record: Known
    key: dict[str, str | None]
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Fed:
    """A computed value that a record of the row went into."""

    what: str
    subject: str
    visit: str | None
    component: str
    value: str | None


@dataclass(frozen=True)
class Aside:
    """Why the row, or a part of it, is in no dataset; ``instead`` is the row of the same file that counts instead."""

    fate: str
    rule: str
    reason: str
    instead: Place | None = None


@dataclass(frozen=True)
class RowTrace:
    """All that one delivered row became."""

    row: Row
    fate: str
    became: tuple[Became, ...]
    fed: tuple[Fed, ...] = ()
    aside: tuple[Aside, ...] = ()
    findings: tuple[Told, ...] = ()
    unused: dict[str, str] = field(default_factory=dict)
