"""Which delivered rows made records change: where both builds of two releases are still in the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.delta.records import RECORD, Change, compare_source
from pipeline.emit.opened import OpenRelease
from pipeline.flow.context import StudyParts
from pipeline.flow.delta_sources import identity_of
from pipeline.warehouse.builds import Build, finished

ROW = pl.Schema(
    {
        "subject": pl.String,
        "old_seq": pl.Int64,
        "new_seq": pl.Int64,
        "source": pl.String,
        "row": pl.String,  # what names the delivered row in its source
        "row_change": pl.String,
        "old_line": pl.UInt32,
        "new_line": pl.UInt32,
        "columns": pl.String,  # those that changed
    }
)
_RECORD = ["subject", "old_seq", "new_seq"]


@dataclass(frozen=True)
class BothBuilds:
    """The builds that two releases were made from."""

    old: Build
    new: Build


def both_builds(
    old: OpenRelease, new: OpenRelease, warehouses: Mapping[str, Path], study: str
) -> BothBuilds | None:
    """The two builds; None unless both are where ``warehouses`` (mode -> root) says, with the very same tables."""
    one, other = (_build(each, warehouses.get(each.mode), study) for each in (old, new))
    return BothBuilds(one, other) if one and other else None


def _build(release: OpenRelease, root: Path | None, study: str) -> Build | None:
    wanted = release.manifest["build"]
    if root is None:
        return None
    builds = finished(root, study, release.mode, wanted["delivery"])
    return next((one for one in builds if one.manifest_sha256 == wanted["manifest_sha256"]), None)


def changed_rows(parts: StudyParts, builds: BothBuilds, sources: list[str]) -> dict[str, pl.DataFrame]:
    """Source -> its delivered records that changed (RECORD), without those whose bookkeeping alone moved.

    A source that either build lacks, or whose columns differ, is left out: its rows cannot be set side by side.
    """
    found = {}
    for source in sources:
        one, other = (_raw(build, source) for build in (builds.old, builds.new))
        if one is None or other is None or source not in parts.layouts:
            continue
        if one.collect_schema() == other.collect_schema():
            records = compare_source(source, one, other, identity_of(parts, source)).records
            found[source] = records.filter(pl.col("change") != str(Change.AUDIT))
    return found


def _raw(build: Build, source: str) -> pl.LazyFrame | None:
    here = any((file.layer, file.table) == ("raw", source) for file in build.files)
    return build.read("raw", source) if here else None


def rows_behind(
    builds: BothBuilds, dataset: str, changes: pl.DataFrame, rows: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """The changed delivered rows (ROW) that the changed records of ``dataset`` come from, by record."""
    records = changes.select(_RECORD).unique()
    moved = pl.concat([RECORD.to_frame(), *rows.values()])
    found = [ROW.to_frame()]
    for build, seq, line in ((builds.old, "old_seq", "old_line"), (builds.new, "new_seq", "new_line")):
        if any((file.layer, file.table) == ("ops", f"links_{dataset.lower()}") for file in build.files):
            links = build.read("ops", f"links_{dataset.lower()}").select("source", "line", "subject", "seq")
            linked = links.join(
                records.drop_nulls(seq).lazy(),
                left_on=("subject", "seq"),
                right_on=("subject", seq),
                coalesce=False,
            )
            told = linked.join(
                moved.drop_nulls(line).lazy(),
                left_on=("source", "line"),
                right_on=("source", line),
                coalesce=False,
                suffix=":row",
            )
            found.append(_told(told).collect())
    return pl.concat(found).unique().sort(*ROW, nulls_last=True)


def _told(joined: pl.LazyFrame) -> pl.LazyFrame:
    return (
        joined.select(*_RECORD, "source", "old_line", "new_line", "columns", row="key", row_change="change")
        .select(ROW.names())
        .cast(ROW)
    )
