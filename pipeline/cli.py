"""The command line: each command calls one function of ``flow`` and shows what it returned.

Every command that returns a result takes ``--json``; ``ui``, ``test`` and ``lint`` hand over to other programs.
Errors are one line on stderr and an exit code (see ``errors.py``).
Heavy libraries are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from inspect import signature
from pathlib import Path
from signal import SIGINT
from typing import Any

import click

from pipeline.errors import EXIT_BUG, EXIT_MACHINE, EXIT_SIGNAL, SdtmError, UsageError, unforeseen
from pipeline.settings import Settings
from pipeline.stopping import Stopped, stop_asked, stop_signals

_DEMO_SEED, _DEMO_SUBJECTS, _DEMO_AS_OF = 1, 16, date(2027, 6, 30)
_DEMO_DEFECTS = ("partial_date", "impossible_date", "unit_spelling", "unknown_subject")
_BLINDED, _UNBLINDED = "BLINDED", ("DSMB", "FINAL")
_MODE = click.option(
    "--mode",
    default=_BLINDED,
    show_default=True,
    type=click.Choice((_BLINDED, *_UNBLINDED)),
    help="Who may read it.",
)
_CORE_CACHE = click.option(
    "--core-cache",
    envvar="SDTM_CORE_CACHE",
    type=click.Path(path_type=Path, file_okay=False),
    help="Rules cache of CDISC CORE (or SDTM_CORE_CACHE); without it nobody asks the engine.",
)
_CORE_MINUTES = click.option(
    "--core-minutes", default=120, show_default=True, type=click.FloatRange(0, min_open=True)
)
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


class _Day(click.ParamType[date]):
    """A calendar day as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day, or a usage error."""
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            self.fail(f"{value!r} is not a day YYYY-MM-DD", param, ctx)


def _command(function: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """Prints what a command returns, as JSON or by its ``show`` entry; ends with the exit code of its result."""

    wants_quiet = "quiet" in signature(function).parameters

    @wraps(function)
    def run(as_json: bool, **options: Any) -> None:
        if wants_quiet:
            options["quiet"] = as_json
        try:
            result = function(**options)
        except KeyboardInterrupt:  # a library saw the signal first; click would add a line of its own
            raise Stopped from None
        show, code = result.pop("show", None), result.pop("exit_code", 0)
        if as_json:
            click.echo(json.dumps(result, indent=2, sort_keys=True, default=str))
        elif show:
            show()
        sys.exit(code)

    return _AS_JSON(run)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """From a trial's delivered files to CDISC SDTM and SAS V5 transport files."""


@cli.command()
@_command
def demo(quiet: bool) -> dict[str, Any]:
    """A whole night on 16 simulated subjects with a few defects: simulate, load, build, release."""
    from pipeline.commands import demo as run

    return run.demo(_settings(), _DEMO_SUBJECTS, _DEMO_SEED, _DEMO_AS_OF, _DEMO_DEFECTS, quiet=quiet)


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--subjects", default=16, show_default=True, type=click.IntRange(1), help="Randomized subjects."
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0))
@click.option(
    "--as-of", default="2027-06-30", show_default=True, type=_Day(), help="The night of the delivery."
)
@click.option("--defects", default="none", show_default=True, help="none, all, or kinds separated by commas.")
@click.option(
    "--rate", type=click.FloatRange(0), help="Defects of each kind per subject; default 0.05, at least 2."
)
@click.option("--restricted", type=click.Path(path_type=Path), help="Folder for the files that unblind.")
@_command
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
        _settings(), folder, restricted, subjects=subjects, seed=seed, as_of=as_of, defects=defects, rate=rate
    )


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--cut", type=_Day(), help="Data cut, if no delivered file's name tells it.")
@click.option(
    "--release", multiple=True, metavar="SOURCE", help="Let a cumulative file through although it shrank."
)
@_command
def load(folder: Path, cut: date | None, release: tuple[str, ...]) -> dict[str, Any]:
    """Land the delivery in FOLDER: check each file, copy the good ones unchanged."""
    from pipeline.commands import nights

    return nights.loaded(_settings(), folder, cut, release)


