"""What must be true of a home after any fault: everything in it is whole, and of the old state or of the new one."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pipeline.errors import SdtmError
from pipeline.files import sha256_of
from pipeline.sources.delivery import deliveries
from pipeline.warehouse.builds import Build, published, verify
from tests.faults.stage import MODE, Phase, Stage, Tree

_LEFT = re.compile(r"(^|/)\.[^/]*\.part(/|$)|(^|/)\.release\.[^/]+(/|$)")
_TABLE = re.compile(r"home/warehouse/.*/[0-9a-f]{12}\.parquet$")


@dataclass
class Verdict:
    """What became of one case: ``state`` is old or new; ``problems`` is empty if all is well."""

    state: str = "?"
    problems: list[str] = field(default_factory=list)
    next_ok: bool = False


def left_behind(found: Tree) -> list[str]:
    """Half-written files and folders; no reader takes them for anything else."""
    return [path for path in found if _LEFT.search(path)]


def examine(stage: Stage, phase: Phase, found: Tree, verdict: Verdict) -> None:
    """Fills ``verdict``: whether the home is in the old or the new state, and what is wrong in it."""
    before, after = stage.trees[phase.before], stage.trees[phase.after]
    for path, content in found.items():
        known = content in (before.get(path), after.get(path))
        if not known and not _LEFT.search(path) and content != _as_folder(path, after, content):
            verdict.problems.append(f"{_kind(path)} is of neither state")
    try:
        verdict.problems += [*_locked(stage), *_deliveries(stage), *_builds(stage)]
    except (SdtmError, duckdb.Error) as error:
        verdict.problems.append(f"{type(error).__name__} on reading: {error}")
    verdict.state = _state(phase, found, before, after)
    if verdict.state == "mixed":
        verdict.problems.append("neither the old state nor the new one")


def _as_folder(path: str, after: Tree, content: str) -> str | None:
    """A folder that the new state will have, or had while it was made."""
    return content if content.endswith("folder") and any(name.startswith(path) for name in after) else None


def _kind(path: str) -> str:
    return path if not _TABLE.match(path) else "/".join(path.split("/")[:6])


def _state(phase: Phase, found: Tree, before: Tree, after: Tree) -> str:
    """By what readers see: records of deliveries, the pointer, packages."""
    seen, old, new = (_visible(one) for one in (found, before, after))
    if old == new:
        return "same" if seen == old else "mixed"
    return "new" if seen == new else "old" if seen == old else "mixed"


def _visible(found: Tree) -> dict[str, str]:
    shown = re.compile(r"home/landing/.*|.*/published\.json|out/.*")
    return {
        path: one
        for path, one in found.items()
        if shown.fullmatch(path)
        and not _LEFT.search(path)
        and "folder" not in one
        and not path.endswith("/index.html")  # drawn from the releases, again by the next run
    }


def _locked(stage: Stage) -> Iterator[str]:
    for lock in stage.home.rglob(".lock"):
        with lock.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield f"{lock.parent.name} is still locked"


def _deliveries(stage: Stage) -> Iterator[str]:
    for one in deliveries(stage.settings.landing):
        for source, entry in one.in_state("accepted").items():
            path = one.folder / (entry.file or "")
            if not path.is_file() or sha256_of(path) != entry.sha256:
                yield f"landed {source} is not whole"


def _builds(stage: Stage) -> Iterator[str]:
    settings = stage.settings
    build = published(settings.warehouse, settings.study, MODE)
    if build is None:
        return
    if damaged := verify(build):
        yield f"{len(damaged)} files of the published build are damaged"
    if stage.place.catalog.exists():
        yield from _catalog(stage, build)


def _catalog(stage: Stage, build: Build) -> Iterator[str]:
    """Every view can be read, and all are of one build: the published one, or the one before it."""
    with duckdb.connect(str(stage.place.catalog), read_only=True) as connection:
        [(named, _)] = connection.execute("SELECT build, delivery FROM main.published").fetchall()
        views = connection.execute(
            "SELECT sql FROM duckdb_views()"
            " WHERE NOT internal AND schema_name <> 'main' AND view_name <> 'conformance'"  # of any release
        ).fetchall()
        files = [re.search(r"read_parquet\(\s*'([^']+)'", sql) for (sql,) in views]
    shown = {Path(match[1]) for match in files if match}
    if len(shown) != len(views) or any(not path.is_file() or path.stem != named for path in shown):
        yield "the catalog shows a file of another build, or none"
    elif named == build.build and not {build.path(file) for file in build.files} <= shown:
        yield "the catalog lacks tables of its build"


def compare(found: Tree, wanted: Tree) -> list[str]:
    """How a home differs from that of an undisturbed run; empty if by no byte."""
    told: list[Any] = []
    for word, names in (
        ("missing", [n for n in wanted if n not in found]),
        ("left over", [n for n in found if n not in wanted]),
        ("different", [n for n in found if n in wanted and found[n] != wanted[n]]),
    ):
        if names:
            told.append(f"after the next run {len(names)} {word}: {_kind(names[0])}")
    return told
