"""``./sdtm fuzz``: thousands of spoilt files, each refused in one clear line or read exactly as an oracle reads it.

Every case is drawn from the seed and its own number: ``--case N`` repeats one. Some of the accepted files go through a
whole build as well. Exit code 1 if a case fails: a traceback, a value in a message, a hang, a row too few or too many.
"""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from types import FrameType

from rich.console import Console
from rich.table import Table

from tests.faults.judging import Judged, Night, built, judged
from tests.faults.spoiling import SPOILS
from tests.faults.spoiling_lines import HARMLESS, spoilt
from tests.faults.stage import write_nights
from tests.faults.structures import files_for

_KINDS = (*SPOILS, "several at once", "several at once", "several at once")
_MADE = "made by hypothesis"
_BUILT = "whole build of an accepted file"
_MADE_SHARE = 8  # one case in so many
_BATCH, _MADE_BATCH = 40, 20
_PIECES = (17, 300, 16 << 20)
_LONGEST = 30  # seconds for a file
_LONGEST_BUILD = 120
_MOST = 60  # failures that are told one by one


@dataclass(frozen=True)
class Outcome:
    """A judged case; ``name`` repeats it."""

    name: str
    kind: str
    source: str
    judged: Judged


class Hang(BaseException):
    """A case took too long."""


def cases(night: Night, seed: int, numbers: range) -> Iterator[Outcome]:
    """Spoilt files, one a number."""
    for number in numbers:
        kind, source, content, piece = drawn(night, seed, number)
        must = kind in HARMLESS
        verdict = timed(lambda: judged(night, source, content, piece, must_be_read=must), _LONGEST)  # noqa: B023 - called at once
        yield Outcome(f"--case {number}", kind, source, verdict)


def drawn(night: Night, seed: int, number: int) -> tuple[str, str, bytes, int]:
    """Kind, source and content of a case, and the size of the pieces it is read in."""
    draw = Random(f"{seed}:{number}")
    kind, source = _KINDS[number % len(_KINDS)], draw.choice([*night.paths])
    separator = night.parts.layouts[source].separator.encode()
    return (
        kind,
        source,
        spoilt(kind, draw, _short(draw, night.paths[source].read_bytes()), separator),
        draw.choice(_PIECES),
    )


def _short(draw: Random, content: bytes) -> bytes:
    """A few records of a long file are as good as all of them, and quicker."""
    lines = content.splitlines(keepends=True)
    return b"".join(lines[: draw.choice([3, 10, 60, 60, len(lines)])])


def made(night: Night, seed: int, batch: int) -> Iterator[Outcome]:
    """Files from hypothesis, for one source."""
    draw = Random(f"{seed}:made:{batch}")
    source = draw.choice([*night.paths])
    for number, content in enumerate(
        files_for(night.parts.layouts[source], _MADE_BATCH, seed * 100_003 + batch)
    ):
        piece = draw.choice(_PIECES)
        verdict = timed(lambda: judged(night, source, content, piece, must_be_read=True), _LONGEST)  # noqa: B023 - called at once
        yield Outcome(f"batch {batch}, file {number}", _MADE, source, verdict)


def builds(night: Night, seed: int, numbers: list[int]) -> Iterator[Outcome]:
    """Cases whose files were accepted, built."""
    for number in numbers:
        _, source, content, _ = drawn(night, seed, number)
        verdict = timed(lambda: built(night, source, content), _LONGEST_BUILD)  # noqa: B023 - called at once
        yield Outcome(f"--case {number} --built", _BUILT, source, verdict)


def timed(judge: object, seconds: int) -> Judged:
    """What ``judge`` says, or that it hangs."""
    before = signal.signal(signal.SIGALRM, _ring)
    signal.alarm(seconds)
    try:
        return judge()  # type: ignore[operator, no-any-return]
    except Hang:
        return Judged("failed", f"it takes more than {seconds} s")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of a library is none of Python's exceptions
        return Judged("failed", f"{type(error).__name__} escaped")
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _ring(_: int, __: FrameType | None) -> None:
    raise Hang


