"""Whether a release is what the code makes: its files, where they come from, and the same release made once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline.conformance.verdict import core_of
from pipeline.emit.manifest import FILE, STRANGE, contents, manifest_of, read_manifest
from pipeline.emit.opened import OpenRelease
from pipeline.emit.releases import ReleaseName, release_name
from pipeline.errors import UsageError
from pipeline.files import folder_aside, sha256_of
from pipeline.flow.conform import Judge
from pipeline.flow.context import Context, StudyParts, code_digest, open_context, study_parts
from pipeline.flow.making import CORE_FILE, make_release
from pipeline.flow.provenance import spec_digests
from pipeline.flow.run import OnStep, run_context
from pipeline.flow.verify_identity import identity_problems
from pipeline.settings import Settings

AS_NAMED, OTHER_BYTES, MISSING, NOT_NAMED = "as named", "other bytes", "missing", "not named"
SAME, SAME_BUT_COMMIT, DIFFERS, NOT_MADE = "same", "same but for the commit", "differs", "not made"
_GOOD = (AS_NAMED, SAME, SAME_BUT_COMMIT)
_ASIDE = "verify"
_NO_RECORD = (
    f"{CORE_FILE}: the release has no readable record of what CDISC CORE found; restore it from the backup, or "
    "have the engine asked again with --core-cache"
)
Digests = dict[str, str]


@dataclass(frozen=True)
class FileVerdict:
    """One file of a release: as its manifest says, and as a rebuild makes it (None if nothing was rebuilt)."""

    file: str
    manifest: str
    rebuilt: str | None

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.manifest in _GOOD and self.rebuilt in (None, *_GOOD)


@dataclass(frozen=True)
class Verified:
    """What was found; ``problems`` say in a line each what of its identity is untrue, or of its origin not at hand."""

    name: str
    files: tuple[FileVerdict, ...]
    problems: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether the release is proved to be what the code makes."""
        return not self.problems and self.rebuilt and all(each.good for each in self.files)

    @property
    def rebuilt(self) -> bool:
        """Whether it was made again."""
        return all(each.rebuilt is not None for each in self.files)


@dataclass(frozen=True)
class Maker:
    """How a release of some mode is made again: its study, where deliveries land, and who opens its build.

    ``home`` is the root in which the work is done; nothing of it stays there. ``open_build`` gives the context of the
    very build that the manifest names, or None if what is at hand would make another.
    """

    parts: StudyParts
    home: Path
    landings: tuple[Path, ...]
    open_build: Callable[[Mapping[str, Any]], Context | None]


def blinded_maker(settings: Settings) -> Maker:
    """How a blinded release is made again."""

    def open_build(manifest: Mapping[str, Any]) -> Context | None:
        context = open_context(settings, manifest["build"]["delivery"])
        return context if context.store.build == manifest["build"]["id"] else None

    return Maker(study_parts(settings), settings.home, (settings.landing,), open_build)


def verify_release(
    release: OpenRelease, maker: Maker, on_step: OnStep | None = None, judge: Judge | None = None
) -> Verified:
    """Looks at every file, at the origin, and, if the origin is at hand, makes the release again and compares it.

    The release's own record of what CDISC CORE found is taken as it is, unless ``judge`` asks the engine again.
    The warehouse is neither read nor written. UsageError if the release is of another study than the maker's.
    """
    if release.study != maker.parts.spec.study.study:
        raise UsageError(release.name, f"is of study {release.study}", "set SDTM_STUDY to it")
    named, there = {name: file["sha256"] for name, file in release.files.items()}, contents(release.folder)
    files = {name: _as_named(named.get(name), there.get(name)) for name in sorted({*named, *there})}
    identity, name = list(identity_problems(release)), release_name(release.manifest)
    problems, judged = list(_origin_problems(release.manifest, maker)), judge or _recorded(release)
    if judged is None:
        problems.append(_NO_RECORD)
    context = None if problems or name is None else maker.open_build(release.manifest)
    if context is not None and judged is not None and name is not None:
        told = list(_against_rebuild(release, files, there, maker, context, judged, name, on_step))
    else:
        problems = problems or ([] if name is None else [_other_build(release.manifest)])
        told = [FileVerdict(file, state, None) for file, state in files.items()]
    return Verified(release.name, tuple(told), (*identity, *problems))


