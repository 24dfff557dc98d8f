"""``./sdtm faults``: the real command line under every fault that can be thought of, and what it left behind.

Kills by force at every kind of event of load, build and release, writes cut off in the middle, full disks, second
runs, clocks, signals. Whatever happens: what is published is the old build or the new one, and the same command
succeeds without help and leaves by no byte another home than an undisturbed run. Exit code 1 if a case fails.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from rich.console import Console
from rich.table import Table

from pipeline.flow.context import code_digest
from pipeline.settings import DEFAULT_STUDY, Settings
from tests.faults.fault import Fault
from tests.faults.kills import killed
from tests.faults.others import faults
from tests.faults.points import Point, kill_points, phase_of
from tests.faults.stage import Stage, remove, write_nights
from tests.faults.state import Verdict

_AT_ONCE = 2
_MEMORY = Path(
    "/dev/shm"
)  # where fsync costs nothing; a process that is killed loses nothing on a disk either


@dataclass(frozen=True)
class Case:
    """One row's share of the table: its phase and group, and what is done with a stage."""

    phase: str
    group: str
    do: Callable[[Stage], Verdict]
    told: str
    skipped: str = ""


@dataclass(frozen=True)
class Outcome:
    case: Case
    verdict: Verdict
    seconds: float


def main() -> int:
    options = _options()
    began = time.monotonic()
    console = Console(width=150)
    base = Path(options.scratch or (_MEMORY if os.access(_MEMORY, os.W_OK) else tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix="sdtm-faults-", dir=base))
    before = code_digest(DEFAULT_STUDY, Settings(folder).specs)
    try:
        outcomes = _all(folder, options, console)
    finally:
        remove(folder)
    code_digest.cache_clear()
    failed = [one for one in outcomes if one.verdict.problems]
    console.print(_table(outcomes))
    for one in failed:
        console.print(f"FAILED {one.case.phase}: {one.case.told}", markup=False, highlight=False)
        for problem in one.verdict.problems:
            console.print(f"   {problem}", markup=False, highlight=False)
    for reason, count in _skipped(outcomes).items():
        console.print(f"skipped {count}: {reason}", highlight=False)
    if code_digest(DEFAULT_STUDY, Settings(folder).specs) != before:
        console.print("The code was changed while this ran: failures may come from that.", style="yellow")
    tried = len(outcomes) - sum(_skipped(outcomes).values())
    console.print(f"{tried} cases in {time.monotonic() - began:.0f} s, {len(failed)} failed", style="bold")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./sdtm faults", description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--thorough", action="store_true", help="about twice as many points")
    parser.add_argument("--only", default="", help="cases whose phase and group contain this")
    parser.add_argument("--limit", type=int, default=0, help="at most this many cases, drawn evenly")
    parser.add_argument("--at-once", type=int, default=_AT_ONCE, help="cases at the same time")
    parser.add_argument("--scratch", help="folder for the homes; default: memory, else the temporary folder")
    return parser.parse_args()


def _all(folder: Path, options: argparse.Namespace, console: Console) -> list[Outcome]:
    write_nights(folder)
    stages = [Stage(folder / f"stage{number}") for number in range(options.at_once)]
    with ThreadPoolExecutor(options.at_once) as pool:
        list(pool.map(Stage.prepare, stages))
        cases = _chosen(_cases(stages[0], options), options)
        console.print(f"{len(cases)} cases on {options.at_once} homes", highlight=False)
        free: SimpleQueue[Stage] = SimpleQueue()
        for stage in stages:
            free.put(stage)
        return list(pool.map(lambda case: _tried(case, free, console), cases))


def _cases(stage: Stage, options: argparse.Namespace) -> list[Case]:
    kills = [_as_case(point) for point in kill_points(stage.events, options.seed, thorough=options.thorough)]
    return [
        *kills,
        *(_fault_case(fault) for fault in faults(stage.events, options.seed, thorough=options.thorough)),
    ]


def _as_case(point: Point) -> Case:
    told = (
        f"{point.act} at {point.key} ({point.nth})" if point.key else f"kill after {point.at:.2f} of the time"
    )
    return Case(point.phase, f"kill: {point.what}", lambda stage: killed(stage, point), told)


def _fault_case(fault: Fault) -> Case:
    return Case(
        fault.phase,
        fault.group,
        lambda stage: fault.tried(stage, phase_of(fault.phase)),
        fault.group,
        fault.skipped,
    )


def _chosen(cases: list[Case], options: argparse.Namespace) -> list[Case]:
    found = [case for case in cases if options.only in f"{case.phase} {case.group}"]
    step = max(1, -(-len(found) // options.limit)) if options.limit else 1
    return found[::step]


def _tried(case: Case, free: SimpleQueue[Stage], console: Console) -> Outcome:
    if case.skipped:
        return Outcome(case, Verdict("-"), 0)
    stage, began = free.get(), time.monotonic()
    try:
        verdict = case.do(stage)
    except Exception as error:  # noqa: BLE001 - a case that cannot be judged has failed; the others go on
        verdict = Verdict(problems=[f"{type(error).__name__}: {error}"])
    finally:
        free.put(stage)
    seconds = time.monotonic() - began
    if verdict.problems:
        console.print(f"{case.phase}: {case.told}: {verdict.problems[0]}", style="red", markup=False)
    return Outcome(case, verdict, seconds)


def _table(outcomes: list[Outcome]) -> Table:
    table = Table(title="What became of load, build and release", title_justify="left", box=None)
    for name in ("phase", "fault"):
        table.add_column(name)
    for name in ("cases", "old kept", "new there", "next run ok", "failed"):
        table.add_column(name, justify="right")
    rows: dict[tuple[str, str], list[Outcome]] = {}
    for one in outcomes:
        if not one.case.skipped:
            rows.setdefault((one.case.phase, one.case.group), []).append(one)
    for (phase, group), found in rows.items():
        table.add_row(phase, group, *_counts(found))
    table.add_section()
    table.add_row("all", "", *_counts([one for found in rows.values() for one in found]))
    return table


def _counts(found: list[Outcome]) -> list[str]:
    verdicts = [one.verdict for one in found]
    old = sum(one.state in {"old", "same"} for one in verdicts)
    new = sum(one.state == "new" for one in verdicts)
    ok, failed = sum(one.next_ok for one in verdicts), sum(bool(one.problems) for one in verdicts)
    return [str(number) for number in (len(found), old, new, ok, failed)]


def _skipped(outcomes: list[Outcome]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in outcomes:
        if one.case.skipped:
            counts[one.case.skipped] = counts.get(one.case.skipped, 0) + 1
    return counts


if __name__ == "__main__":
    sys.exit(main())
