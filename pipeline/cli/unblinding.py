"""The way to the key, and the watch over everything that must not know it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import UNBLINDED, Day, command, settings


@click.command("load-restricted")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--cut", type=Day(), help="Data cut; default: that of the newest delivery.")
@command
def load_restricted(folder: Path, cut: date | None) -> dict[str, Any]:
    """Land the files that unblind in the restricted root (SDTM_RESTRICTED_HOME)."""
    from pipeline.commands import unblind

    return unblind.loaded(settings(), folder, cut)


@click.command("unblind")
@click.option("--mode", required=True, type=click.Choice(UNBLINDED))
@click.option(
    "--lock-record", required=True, type=click.Path(path_type=Path), help="JSON of the database lock."
)
@click.option("--approver", "approvers", multiple=True, help="Who approved it; give it twice.")
@click.option("--why", required=True, help="Why the study is unblinded.")
@command
def unblind_study(mode: str, lock_record: Path, approvers: tuple[str, ...], why: str) -> dict[str, Any]:
    """Check the key and record the approval that a DSMB or FINAL build needs."""
    from pipeline.commands import unblind

    return unblind.approved(settings(), mode, lock_record, approvers, why)


@click.command()
@command
def unblindings() -> dict[str, Any]:
    """Show the verified record of unblindings: who, when, why."""
    from pipeline.commands import unblind

    return unblind.recorded(settings())


@click.command("leak-scan")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@command
def leak_scan(folders: tuple[Path, ...]) -> dict[str, Any]:
    """Look for what would unblind in every file of FOLDERS (default: the whole blinded home)."""
    from pipeline.commands import unblind

    return unblind.scanned(settings(), folders)


COMMANDS = (load_restricted, unblind_study, unblindings, leak_scan)
