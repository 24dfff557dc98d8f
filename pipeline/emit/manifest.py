"""The manifest of a package: every file with its digest, and where the package comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.files import sha256_of

FILE = "manifest.json"


@dataclass(frozen=True)
class PackagedFile:
    """One file of a package; rows, variables and label are told for datasets only."""

    name: str
    sha256: str
    bytes: int
    rows: int | None = None
    variables: int | None = None
    label: str | None = None


def packaged_file(
    path: Path, *, rows: int | None = None, variables: int | None = None, label: str | None = None
) -> PackagedFile:
    """The facts of a written file."""
    return PackagedFile(path.name, sha256_of(path), path.stat().st_size, rows, variables, label)


def manifest_text(identity: Mapping[str, Any], files: tuple[PackagedFile, ...]) -> str:
    """The manifest as JSON with sorted keys and files by name; ends with a newline."""
    told = [
        {key: value for key, value in vars(file).items() if value is not None}
        for file in sorted(files, key=lambda file: file.name)
    ]
    return json.dumps({**identity, "files": told}, indent=2, sort_keys=True, ensure_ascii=True) + "\n"
