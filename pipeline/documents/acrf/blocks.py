"""How the fields of a form are printed together: one by one, as boxes of one question, or as a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby

from pipeline.documents.acrf.facts import Field, Note

_LEAST_ROWS, _LEAST_COLUMNS = 2, 2
_TABLE = ""


@dataclass(frozen=True)
class Single:
    """A field on a line of its own."""

    field: Field


@dataclass(frozen=True)
class Ticks:
    """Boxes to tick below one question; ``notes`` are those that all boxes share."""

    label: str
    fields: tuple[Field, ...]
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table: its title, its fields' kind, and what is true of every field in it."""

    title: str
    field: Field
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Row:
    """A row of a table: its fields, one a column, and the condition that tells it from other rows."""

    title: str
    fields: tuple[Field, ...]
    when: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Equal questions about several things."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


Block = Single | Ticks | Table


def blocks_of(fields: tuple[Field, ...]) -> list[Block]:
    """The fields as they are printed, in their order; a table stands where its first field does."""
    table, members = _table_of(fields)
    found: list[Block] = []
    for question, group in groupby(fields, key=lambda each: _question(each, members)):
        own = tuple(group)
        if question == _TABLE:
            found += [table] if table is not None and table not in found else []
        elif own[0].entry == "tick" and len(own) > 1:
            found.append(_ticks(question, own))
        else:
            found += [Single(each) for each in own]
    return found


def _question(field: Field, members: set[str]) -> str:
    if field.name in members:
        return _TABLE
    label, colon, _ = field.label.partition(": ")
    return label if colon and field.entry == "tick" else f"{field.label} ({field.name})"


def _ticks(label: str, fields: tuple[Field, ...]) -> Ticks:
    first = fields[0].notes
    shared = first if all(each.notes == first for each in fields) else ()
    short = tuple(replace(each, label=each.label.partition(": ")[2]) for each in fields)
    return Ticks(label, short, shared)


def _table_of(fields: tuple[Field, ...]) -> tuple[Table | None, set[str]]:
    """The largest table whose rows have the same columns, and the names of its fields; None if there is none."""
    asked: dict[str, dict[str, Field]] = {}
    for each in fields:
        row, colon, column = each.label.partition(": ")
        if colon and each.entry != "tick":
            asked.setdefault(row, {})[column] = each
    if len(asked) < _LEAST_ROWS:
        return None, set()
    titles = tuple(next(iter(asked.values())))
    alike = {row: cells for row, cells in asked.items() if tuple(cells) == titles}
    if len(titles) < _LEAST_COLUMNS or len(alike) < _LEAST_ROWS:
        return None, set()
    columns = tuple(_column(title, [cells[title] for cells in alike.values()]) for title in titles)
    rows = [_row(title, tuple(cells.values()), columns) for title, cells in alike.items()]
    if any(row is None for row in rows):
        return None, set()
    members = {each.name for cells in alike.values() for each in cells.values()}
    return Table(columns, tuple(row for row in rows if row is not None)), members


def _column(title: str, fields: list[Field]) -> Column:
    """The annotations of the column, each with the conditions that all of its fields share."""
    shared = [
        replace(note, when=tuple(one for one in note.when if all(one in _when(each, at) for each in fields)))
        for at, note in enumerate(fields[0].notes)
    ]
    return Column(title, fields[0], tuple(shared))


def _when(field: Field, at: int) -> tuple[str, ...]:
    return field.notes[at].when if at < len(field.notes) else ()


def _row(title: str, fields: tuple[Field, ...], columns: tuple[Column, ...]) -> Row | None:
    """None if the fields differ in more than what their columns say, so that no condition tells the row."""
    left: dict[tuple[str, ...], None] = {}
    for each, column in zip(fields, columns, strict=True):
        if [note.head for note in each.notes] != [note.head for note in column.notes]:
            return None
        for note, shared in zip(each.notes, column.notes, strict=True):
            rest = tuple(one for one in note.when if one not in shared.when)
            if note.when:
                left[rest] = None
    return Row(title, fields, next(iter(left))) if len(left) == 1 else None
