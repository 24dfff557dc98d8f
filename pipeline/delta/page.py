"""The changes of a night as one self-contained HTML page: no network, no clock, equal inputs give equal bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.delta.records import Change

MOST_ROWS = 500  # of one table on the page; the CSV file beside it has all
_FOLDER = Path(__file__).parent
_QUIET = (Change.AUDIT, Change.PURGED)  # counted, but not listed one by one


@dataclass(frozen=True)
class Night:
    """What the page shows: study, ids of both deliveries, counts, and the ``tables`` of flags, records, fields and
    changes of datasets."""

    study: str
    deliveries: tuple[str, str]
    sources: pl.DataFrame
    datasets: pl.DataFrame | None
    tables: Mapping[str, pl.DataFrame]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table to draw; ``more`` rows were left out, ``numeric`` columns are set right."""

    columns: list[str]
    rows: list[tuple[object, ...]]
    numeric: set[str]
    more: int


def page(night: Night) -> str:
    """The whole page."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    quiet = pl.col("change").is_in([str(kind) for kind in _QUIET])
    records = night.tables["records"].filter(~quiet)
    touched = None if night.datasets is None else night.datasets.filter(pl.sum_horizontal(_COUNTED) > 0)
    return environment.get_template("page.html.j2").render(
        study=night.study,
        old=night.deliveries[0],
        new=night.deliveries[1],
        notes=night.notes,
        sources=grid(night.sources),
        datasets=None if touched is None else grid(touched),
        flags=grid(night.tables["flags"]),
        records=grid(records),
        fields=grid(night.tables["fields"].filter(~pl.col("audit")).drop("audit")),
        changes=grid(night.tables["changes"]),
    )


_COUNTED = ("added", "removed", "changed")


def grid(rows: pl.DataFrame) -> Grid:
    """The first rows of a table; columns that are empty throughout are left out."""
    kept = [name for name in rows.columns if rows.is_empty() or rows[name].null_count() < rows.height]
    shown = rows.select(kept).head(MOST_ROWS)
    numeric = {name for name in kept if rows[name].dtype.is_numeric()}
    return Grid(kept, shown.rows(), numeric, rows.height - shown.height)
