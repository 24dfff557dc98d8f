"""Whether a release is who its manifest says: its name, its folder, and the commit that it was made at."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.emit.opened import OpenRelease
from pipeline.emit.releases import release_name
from pipeline.flow.provenance import commit, has_commit

_BACKUP = "restore manifest.json from the backup"


def identity_problems(release: OpenRelease) -> Iterator[str]:
    """A line for each part of the identity that is not true; none that cannot be looked at outside of git."""
    name = release_name(release.manifest)
    if name is None:
        yield f"manifest.json: the name is not what study, cut, mode and number make; {_BACKUP}"
    folder = release.folder.resolve().name
    if folder != release.name:
        yield f"{folder}: the folder was renamed, it is release {release.name}; give it its name again"
    yield from _commit_problems(release)


def _commit_problems(release: OpenRelease) -> Iterator[str]:
    code, here = release.manifest["code"], commit()
    if code["commit"] is None:
        if code["dirty"] is not None:
            yield f"manifest.json: it tells of changes to a commit and names none; {_BACKUP}"
        return
    if here["commit"] is None:
        return
    if not has_commit(code["commit"]):
        yield f"commit {code['commit']}: this repository does not have it; fetch it, or {_BACKUP}"
    if code["dirty"] != here["dirty"]:
        yield (
            "checkout: it has changes that are not committed, and the release tells of none; commit or stash them"
            if here["dirty"]
            else "manifest.json: the release was made with changes that were not committed, so no commit proves it"
        )
