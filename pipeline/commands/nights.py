"""The commands of a night: simulate, load, build, release."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.commands import show
from pipeline.errors import EXIT_REFUSED, UsageError
from pipeline.flow.deliver import load_delivery, simulate_delivery
from pipeline.flow.run import run_build
from pipeline.flow.summary import summary
from pipeline.settings import Settings
from pipeline.sources.landing import Landed


def simulated(
    settings: Settings,
    folder: Path,
    restricted: Path | None,
    *,
    subjects: int,
    seed: int,
    as_of: date,
    defects: str,
    rate: float | None = None,
) -> dict[str, Any]:
    """Writes one simulated delivery and tells what it holds."""
    if restricted is not None and restricted.resolve().is_relative_to(settings.home.resolve()):
        raise UsageError("--restricted", "lies in the blinded root", "name a folder apart from it")
    chosen = defects if defects in ("none", "all") else tuple(kind.strip() for kind in defects.split(","))
    made = simulate_delivery(
        settings, folder, restricted, subjects=subjects, seed=seed, as_of=as_of, defects=chosen, rate=rate
    )
    result: dict[str, Any] = {
        "folder": str(made.folder),
        "ledger": str(made.ledger),
        "restricted": str(made.restricted) if made.restricted else None,
        "rows": made.rows,
        "defects": made.defects,
    }
    return {**result, "show": lambda: show.simulated(result)}


def loaded(
    settings: Settings, folder: Path, cut: date | None, released: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Lands a delivery; refused files are told one by one, and make the command end with exit code 3."""
    return landed_result(load_delivery(settings, folder, cut=cut, released=released))


def landed_result(landed: Landed) -> dict[str, Any]:
    """What landed and what did not, with the exit code that it means."""
    refused = {source: entry.reason for source, entry in landed.delivery.in_state("refused").items()}
    missing = [source for source, entry in landed.delivery.in_state("missing").items() if entry.required]
    result: dict[str, Any] = {
        "delivery": landed.delivery_id,
        "new": landed.new,
        "data_cut": landed.delivery.cut.isoformat(),
        "folder": str(landed.delivery.folder),
        "accepted": {
            s: {"rows": e.rows, "bytes": e.bytes} for s, e in landed.delivery.in_state("accepted").items()
        },
        "refused": refused,
        "missing": missing,
        "undeclared": list(landed.delivery.undeclared),
        "nothing_new": landed.delivery.went_back is not None,
        "released": [s for s, e in landed.delivery.entries.items() if e.released],
        "kept": {s: e.kept_from for s, e in landed.delivery.entries.items() if e.kept_from},
    }
    code = EXIT_REFUSED if refused or missing or landed.delivery.undeclared else 0
    return {**result, "exit_code": code, "show": lambda: show.loaded(result)}


def built(settings: Settings, delivery: str | None, *, again: bool, quiet: bool) -> dict[str, Any]:
    """Builds and publishes; shows what arrived and what was set aside."""
    with ExitStack() as stack:
        progress = None if quiet else stack.enter_context(show.steps())
        ran = run_build(settings, delivery, again=again, on_step=progress)
    result = {**summary(ran.build), "new": ran.new, "seconds": round(sum(ran.seconds.values()), 1)}
    return {**result, "show": lambda: show.built(result)}
