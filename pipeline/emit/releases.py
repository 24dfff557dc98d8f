"""Releases on their shelf: how they are named, which there are, and whether one is still as it was made.

A release is a folder that never changes: a second package of the same cut and mode gets the next number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.emit.manifest import FILE, read_manifest
from pipeline.emit.marking import marking
from pipeline.emit.tree import ectd_name
from pipeline.errors import MachineError

_FIRST = 1
_NAME = re.compile(r"[a-z0-9-]+-\d{4}-\d{2}-\d{2}-[a-z-]+-\d{2,}")
_TOLD = {"build", "code", "files"}


@dataclass(frozen=True)
class ReleaseName:
    """Which release it is: ``study`` as submitted, data cut, mode, and the number among those that share them."""

    study: str
    cut: date
    mode: str
    number: int = _FIRST

    @property
    def folder(self) -> str:
        """The name of its folder: ``bxu001-ra-2027-06-30-draft-blinded-01``."""
        kind = marking(self.mode) or self.mode
        return "-".join((ectd_name(self.study), self.cut.isoformat(), ectd_name(kind), f"{self.number:02d}"))

    @property
    def facts(self) -> dict[str, Any]:
        """What the manifest tells of it."""
        return {**asdict(self), "cut": self.cut.isoformat(), "name": self.folder}


def release_name(manifest: Mapping[str, Any]) -> ReleaseName | None:
    """Which release the manifest says it is of; None if its parts do not make its name."""
    try:
        told = manifest["release"]
        name = ReleaseName(told["study"], date.fromisoformat(told["cut"]), told["mode"], told["number"])
        found = name.facts
    except (KeyError, TypeError, ValueError):
        return None
    return name if found == told else None


@dataclass(frozen=True)
class Shelved:
    """A release that is there: its folder and what its manifest says."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def number(self) -> int:
        """Its number among those of the same study, cut and mode."""
        return int(self.manifest["release"]["number"])


@dataclass(frozen=True)
class Stray:
    """A folder on the shelf that looks like a release and is none, and what is to be done with it.

    ``name`` is the release that it says it is of, if it says so.
    """

    folder: Path
    culprit: str
    fix: str
    name: ReleaseName | None = None

    @property
    def line(self) -> str:
        """One line for a person."""
        return f"{self.folder.name}: {self.culprit}; {self.fix}"


def shelved(shelf: Path) -> list[Shelved]:
    """Every release on ``shelf`` by study, cut, mode and number; none if there is no such folder."""
    return sorted((one for one in _folders(shelf) if isinstance(one, Shelved)), key=_order)


def strays(shelf: Path) -> tuple[Stray, ...]:
    """What lies on ``shelf`` among the releases without being one, by name; other folders are nobody's business."""
    return tuple(one for one in _folders(shelf) if isinstance(one, Stray))


def next_number(shelf: Path, name: ReleaseName) -> int:
    """One more than any that a folder's name or a manifest on ``shelf`` has used for that study, cut and mode."""
    series = replace(name, number=_FIRST)
    start = series.folder.rpartition("-")[0] + "-"
    names = [path.name.removeprefix(start) for path in shelf.glob(f"{start}*")]
    told = [one.name for one in strays(shelf) if one.name is not None]
    used = [int(each) for each in names if each.isdecimal()]
    used += [each.number for each in told if replace(each, number=_FIRST) == series]
    return max(used, default=_FIRST - 1) + 1


def _folders(shelf: Path) -> Iterator[Shelved | Stray]:
    for folder in sorted(shelf.glob("[!.]*/")):
        if not ((folder / FILE).exists() or _NAME.fullmatch(folder.name)):
            continue
        try:
            manifest = read_manifest(folder)
        except MachineError:
            manifest = {}
        name = release_name(manifest)
        if name is None or not manifest.keys() >= _TOLD:
            yield Stray(folder, "is no whole release", "finish the copy or move it away", name)
        elif name.folder != folder.name:
            fix = "give it its name again or move it away"
            yield Stray(folder, f"is release {name.folder} under another name", fix, name)
        else:
            yield Shelved(folder, manifest)


def alike(shelf: Path, name: ReleaseName) -> list[Shelved]:
    """The releases on ``shelf`` that differ from ``name`` in their number only, the newest last."""
    wanted = {**name.facts, "number": None, "name": None}
    return [
        one for one in shelved(shelf) if {**one.manifest["release"], "number": None, "name": None} == wanted
    ]


def same_contents(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two manifests tell of the same package: all but its number and the commit it was made at."""
    return _contents(one) == _contents(other)


def _contents(manifest: Mapping[str, Any]) -> dict[str, Any]:
    code = {**manifest.get("code", {}), "commit": None, "dirty": None}
    return {**manifest, "code": code, "release": {**manifest["release"], "number": None, "name": None}}


def _order(one: Shelved) -> tuple[str, str, str, int]:
    of = one.manifest["release"]
    return of["study"], of["cut"], of["mode"], int(of["number"])
