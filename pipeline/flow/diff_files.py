"""A diff as JSON and as a page: plain values in a fixed order, so that equal releases give equal bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.delta.metadata import FactChange
from pipeline.delta.release_page import release_page
from pipeline.emit.opened import OpenRelease
from pipeline.errors import UsageError
from pipeline.files import folder_written_aside
from pipeline.flow.diff import DatasetDiff, Diff
from pipeline.flow.diff_records import ADDED, CHANGED, REMOVED, SAME
from pipeline.flow.diff_rows import ROW

JSON, PAGE = "diff.json", "diff.html"
_RECORD = ["change", "key", "subject", "old_seq", "new_seq", "repeated"]
_ROW = ["source", "row", "row_change", "old_line", "new_line", "columns"]


def diff_told(found: Diff) -> dict[str, Any]:
    """The whole diff in plain values, complete: every changed record with its old and new values."""
    touched = [each for each in found.datasets if each.touched]
    return {
        "releases": {"old": _release(found.old), "new": _release(found.new)},
        "summary": _summary(found, touched),
        "causes": found.causes.told,
        "datasets": [_dataset(each) for each in found.datasets],
        "codelists": _facts(found.lists),
        "define": _facts(found.general),
        "files": list(found.files),
        "notes": list(found.notes),
    }


def _release(release: OpenRelease) -> dict[str, Any]:
    told = release.manifest
    return {
        **told["release"],
        "marking": told.get("marking"),
        "build": told["build"]["id"],
        "delivery": told["build"]["delivery"],
        "commit": told["code"]["commit"],
    }


def _summary(found: Diff, touched: Sequence[DatasetDiff]) -> dict[str, int]:
    counts = pl.DataFrame([each.records.counts for each in found.datasets]).sum().row(0, named=True)
    metadata = [change for each in found.datasets for change in each.metadata]
    return {
        "datasets": len(found.datasets),
        "datasets_touched": len(touched),
        "datasets_added": sum(each.records.state == "added" for each in touched),
        "datasets_removed": sum(each.records.state == "removed" for each in touched),
        **{f"records_{name}": counts[name] for name in ("added", "removed", "changed", "renumbered")},
        "metadata_of_datasets": len(metadata),
        "codelists_and_terms": len(found.lists),
        "metadata_of_the_study": len(found.general),
        "files": len(found.files),
    }


def _dataset(each: DatasetDiff) -> dict[str, Any]:
    records = each.records
    return {
        "dataset": each.name,
        "label": each.label,
        "state": _state(each),
        "touched": each.touched,
        "counts": records.counts,
        "key": list(records.key),
        "reordered": list(each.reordered),
        "metadata": _facts(each.metadata),
        "causes": list(each.causes),
        "records": _records(each),
        "followed_to_rows": each.rows is not None,
    }


def _state(each: DatasetDiff) -> str:
    """Whether the dataset came, went or differs: the same records in a file of another day are the same."""
    if each.records.state in (ADDED, REMOVED):
        return each.records.state
    return CHANGED if each.touched else SAME


def _facts(changes: Sequence[FactChange]) -> list[dict[str, Any]]:
    return [each.told for each in changes]


def _records(each: DatasetDiff) -> list[dict[str, Any]]:
    """One entry a record that was added, removed or changed: its values, and the delivered rows behind it."""
    changes = each.records.changes
    filled = pl.col("variable").is_not_null()
    values = pl.struct("variable", "old", "new").filter(filled).alias("values")
    records = changes.group_by(_RECORD, maintain_order=True).agg(values)
    rows = ROW.to_frame() if each.rows is None else each.rows
    behind = rows.group_by("subject", "old_seq", "new_seq", maintain_order=True).agg(
        pl.struct(_ROW).alias("rows")
    )
    told = records.join(
        behind, on=["subject", "old_seq", "new_seq"], how="left", nulls_equal=True, maintain_order="left"
    )
    return told.with_columns(pl.col("rows").fill_null([])).to_dicts()


def as_json(told: Mapping[str, Any]) -> str:
    """Sorted keys; ends with a newline."""
    return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=True) + "\n"


def write_diff(found: Diff, told: Mapping[str, Any], target: Path) -> list[str]:
    """The names of the files written into ``target``, which must not exist and must not lie in a release."""
    for release in (found.old, found.new):
        if target.resolve().is_relative_to(release.folder.resolve()):
            raise UsageError(str(target), "lies in a release, which never changes", "choose another folder")
    if target.exists():
        raise UsageError(str(target), "exists", "choose a folder that does not exist yet")
    with folder_written_aside(target) as aside:
        (aside / JSON).write_text(as_json(told), encoding="ascii")
        (aside / PAGE).write_text(release_page(told), encoding="utf-8")
    return [PAGE, JSON]
