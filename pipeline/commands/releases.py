"""The command that releases a published build, and how CDISC CORE is asked meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.commands import show
from pipeline.settings import Settings

if TYPE_CHECKING:
    from pipeline.flow.conform import Judge  # its libraries are slow to load
    from pipeline.flow.release import Release


_MEGABYTE = 1_000_000
_FILED = "m5/"


@dataclass(frozen=True)
class Asked:
    """What the person said of CDISC CORE: its rules and the time it has, or why it is not asked."""

    cache: Path | None = None
    minutes: float = 120
    waived: str = ""
    quiet: bool = True


@contextmanager
def judge_of(asked: Asked) -> Iterator[Judge]:
    """The judge, with a progress bar while it works."""
    from pipeline.commands.conform import rules_shown
    from pipeline.flow.conform import Judge

    with rules_shown(quiet=asked.quiet) as on_rule:
        yield Judge(asked.cache, waived=asked.waived, minutes=asked.minutes, on_rule=on_rule)


def released(settings: Settings, shelf: Path | None, asked: Asked) -> dict[str, Any]:
    """Writes the published build as a release on its shelf."""
    from pipeline.flow.release import release_build

    with judge_of(asked) as judge:
        return release_result(release_build(settings, shelf, judge))


def release_result(release: Release) -> dict[str, Any]:
    """Where a release lies, its files, and what was found of it."""
    result: dict[str, Any] = {
        "folder": str(release.folder),
        "new": not release.unchanged,
        "without_records": list(release.without_records),
        "not_releases": list(release.strays),
        "conformance": release.verdict.summary,
        "files": [{"name": file.name, "bytes": file.bytes, "sha256": file.sha256} for file in release.files],
    }
    return {**result, "show": lambda: _show(result)}


def _show(result: dict[str, Any]) -> None:
    """What is filed file by file, the rest by folder, and what was found."""
    filed = [file for file in result["files"] if file["name"].startswith(_FILED)]
    told = [
        {
            "file": file["name"].rpartition("/")[2],
            "MB": f"{file['bytes'] / _MEGABYTE:,.2f}",
            "sha256": file["sha256"][:16],
            "folder": file["name"].rpartition("/")[0],
        }
        for file in filed
    ]
    state = "written" if result["new"] else "was here before, with the same contents"
    show.listing(f"Release {state}", told)
    found, beside = result["conformance"], Counter(_folder(file["name"]) for file in result["files"])
    show.facts(
        Path(result["folder"]).name,
        {
            "lies in": result["folder"],
            "beside what is filed": ", ".join(
                f"{n} in {name}" for name, n in beside.items() if name != _FILED
            ),
            "CDISC CORE": found["engine"] or "not asked (--core-cache)",
            **({"rules that broke": ", ".join(found["broken"])} if "broken" in found else {}),
            "findings": f"{found['explained']} explained, {found['unexplained']} not",
            "own checks": ", ".join(f"{n} {outcome}" for outcome, n in found["own_checks"].items()),
            "without records": ", ".join(result["without_records"]) or "none",
        },
    )
    for line in result["not_releases"]:
        show.remark(line)


def _folder(name: str) -> str:
    return f"{name.partition('/')[0]}/" if "/" in name else "the folder itself"
