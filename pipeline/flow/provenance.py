"""Where a release comes from: delivered files, specification, contracts, code; what a rebuild is held against."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from typing import Any

from pipeline.files import sha256_of
from pipeline.flow.context import code_digest, engine_digest, study_files
from pipeline.settings import CHECKOUT
from pipeline.specs.load import StudySpec
from pipeline.warehouse.builds import Build

_NAME = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_GIT = ("git", "-c", "safe.directory=*", "-C", str(CHECKOUT))


def provenance(build: Build, spec: StudySpec) -> dict[str, Any]:
    """What the manifest of a release tells of its origin, in plain JSON values."""
    return {
        "build": {"id": build.build, "delivery": build.delivery, "manifest_sha256": build.manifest_sha256},
        "inputs": _inputs(build.facts["files"]),
        "specs": spec_digests(spec),
        "code": {
            "digest": code_digest(spec.name, spec.folder.parent),
            "engine": engine_digest(),
            **commit(),
        },
    }


def spec_digests(spec: StudySpec) -> dict[str, str]:
    """File -> sha256 of specification, contracts and standard; specifications are named from their folder on."""
    folders = study_files(spec.name, spec.folder.parent)
    return {
        f"{name}/{path.relative_to(folder).as_posix()}": sha256_of(path)
        for name, (folder, paths) in folders.items()
        for path in paths
    }


def commit() -> dict[str, Any]:
    """The commit of the checkout, None outside of git, and whether tracked files differ from it."""
    head = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no") if head else None
    return {"commit": head, "dirty": bool(changed) if head else None}


def has_commit(name: object) -> bool:
    """Whether the checkout's repository has that commit; False for what is no full name of one."""
    return bool(_NAME.fullmatch(str(name))) and _git("cat-file", "-e", f"{name}^{{commit}}") is not None


def _git(*arguments: str) -> str | None:
    try:
        told = subprocess.run([*_GIT, *arguments], capture_output=True, text=True, check=False)
    except OSError:  # no git on this machine
        return None
    return told.stdout.strip() if told.returncode == 0 else None


def _inputs(files: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"source": source, **file} for source, file in sorted(files.items())]
