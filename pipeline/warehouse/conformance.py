"""What the conformance checks found of releases: one table a release, which outlives its build.

``<place>/conformance/<release>.parquet``; all of them are the view ``qc.conformance``, which reads whatever lies there.
A release never changes, what is known of it does: judging it again replaces its table. A build and a judgement do not
wait for each other, so this folder has a lock of its own.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.files import clear, machine_errors, only_one, written_aside
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


_NOBODY = "none"  # a table without rows: the view can be asked before any release was judged


def keep_conformance(place: Place, release: str, rows: pl.DataFrame) -> Path:
    """Writes what was found of ``release``, whole; MachineError if another run is writing here."""
    folder = place.folder / CONFORMANCE
    target = folder / f"{checked('release', release)}.parquet"
    with machine_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        with only_one(folder / ".lock", str(folder), "judgement"):
            for left in folder.glob(".*.part"):  # of a run that was killed
                clear(left)
            with written_aside(target) as aside:
                write_parquet(rows.select(list(CONFORMANCE_SCHEMA)).cast(CONFORMANCE_SCHEMA), aside)
    return target


def conformance_folder(place: Place) -> Path:
    """Where the tables of all judged releases lie; there is always one."""
    folder = place.folder / CONFORMANCE
    if not (folder / f"{_NOBODY}.parquet").is_file():
        keep_conformance(place, _NOBODY, CONFORMANCE_SCHEMA.to_frame())
    return folder
