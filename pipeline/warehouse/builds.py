"""A build becomes visible in one step: its manifest is written, then one pointer is replaced.

``builds/<build>.json`` lists every file with its sha256; ``published.json`` names the build and the
manifest's sha256. A reader follows the pointer: it sees the last good build or the new one, never a mixture.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.errors import BuildFailed, MachineError
from pipeline.files import clear, machine_errors, only_one, sha256_of, write_text
from pipeline.warehouse.conformance import CONFORMANCE
from pipeline.warehouse.parquet import rows_of, scan
from pipeline.warehouse.places import LAYERS, Place
from pipeline.warehouse.store import Store

_RESTORE = "restore the warehouse from the backup or build again"


@dataclass(frozen=True)
class BuiltFile:
    """One table of a build; ``path`` is relative to the place's folder."""

    layer: str
    table: str
    path: str
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True)
class Build:
    """A finished build: its files, sorted by layer and table, and the facts that its maker recorded."""

    place: Place
    build: str
    delivery: str
    manifest_sha256: str
    files: tuple[BuiltFile, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def path(self, file: BuiltFile) -> Path:
        """Where the file lies."""
        return self.place.folder / file.path

    def read(self, layer: str, table: str) -> pl.LazyFrame:
        """The table's rows. Raises BuildFailed if the build has no such table."""
        for file in self.files:
            if (file.layer, file.table) == (layer, table):
                return scan(self.path(file))
        raise BuildFailed(
            f"{layer}.{table}", f"build {self.build} has no such table", "name one of its tables"
        )


@contextmanager
def build_lock(root: Path, study: str, mode: str) -> Iterator[None]:
    """Lets one build at a time write here and clears away half-written files of a build that was killed.

    Raises MachineError if another build is running. The system frees the lock when a process dies.
    """
    folder = Place(root, study, mode).folder
    with machine_errors(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        with only_one(folder / ".lock", f"{study} {mode}", "build"):
            for aside in sorted(folder.rglob(".*.part*")):
                if aside.parent != folder / CONFORMANCE:  # not a build's: a judgement may be writing there
                    clear(aside)
            yield


def publish(store: Store, facts: Mapping[str, Any]) -> Path:
    """The manifest of ``store``'s build, which every reader sees from now on; call it inside ``build_lock``.

    ``facts`` (JSON values) are kept in the manifest. Publishing the same build again changes nothing.
    Raises BuildFailed if the build wrote no table or was finished before with other contents.
    """
    place = store.place
    text = _as_json(
        {
            "build": store.build,
            "delivery": store.delivery,
            "facts": dict(facts),
            "files": [vars(file) for file in _files(store)],
        }
    )
    manifest = place.manifest(store.build)
    if not manifest.exists():
        write_text(manifest, text)
    elif manifest.read_text(encoding="utf-8") != text:
        raise BuildFailed(
            f"build {store.build}", "was finished before with other contents", "give the new build its own id"
        )
    digest = hashlib.sha256(text.encode()).hexdigest()
    pointer = {"build": store.build, "delivery": store.delivery, "manifest_sha256": digest}
    write_text(place.pointer, _as_json(pointer))
    return manifest


def published(root: Path, study: str, mode: str) -> Build | None:
    """The published build; None if nothing was ever published here.

    Raises MachineError if its manifest is not the one that was published or a file is missing.
    """
    place = Place(root, study, mode)
    with machine_errors(str(place.pointer)):
        if not place.pointer.exists():
            return None
        try:
            pointer = _from_json(place.pointer)
            build = _read(place, pointer["build"])
            untouched = build.manifest_sha256 == pointer["manifest_sha256"]
        except (KeyError, TypeError) as error:
            raise MachineError(str(place.pointer), "lacks what a build must tell", _RESTORE) from error
    if not untouched:
        raise MachineError(f"build {build.build}", "its manifest has changed since publication", _RESTORE)
    for file in build.files:
        path = build.path(file)
        if not path.is_file() or path.stat().st_size != file.bytes:
            raise MachineError(f"build {build.build}", f"{file.path} is missing or damaged", _RESTORE)
    return build


def finished(root: Path, study: str, mode: str, delivery: str) -> list[Build]:
    """The finished builds of ``delivery`` whose files are all still here, the youngest last."""
    place = Place(root, study, mode)
    with machine_errors(str(place.folder)):
        manifests = sorted(
            place.manifest("x").parent.glob("[!.]*.json"), key=lambda path: (path.stat().st_mtime_ns, path)
        )
        found = [_read(place, path.stem) for path in manifests]
        return [
            build
            for build in found
            if build.delivery == delivery and all(build.path(file).is_file() for file in build.files)
        ]


def verify(build: Build) -> tuple[str, ...]:
    """The relative paths of files whose bytes are not those of the manifest; empty if all is well."""
    wrong = (
        file.path
        for file in build.files
        if not build.path(file).is_file() or sha256_of(build.path(file)) != file.sha256
    )
    return tuple(wrong)


def _files(store: Store) -> list[BuiltFile]:
    folder = store.place.folder
    found = [
        BuiltFile(
            layer,
            path.parent.parent.name,
            path.relative_to(folder).as_posix(),
            sha256_of(path),
            path.stat().st_size,
            rows_of(path),
        )
        for layer in LAYERS
        for path in sorted((folder / layer).glob(f"*/delivery={store.delivery}/{store.build}.parquet"))
    ]
    if not found:
        raise BuildFailed(f"build {store.build}", "has written no table", "run its steps before publishing")
    return found


def _read(place: Place, build: str) -> Build:
    path = place.manifest(build)
    content = _from_json(path)
    return Build(
        place,
        content["build"],
        content["delivery"],
        sha256_of(path),
        tuple(BuiltFile(**file) for file in content["files"]),
        content["facts"],
    )


def _from_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise MachineError(str(path), "is not JSON any more", _RESTORE) from error
    return content


def _as_json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
