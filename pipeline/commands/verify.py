"""The command that proves a release: its files, its origin, and a rebuild beside it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.commands import show
from pipeline.commands.releases import Asked, judge_of
from pipeline.emit.opened import described_release
from pipeline.errors import EXIT_BUILD
from pipeline.flow.context import BLINDED
from pipeline.flow.verify import SAME_BUT_COMMIT, Maker, Verified, blinded_maker, verify_release
from pipeline.settings import Settings


def unblinded_mode_of(folder: Path) -> str | None:
    """The mode of the release in ``folder`` if it unblinds; None for a blinded one."""
    mode = described_release(folder).mode
    return None if mode == BLINDED else mode


def verified(settings: Settings, folder: Path, asked: Asked) -> dict[str, Any]:
    """Verifies a blinded release."""
    return verified_by(blinded_maker(settings), folder, asked)


def verified_by(maker: Maker, folder: Path, asked: Asked) -> dict[str, Any]:
    """Verifies a release that ``maker`` can make again; exit code 4 if it is not what the code makes."""
    release = described_release(folder)
    with ExitStack() as stack:
        progress = None if asked.quiet else stack.enter_context(show.steps())
        judge = stack.enter_context(judge_of(asked)) if asked.cache else None
        found = verify_release(release, maker, progress, judge)
    build, code = release.manifest["build"], release.manifest["code"]
    result: dict[str, Any] = {
        "release": found.name,
        "origin": {**build, **code},
        "good": found.good,
        "core_asked_again": asked.cache is not None,
        "files": [{**asdict(each), "good": each.good} for each in found.files],
        "problems": list(found.problems),
    }
    code = 0 if found.good else EXIT_BUILD
    engine = _engine(release.manifest.get("conformance", {}), again=asked.cache is not None)
    return {**result, "exit_code": code, "show": lambda: _show(found, result["origin"], engine)}


def _engine(conformance: Mapping[str, Any], *, again: bool) -> str:
    """Where the engine's findings come from: those of the release alone prove nothing."""
    if again:
        return "asked again"
    if conformance.get("engine"):
        return "not proved: taken from the release as they are, --core-cache has the engine asked again"
    return "the release says that the engine was not asked"


def _show(found: Verified, origin: dict[str, Any], engine: str) -> None:
    show.listing(
        f"Release {found.name}",
        [
            {
                "file": each.file,
                "manifest": each.manifest,
                "rebuilt": each.rebuilt or "·",
                "": "" if each.good else "WRONG",
            }
            for each in found.files
        ],
    )
    parts = {"delivery": "delivery", "build": "id", "commit": "commit", "code digest": "digest"}
    made_from = {name: origin[key] for name, key in parts.items()}
    show.facts("Made from", made_from)
    for problem in found.problems:
        show.remark(problem)
    wrong = sum(not each.good for each in found.files)
    if found.good:
        commit = any(each.rebuilt == SAME_BUT_COMMIT for each in found.files)
        but = " but for the commit in the manifest" if commit else ""
        told = f"{len(found.files)}, each the same to the last byte when made again{but}"
        show.facts("Verified", {"files": told, "findings of CDISC CORE": engine})
    elif not found.rebuilt:
        show.remark(f"not rebuilt; {wrong} files are not as the manifest says")
    elif wrong:
        show.remark(f"{wrong} of {len(found.files)} files are not what the code makes")
    else:
        show.remark("every file is what the code makes, but the release is not what it says it is")
