"""What a data manager asks of a build in the morning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import BLINDED, MODE, command, settings


@click.command()
@click.option("--to", "target", type=click.Path(path_type=Path), help="Folder to write: XLSX and CSV.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(("opened", "reopened", "open", "held", "closed", "gone")),
    help="Only these (held: open, not judged); may be given several times.",
)
@click.option("--by-site", is_flag=True, help="With --to: one workbook a site as well.")
@command
def queries(target: Path | None, statuses: tuple[str, ...], by_site: bool) -> dict[str, Any]:
    """Show the query list of the published build: opened, reopened, open, not judged, closed by data, record gone."""
    from pipeline.commands import queries as run

    return run.listed(settings(), target, statuses, by_site=by_site)


@click.command()
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--to", "target", type=click.Path(path_type=Path), help="Folder to write, with the values.")
@command
def delta(old: str | None, new: str | None, target: Path | None) -> dict[str, Any]:
    """Show what changed from delivery OLD to NEW (default: the two newest): raw records and datasets."""
    from pipeline.commands import delta as run

    return run.compared(settings(), old, new, target)


@click.command()
@click.argument("what")
@click.argument("which", required=False)
@click.option("--seq", type=click.IntRange(1), help="--SEQ of the record; its place where there is none.")
@click.option("--var", "variable", help="One variable: its whole way.")
@click.option("--reverse", is_flag=True, help="WHAT is a delivered file and WHICH a line of it.")
@MODE
@command
def trace(
    what: str, which: str | None, seq: int | None, variable: str | None, reverse: bool, mode: str
) -> dict[str, Any]:
    """Follow record WHAT (a dataset) of subject WHICH back to file, line and column; or a line onwards."""
    from pipeline.commands import trace as run

    if mode == BLINDED:
        from pipeline.flow.trace import open_ledger

        ledger = open_ledger(settings())
    else:
        from pipeline.commands import unblind

        ledger = unblind.ledger(settings(), mode)
    if reverse:
        return run.reversed_trace(ledger, what, which, seq, variable)
    return run.traced(ledger, what, which, seq, variable)


COMMANDS = (queries, delta, trace)