@cli.command()
@click.option("--delivery", help="A landed delivery; default: the newest.")
@click.option("--again", is_flag=True, help="Build even if this very build is already published.")
@_MODE
@_command
def build(delivery: str | None, again: bool, mode: str, quiet: bool) -> dict[str, Any]:
    """Take a landed delivery through contracts, warehouse and domains, and publish the build."""
    from pipeline.commands import nights

    if mode != _BLINDED:
        from pipeline.commands import unblind

        return unblind.built(_settings(), mode, delivery, again=again, quiet=quiet)

    return nights.built(_settings(), delivery, again=again, quiet=quiet)


@cli.command()
@click.option(
    "--to",
    "shelf",
    type=click.Path(path_type=Path),
    help="Where releases stand side by side (DSMB: a new folder for the listings).",
)
@_CORE_CACHE
@_CORE_MINUTES
@click.option(
    "--without-core", "waived", default="", metavar="REASON", help="Why a FINAL release goes without."
)
@_MODE
@_command
def release(
    shelf: Path | None, core_cache: Path | None, core_minutes: float, waived: str, mode: str, quiet: bool
) -> dict[str, Any]:
    """Write the published build as a numbered release: the tree to submit, documents, manifest.json."""
    from pipeline.commands import releases

    asked = releases.Asked(core_cache, core_minutes, waived, quiet)
    if mode != _BLINDED:
        from pipeline.commands import unblind

        return unblind.released(_settings(), mode, shelf, asked)
    return releases.released(_settings(), shelf, asked)


@cli.command()
@click.argument("release", metavar="RELEASE", type=click.Path(path_type=Path, exists=True))
@_CORE_CACHE
@_CORE_MINUTES
@_command
def conform(release: Path, core_cache: Path | None, core_minutes: float, quiet: bool) -> dict[str, Any]:
    """Judge the release in folder RELEASE: CDISC CORE and own checks; exit code 4 if anything is unexplained."""
    from pipeline.commands import conform as run

    opened = run.opened(release)
    if opened.mode != _BLINDED:
        from pipeline.commands import unblind

        return unblind.conformed(_settings(), opened, core_cache, core_minutes, quiet=quiet)
    return run.conformed(_settings(), opened, core_cache, core_minutes, quiet=quiet)


@cli.command()
@click.option(
    "--to", "target", type=click.Path(path_type=Path), help="The PDF; default: guide/csdrg.pdf in the home."
)
@_command
def guide(target: Path | None) -> dict[str, Any]:
    """Write the reviewer's guide (cSDRG) of the published build as a PDF to review."""
    from pipeline.commands import guide as run

    return run.written(_settings(), target)


@cli.command()
@click.argument("old", required=False)
@click.argument("new", required=False)
@click.option("--to", "target", type=click.Path(path_type=Path), help="Folder to write, with the values.")
@_command
def delta(old: str | None, new: str | None, target: Path | None) -> dict[str, Any]:
    """Show what changed from delivery OLD to NEW (default: the two newest): raw records and datasets."""
    from pipeline.commands import delta as run

    return run.compared(_settings(), old, new, target)


@cli.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--to", "target", type=click.Path(path_type=Path), help="Folder to write: a page and JSON.")
@_command
def diff(old: Path, new: Path, target: Path | None) -> dict[str, Any]:
    """Show what changed from release OLD to release NEW, and what in deliveries or specification may have caused it."""
    from pipeline.commands import diff as run

    modes = run.unblinded_modes(old, new)
    if modes:
        from pipeline.commands import unblind

        return unblind.differed(_settings(), modes, old, new, target)
    return run.differed(run.blinded_shelf(_settings()), old, new, target)


@cli.command()
@click.argument("release", type=click.Path(path_type=Path))
@_CORE_CACHE
@_CORE_MINUTES
@_command
def verify(release: Path, core_cache: Path | None, core_minutes: float, quiet: bool) -> dict[str, Any]:
    """Prove that RELEASE (a folder) is what the code makes: look at every file, build it again aside, compare.

    What CDISC CORE found then is taken from the release, unless --core-cache has it asked again.
    """
    from pipeline.commands import verify as run
    from pipeline.commands.releases import Asked

    asked, mode = Asked(core_cache, core_minutes, quiet=quiet), run.unblinded_mode_of(release)
    if mode is not None:
        from pipeline.commands import unblind

        return unblind.verified(_settings(), mode, release, asked)
    return run.verified(_settings(), release, asked)


