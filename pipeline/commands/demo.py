"""The demonstration: a whole night in one command, in the pipeline's own home."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from pipeline.commands import nights, releases, show
from pipeline.files import clear
from pipeline.settings import Settings


def demo(
    settings: Settings, subjects: int, seed: int, as_of: date, defects: tuple[str, ...], *, quiet: bool
) -> dict[str, Any]:
    """Simulates, loads, builds and releases; an earlier demonstration's files are replaced, deliveries are kept."""
    home = settings.home / "demo"
    delivery, shelf = home / "delivery", home / "releases"
    say = (lambda _: None) if quiet else show.stage
    _clear(home)
    say(f"1/4 A night of {subjects} simulated subjects, {', '.join(defects)}")
    made = nights.simulated(
        settings, delivery, None, subjects=subjects, seed=seed, as_of=as_of, defects=",".join(defects)
    )
    say("2/4 Landing the delivery")
    landed = nights.loaded(settings, delivery, None)
    say("3/4 Contracts, warehouse, domains")
    built = nights.built(settings, landed["delivery"], again=False, quiet=quiet)
    say("4/4 A release: transport files, read back and compared; define.xml")
    released = releases.released(settings, shelf, releases.Asked())
    for result in (made, landed, built, released):
        result.pop("show", None)
        result.pop("exit_code", None)
    result = {"simulated": made, "landed": landed, "built": built, "released": released}
    return {**result, "show": lambda: show.demo(result)}


def _clear(home: Path) -> None:
    if home.exists():
        clear(home)
