"""How a variable is filled, in words that a data manager reads: pieces of text, some of which point to a place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.review.usage import Usage
from pipeline.review.usage_parts import condition, located, verb_columns
from pipeline.review.use import CARRIES
from pipeline.specs.load import StudySpec, verb_of
from pipeline.specs.models import Dataset, Part, Verb

_MOST_COLUMNS = 8  # more are counted, and listed with the items


@dataclass(frozen=True)
class Piece:
    """Text, and the anchor it points to ("" for plain text)."""

    text: str
    to: str = ""


@dataclass(frozen=True)
class Line:
    """``pieces`` say how the variable is filled for ``rows`` ("" for all rows)."""

    pieces: tuple[Piece, ...]
    rows: str = ""


def column_anchor(source: str, column: str) -> str:
    """Anchor of a delivered column."""
    return f"c-{source}-{column}"


def variable_anchor(dataset: str, variable: str) -> str:
    """Anchor of a variable."""
    return f"v-{dataset}-{variable}"


def column_piece(source: str, column: str) -> Piece:
    """A delivered column by its full name."""
    return Piece(f"{source}.{column}", column_anchor(source, column))


def part_words(part: Part) -> str:
    """Which rows a part is made of."""
    told = " and ".join(condition(where) for where in part.where)
    return f"{part.source} where {told}" if told else part.source


def filled_lines(spec: StudySpec, dataset: Dataset, variable: str, uses: Usage) -> tuple[Line, ...]:
    """One line for each way in which the parts fill the variable; one line without rows if there is only one way."""
    own: Verb = dataset.variables[variable]
    special = [part for part in dataset.parts if variable in part.set]
    general = [part for part in dataset.parts if variable not in part.set]
    grouped: dict[tuple[Piece, ...], list[str]] = {}
    for part in special:
        pieces = verb_words(verb_of(dataset, part, variable), [part], dataset)
        grouped.setdefault(pieces, []).append(part_words(part))
    if general or not special:
        pieces = verb_words(own, general, dataset) + _behind(dataset, variable, uses, own)
        if pieces:
            grouped.setdefault(pieces, []).extend(part_words(part) for part in general)
        elif general:
            grouped[(Piece("stays empty"),)] = [part_words(part) for part in general]
    if len(grouped) == 1:
        return tuple(Line(pieces) for pieces in grouped)
    return tuple(Line(pieces, "; ".join(dict.fromkeys(rows))) for pieces, rows in grouped.items())


def verb_words(verb: Verb, parts: list[Part], dataset: Dataset) -> tuple[Piece, ...]:
    """The verb as a phrase about the columns of ``parts``; () for a variable without a verb."""
    if verb.const is not None:
        return (Piece("always "), Piece(f"“{verb.const}”"))
    if verb.empty is not None:
        return (Piece(f"always empty: {verb.empty}"),)
    if verb.derived is not None:
        return (Piece(verb.derived),)
    columns = verb_columns(verb)
    if not columns:
        return ()
    if not parts:
        return _from_table(verb, dataset)
    first = _places(parts, columns[0])
    if verb.take is not None:
        return (Piece("taken from "), *first, Piece(", upper case" if verb.upper else ""))
    if verb.code is not None:
        return (*first, Piece(" through map "), Piece(verb.map or "", f"m-{verb.map}"))
    if verb.lookup is not None:
        return (Piece(f"{verb.give} of table "), Piece(verb.lookup, f"t-{verb.lookup}"), Piece(" by "), *first)
    time = (Piece(" with time "), *_places(parts, columns[1])) if verb.time else ()
    return (Piece("date "), *first, *time)


def _from_table(verb: Verb, dataset: Dataset) -> tuple[Piece, ...]:
    table = dataset.table or ""
    return (Piece(f"column {verb_columns(verb)[0]} of table "), Piece(table, f"t-{table}"))


def _places(parts: list[Part], column: str) -> tuple[Piece, ...]:
    return joined(column_piece(*place) for place in dict.fromkeys(located(part, column) for part in parts))


def joined(pieces: Iterable[Piece], between: str = ", ") -> tuple[Piece, ...]:
    """``pieces`` with plain text between them."""
    found: list[Piece] = []
    for piece in pieces:
        found += [Piece(between), piece] if found else [piece]
    return tuple(found)


def _behind(dataset: Dataset, variable: str, uses: Usage, verb: Verb) -> tuple[Piece, ...]:
    """The delivered columns behind a derived variable, where the specification ties them to it."""
    if verb.derived is None:
        return ()
    target = f"{dataset.dataset}.{variable}"
    places = [place for place, found in uses.items() if any(u.target == target and u.role in CARRIES for u in found)]
    if not places:
        return ()
    if len(places) > _MOST_COLUMNS:
        return (Piece(f" (from {len(places)} columns, see the items)"),)
    return (Piece(" (from "), *joined(column_piece(*place) for place in places), Piece(")"))
