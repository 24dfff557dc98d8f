"""Releasing a published build: a folder that appears whole, is named, and never changes afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pipeline.conformance.verdict import Verdict
from pipeline.emit.index_page import index_page
from pipeline.emit.manifest import FILE as MANIFEST
from pipeline.emit.manifest import PackagedFile, changed_files
from pipeline.emit.releases import ReleaseName, Shelved, alike, same_contents, shelved
from pipeline.errors import BuildFailed
from pipeline.files import folder_aside, keep_folder, sha256_of, write_text
from pipeline.flow.conform import Judge
from pipeline.flow.conform_release import keep_verdict
from pipeline.flow.context import BLINDED, StudyParts, open_context, study_parts
from pipeline.flow.making import Made, make_release, refused, require_engine
from pipeline.settings import Settings
from pipeline.warehouse.builds import Build, published, verify

INDEX = "index.html"
_MAKING = "release"
_REFUSED = "refused"
_READ_ONLY = 0o444


@dataclass(frozen=True)
class Release:
    """A finished release; ``unchanged`` says that the shelf had it before.

    ``without_records`` are datasets of the study that have no record and therefore no file.
    """

    folder: Path
    files: tuple[PackagedFile, ...]
    without_records: tuple[str, ...]
    manifest_sha256: str
    verdict: Verdict
    unchanged: bool = False


def release_build(settings: Settings, shelf: Path | None = None, judge: Judge | None = None) -> Release:
    """The published blinded build as a release on ``shelf`` (default: the study's), with the next free number.

    Every file of the build is compared with its manifest first; BuildFailed if one was changed, or if today's
    specification and code would make another build. If the newest
    release of this cut is the very same package, it is left alone and returned. Without a ``judge`` the
    project's own checks alone look at it.
    """
    build = published(settings.warehouse, settings.study, BLINDED)
    if build is not None and open_context(settings, build.delivery).store.build != build.build:
        culprit = "was made with another specification or code than today's, and a release describes both"
        raise BuildFailed(f"build {build.build}", culprit, "run './sdtm build' first")
    return release_of(build, study_parts(settings), shelf or settings.releases, judge or Judge())


def release_of(build: Build | None, parts: StudyParts, shelf: Path, judge: Judge) -> Release:
    """The same for a published build of any mode.

    BuildFailed if a release for submission has a finding that nobody has explained; ``qc.conformance`` tells it.
    """
    if build is None:
        raise BuildFailed(
            parts.spec.name, "nothing is published yet", "run './sdtm load' and './sdtm build' first"
        )
    require_engine(build.place.mode, judge)
    if damaged := verify(build):
        raise BuildFailed(damaged[0], "is not the file that was published", "build again")
    shelf = shelf.resolve()
    with folder_aside(shelf / _MAKING) as aside:
        before = alike(shelf, _name(build, parts))
        name = _name(build, parts, before[-1].number + 1 if before else 1)
        root, work = aside / "made", aside / "work"
        root.mkdir()
        work.mkdir()
        made = make_release(build, parts, root, name, replace(judge, work=work))
        _require_explained(build, name, made)
        if before and same_contents(before[-1].manifest, made.manifest):
            release = _kept(before[-1], made)
        else:
            _read_only(root)
            keep_folder(root, shelf / name.folder)
            release = _finished(shelf / name.folder, made)
    keep_verdict(build.place, release.folder.name, made.verdict)
    write_text(shelf / INDEX, index_page([one.manifest for one in shelved(shelf)]))
    return release


def _name(build: Build, parts: StudyParts, number: int = 1) -> ReleaseName:
    cut = date.fromisoformat(str(build.facts["cut"]))
    return ReleaseName(parts.spec.study.study, cut, build.place.mode, number)


def _require_explained(build: Build, name: ReleaseName, made: Made) -> None:
    if issue := refused(made):
        kept = f"{name.folder}-{_REFUSED}"
        keep_verdict(build.place, kept, made.verdict)
        more = len(made.verdict.unexplained)
        raise BuildFailed(
            name.folder,
            f"{issue.rule} in {issue.dataset} is not explained ({more} findings in all)",
            f"see release {kept} in qc.conformance; mend the data or explain it in explained.csv",
        )


def _read_only(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(_READ_ONLY)


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
    return Release(folder, made.files, made.described.absent, digest, made.verdict, unchanged=unchanged)
