"""A fault that is no kill, and what is looked at after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.kills import run_again
from tests.faults.stage import Phase, Said, Stage, tree
from tests.faults.state import Verdict, examine, left_behind


@dataclass(frozen=True)
class Fault:
    """One case: a group of the table, its phase, and what is tried; ``skipped`` says why it cannot be tried here."""

    group: str
    phase: str
    tried: Callable[[Stage, Phase], Verdict]
    skipped: str = ""


def told_in_one_line(said: Said, code: int, verdict: Verdict) -> None:
    """A failed command says one line on stderr, no traceback, and has the exit code."""
    if said.code != code:
        verdict.problems.append(f"exit code {said.code} instead of {code}: {said.err.strip()[-200:]}")
    if len(said.err.splitlines()) != 1 or not said.err.startswith("sdtm: "):
        verdict.problems.append(f"stderr is not one line: {said.err.strip()[-300:]!r}")


def afterwards(stage: Stage, phase: Phase, verdict: Verdict) -> Verdict:
    found = tree(stage.home, stage.out)
    if left := left_behind(found):
        verdict.problems.append(f"{len(left)} half-written files were left, as {left[0]}")
    examine(stage, phase, found, verdict)
    run_again(stage, phase, verdict)
    return verdict
