"""Releases on their shelf: how they are named, which there are, and whether one is still as it was made.

A release is a folder that never changes: a second package of the same cut and mode gets the next number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.emit.manifest import FILE, read_manifest
from pipeline.emit.marking import marking
from pipeline.emit.tree import ectd_name

_FIRST = 1


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
    told = manifest["release"]
    try:
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


def shelved(shelf: Path) -> list[Shelved]:
    """Every release on ``shelf`` by study, cut, mode and number; none if there is no such folder."""
    there = sorted(shelf.glob(f"[!.]*/{FILE}"))
    found = [Shelved(path.parent, read_manifest(path.parent)) for path in there]
    return sorted((one for one in found if "release" in one.manifest), key=_order)


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
