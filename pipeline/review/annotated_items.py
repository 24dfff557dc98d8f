"""Fields that become findings: by which facts of its items row a finding is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pipeline.review.delivered import Source
from pipeline.review.usage_parts import item_rows
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Dataset, Part

Condition = tuple[tuple[str, str], ...]  # (variable, value) of one record, all of them so
NOT_DONE = "NOT DONE"
_Row = dict[str, str | None]


def item_condition(
    spec: StudySpec, dataset: Dataset, source: str, column: str
) -> tuple[Condition, tuple[str, ...]]:
    """What tells the records of the column from others of the dataset, and the unit variable if the form prints it.

    A column that serves several items (one reason for both signs of a joint) has only what they have in common.
    """
    rows = [row for part in _parts(dataset, source) for row in item_rows(spec, part)]
    named = [row for row in rows if column in (row["column"], row.get("unit_from"), row.get("reason_from"))]
    facts = _telling(dataset, rows)
    first = [(name, named[0].get(name)) for name in facts] if named else []
    when = tuple(
        (name, value)
        for name, value in first
        if value is not None and all(row.get(name) == value for row in named)
    )
    return when, _printed_unit(dataset, [row for row in named if row["column"] == column])


def fixed_facts(spec: StudySpec, dataset: Dataset, source: str) -> Iterator[tuple[str, str]]:
    """Variables that have the same value on every item of the form (its category, its interval)."""
    rows = [row for part in _parts(dataset, source) for row in item_rows(spec, part)]
    for name in rows[0] if rows else ():
        values = {row.get(name) for row in rows}
        value = next(iter(values))
        if name in dataset.variables and len(values) == 1 and value is not None and len(rows) > 1:
            yield name, value


def undetermined(dataset: Dataset, source: Source, column: str) -> Iterator[tuple[Condition, str]]:
    """What an answer assigns that says that the result could not be determined, and that answer in words."""
    name = dataset.dataset
    codes = source.columns[column].codes
    for part in _parts(dataset, source.source):
        if part.undetermined is not None and part.undetermined in codes:
            reason = part.undetermined_reason
            more = ((f"{name}REASND", reason),) if reason else ()
            yield ((f"{name}STAT", NOT_DONE), *more), f"answered {part.undetermined}"


def _parts(dataset: Dataset, source: str) -> list[Part]:
    return [part for part in dataset.parts if part.source == source and part.items]


def _telling(dataset: Dataset, rows: list[_Row]) -> list[str]:
    """--TESTCD, and the other keys of the dataset in the table where several items share a test."""
    test = f"{dataset.dataset}TESTCD"
    shared = max(Counter(row.get(test) for row in rows).values(), default=0) > 1
    more = [name for name in dataset.keys if rows and name in rows[0] and name != test]
    return [test, *(more if shared else ())]


def _printed_unit(dataset: Dataset, rows: list[_Row]) -> tuple[str, ...]:
    unit = f"{dataset.dataset}ORRESU"
    variable = dataset.variables.get(unit)
    printed = [row for row in rows if row.get("unit") and not row.get("unit_from")]
    return (unit,) if printed and variable is not None and variable.origin == "Collected" else ()
