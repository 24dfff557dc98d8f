"""The manifest of a release: every file with its digest, and where the release comes from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import MachineError
from pipeline.files import machine_errors, sha256_of

FILE = "manifest.json"
LINK, SPECIAL, EMPTY_FOLDER = "symbolic link", "special file", "empty folder"
STRANGE = (LINK, SPECIAL, EMPTY_FOLDER)


@dataclass(frozen=True)
class PackagedFile:
    """One file of a release; ``name`` is its path below the release's folder.

    Rows, variables and label are told for transport files only.
    """

    name: str
    sha256: str
    bytes: int
    rows: int | None = None
    variables: int | None = None
    label: str | None = None

    @property
    def base(self) -> str:
        """The name without its folder."""
        return self.name.rpartition("/")[2]


def packaged_file(
    root: Path,
    path: Path,
    *,
    rows: int | None = None,
    variables: int | None = None,
    label: str | None = None,
) -> PackagedFile:
    """The facts of a written file below ``root``."""
    name = path.relative_to(root).as_posix()
    return PackagedFile(name, sha256_of(path), path.stat().st_size, rows, variables, label)


def manifest_text(identity: Mapping[str, Any], files: Iterable[PackagedFile]) -> str:
    """The manifest as JSON with sorted keys and files by name; ends with a newline."""
    told = [
        {key: value for key, value in vars(file).items() if value is not None}
        for file in sorted(files, key=lambda file: file.name)
    ]
    return manifest_of({**identity, "files": told})


def manifest_of(content: Mapping[str, Any]) -> str:
    """What a manifest tells as its text."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=True) + "\n"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the release in ``folder``; MachineError if it cannot be read."""
    try:
        content: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        files = content["files"]
        assert all(isinstance(file["name"], str) and isinstance(file["sha256"], str) for file in files)
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        raise MachineError(
            str(folder), "holds no readable manifest", "name the folder of a release"
        ) from error
    return content


def changed_files(folder: Path, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """What of ``folder`` is not as its manifest says: other bytes, no plain file, missing, or not named; sorted."""
    named, there = {file["name"]: file["sha256"] for file in manifest["files"]}, contents(folder)
    return tuple(sorted(name for name in {*named, *there} if named.get(name) != there.get(name)))


def contents(folder: Path) -> dict[str, str]:
    """Everything below ``folder`` but its manifest: file -> sha256, and whatever a release never holds -> what it is.

    That is one of ``STRANGE``: links are not followed, and a folder is told only if nothing is in it. MachineError
    for what cannot be read.
    """
    with machine_errors(str(folder)):
        found = dict(_below(folder, ""))
    if found.get(FILE) not in STRANGE:
        found.pop(FILE, None)
    return found


def _below(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    if not entries and name:
        yield name, EMPTY_FOLDER
    for entry in entries:
        inner, path = f"{name}/{entry.name}".lstrip("/"), folder / entry.name
        if entry.is_symlink():
            yield inner, LINK
        elif entry.is_dir(follow_symlinks=False):
            yield from _below(path, inner)
        else:
            yield inner, sha256_of(path) if entry.is_file(follow_symlinks=False) else SPECIAL
