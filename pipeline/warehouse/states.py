"""What outlives a build: for every delivery one table that the next delivery goes on from.

``<place>/states/<name>/delivery=<id>/<build>.parquet``. Pruning builds leaves it, or what was asked months ago
would be forgotten.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.files import machine_errors, written_aside
from pipeline.warehouse.parquet import scan, write_parquet
from pipeline.warehouse.places import Place, checked
from pipeline.warehouse.store import Store

_FOLDER = "states"
QUERIES = "queries"
STATES = (QUERIES,)  # each is a view ``ops.<name>`` of the catalog


def state_path(place: Place, name: str, delivery: str, build: str) -> Path:
    """Where the state lies that ``build`` of ``delivery`` left, or will lie."""
    part = f"delivery={checked('delivery', delivery)}"
    return place.folder / _FOLDER / name / part / f"{checked('build', build)}.parquet"


def keep_state(store: Store, name: str, rows: pl.DataFrame) -> Path:
    """Writes the state of ``store``'s build, whole; call it inside ``build_lock``."""
    target = state_path(store.place, name, store.delivery, store.build)
    with written_aside(target) as aside:
        write_parquet(rows, aside)
    return target


def state_of(place: Place, name: str, delivery: str) -> pl.LazyFrame | None:
    """The state that the youngest build of ``delivery`` left; None if it was never built."""
    with machine_errors(str(place.folder)):
        found = state_path(place, name, delivery, "x").parent.glob("[!.]*.parquet")
        youngest = max(found, key=lambda path: (path.stat().st_mtime_ns, path), default=None)
    return None if youngest is None else scan(youngest)


def forget_others(store: Store, name: str) -> None:
    """Removes what other builds of the same delivery left; call it when nobody reads them any more."""
    kept = state_path(store.place, name, store.delivery, store.build)
    with machine_errors(str(kept.parent)):
        for path in kept.parent.glob("[!.]*.parquet"):
            if path != kept:
                path.unlink(missing_ok=True)
