"""All faults that are no kill: those of disks, a second run meanwhile, a clock set back, a request to stop."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import EXIT_MACHINE
from pipeline.flow.context import open_context
from tests.faults.disks import full, read_only
from tests.faults.fault import Fault, afterwards, told_in_one_line
from tests.faults.points import phase_of
from tests.faults.stage import NIGHTS, Phase, Stage, finished, remove, tree
from tests.faults.state import Verdict

MAIN = ("load", "build", "release")
_DAY = 86_400
_STOPPED_WITHIN = 60  # seconds for a process to come to its point


def faults(events: dict[str, list[str]], seed: int, *, thorough: bool) -> Iterator[Fault]:
    """All cases; points are drawn from the events of undisturbed runs."""
    draw, often = random.Random(seed), 3 if thorough else 1
    for name in MAIN:
        yield from full(name, events[name], draw, 1 + often)
        yield from _meanwhile(name, events[name], draw, often)
        yield from _stops(name, events[name], draw, often)
        yield from read_only(name)
        yield Fault("clock set back", name, _with_clock)
    yield Fault("release while a build runs", "build", _released_meanwhile)
    yield Fault("build while a release runs", "release", _built_meanwhile)
    yield Fault("newest is by cut, not by clock", "build", _newest_by_cut)


# A second run meanwhile


def _meanwhile(name: str, keys: list[str], draw: random.Random, often: int) -> Iterator[Fault]:
    locked = next(number for number, key in enumerate(keys) if ".lock" in key or "~" in key) + 2
    made = max(number for number, key in enumerate(keys) if key.startswith("fsync ") and "~" in key)
    for _ in range(often):  # behind its last rename a release holds nothing any more
        index = draw.randrange(locked, made)
        key, nth = keys[index], Counter(keys[: index + 1])[keys[index]]
        yield Fault("the same command meanwhile", name, _twice(key, nth))


def _twice(key: str, nth: int) -> Callable[[Stage, Phase], Verdict]:
    """The first run stands still at a point; the second is turned away; the first goes on and finishes."""

    def tried(stage: Stage, phase: Phase) -> Verdict:
        stage.restore(phase.before)
        verdict = Verdict()
        with _standing_still(stage, phase, key, nth, verdict) as first:
            told_in_one_line(stage.run(phase.command), EXIT_MACHINE, verdict)
        _ends_well(stage, phase, first, verdict)
        return afterwards(stage, phase, verdict)

    return tried


@contextmanager
def _standing_still(
    stage: Stage, phase: Phase, key: str, nth: int, verdict: Verdict
) -> Iterator[subprocess.Popen[str]]:
    process = stage.start(phase.command, key=key, nth=nth, act="stop")
    deadline = time.monotonic() + _STOPPED_WITHIN
    while not _is_stopped(process.pid) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    if not _is_stopped(process.pid):
        verdict.problems.append("the first run did not come to its point")
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)


def _is_stopped(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def _ends_well(stage: Stage, phase: Phase, process: subprocess.Popen[str], verdict: Verdict) -> None:
    said = finished(process)
    if said.code != stage.codes[phase.name] or said.err:
        verdict.problems.append(f"the first run ended with {said.code}: {said.err.strip()[-200:]}")


def _released_meanwhile(stage: Stage, phase: Phase) -> Verdict:
    """While a build is at work a release takes the published one, and neither hinders the other."""
    stage.restore(phase.before)
    verdict = Verdict()
    keys = [key for key in stage.events["build"] if key.startswith("renamed ")]
    key = keys[len(keys) // 2]
    with _standing_still(stage, phase, key, Counter(keys[: len(keys) // 2 + 1])[key], verdict) as first:
        said = stage.run(phase_of("release").command)
        if said.code or said.err or not list(stage.shelf.rglob("define.xml")):
            verdict.problems.append(f"the release ended with {said.code}: {said.err.strip()}")
        remove(stage.shelf)
    _ends_well(stage, phase, first, verdict)
    return afterwards(stage, phase, verdict)


def _built_meanwhile(stage: Stage, phase: Phase) -> Verdict:
    """A release that stands still while a new build is published is of the old build, and whole."""
    verdict = Verdict()
    stage.restore("landed")
    stage.run(phase.command)
    wanted = tree(stage.shelf)
    stage.restore("landed")
    keys = [key for key in stage.events["release"] if key.startswith("renamed ")]
    key = keys[len(keys) // 2]
    with _standing_still(stage, phase, key, Counter(keys[: len(keys) // 2 + 1])[key], verdict) as first:
        said = stage.run(phase_of("build").command)
        if said.code or said.err:
            verdict.problems.append(f"the build ended with {said.code}: {said.err.strip()}")
    _ends_well(stage, phase, first, verdict)
    if tree(stage.shelf) != wanted:
        verdict.problems.append("the package is not that of the build it was begun with")
    for release in stage.shelf.iterdir():  # what was found of it goes with it
        (stage.place.catalog.parent / "conformance" / f"{release.name}.parquet").unlink(missing_ok=True)
    remove(stage.shelf)
    return afterwards(stage, phase, verdict)


# A clock set back


def _with_clock(stage: Stage, phase: Phase) -> Verdict:
    """Every file comes from the future, and the command's clock is a year behind: its outputs are the same."""
    stage.restore(phase.before)
    verdict, future = Verdict(), time.time() + 3650 * _DAY
    for path in (*stage.home.rglob("*"), stage.night(1)):
        os.utime(path, (future, future))
    said = stage.run(phase.command, clock=-365 * _DAY)
    if said.code != stage.codes[phase.name] or said.err:
        verdict.problems.append(f"ended with {said.code}: {said.err.strip()[-200:]}")
    return afterwards(stage, phase, verdict)


