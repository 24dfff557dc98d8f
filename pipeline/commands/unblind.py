"""The commands of unblinded people, and the leak scan of everybody else."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, date, datetime
from getpass import getuser
from pathlib import Path
from typing import Any

from pipeline.blinding.events import Event, latest
from pipeline.blinding.modes import UNBLINDED, Mode, unblinded_mode
from pipeline.commands import conform, nights, releases, show
from pipeline.commands.diff import differed as compared
from pipeline.commands.verify import verified_by
from pipeline.emit.opened import OpenRelease
from pipeline.errors import EXIT_BUILD, UsageError
from pipeline.flow.conform import Judge
from pipeline.flow.conform_release import judge_release
from pipeline.flow.context import study_parts
from pipeline.flow.diff import Shelf
from pipeline.flow.leaks import scan_for_leaks
from pipeline.flow.listings import write_listings
from pipeline.flow.release import release_of
from pipeline.flow.summary import summary
from pipeline.flow.trace import ledger_of
from pipeline.flow.unblinding import (
    OVERLAY,
    load_restricted,
    open_unblinded,
    run_unblinded,
    unblind,
    unblinded_parts,
    unblindings,
)
from pipeline.flow.verify_unblinded import unblinded_maker
from pipeline.lineage.ledger import Ledger
from pipeline.restricted import RestrictedSettings, overlap
from pipeline.settings import Settings
from pipeline.warehouse.builds import published
from pipeline.warehouse.places import Place

_MOST_LEAKS = 50


def loaded(settings: Settings, folder: Path, cut: date | None) -> dict[str, Any]:
    """Lands restricted files in the restricted root."""
    restricted = RestrictedSettings.from_environment(settings)
    return nights.landed_result(load_restricted(settings, restricted, folder, cut=cut))


def approved(
    settings: Settings, mode: str, lock_record: Path, approvers: tuple[str, ...], why: str
) -> dict[str, Any]:
    """Checks key, lock record and approvers, and records who unblinded the study, when and why."""
    event = unblind(
        settings,
        RestrictedSettings.from_environment(settings),
        lock_record,
        mode=unblinded_mode(mode),
        who=getuser(),
        approvers=approvers,
        why=why,
        when=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    result = _told(event)
    return {**result, "show": lambda: show.facts(f"Recorded: {mode} may be built", result)}


def recorded(settings: Settings) -> dict[str, Any]:
    """The verified record of unblindings."""
    found = unblindings(RestrictedSettings.from_environment(settings))
    told = [_told(event) for event in found]

    def shown() -> None:
        for number, each in enumerate(told, start=1):
            show.facts(f"Unblinding {number} of {len(told)}", each)
        if not told:
            show.facts("Unblindings", {"recorded": "none; the study is blinded"})

    return {"events": told, "show": shown}


def built(settings: Settings, mode: str, delivery: str | None, *, again: bool, quiet: bool) -> dict[str, Any]:
    """Builds the locked delivery with the key, below the restricted root."""
    if delivery is not None:
        raise UsageError("--delivery", "an unblinded build is of the locked delivery", "leave it out")
    chosen, restricted = unblinded_mode(mode), RestrictedSettings.from_environment(settings)
    with ExitStack() as stack:
        progress = None if quiet else stack.enter_context(show.steps())
        ran = run_unblinded(settings, restricted, chosen, again=again, on_step=progress)
    result = {**summary(ran.build), "new": ran.new, "seconds": round(sum(ran.seconds.values()), 1)}
    return {**result, "show": lambda: show.built(result)}


def released(settings: Settings, mode: str, to: Path | None, asked: releases.Asked) -> dict[str, Any]:
    """FINAL: the release for submission. DSMB: listings. Never into the blinded root or without a valid approval.

    ``to`` is the shelf of a FINAL release (default: the restricted root's), the new folder of DSMB listings.
    """
    chosen, restricted = unblinded_mode(mode), RestrictedSettings.from_environment(settings)
    if chosen is Mode.DSMB and to is None:
        raise UsageError("--to", "listings have no folder yet", "name one that does not exist yet")
    target = to or restricted.releases
    if overlap(target.resolve(), settings.home.resolve()):
        raise UsageError("--to", "lies in the blinded root, or around it", "choose a folder apart from it")
    build = published(restricted.warehouse, restricted.study, chosen)
    approved_build = open_unblinded(settings, restricted, chosen).store.build
    if build is not None and build.build != approved_build:
        fix = f"run './sdtm build --mode {mode}' first"
        raise UsageError(f"mode {mode}", "the published build is not the approved one", fix)
    if chosen is Mode.DSMB:
        listings = write_listings(build, target.resolve())
        files = {
            name: f"{size:,} bytes, sha256 {digest[:16]}" for name, (size, digest) in listings.files.items()
        }
        result: dict[str, Any] = {"folder": str(listings.folder), "files": files}
        return {**result, "show": lambda: show.facts(f"Listings: {listings.folder}", files)}
    with releases.judge_of(asked) as judge:
        return releases.release_result(release_of(build, unblinded_parts(settings), target, judge))


def differed(
    settings: Settings, modes: list[str], old: Path, new: Path, target: Path | None
) -> dict[str, Any]:
    """Two releases side by side of which at least one is of ``modes``: for people who hold the restricted root.

    Nothing is written into the blinded root. Refused if one of the modes was never approved.
    """
    restricted = RestrictedSettings.from_environment(settings)
    if target is not None and overlap(target.resolve(), settings.home.resolve()):
        raise UsageError("--to", "lies in the blinded root, or around it", "choose a folder apart from it")
    approvals = unblindings(restricted)
    for mode in modes:
        latest(approvals, unblinded_mode(mode))
    places = {str(mode): restricted.warehouse for mode in UNBLINDED}
    shelf = Shelf(unblinded_parts(settings), {str(Mode.BLINDED): settings.warehouse, **places})
    return compared(shelf, old, new, target)


def verified(settings: Settings, mode: str, folder: Path, asked: releases.Asked) -> dict[str, Any]:
    """Verifies an unblinded release with the key, below the restricted root."""
    restricted = RestrictedSettings.from_environment(settings)
    return verified_by(unblinded_maker(settings, restricted, unblinded_mode(mode)), folder, asked)


def conformed(
    settings: Settings, release: OpenRelease, cache: Path | None, minutes: float, *, quiet: bool
) -> dict[str, Any]:
    """Judges an unblinded release; what is found stays below the restricted root."""
    chosen, restricted = unblinded_mode(release.mode), RestrictedSettings.from_environment(settings)
    if overlap(release.folder.resolve(), settings.home.resolve()):
        raise UsageError(
            str(release.folder), "lies in the blinded root, or around it", "move it out of it first"
        )
    place = Place(restricted.prepared().warehouse, restricted.study, chosen)
    with conform.rules_shown(quiet=quiet) as on_rule:
        judge = Judge(cache, place.folder, minutes=minutes, on_rule=on_rule)
        return conform.conform_result(judge_release(release, unblinded_parts(settings).spec, place, judge))


def ledger(settings: Settings, mode: str) -> Ledger:
    """What a trace of the published unblinded build may ask; Refused without a valid approval."""
    chosen, restricted = unblinded_mode(mode), RestrictedSettings.from_environment(settings)
    context = open_unblinded(settings, restricted, chosen)
    build = published(restricted.warehouse, restricted.study, chosen)
    if build is None or build.build != context.store.build:
        raise UsageError(
            f"mode {mode}", "the approved build is not published", f"run './sdtm build --mode {mode}' first"
        )
    return ledger_of(build, context.parts, overlay=OVERLAY)


def scanned(settings: Settings, folders: tuple[Path, ...]) -> dict[str, Any]:
    """Every leak in the folders, the whole blinded root if none is named; exit code 4 if there is one."""
    places = folders or (settings.home,)
    leaks, count = scan_for_leaks(study_parts(settings).spec, *places)
    told = [vars(leak) for leak in leaks]
    result: dict[str, Any] = {"files": count, "leaks": told}

    def shown() -> None:
        show.facts("Leak scan", {"files read": f"{count:,}", "leaks": len(leaks)})
        for leak in leaks[:_MOST_LEAKS]:
            show.console.print(str(leak), style="red", markup=False)
        if len(leaks) > _MOST_LEAKS:
            show.console.print(f"and {len(leaks) - _MOST_LEAKS} more", style="red")

    return {**result, "exit_code": EXIT_BUILD if leaks else 0, "show": shown}


def _told(event: Event) -> dict[str, Any]:
    request = event.request
    return {
        "mode": str(request.mode),
        "delivery": request.delivery,
        "who": request.who,
        "approvers": ", ".join(request.approvers),
        "why": request.why,
        "when": request.when,
        "sha256_of_the_key": request.key,
        "sha256_of_the_lock_record": request.lock,
        "hash": event.hash,
    }
