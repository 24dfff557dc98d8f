"""How a variable is filled, in words that a data manager reads: pieces of text, some of which point to a place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.review.usage import Usage
from pipeline.review.usage_parts import condition, located, verb_columns
from pipeline.review.use import CARRIES
from pipeline.specs.load import verb_of
from pipeline.specs.models import Dataset, Part, Verb

_MOST_COLUMNS = 8  # more are only counted


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


def filled_lines(dataset: Dataset, variable: str, uses: Usage) -> tuple[Line, ...]:
    """One line for each way in which the parts fill the variable; one line without rows if there is only one way."""
    own: Verb = dataset.variables[variable]
    special = [part for part in dataset.parts if variable in part.set]
    general = [part for part in dataset.parts if variable not in part.set]
    grouped: dict[tuple[Piece, ...], list[str]] = {}
    for part in special:
        pieces = verb_words(verb_of(dataset, part, variable), [part], dataset)
        grouped.setdefault(pieces, []).append(part_words(part))
    if general or not special:
        pieces = verb_words(own, general, dataset) + _behind(dataset, variable, uses, special)
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
    if columns and not parts:
        return _from_table(verb, dataset)
    return _from_columns(verb, [_places(parts, column) for column in columns])


def _from_columns(verb: Verb, places: list[tuple[Piece, ...]]) -> tuple[Piece, ...]:
    if not places:
        return ()
    if verb.take is not None:
        return (Piece("taken from "), *places[0], Piece(", upper case" if verb.upper else ""))
    if verb.code is not None:
        return (*places[0], Piece(" through map "), Piece(verb.map or "", f"m-{verb.map}"))
    if verb.lookup is not None:
        table = Piece(verb.lookup, f"t-{verb.lookup}")
        return (Piece(f"{verb.give} of table "), table, Piece(" by "), *places[0])
    time = (Piece(" with time "), *places[1]) if verb.time else ()
    return (Piece("date "), *places[0], *time)


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


def _behind(dataset: Dataset, variable: str, uses: Usage, special: list[Part]) -> tuple[Piece, ...]:
    """The delivered columns behind a derived variable, except those of parts that fill it in their own way."""
    if dataset.variables[variable].derived is None:
        return ()
    target, elsewhere = f"{dataset.dataset}.{variable}", {part.source for part in special}
    places = [
        place
        for place, found in uses.items()
        if place[0] not in elsewhere and any(use.target == target and use.role in CARRIES for use in found)
    ]
    if not places:
        return ()
    if len(places) > _MOST_COLUMNS:
        files = len({source for source, _ in places})
        return (Piece(f" (from {len(places)} columns of {files} file{'' if files == 1 else 's'})"),)
    return (Piece(" (from "), *joined(column_piece(*place) for place in places), Piece(")"))
