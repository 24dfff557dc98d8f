"""Releasing a published build: a folder that appears whole, is named, and never changes afterwards."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pipeline.conformance.verdict import Verdict
from pipeline.emit.index_page import index_page
from pipeline.emit.manifest import FILE as MANIFEST
from pipeline.emit.manifest import PackagedFile, changed_files
from pipeline.emit.releases import ReleaseName, Shelved, alike, next_number, same_contents, shelved, strays
from pipeline.errors import BuildFailed
from pipeline.files import clear, folder_aside, keep_folder, machine_errors, only_one, sha256_of, write_text
from pipeline.flow.conform import Judge
from pipeline.flow.conform_release import keep_verdict
from pipeline.flow.context import BLINDED, StudyParts, open_context, study_parts
from pipeline.flow.making import Made, make_release, refused, require_engine
from pipeline.settings import Settings
from pipeline.warehouse.builds import Build, published, verify

INDEX = "index.html"
_MAKING = "release"
_REFUSED = "refused"
_READ_ONLY, _CLOSED, _WRITABLE = 0o444, 0o555, 0o222
_LOCK = ".lock"


@dataclass(frozen=True)
class Release:
    """A finished release; ``unchanged`` says that the shelf had it before.

    ``without_records`` are datasets of the study that have no record and therefore no file; ``strays`` say in a line
    each what lies on the shelf and is no whole release.
    """

    folder: Path
    files: tuple[PackagedFile, ...]
    without_records: tuple[str, ...]
    manifest_sha256: str
    verdict: Verdict
    unchanged: bool = False
    strays: tuple[str, ...] = ()


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
    with machine_errors(str(shelf)):
        shelf.mkdir(parents=True, exist_ok=True)
        with only_one(shelf / _LOCK, str(shelf), "release"):
            for left in sorted(
                shelf.glob(f".{INDEX}.*.part")
            ):  # of a run that was killed while it wrote the page
                clear(left)
            release = _shelved(build, parts, shelf, judge)
            there = shelved(shelf)
            for one in there:
                _seal(one.folder)
            write_text(shelf / INDEX, index_page([one.manifest for one in there]))
    keep_verdict(build.place, release.folder.name, release.verdict)
    return release


def _shelved(build: Build, parts: StudyParts, shelf: Path, judge: Judge) -> Release:
    """The release on its shelf, which nobody else touches meanwhile."""
    with folder_aside(shelf / _MAKING) as aside:
        before = alike(shelf, _name(build, parts))
        name = _name(build, parts, next_number(shelf, _name(build, parts)))
        root, work = aside / "made", aside / "work"
        root.mkdir()
        work.mkdir()
        made = make_release(build, parts, root, name, replace(judge, work=work))
        _require_explained(build, name, made)
        if before and same_contents(before[-1].manifest, made.manifest):
            return _kept(before[-1], made)
        _read_only(root)
        return _finished(_placed(root, shelf / name.folder), made)


def _placed(root: Path, target: Path) -> Path:
    """The finished release under its name, which was free before it was made."""
    if target.exists():
        culprit = "somebody has put another folder there meanwhile"
        raise BuildFailed(str(target), culprit, "move it away and release again")
    with machine_errors(str(target)):
        keep_folder(root, target)
    return target


def _name(build: Build, parts: StudyParts, number: int = 1) -> ReleaseName:
    cut = date.fromisoformat(str(build.facts["cut"]))
    return ReleaseName(parts.spec.study.study, cut, build.place.mode, number)


def _require_explained(build: Build, name: ReleaseName, made: Made) -> None:
    if issue := refused(made):
        kept = f"{name.folder}-{_REFUSED}"
        keep_verdict(build.place, kept, made.verdict)
        more = f"({len(made.verdict.unexplained)} findings in all)"
        culprit, mend = f"is not explained {more}", "mend the data or explain it in explained.csv"
        if issue.stops:
            culprit, mend = f"forbids a filing {more}: {issue.message}", "no explanation helps"
        raise BuildFailed(
            name.folder,
            f"{issue.rule} in {issue.dataset} {culprit}",
            f"see release {kept} in qc.conformance; {mend}",
        )


def _read_only(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(_READ_ONLY)


def _seal(folder: Path) -> None:
    """The folders of a release let nobody add or take away a file; its own folder comes last and says that it is done.

    A run that died before is made up for by the next one. What belongs to somebody else is left to them.
    """
    if not folder.stat().st_mode & _WRITABLE:
        return
    inner = sorted(path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())
    with suppress(PermissionError):
        for each in (*inner, folder):
            each.chmod(_CLOSED)


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
    beside = tuple(one.line for one in strays(folder.parent))
    return Release(
        folder, made.files, made.described.absent, digest, made.verdict, unchanged=unchanged, strays=beside
    )
