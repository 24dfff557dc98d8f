"""The product looking at itself: specification, audit, faults, speed, tests."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import Day, command, settings


@click.command()
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="HTML file to write.")
@click.option(
    "--check", is_flag=True, help="List what is missing or contradictory; exit code 2 if anything is."
)
@command
def spec(target: Path | None, check: bool) -> dict[str, Any]:
    """Write the study's specification as one HTML page, or check that it is complete."""
    from pipeline.commands import spec as run

    return run.reviewed(settings(), target, check=check)


@click.command()
@click.option("--ig", required=True, type=click.Path(path_type=Path), help="CSV of SDTMIG variables.")
@click.option(
    "--ct", required=True, type=click.Path(path_type=Path), help="Tab-separated SDTM terminology of NCI EVS."
)
@command
def standard(ig: Path, ct: Path) -> dict[str, Any]:
    """Generate the pinned standard's facts in sdtm_specs/standard from their published sources."""
    from pipeline.commands import tools

    return tools.standard(settings(), ig, ct)


@click.command()
@click.argument("ledger", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--seeds", default=0, type=click.IntRange(0), help="Plant in so many simulated studies instead."
)
@click.option("--subjects", default=16, show_default=True, type=click.IntRange(1), help="With --seeds.")
@click.option("--as-of", default="2028-06-30", show_default=True, type=Day(), help="With --seeds.")
@click.option("--defects", default="all", show_default=True, help="With --seeds: what to plant.")
@click.option(
    "--restricted",
    type=click.Path(path_type=Path, file_okay=False),
    help="With LEDGER: the folder of its restricted files, to audit an unblinded build too.",
)
@command
def audit(
    ledger: Path | None,
    seeds: int,
    subjects: int,
    as_of: date,
    defects: str,
    restricted: Path | None,
    quiet: bool,
) -> dict[str, Any]:
    """Build the delivery beside LEDGER in a home of its own: was every planted defect found, and nothing else?"""
    from pipeline.commands import audit as run

    if ledger is not None:
        return run.of_ledger(settings(), ledger, restricted)
    return run.of_seeds(settings(), seeds, subjects, as_of, defects, quiet=quiet)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def faults(arguments: tuple[str, ...]) -> None:
    """Kill, fill, interrupt and double load, build and release at many points; see that nothing is lost."""
    from pipeline.commands import tools

    sys.exit(tools.trial("matrix", arguments))


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def fuzz(arguments: tuple[str, ...]) -> None:
    """Deliver thousands of spoiled files; each is refused in one line or read exactly (--cases N, --seed S)."""
    from pipeline.commands import tools

    sys.exit(tools.trial("fuzz", arguments))


@click.group()
def bench() -> None:
    """Measure: time, CPU and memory."""


@bench.command("study")
@click.option("--subjects", default=5000, show_default=True, type=click.IntRange(1))
@click.option("--as-of", default="2028-06-30", show_default=True, type=Day())
@command
def bench_study(subjects: int, as_of: date, quiet: bool) -> dict[str, Any]:
    """One night of a large trial, each step in a process of its own."""
    from pipeline.commands import benchmark

    return benchmark.study(settings(), subjects, as_of, quiet=quiet)


@bench.command("xpt")
@click.option("--rows", default=1_000_000, show_default=True, type=click.IntRange(1))
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1))
@command
def bench_xpt(rows: int, repeats: int) -> dict[str, Any]:
    """The transport writer beside other writers on the same table."""
    from pipeline.commands import benchmark

    return benchmark.xpt(rows, repeats)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run the test suite (pytest); ARGUMENTS go to pytest."""
    from pipeline.commands import tools

    sys.exit(tools.test(arguments))


@click.command()
def lint() -> None:
    """Check style, types and the import rules."""
    from pipeline.commands import tools

    sys.exit(tools.lint())


COMMANDS = (spec, standard, audit, faults, fuzz, bench, test, lint)