def main() -> int:
    options = _options()
    began, console = time.monotonic(), Console(width=150)
    with tempfile.TemporaryDirectory(prefix="sdtm-fuzz-") as name:
        folder = Path(name)
        write_nights(folder)
        outcomes = [_one(folder, options)] if options.case is not None else _all(folder, options)
    failed = [one for one in outcomes if one.judged.verdict == "failed"]
    console.print(_table(outcomes))
    for one in failed[:_MOST]:
        told = f"FAILED {one.kind}, {one.source} (--seed {options.seed} {one.name}): {one.judged.told}"
        console.print(told, markup=False, highlight=False)
    if options.case is not None:
        console.print(outcomes[0].judged.told, markup=False)
    console.print(
        f"{len(outcomes)} cases in {time.monotonic() - began:.0f} s, {len(failed)} failed", style="bold"
    )
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./sdtm fuzz", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--cases", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--builds", type=int, default=16, help="accepted files that are built as well")
    parser.add_argument("--case", type=int, help="repeat one case")
    parser.add_argument("--built", action="store_true", help="with --case: build it")
    return parser.parse_args()


def _one(folder: Path, options: argparse.Namespace) -> Outcome:
    night = Night(folder / "night2", folder / "one")
    if options.built:
        return next(builds(night, options.seed, [options.case]))
    return next(cases(night, options.seed, range(options.case, options.case + 1)))


def _all(folder: Path, options: argparse.Namespace) -> list[Outcome]:
    of_hypothesis = options.cases // _MADE_SHARE
    spoilt_ones = options.cases - of_hypothesis
    batches = [("cases", range(at, min(at + _BATCH, spoilt_ones))) for at in range(0, spoilt_ones, _BATCH)]
    tasks = [*batches, *(("made", number) for number in range(-(-of_hypothesis // _MADE_BATCH)))]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(mp_context=context, initializer=_start, initargs=(folder, options.seed)) as pool:
        outcomes = [one for found in pool.map(_batch, tasks) for one in found]
        accepted = [
            int(one.name.split()[1])
            for one in outcomes
            if one.judged.verdict == "accepted" and one.kind != _MADE
        ]
        chosen = list(islice(accepted, 0, None, max(1, len(accepted) // max(1, options.builds))))[
            : options.builds
        ]
        outcomes += [
            one for found in pool.map(_batch, [("builds", [number]) for number in chosen]) for one in found
        ]
    return outcomes


_HERE: dict[str, tuple[Night, int]] = {}


def _start(folder: Path, seed: int) -> None:
    """Gives a worker process its own places."""
    _HERE["night"] = (Night(folder / "night2", Path(tempfile.mkdtemp(dir=folder))), seed)


def _batch(task: tuple[str, object]) -> list[Outcome]:
    (night, seed), (kind, what) = _HERE["night"], task
    return list({"cases": cases, "made": made, "builds": builds}[kind](night, seed, what))  # type: ignore[operator]


def _table(outcomes: list[Outcome]) -> Table:
    table = Table(title="What became of spoilt files", title_justify="left", box=None)
    table.add_column("spoilt how")
    for name in ("cases", "accepted, exact", "refused, one line", "failed"):
        table.add_column(name, justify="right")
    counts: dict[str, Counter[str]] = {}
    for one in outcomes:
        counts.setdefault(one.kind, Counter())[one.judged.verdict] += 1
    for kind, found in counts.items():
        table.add_row(kind, *_numbers(found))
    table.add_section()
    table.add_row("all", *_numbers(sum(counts.values(), Counter())))
    return table


def _numbers(found: Counter[str]) -> list[str]:
    return [str(number) for number in (found.total(), found["accepted"], found["refused"], found["failed"])]


if __name__ == "__main__":
    sys.exit(main())