def _as_named(named: str | None, there: str | None) -> str:
    if there in STRANGE:
        return str(there)
    if named is None:
        return NOT_NAMED
    if there is None:
        return MISSING
    return AS_NAMED if named == there else OTHER_BYTES


def _origin_problems(manifest: Mapping[str, Any], maker: Maker) -> Iterator[str]:
    """A line for each part of the origin that is not what it was."""
    for each in manifest["inputs"]:
        paths = [landing / each["delivery"] / each["file"] for landing in maker.landings]
        digests = [sha256_of(path) for path in paths if path.is_file()]
        if each["sha256"] not in digests:
            culprit = "has other bytes" if digests else "is not among the landed files"
            file = f"{each['file']} of delivery {each['delivery']}"
            yield f"{each['source']}: {file} {culprit}; restore it from the backup"
    spec = maker.parts.spec
    told, now = manifest["specs"], spec_digests(spec)
    differing = sorted(name for name in {*told, *now} if told.get(name) != now.get(name))
    engine = manifest["code"]["digest"] != code_digest(spec.name, spec.folder.parent)
    if differing:
        more = f" and {len(differing) - 1} more" if len(differing) > 1 else ""
        yield f"specification: {differing[0]}{more} differ from those of the release; {_checkout(manifest['code'])}"
    elif engine:
        yield f"code: the engine or its lock file is not that of the release; {_checkout(manifest['code'])}"


def _checkout(code: Mapping[str, Any]) -> str:
    commit = code["commit"]
    if commit is None:
        return "the release was made outside of git, so no commit tells them"
    before = " (it had changes that were not committed: they must be there too)" if code["dirty"] else ""
    return f"check out commit {commit}{before}"


def _other_build(manifest: Mapping[str, Any]) -> str:
    return (
        f"build {manifest['build']['id']}: the landed delivery, specification and code make another build; it was "
        "released after a change of specification or code, or the landing's records are not what they were"
    )


def _against_rebuild(
    release: OpenRelease,
    files: Mapping[str, str],
    there: Digests,
    maker: Maker,
    context: Context,
    judge: Judge,
    name: ReleaseName,
    on_step: OnStep | None,
) -> Iterator[FileVerdict]:
    with folder_aside(maker.home / _ASIDE) as aside:
        store = replace(context.store, root=aside / "warehouse")
        build = run_context(replace(context, store=store), on_step=on_step).build
        again, work = aside / name.folder, aside / "work"
        again.mkdir()
        work.mkdir()
        make_release(build, maker.parts, again, name, replace(judge, work=work))
        made = contents(again)
        for file in sorted({*files, *made}):
            yield FileVerdict(file, files.get(file, NOT_NAMED), _rebuilt(there.get(file), made.get(file)))
        yield FileVerdict(FILE, AS_NAMED, _manifests(release.folder / FILE, again / FILE))


def _recorded(release: OpenRelease) -> Judge | None:
    """Whoever made the release asked the engine; None if the record of its answer cannot be read."""
    path = release.tree.conformance / CORE_FILE
    try:
        waived = str(release.manifest["conformance"].get("waived", ""))
        return Judge(recorded=core_of(path.read_text(encoding="ascii")), waived=waived)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _rebuilt(there: str | None, made: str | None) -> str:
    if made is None:
        return NOT_MADE
    return SAME if there == made else DIFFERS


def _manifests(one: Path, other: Path) -> str:
    """The manifest cannot tell its own digest; it must be the same but for the commit, whose code is the same."""
    if one.read_bytes() == other.read_bytes():
        return SAME
    told, made = read_manifest(one.parent), read_manifest(other.parent)
    commit = {name: told["code"][name] for name in ("commit", "dirty")}
    same = manifest_of({**made, "code": {**made["code"], **commit}}).encode() == one.read_bytes()
    return SAME_BUT_COMMIT if same else DIFFERS