@cli.command()
@click.option("--to", "target", type=click.Path(path_type=Path), help="Folder to write: XLSX and CSV.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(("opened", "reopened", "open", "closed", "gone")),
    help="Only these; may be given several times.",
)
@click.option("--by-site", is_flag=True, help="With --to: one workbook a site as well.")
@_command
def queries(target: Path | None, statuses: tuple[str, ...], by_site: bool) -> dict[str, Any]:
    """Show the query list of the published build: opened, reopened, open, closed by data or with its record."""
    from pipeline.commands import queries as run

    return run.listed(_settings(), target, statuses, by_site=by_site)


@cli.command()
@click.argument("what")
@click.argument("which", required=False)
@click.option("--seq", type=click.IntRange(1), help="--SEQ of the record; its place where there is none.")
@click.option("--var", "variable", help="One variable: its whole way.")
@click.option("--reverse", is_flag=True, help="WHAT is a delivered file and WHICH a line of it.")
@_MODE
@_command
def trace(
    what: str, which: str | None, seq: int | None, variable: str | None, reverse: bool, mode: str
) -> dict[str, Any]:
    """Follow record WHAT (a dataset) of subject WHICH back to file, line and column; or a line onwards."""
    from pipeline.commands import trace as run

    if mode == _BLINDED:
        from pipeline.flow.trace import open_ledger

        ledger = open_ledger(_settings())
    else:
        from pipeline.commands import unblind

        ledger = unblind.ledger(_settings(), mode)
    if reverse:
        return run.reversed_trace(ledger, what, which, seq, variable)
    return run.traced(ledger, what, which, seq, variable)


@cli.command("load-restricted")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--cut", type=_Day(), help="Data cut; default: that of the newest delivery.")
@_command
def load_restricted(folder: Path, cut: date | None) -> dict[str, Any]:
    """Land the files that unblind in the restricted root (SDTM_RESTRICTED_HOME)."""
    from pipeline.commands import unblind

    return unblind.loaded(_settings(), folder, cut)


@cli.command("unblind")
@click.option("--mode", required=True, type=click.Choice(_UNBLINDED))
@click.option(
    "--lock-record", required=True, type=click.Path(path_type=Path), help="JSON of the database lock."
)
@click.option("--approver", "approvers", multiple=True, help="Who approved it; give it twice.")
@click.option("--why", required=True, help="Why the study is unblinded.")
@_command
def unblind_study(mode: str, lock_record: Path, approvers: tuple[str, ...], why: str) -> dict[str, Any]:
    """Check the key and record the approval that a DSMB or FINAL build needs."""
    from pipeline.commands import unblind

    return unblind.approved(_settings(), mode, lock_record, approvers, why)


@cli.command()
@_command
def unblindings() -> dict[str, Any]:
    """Show the verified record of unblindings: who, when, why."""
    from pipeline.commands import unblind

    return unblind.recorded(_settings())


@cli.command("leak-scan")
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path))
@_command
def leak_scan(folders: tuple[Path, ...]) -> dict[str, Any]:
    """Look for what would unblind in every file of FOLDERS (default: the whole blinded home)."""
    from pipeline.commands import unblind

    return unblind.scanned(_settings(), folders)


@cli.command()
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="HTML file to write.")
@click.option(
    "--check", is_flag=True, help="List what is missing or contradictory; exit code 2 if anything is."
)
@_command
def spec(target: Path | None, check: bool) -> dict[str, Any]:
    """Write the study's specification as one HTML page, or check that it is complete."""
    from pipeline.commands import spec as run

    return run.reviewed(_settings(), target, check=check)


@cli.command()
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="PDF file to write.")
@_command
def acrf(target: Path | None) -> dict[str, Any]:
    """Write the study's annotated CRF as a draft, for review without a release."""
    from pipeline.commands import acrf as run

    return run.annotated(_settings(), target)


