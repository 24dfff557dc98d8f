"""One kill: the real command is ended by force at a point; then the same command runs again without help."""

from __future__ import annotations

import signal
import subprocess

from tests.faults.points import Point, phase_of
from tests.faults.stage import Phase, Said, Stage, finished, tree
from tests.faults.state import Verdict, compare, examine

_KILLED = {"kill": -signal.SIGKILL, "cut": -signal.SIGXFSZ}


def killed(stage: Stage, point: Point) -> Verdict:
    """What became of the home, and of the next run."""
    phase = phase_of(point.phase)
    stage.restore(phase.before)
    verdict = Verdict()
    if point.key:
        said = stage.run(phase.command, key=point.key, nth=point.nth, act=point.act)
        if said.code != _KILLED[point.act.partition(":")[0]]:
            verdict.problems.append(f"the point was not reached (exit code {said.code})")
    else:
        kill_later(stage, phase, point.at)
    examine(stage, phase, tree(stage.home, stage.out), verdict)
    run_again(stage, phase, verdict)
    return verdict


def kill_later(stage: Stage, phase: Phase, share: float) -> Said:
    """Killed from outside after a share of the time that an undisturbed run needs; it may have ended before."""
    process = stage.start(phase.command)
    try:
        process.wait(timeout=share * stage.seconds[phase.name])
    except subprocess.TimeoutExpired:
        process.kill()
    return finished(process)


def run_again(stage: Stage, phase: Phase, verdict: Verdict) -> None:
    """The next run succeeds, and its home is by no byte different from that of an undisturbed run."""
    said = stage.run(phase.command)
    told = []
    if said.code != stage.codes[phase.name] or said.err:
        told.append(f"the next run ended with {said.code}: {said.err.strip()[-200:]}")
    told += compare(tree(stage.home, stage.out), stage.trees[phase.after])
    verdict.next_ok = not told
    verdict.problems += told
