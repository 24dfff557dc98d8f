"""The package of the monitoring board: one CSV listing a dataset and their digests; never transport files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import BuildFailed, UsageError
from pipeline.files import folder_written_aside, sha256_of
from pipeline.flow.making import package_records
from pipeline.warehouse.builds import Build, verify

MANIFEST = "manifest.json"
_HIDDEN = "_"


@dataclass(frozen=True)
class Listings:
    """Where the listings lie, and file name -> (bytes, sha256)."""

    folder: Path
    files: dict[str, tuple[int, str]]


def write_listings(build: Build | None, target: Path) -> Listings:
    """Every dataset of ``build`` as ``<dataset>.csv`` in ``target``, which must not exist.

    BuildFailed if nothing is published or a file of the build was changed.
    """
    if build is None:
        raise BuildFailed("listings", "nothing is published in this mode", "build it first")
    if damaged := verify(build):
        raise BuildFailed(damaged[0], "is not the file that was published", "build again")
    if target.exists():
        raise UsageError(str(target), "exists", "choose a folder that does not exist yet")
    with folder_written_aside(target) as aside:
        for name, records in package_records(build).items():
            shown = [column for column in records.collect_schema().names() if not column.startswith(_HIDDEN)]
            records.select(shown).sink_csv(aside / f"{name.lower()}.csv")
        files = {path.name: (path.stat().st_size, sha256_of(path)) for path in sorted(aside.iterdir())}
        told = {
            "mode": build.place.mode,
            "build": build.build,
            "delivery": build.delivery,
            "event": build.facts["event"],
        }
        listed = {name: {"bytes": size, "sha256": digest} for name, (size, digest) in files.items()}
        text = json.dumps({**told, "files": listed}, indent=2, sort_keys=True) + "\n"
        (aside / MANIFEST).write_text(text, encoding="utf-8")
    return Listings(target, files)
