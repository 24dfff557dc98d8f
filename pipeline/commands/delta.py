"""The command of the morning after: what changed from one delivery to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from pipeline.commands import show
from pipeline.flow.delta import Delta, delta, write_delta
from pipeline.flow.delta_sources import touched_sources
from pipeline.settings import Settings

_MOST_FLAGS = 20
_AT = (
    "flag",
    "state",
    "source",
    "key",
    "old_line",
    "new_line",
    "columns",
)  # what a flag tells without a value
_CHANGED = ("added", "removed", "changed")


def compared(settings: Settings, old: str | None, new: str | None, target: Path | None) -> dict[str, Any]:
    """Counts by source and dataset, and what to look at; the values are in the files, and in the JSON result."""
    found = delta(settings, old, new)
    files = write_delta(found, target) if target else []
    datasets = None if found.datasets is None else found.datasets.to_dicts()
    result: dict[str, Any] = {
        "old": found.old.delivery_id,
        "new": found.new.delivery_id,
        "sources": found.sources.to_dicts(),
        "datasets": datasets,
        "flags": found.flags.to_dicts(),
        "notes": list(found.notes),
        "folder": str(target) if target else None,
        "files": files,
        "records": found.records.to_dicts(),
        "fields": found.fields.to_dicts(),
        "changes": found.changes.to_dicts(),
    }
    return {**result, "show": lambda: _show(found, result)}


def _show(found: Delta, result: dict[str, Any]) -> None:
    title = f"From delivery {result['old']} to {result['new']}"
    touched = touched_sources(found.sources)
    show.listing(f"{title}: delivered records", touched.to_dicts())
    quiet = found.sources.height - touched.height
    show.remark(f"{quiet} of {found.sources.height} sources did not change\n")
    if found.datasets is not None:
        rows = found.datasets.filter(pl.sum_horizontal(_CHANGED) > 0).to_dicts()
        show.listing("Records of the datasets, by natural key", rows)
        _tell_repeated(found.datasets)
    counts = found.flags.group_by("flag", "state", "source").len("records").sort("flag", "state", "source")
    show.listing("To look at", counts.to_dicts())
    where = f" in {result['folder']}/flags.csv" if result["folder"] else "; --to FOLDER writes them all"
    show.listing("Where", found.flags.select(_AT).to_dicts(), most=_MOST_FLAGS, note=where)
    for note in found.notes:
        show.remark(note)
    if result["folder"]:
        show.facts("Written", {"folder": result["folder"], "files": ", ".join(result["files"])})


def _tell_repeated(datasets: pl.DataFrame) -> None:
    for name, count in datasets.filter(pl.col("repeated") > 0).select("dataset", "repeated").iter_rows():
        show.remark(
            f"{name}: the natural key of {count:,} changed records is not unique; they were compared by content alone"
        )
