"""Two releases side by side: datasets, what define.xml says, records, files, and what may have caused it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.delta.metadata import FactChange, compare_facts, moved
from pipeline.emit.opened import OpenRelease, opened_release
from pipeline.errors import UsageError
from pipeline.flow.context import StudyParts
from pipeline.flow.diff_causes import Causes, Reach, causes
from pipeline.flow.diff_records import ADDED, REMOVED, ComparedRecords, compared_records
from pipeline.flow.diff_rows import ROW, BothBuilds, both_builds, changed_rows, rows_behind

_OF_DATASET = ("dataset", "variable", "value level")
_OF_LIST = ("codelist", "term")
_NO_BUILDS = (
    "The builds of both releases are not in the warehouse any more: causes are told by dataset, from the "
    "specification, and no record is followed to delivered rows."
)


@dataclass(frozen=True)
class Shelf:
    """Where the builds of the releases may be (mode -> warehouse root), and the study as they see it."""

    parts: StudyParts
    warehouses: Mapping[str, Path]


@dataclass(frozen=True)
class DatasetDiff:
    """One dataset: records, the order of its variables, what define.xml says of it, and what may have caused it.

    ``rows`` are changed delivered rows behind changed records, None where a build is not at hand.
    """

    records: ComparedRecords
    label: str
    reordered: tuple[str, ...]
    metadata: tuple[FactChange, ...]
    causes: tuple[Mapping[str, str], ...]
    rows: pl.DataFrame | None

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.records.dataset

    @property
    def touched(self) -> bool:
        """Whether anything of it differs."""
        records = self.records
        within = records.changes.height or records.counts["renumbered"] or self.metadata or self.reordered
        return records.state in (ADDED, REMOVED) or bool(within)


@dataclass(frozen=True)
class Diff:
    """All that differs between two releases; ``lists`` are codelists and terms, ``general`` the rest of define.xml."""

    old: OpenRelease
    new: OpenRelease
    datasets: tuple[DatasetDiff, ...]
    lists: tuple[FactChange, ...]
    general: tuple[FactChange, ...]
    files: tuple[Mapping[str, Any], ...]
    causes: Causes
    notes: tuple[str, ...]


def two_releases(old: Path, new: Path) -> tuple[OpenRelease, OpenRelease]:
    """Both releases, whole; UsageError if they are of different studies, else see ``opened_release``."""
    one, other = opened_release(old), opened_release(new)
    if one.study != other.study:
        culprit = f"is of study {other.study}, {one.name} of {one.study}"
        raise UsageError(other.name, culprit, "name two releases of one study")
    return one, other


def diff(old: OpenRelease, new: OpenRelease, shelf: Shelf) -> Diff:
    """Everything that differs from ``old`` to ``new``."""
    found, facts = causes(old, new), compare_facts(old.defined.facts, new.defined.facts)
    own = shelf.parts.spec.study.study == new.study
    builds = both_builds(old, new, shelf.warehouses, shelf.parts.spec.name) if own else None
    reach = Reach(shelf.parts) if own else None
    rows = changed_rows(shelf.parts, builds, list(found.delivered)) if builds else {}
    datasets = [
        _dataset((old, new), each, facts, _causes(reach, each, found, (old.mode, new.mode)), builds, rows)
        for each in compared_records(old, new)
    ]
    return Diff(
        old,
        new,
        tuple(datasets),
        tuple(each for each in facts if each.kind in _OF_LIST),
        tuple(each for each in facts if each.kind not in (*_OF_DATASET, *_OF_LIST)),
        tuple(_files(old, new)),
        found,
        tuple(_notes(found, builds, rows, own=own)),
    )


def _causes(
    reach: Reach | None, records: ComparedRecords, found: Causes, modes: tuple[str, str]
) -> tuple[Mapping[str, str], ...]:
    return tuple(reach.of(records.dataset, found, modes)) if reach else ()


def _dataset(
    sides: tuple[OpenRelease, OpenRelease],
    records: ComparedRecords,
    facts: list[FactChange],
    reached: tuple[Mapping[str, str], ...],
    builds: BothBuilds | None,
    rows: Mapping[str, pl.DataFrame],
) -> DatasetDiff:
    name = records.dataset
    orders = [one.defined.variables.get(name, ()) for one in sides]
    labels = [one.datasets[name]["label"] for one in sides if name in one.datasets]
    linked = None
    if builds:
        linked = (
            rows_behind(builds, name, records.changes, rows) if records.changes.height else ROW.to_frame()
        )
    own = tuple(each for each in facts if each.kind in _OF_DATASET and each.group == name)
    order = tuple(moved(*orders)) if all(orders) else ()
    made = DatasetDiff(records, labels[-1], order, own, reached, linked)
    return made if made.touched else DatasetDiff(records, labels[-1], order, own, (), linked)


def _files(old: OpenRelease, new: OpenRelease) -> list[dict[str, Any]]:
    """Files that only one release has or whose bytes differ, by name without the release's own name in it."""
    found = []
    for name in sorted({*old.files, *new.files}):
        one, other = old.files.get(name), new.files.get(name)
        if one is None or other is None or one["sha256"] != other["sha256"]:
            change = "added" if one is None else "removed" if other is None else "changed"
            sizes = [None if each is None else each["bytes"] for each in (one, other)]
            sums = [None if each is None else each["sha256"] for each in (one, other)]
            found.append({"file": name, "change": change, "bytes": sizes, "sha256": sums})
    return found


def _notes(
    found: Causes, builds: BothBuilds | None, rows: Mapping[str, pl.DataFrame], *, own: bool
) -> list[str]:
    if not own:
        return [
            "The releases are of another study than SDTM_STUDY: what can have changed which dataset is not told."
        ]
    if builds is None:
        return [_NO_BUILDS]
    missing = [source for source in found.delivered if source not in rows]
    return (
        [
            f"Rows of {', '.join(missing)} cannot be set side by side: a build lacks them or their columns differ."
        ]
        if missing
        else []
    )