def _newest_by_cut(stage: Stage, phase: Phase) -> Verdict:
    """The second night lands first, with files of the future; then the first one: the second is still the newest."""
    verdict = Verdict()
    stage.restore("empty")
    for command, clock in (
        (phase_of("load").command, 400 * _DAY),
        (phase_of("first load").command, -400 * _DAY),
    ):
        said = stage.run(command, clock=clock)
        if said.err:
            verdict.problems.append(f"a load ended with {said.code}: {said.err.strip()[-200:]}")
    if open_context(stage.settings).delivery.cut != NIGHTS[1]:
        verdict.problems.append("the newest delivery is not that of the latest cut")
    verdict.state, verdict.next_ok = "new", not verdict.problems
    return verdict


# A request to stop


def _stops(name: str, keys: list[str], draw: random.Random, often: int) -> Iterator[Fault]:
    for act, number in (("int", signal.SIGINT), ("term", signal.SIGTERM)):
        for part in range(often):
            index = draw.randrange(len(keys) * part // often, len(keys) * (part + 1) // often)
            key, nth = keys[index], Counter(keys[: index + 1])[keys[index]]
            yield Fault(f"{number.name} at a point", name, _stopped(key, nth, act, number))
            yield Fault(f"{number.name} at any moment", name, _stopped_later(draw.uniform(0.3, 0.95), number))


def _stopped(key: str, nth: int, act: str, number: signal.Signals) -> Callable[[Stage, Phase], Verdict]:
    def tried(stage: Stage, phase: Phase) -> Verdict:
        stage.restore(phase.before)
        verdict = Verdict()
        told_in_one_line(stage.run(phase.command, key=key, nth=nth, act=act), 128 + number, verdict)
        return afterwards(stage, phase, verdict)

    return tried


def _until_it_listens(process: subprocess.Popen[str]) -> None:
    """Waits until the command handles SIGTERM: before that there is nobody to tell anything, and nothing is done."""
    mask, caught = 1 << (signal.SIGTERM - 1), re.compile(r"^SigCgt:\s*(\w+)$", re.MULTILINE)
    status = Path(f"/proc/{process.pid}/status")
    while status.exists() and process.poll() is None:
        if (found := caught.search(status.read_text())) and int(found[1], 16) & mask:
            return
        time.sleep(0.005)


def _stopped_later(share: float, number: signal.Signals) -> Callable[[Stage, Phase], Verdict]:
    def tried(stage: Stage, phase: Phase) -> Verdict:
        stage.restore(phase.before)
        verdict = Verdict()
        process = stage.start(phase.command)
        _until_it_listens(process)
        try:
            process.wait(timeout=share * stage.seconds[phase.name])
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        said = finished(process)
        if said.code != stage.codes[phase.name]:  # else it was faster than the signal
            told_in_one_line(said, 128 + number, verdict)
        return afterwards(stage, phase, verdict)

    return tried
