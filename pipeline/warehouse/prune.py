"""Clears away builds that nobody publishes any more."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.files import machine_errors
from pipeline.warehouse.builds import published
from pipeline.warehouse.documents import KINDS, documents_of
from pipeline.warehouse.places import LAYERS, Place


def prune(root: Path, study: str, mode: str, *, keep: int = 1) -> tuple[str, ...]:
    """The ids of the builds removed: all but the published one and the ``keep`` youngest others.

    Call it inside ``build_lock``. Age is that of a build's youngest file. Raises MachineError if the
    published build is damaged: then nothing is removed.
    """
    place = Place(root, study, mode)
    now = published(root, study, mode)
    with machine_errors(str(place.folder)):
        files = _files_by_build(place)
        others = [build for build in sorted(files) if now is None or build != now.build]
        youngest = sorted(others, key=lambda build: max(path.stat().st_mtime_ns for path in files[build]))
        doomed = youngest[: max(0, len(youngest) - keep)]
        for build in doomed:
            place.manifest(build).unlink(missing_ok=True)  # first: without it the build is an unfinished one
            for kind in KINDS:
                shutil.rmtree(documents_of(place, kind, build), ignore_errors=True)
            for path in files[build]:  # last: as long as one is there, the next run knows of the build
                path.unlink(missing_ok=True)
        _remove_empty(place)
    return tuple(sorted(doomed))


def _files_by_build(place: Place) -> dict[str, list[Path]]:
    tables = [path for layer in LAYERS for path in (place.folder / layer).glob("*/delivery=*/[!.]*.parquet")]
    found: dict[str, list[Path]] = {}
    for path in [*tables, *place.manifest("x").parent.glob("[!.]*.json")]:
        found.setdefault(path.stem, []).append(path)
    return found


def _remove_empty(place: Place) -> None:
    """Folders of deliveries that hold no table any more, those too that a killed run has emptied."""
    for layer in LAYERS:
        for folder in (place.folder / layer).glob("*/delivery=*"):
            if not any(folder.iterdir()):
                folder.rmdir()
