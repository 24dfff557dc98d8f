"""The records of two releases side by side, dataset by dataset: read from their transport files, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import polars as pl

from pipeline.delta.datasets import CHANGE, compare_dataset, renumbered
from pipeline.delta.references import POINTER, settled
from pipeline.emit.opened import RECORD, OpenRelease

ADDED, REMOVED, CHANGED, SAME = "added", "removed", "changed", "same"
_CONSTANT = "STUDYID"  # both releases are of one study, so it tells no record from another


@dataclass(frozen=True)
class ComparedRecords:
    """One dataset of two releases: whether it came or went, changes (CHANGE), and counts.

    ``old_seq`` and ``new_seq`` are --SEQ, or the place among the subject's records where there is none. ``key`` are
    the variables of the natural key. ``renumbered`` counts records that are the same but for their --SEQ.
    Records of a dataset that came or went as a whole are counted, not listed.
    """

    dataset: str
    state: str
    key: tuple[str, ...]
    counts: dict[str, int]
    changes: pl.DataFrame


def compared_records(old: OpenRelease, new: OpenRelease) -> list[ComparedRecords]:
    """Every dataset of either release, in the order of the newer define.xml; those that are gone come last."""
    order = [*new.defined.variables, *old.defined.variables]
    keys = {name: _natural(old, new, name) for name in dict.fromkeys(order)}
    return [_compared(old, new, name, keys) for name in keys]


def _natural(old: OpenRelease, new: OpenRelease, dataset: str) -> list[str]:
    """The natural key that both releases can tell; every variable that both have if they share none."""
    sides = [one for one in (old, new) if dataset in one.defined.variables]
    shared = [name for name in sides[-1].defined.keys[dataset] if _in_all(sides, dataset, name)]
    content = [name for name in sides[-1].defined.variables[dataset] if _in_all(sides, dataset, name)]
    apart = {_CONSTANT, f"{dataset}SEQ"}
    return [name for name in shared if name not in apart] or [name for name in content if name not in apart]


def _in_all(sides: list[OpenRelease], dataset: str, name: str) -> bool:
    return all(name in one.defined.variables[dataset] for one in sides)


def _compared(old: OpenRelease, new: OpenRelease, name: str, keys: dict[str, list[str]]) -> ComparedRecords:
    sides = [one.datasets.get(name) for one in (old, new)]
    rows = [0 if side is None else int(side["rows"]) for side in sides]
    counts = {
        "old": rows[0],
        "new": rows[1],
        ADDED: 0,
        REMOVED: 0,
        CHANGED: 0,
        "repeated": 0,
        "renumbered": 0,
    }
    key, nothing = tuple(keys[name]), CHANGE.to_frame()
    if sides[0] is None:
        return ComparedRecords(name, ADDED, key, {**counts, ADDED: rows[1]}, nothing)
    if sides[1] is None:
        return ComparedRecords(name, REMOVED, key, {**counts, REMOVED: rows[0]}, nothing)
    same = sides[0]["sha256"] == sides[1]["sha256"]
    if same and not _points_elsewhere(old, new, name):
        return ComparedRecords(name, SAME, key, counts, nothing)
    one, other = (settled(each.records(name), partial(_records, each), keys) for each in (old, new))
    seq = f"{name}SEQ"
    numbered = all(seq in frame.collect_schema() for frame in (one, other))
    found = compare_dataset(name, one, other, keys[name], seq if numbered else RECORD)
    again = renumbered(one, other, seq) if numbered and not same else 0
    told = {**found.counts, "renumbered": again}
    return ComparedRecords(name, SAME if same else CHANGED, key, told, found.changes)


def _points_elsewhere(old: OpenRelease, new: OpenRelease, name: str) -> bool:
    """Whether the same bytes may mean other records: they name them by running numbers of another dataset."""
    if not set(POINTER) <= set(new.defined.variables[name]):
        return False
    digests = [{each: file["sha256"] for each, file in one.datasets.items()} for one in (old, new)]
    return digests[0] != digests[1]


def _records(release: OpenRelease, dataset: str) -> pl.LazyFrame:
    return release.records(dataset)
