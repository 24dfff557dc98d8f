"""A release that somebody hands in: refused unless it is whole, then its records and its define.xml by dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.emit.define.document import FILE as DEFINE
from pipeline.emit.define.reading import Defined, defined
from pipeline.emit.manifest import FILE, changed_files, read_manifest
from pipeline.emit.releases import release_name
from pipeline.emit.tree import Tree
from pipeline.emit.xpt.reading import read_transport
from pipeline.errors import Refused, UsageError

RECORD = "_record"  # Int64, place of a record among those of its subject, from 1
_SUBJECT = "USUBJID"
_TOLD = {
    "release": {"study", "mode", "name", "cut", "number"},
    "build": {"id", "delivery", "manifest_sha256"},
    "code": {"digest", "engine", "commit", "dirty"},
}


@dataclass(frozen=True)
class OpenRelease:
    """A release in any folder, and what its manifest says."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name, whatever the folder is called."""
        return str(self.manifest["release"]["name"])

    @property
    def study(self) -> str:
        """The study's identifier as submitted."""
        return str(self.manifest["release"]["study"])

    @property
    def mode(self) -> str:
        """BLINDED, DSMB or FINAL."""
        return str(self.manifest["release"]["mode"])

    @property
    def files(self) -> dict[str, Mapping[str, Any]]:
        """Path below the folder -> what the manifest says of the file."""
        return {file["name"]: file for file in self.manifest["files"]}

    @property
    def tree(self) -> Tree:
        """Where its files lie."""
        return Tree(self.folder, self.study)

    @cached_property
    def datasets(self) -> dict[str, Mapping[str, Any]]:
        """Dataset -> its transport file (the whole one, not the parts of a split) as the manifest has it."""
        place = self.tree.relative(self.tree.tabulations)
        found = {name: name.rpartition("/") for name in self.files}
        return {
            base.removesuffix(".xpt").upper(): self.files[name]
            for name, (folder, _, base) in found.items()
            if folder == place and base.endswith(".xpt")
        }

    @cached_property
    def defined(self) -> Defined:
        """What its define.xml says."""
        return defined((self.tree.tabulations / DEFINE).read_bytes())

    def records(self, dataset: str) -> pl.LazyFrame:
        """All records with ``_record``, blank text as null; no columns if the release has no such dataset."""
        file = self.datasets.get(dataset)
        if file is None:
            return pl.LazyFrame()
        frame = read_transport(self.folder / file["name"]).with_columns(pl.col(pl.String).replace("", None))
        number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
        return frame.lazy().with_columns(
            (number.over(_SUBJECT) if _SUBJECT in frame.columns else number).alias(RECORD)
        )


def described_release(folder: Path) -> OpenRelease:
    """The release in ``folder``, not yet looked at file by file; UsageError if there is none."""
    if not (folder / FILE).is_file():
        raise UsageError(str(folder), "is no release", "name the folder that holds its manifest.json")
    manifest = read_manifest(folder)
    if any(not names <= manifest.get(part, {}).keys() for part, names in _TOLD.items()):
        raise UsageError(str(folder), "its manifest tells of no release", "name a release of this pipeline")
    return OpenRelease(folder, manifest)


def opened_release(folder: Path) -> OpenRelease:
    """The same; Refused if a file is missing, changed, or not in its manifest, or if that contradicts itself."""
    release = described_release(folder)
    if release_name(release.manifest) is None:
        culprit = "its name is not what study, cut, mode and number make"
        raise Refused(f"{folder.name}/{FILE}", culprit, "restore the release from the backup")
    if wrong := changed_files(folder, release.manifest):
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        fix = "restore the release from the backup; './sdtm verify' tells every file"
        raise Refused(f"{folder.name}/{wrong[0]}", f"is not what its manifest says{more}", fix)
    return release
