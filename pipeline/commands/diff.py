"""The command that sets two releases side by side."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.commands import show
from pipeline.emit.opened import described_release
from pipeline.flow.context import BLINDED, study_parts
from pipeline.flow.diff import Shelf, diff, two_releases
from pipeline.flow.diff_files import diff_told, write_diff
from pipeline.settings import Settings

_MOST_CAUSES = 12


def unblinded_modes(old: Path, new: Path) -> list[str]:
    """The modes of the two releases that unblind, each once."""
    return sorted({described_release(folder).mode for folder in (old, new)} - {BLINDED})


def blinded_shelf(settings: Settings) -> Shelf:
    """What a diff of blinded releases may look at."""
    return Shelf(study_parts(settings), {BLINDED: settings.warehouse})


def differed(shelf: Shelf, old: Path, new: Path, target: Path | None) -> dict[str, Any]:
    """Counts on the terminal; the values are in the files, and in the JSON result."""
    found = diff(*two_releases(old, new), shelf)
    told = diff_told(found)
    files = write_diff(found, told, target) if target else []
    return {**told, "show": lambda: _show(told, target, files)}


def _show(told: dict[str, Any], target: Path | None, files: list[str]) -> None:
    sides = told["releases"]
    show.facts(
        f"From {sides['old']['name']} to {sides['new']['name']}",
        {name: f"{count:,}" for name, count in told["summary"].items() if count},
    )
    show.listing(
        "What may have caused it",
        list(_causes(told["causes"])),
        most=_MOST_CAUSES,
        note="; --to FOLDER writes them all",
    )
    touched = [each for each in told["datasets"] if each["touched"]]
    show.listing("Datasets that differ", [_dataset(each) for each in touched])
    show.listing("define.xml", list(_define(told)))
    for each in touched:
        if count := each["counts"]["repeated"]:
            show.remark(f"{each['dataset']}: the natural key of {count:,} changed records is not unique")
    for note in told["notes"]:
        show.remark(note)
    if not touched and not told["files"]:
        show.remark("the two releases are the same")
    if target:
        show.facts("Written", {"folder": target, "files": ", ".join(files)})


def _causes(causes: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for name, (old, new) in sorted(causes["facts"].items()):
        yield {"what": name, "from": old, "to": new}
    for each in causes["delivered"]:
        sides = [
            f"{side['rows']:,} rows, {side['sha256'][:12]}" if side else None
            for side in (each["old"], each["new"])
        ]
        yield {"what": f"delivered {each['source']}", "from": sides[0], "to": sides[1]}
    for each in causes["specification"]:
        yield {"what": each["file"], "from": each["change"], "to": None}
    if code := causes["code"]:
        yield {"what": "code of the engine", "from": _commit(code["old"]), "to": _commit(code["new"])}


def _commit(code: dict[str, Any]) -> str:
    return f"{(code['commit'] or 'no commit')[:12]}{' with changes' if code['dirty'] else ''}"


def _dataset(each: dict[str, Any]) -> dict[str, Any]:
    counts = each["counts"]
    numbers = {name: counts[name] for name in ("old", "new", "added", "removed", "changed", "renumbered")}
    followed = sum(bool(record["rows"]) for record in each["records"])
    return {
        "dataset": each["dataset"],
        "state": each["state"],
        **numbers,
        "from_changed_rows": followed if each["followed_to_rows"] else None,
        "variables_moved": len(each["reordered"]),
        "in_define": len(each["metadata"]),
    }


def _define(told: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """How often which kind of thing changed in which way; no value, because terms and labels may come from data."""
    changes = [
        *told["define"],
        *(one for each in told["datasets"] for one in each["metadata"]),
        *told["codelists"],
    ]
    counts: dict[tuple[str, str], int] = {}
    for each in changes:
        what = each["kind"], each.get("aspect") or each["change"]
        counts[what] = counts.get(what, 0) + 1
    for (kind, aspect), count in counts.items():
        yield {"of": kind, "what": aspect, "times": count}
