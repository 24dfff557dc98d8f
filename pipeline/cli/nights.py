"""A night, from files to a published build, and the page to see it."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import BLINDED, MODE, Day, command, settings

_DEMO_SEED, _DEMO_SUBJECTS, _DEMO_AS_OF = 1, 16, date(2027, 6, 30)
_DEMO_DEFECTS = ("partial_date", "impossible_date", "unit_spelling", "unknown_subject")


@click.command()
@command
def demo(quiet: bool) -> dict[str, Any]:
    """A whole night on 16 simulated subjects with a few defects: simulate, load, build, release."""
    from pipeline.commands import demo as run

    return run.demo(settings(), _DEMO_SUBJECTS, _DEMO_SEED, _DEMO_AS_OF, _DEMO_DEFECTS, quiet=quiet)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--subjects", default=16, show_default=True, type=click.IntRange(1), help="Randomized subjects."
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option(
    "--as-of", default="2027-06-30", show_default=True, type=Day(), help="The night of the delivery."
)
@click.option("--defects", default="none", show_default=True, help="none, all, or kinds separated by commas.")
@click.option(
    "--rate", type=click.FloatRange(0), help="Defects of each kind per subject; default 0.05, at least 2."
)
@click.option("--restricted", type=click.Path(path_type=Path), help="Folder for the files that unblind.")
@command
def simulate(
    folder: Path,
    subjects: int,
    seed: int,
    as_of: date,
    defects: str,
    rate: float | None,
    restricted: Path | None,
) -> dict[str, Any]:
    """Write one night's delivery of a synthetic trial into FOLDER, and FOLDER.ledger.csv beside it."""
    from pipeline.commands import nights

    return nights.simulated(
        settings(), folder, restricted, subjects=subjects, seed=seed, as_of=as_of, defects=defects, rate=rate
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--cut", type=Day(), help="Data cut, if no delivered file's name tells it.")
@click.option(
    "--release", multiple=True, metavar="SOURCE", help="Let a cumulative file through although it shrank."
)
@command
def load(folder: Path, cut: date | None, release: tuple[str, ...]) -> dict[str, Any]:
    """Land the delivery in FOLDER: check each file, copy the good ones unchanged."""
    from pipeline.commands import nights

    return nights.loaded(settings(), folder, cut, release)


@click.command()
@click.option("--delivery", help="A landed delivery; default: the newest.")
@click.option("--again", is_flag=True, help="Build even if this very build is already published.")
@MODE
@command
def build(delivery: str | None, again: bool, mode: str, quiet: bool) -> dict[str, Any]:
    """Take a landed delivery through contracts, warehouse and domains, and publish the build."""
    from pipeline.commands import nights

    if mode != BLINDED:
        from pipeline.commands import unblind

        return unblind.built(settings(), mode, delivery, again=again, quiet=quiet)

    return nights.built(settings(), delivery, again=again, quiet=quiet)


@click.command()
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
def ui(port: int, host: str) -> None:
    """Open the Dagster UI (dagster dev) with its home below the pipeline's home."""
    from pipeline.commands import tools

    sys.exit(tools.ui(settings(), host, port))


COMMANDS = (demo, simulate, load, build, ui)
