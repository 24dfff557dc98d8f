"""What the conformance checks found of releases: one table a release, which outlives its build.

``<place>/conformance/<release>.parquet``; all of them are the view ``qc.conformance``. A release never changes, what is
known of it does: judging it again replaces its table.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.files import machine_errors, written_aside
from pipeline.warehouse.parquet import write_parquet
from pipeline.warehouse.places import Place, checked

CONFORMANCE = "conformance"
CONFORMANCE_SCHEMA = pl.Schema(
    {
        "release": pl.String,
        "source": pl.String,
        "rule": pl.String,
        "dataset": pl.String,
        "variable": pl.String,
        "record": pl.Int64,
        "subject": pl.String,
        "seq": pl.Int64,
        "message": pl.String,
        "explained": pl.Boolean,
        "why": pl.String,
    }
)


def keep_conformance(place: Place, release: str, rows: pl.DataFrame) -> Path:
    """Writes what was found of ``release``, whole; call it inside ``build_lock``, then write the catalog anew."""
    target = place.folder / CONFORMANCE / f"{checked('release', release)}.parquet"
    with written_aside(target) as aside:
        write_parquet(rows.select(list(CONFORMANCE_SCHEMA)).cast(CONFORMANCE_SCHEMA), aside)
    return target


def conformance_files(place: Place) -> list[Path]:
    """The tables of all releases that were judged, by name."""
    with machine_errors(str(place.folder)):
        return sorted((place.folder / CONFORMANCE).glob("[!.]*.parquet"))
