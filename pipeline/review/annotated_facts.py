"""What the records that a field fills can have in other variables, as far as the specification says it."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.review.annotated_parts import reads
from pipeline.review.usage_parts import item_rows
from pipeline.specs.load import StudySpec, verb_of
from pipeline.specs.models import Dataset, Part

RecordFacts = Mapping[str, tuple[str, ...]]


def record_facts(spec: StudySpec, dataset: Dataset, source: str, column: str) -> RecordFacts:
    """Variable -> every value that it can have on the records of ``dataset`` which ``source.column`` fills.

    From constants, from the rows of the items table (those of the column if it has any), and from the tests that the
    laboratory's forms stand for. A variable of which nothing is said is left out.
    """
    parts = [part for part in dataset.parts if part.source == source]
    filled = [part for part in parts if any(reads(dataset, part, column, name) for name in dataset.variables)]
    return {
        **constant_facts(dataset, filled or parts),
        **_items(spec, dataset, parts, column),
        **_laboratory(spec, dataset, source),
    }


def constant_facts(dataset: Dataset, parts: list[Part]) -> RecordFacts:
    """Variables that have a constant in every one of the parts, with its values; none without parts."""
    told: dict[str, tuple[str, ...]] = {}
    for name in dataset.variables if parts else ():
        values = {verb_of(dataset, part, name).const for part in parts}
        if None not in values:
            told[name] = tuple(sorted(value for value in values if value is not None))
    return told


def _items(spec: StudySpec, dataset: Dataset, parts: list[Part], column: str) -> RecordFacts:
    rows = [row for part in parts for row in item_rows(spec, part)]
    own = [row for row in rows if column in (row["column"], row.get("unit_from"), row.get("reason_from"))]
    told: dict[str, tuple[str, ...]] = {}
    for name in (each for each in dataset.variables if rows and each in rows[0]):
        values = {row[name] for row in own or rows}
        if None not in values:
            told[name] = tuple(sorted(value for value in values if value is not None))
    return told


def _laboratory(spec: StudySpec, dataset: Dataset, source: str) -> RecordFacts:
    roles, prefix = spec.study.laboratory, dataset.dataset
    if dataset.build != "laboratory":
        return {}
    if source == roles.local:
        return {f"{prefix}TESTCD": (roles.local_test,), f"{prefix}SPEC": (roles.local_specimen,)}
    return {f"{prefix}TESTCD": (roles.panel_not_done,)} if source == roles.form else {}
