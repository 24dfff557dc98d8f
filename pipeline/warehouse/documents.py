"""Pages that belong to a build and are no table: a folder ``<place>/<kind>/<build>``, whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import BuildFailed
from pipeline.files import folder_written_aside, machine_errors, sha256_of
from pipeline.warehouse.places import Place, checked
from pipeline.warehouse.store import Store

EXPECTATIONS = "expectations"
KINDS = (EXPECTATIONS,)


def documents_of(place: Place, kind: str, build: str) -> Path:
    """Where the pages of ``build`` lie or will lie."""
    return place.folder / kind / checked("build", build)


@contextmanager
def documents_written(store: Store, kind: str) -> Iterator[Path]:
    """An empty folder that becomes the build's pages of this ``kind`` when the block ends well.

    Writing again is allowed until the build has its manifest; after that only the same bytes. Raises MachineError
    (disk), BuildFailed (a finished build would change).
    """
    target = documents_of(store.place, kind, store.build)
    with machine_errors(str(target)):
        if target.is_dir() and store.place.manifest(store.build).exists():
            with store.workspace() as again:
                yield again
                _check_same(again, target, store.build)
        else:
            shutil.rmtree(target, ignore_errors=True)
            with folder_written_aside(target) as aside:
                yield aside


def _check_same(again: Path, target: Path, build: str) -> None:
    if folder_digest(again) != folder_digest(target):
        told = f"build {build} is finished and would change"
        raise BuildFailed(f"{target.parent.name} of the build", told, "give the new build its own id")


def folder_digest(folder: Path) -> str:
    """Hex sha256 over the names and bytes of all files below ``folder``; one without files has its own digest."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder).as_posix()}:{sha256_of(path)};".encode())
    return digest.hexdigest()
