"""Releasing a published build: a folder that appears whole, is named, and never changes afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.emit.index_page import index_page
from pipeline.emit.manifest import FILE as MANIFEST
from pipeline.emit.manifest import PackagedFile, changed_files, manifest_text
from pipeline.emit.package import Described, Heading, added, describe, write_package
from pipeline.emit.releases import ReleaseName, Shelved, alike, same_contents, shelved
from pipeline.emit.tree import Tree
from pipeline.errors import BuildFailed
from pipeline.files import folder_aside, keep_folder, sha256_of, write_text
from pipeline.flow.context import BLINDED, StudyParts, study_parts
from pipeline.flow.provenance import provenance
from pipeline.settings import Settings
from pipeline.warehouse.builds import Build, published, verify

INDEX = "index.html"
_MAKING = "release"
_READ_ONLY = 0o444
# no number: the manifest alone tells it, so that the same package can be told from another one
_WARNING = "{} of {} is {}: treatment is masked. It is not for submission.\n"


@dataclass(frozen=True)
class Release:
    """A finished release; ``unchanged`` says that the shelf had it before.

    ``without_records`` are datasets of the study that have no record and therefore no file.
    """

    folder: Path
    files: tuple[PackagedFile, ...]
    without_records: tuple[str, ...]
    manifest_sha256: str
    unchanged: bool = False


def release_build(settings: Settings, shelf: Path | None = None) -> Release:
    """The published blinded build as a release on ``shelf`` (default: the study's), with the next free number.

    Every file of the build is compared with its manifest first; BuildFailed if one was changed. If the newest
    release of this cut is the very same package, it is left alone and returned.
    """
    build = published(settings.warehouse, settings.study, BLINDED)
    return release_of(build, study_parts(settings), shelf or settings.releases)


def release_of(build: Build | None, parts: StudyParts, shelf: Path) -> Release:
    """The same for a published build of any mode."""
    if build is None:
        raise BuildFailed(
            parts.spec.name, "nothing is published yet", "run './sdtm load' and './sdtm build' first"
        )
    if damaged := verify(build):
        raise BuildFailed(damaged[0], "is not the file that was published", "build again")
    shelf = shelf.resolve()
    with folder_aside(shelf / _MAKING) as aside:
        before = alike(shelf, _name(build, parts))
        name = _name(build, parts, before[-1].number + 1 if before else 1)
        made = make_release(build, parts, aside, name)
        if before and same_contents(before[-1].manifest, made.manifest):
            release = _kept(before[-1], made)
        else:
            for path in aside.rglob("*"):
                if path.is_file():
                    path.chmod(_READ_ONLY)
            keep_folder(aside, shelf / name.folder)
            release = _finished(shelf / name.folder, made)
    write_text(shelf / INDEX, index_page([one.manifest for one in shelved(shelf)]))
    return release


@dataclass(frozen=True)
class Made:
    """A release in the making, whole but not yet visible."""

    described: Described
    files: tuple[PackagedFile, ...]
    manifest: dict[str, Any]


def make_release(build: Build, parts: StudyParts, root: Path, name: ReleaseName) -> Made:
    """Writes and checks every file of the release into the empty folder ``root``; the manifest comes last."""
    facts = {"build": build.build, "delivery": build.delivery}
    heading, tree = Heading(name.cut, name.mode, facts), Tree(root, name.study)
    described = describe(parts.spec, package_records(build))
    files = write_package(parts.spec, described.found, tree, heading)
    if heading.mark:
        warning = _WARNING.format(name.study, name.cut.isoformat(), heading.mark).encode()
        files += [added(tree, place / f"{heading.mark}.txt", warning) for place in (root, tree.module)]
    identity = {
        "release": name.facts,
        "without_records": list(described.absent),
        **provenance(build, parts.spec),
        **({"marking": heading.mark} if heading.mark else {}),
    }
    text = manifest_text(identity, files)
    (root / MANIFEST).write_text(text, encoding="ascii")
    return Made(described, tuple(files), json.loads(text))


def package_records(build: Build) -> dict[str, pl.LazyFrame]:
    """Dataset name -> its records, lazily."""
    tables = sorted(file.table for file in build.files if file.layer == "sdtm")
    return {table.upper(): build.read("sdtm", table) for table in tables}


def _name(build: Build, parts: StudyParts, number: int = 1) -> ReleaseName:
    cut = date.fromisoformat(str(build.facts["cut"]))
    return ReleaseName(parts.spec.study.study, cut, build.place.mode, number)


def _kept(there: Shelved, made: Made) -> Release:
    """The release that was there before; BuildFailed if somebody changed it since."""
    if changed := changed_files(there.folder, there.manifest):
        raise BuildFailed(
            f"{there.folder.name}/{changed[0]}",
            "was changed after its release",
            "restore the release from the backup, or move it away and release again",
        )
    return _finished(there.folder, made, unchanged=True)


def _finished(folder: Path, made: Made, *, unchanged: bool = False) -> Release:
    digest = sha256_of(folder / MANIFEST)
    return Release(folder, made.files, made.described.absent, digest, unchanged=unchanged)
