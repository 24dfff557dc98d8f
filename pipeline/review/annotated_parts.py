"""Forms that become records in several ways: which part a field belongs to, and what the records of a part have."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.review.annotated_items import Condition
from pipeline.review.usage_parts import condition, located, verb_columns
from pipeline.specs.load import verb_of
from pipeline.specs.models import Dataset, Part

WHERE = ""  # stands for a variable where a condition is in words


def filled_when(dataset: Dataset, source: str, column: str, variable: str) -> Condition:
    """What the records have that the column fills, where other records of the same form are filled otherwise."""
    parts = _parts(dataset, source)
    filled = [part for part in parts if reads(dataset, part, column, variable)]
    if not filled or len(filled) == len(parts):
        return ()
    others = [part for part in parts if part not in filled]
    own = filled[0]
    facts = tuple((name, value) for name, value in constants(own) if _differs(others, name, value))
    told = tuple((WHERE, condition(where)) for where in own.where if where.values or where.other_than)
    return facts if facts and not told else told


def decided(dataset: Dataset, source: str, column: str) -> Iterator[tuple[Condition, str]]:
    """Constants that only the records have which an answer of the column chooses, and that answer in words."""
    parts = _parts(dataset, source)
    for part in parts:
        words = [condition(where) for where in part.where if where.column == column and where.values]
        if len(parts) > 1 and words:
            others = [each for each in parts if each is not part]
            values = [(name, value) for name, value in constants(part) if _differs(others, name, value)]
            if values:
                yield tuple(values), words[0]


def fixed_constants(dataset: Dataset, source: str) -> Iterator[tuple[str, str]]:
    """Variables that have the same constant on every record of the form."""
    parts = _parts(dataset, source)
    for name, variable in dataset.variables.items():
        values = {part.set[name].const if name in part.set else variable.const for part in parts}
        own = values if parts else {variable.const}
        value = next(iter(own))
        if len(own) == 1 and value is not None:
            yield name, value


def constants(part: Part) -> Iterator[tuple[str, str]]:
    """(variable, text) of everything that the part itself sets to a constant."""
    yield from ((name, verb.const) for name, verb in part.set.items() if verb.const is not None)


def _parts(dataset: Dataset, source: str) -> list[Part]:
    return [part for part in dataset.parts if part.source == source]


def _differs(others: list[Part], name: str, value: str) -> bool:
    return all(_const(part, name) != value for part in others)


def _const(part: Part, name: str) -> str | None:
    return part.set[name].const if name in part.set else None


def reads(dataset: Dataset, part: Part, column: str, variable: str) -> bool:
    """Whether the part fills the variable from the column."""
    if variable not in dataset.variables:
        return False
    named = verb_columns(verb_of(dataset, part, variable))
    return any(located(part, each) == (part.source, column) for each in named)