@cli.command()
@click.argument("ledger", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--seeds", default=0, type=click.IntRange(0), help="Plant in so many simulated studies instead."
)
@click.option("--subjects", default=16, show_default=True, type=click.IntRange(1), help="With --seeds.")
@click.option("--as-of", default="2028-06-30", show_default=True, type=_Day(), help="With --seeds.")
@click.option("--defects", default="all", show_default=True, help="With --seeds: what to plant.")
@click.option(
    "--restricted",
    type=click.Path(path_type=Path, file_okay=False),
    help="With LEDGER: the folder of its restricted files, to audit an unblinded build too.",
)
@_command
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
        return run.of_ledger(_settings(), ledger, restricted)
    return run.of_seeds(_settings(), seeds, subjects, as_of, defects, quiet=quiet)


@cli.command()
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True)
def ui(port: int, host: str) -> None:
    """Open the Dagster UI (dagster dev) with its home below the pipeline's home."""
    from pipeline.commands import tools

    sys.exit(tools.ui(_settings(), host, port))


@cli.group()
def bench() -> None:
    """Measure: time, CPU and memory."""


@bench.command("study")
@click.option("--subjects", default=5000, show_default=True, type=click.IntRange(1))
@click.option("--as-of", default="2028-06-30", show_default=True, type=_Day())
@_command
def bench_study(subjects: int, as_of: date, quiet: bool) -> dict[str, Any]:
    """One night of a large trial, each step in a process of its own."""
    from pipeline.commands import benchmark

    return benchmark.study(_settings(), subjects, as_of, quiet=quiet)


@bench.command("xpt")
@click.option("--rows", default=1_000_000, show_default=True, type=click.IntRange(1))
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1))
@_command
def bench_xpt(rows: int, repeats: int) -> dict[str, Any]:
    """The transport writer beside other writers on the same table."""
    from pipeline.commands import benchmark

    return benchmark.xpt(rows, repeats)


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Run the test suite (pytest); ARGUMENTS go to pytest."""
    from pipeline.commands import tools

    sys.exit(tools.test(arguments))


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def faults(arguments: tuple[str, ...]) -> None:
    """Kill, fill, interrupt and double load, build and release at many points; see that nothing is lost."""
    from pipeline.commands import tools

    sys.exit(tools.trial("matrix", arguments))


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def fuzz(arguments: tuple[str, ...]) -> None:
    """Deliver thousands of spoiled files; each is refused in one line or read exactly (--cases N, --seed S)."""
    from pipeline.commands import tools

    sys.exit(tools.trial("fuzz", arguments))


@cli.command()
def lint() -> None:
    """Check style, types and the import rules."""
    from pipeline.commands import tools

    sys.exit(tools.lint())


@cli.command()
@click.option("--ig", required=True, type=click.Path(path_type=Path), help="CSV of SDTMIG variables.")
@click.option(
    "--ct", required=True, type=click.Path(path_type=Path), help="Tab-separated SDTM terminology of NCI EVS."
)
@_command
def standard(ig: Path, ct: Path) -> dict[str, Any]:
    """Generate the pinned standard's facts in sdtm_specs/standard from their published sources."""
    from pipeline.commands import tools

    return tools.standard(_settings(), ig, ct)


def _settings() -> Settings:
    return Settings.from_environment()


def main() -> None:
    """Runs the command; an expected failure is one line on stderr, and so is anything unforeseen."""
    with stop_signals():
        try:
            cli.main(standalone_mode=False)
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001 - the last door: a traceback could print a subject's values
            code, line = _told(error)
            click.echo(f"sdtm: {line}", err=True)
            sys.exit(code)


def _told(error: BaseException) -> tuple[int, str]:
    """Exit code and line; whatever comes after a signal is the interruption that it asked for."""
    signal = stop_asked()
    if signal or isinstance(error, click.exceptions.Abort | KeyboardInterrupt | Stopped):
        return EXIT_SIGNAL + (signal or SIGINT), "interrupted; nothing half done was kept"
    if isinstance(error, click.ClickException):
        return UsageError.exit_code, error.format_message()
    if isinstance(error, SdtmError):
        return error.exit_code, str(error)
    if isinstance(error, MemoryError):
        return EXIT_MACHINE, "memory: not enough for this step; nothing was published"
    return EXIT_BUG, unforeseen(error)
