"""Packages: made, judged, compared, proved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import BLINDED, CORE_CACHE, CORE_MINUTES, MODE, command, settings


@click.command()
@click.option(
    "--to",
    "shelf",
    type=click.Path(path_type=Path),
    help="Where releases stand side by side (DSMB: a new folder for the listings).",
)
@CORE_CACHE
@CORE_MINUTES
@click.option(
    "--without-core", "waived", default="", metavar="REASON", help="Why a FINAL release goes without."
)
@MODE
@command
def release(
    shelf: Path | None, core_cache: Path | None, core_minutes: float, waived: str, mode: str, quiet: bool
) -> dict[str, Any]:
    """Write the published build as a numbered release: the tree to submit, documents, manifest.json."""
    from pipeline.commands import releases

    asked = releases.Asked(core_cache, core_minutes, waived, quiet)
    if mode != BLINDED:
        from pipeline.commands import unblind

        return unblind.released(settings(), mode, shelf, asked)
    return releases.released(settings(), shelf, asked)


@click.command()
@click.argument("release", metavar="RELEASE", type=click.Path(path_type=Path, exists=True))
@CORE_CACHE
@CORE_MINUTES
@command
def conform(release: Path, core_cache: Path | None, core_minutes: float, quiet: bool) -> dict[str, Any]:
    """Judge the release in folder RELEASE: CDISC CORE and own checks; exit code 4 if anything is unexplained."""
    from pipeline.commands import conform as run

    opened = run.opened(release)
    if opened.mode != BLINDED:
        from pipeline.commands import unblind

        return unblind.conformed(settings(), opened, core_cache, core_minutes, quiet=quiet)
    return run.conformed(settings(), opened, core_cache, core_minutes, quiet=quiet)


@click.command()
@click.argument("release", type=click.Path(path_type=Path))
@CORE_CACHE
@CORE_MINUTES
@command
def verify(release: Path, core_cache: Path | None, core_minutes: float, quiet: bool) -> dict[str, Any]:
    """Prove that RELEASE (a folder) is what the code makes: look at every file, build it again aside, compare.

    What CDISC CORE found is then taken from the release and not proved, unless --core-cache has it asked again.
    """
    from pipeline.commands import verify as run
    from pipeline.commands.releases import Asked

    asked, mode = Asked(core_cache, core_minutes, quiet=quiet), run.unblinded_mode_of(release)
    if mode is not None:
        from pipeline.commands import unblind

        return unblind.verified(settings(), mode, release, asked)
    return run.verified(settings(), release, asked)


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--to", "target", type=click.Path(path_type=Path), help="Folder to write: a page and JSON.")
@command
def diff(old: Path, new: Path, target: Path | None) -> dict[str, Any]:
    """Show what changed from release OLD to release NEW, and what in deliveries or specification may have caused it."""
    from pipeline.commands import diff as run

    modes = run.unblinded_modes(old, new)
    if modes:
        from pipeline.commands import unblind

        return unblind.differed(settings(), modes, old, new, target)
    return run.differed(run.blinded_shelf(settings()), old, new, target)


@click.command()
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="PDF file to write.")
@command
def acrf(target: Path | None) -> dict[str, Any]:
    """Write the study's annotated CRF as a draft, for review without a release."""
    from pipeline.commands import acrf as run

    return run.annotated(settings(), target)


@click.command()
@click.option(
    "--to", "target", type=click.Path(path_type=Path), help="The PDF; default: guide/csdrg.pdf in the home."
)
@command
def guide(target: Path | None) -> dict[str, Any]:
    """Write the reviewer's guide (cSDRG) of the published build as a PDF to review."""
    from pipeline.commands import guide as run

    return run.written(settings(), target)


COMMANDS = (release, conform, verify, diff, acrf, guide)
