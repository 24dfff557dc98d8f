"""Which points of a phase are disturbed: chosen from the events that an undisturbed run really has."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.faults.stage import PHASES, Phase

# Tables are written hundreds of times by the same line of code: some of them, spread over the run, stand for all.
_MANY, _SPREAD = 50, 3
_AT_LEAST = 2  # points of a phase whose kinds were all met in an earlier one
_RANDOM = 8  # moments that are no event; three times as many if it may take long
_CUT_AT = (0, 100, 4096)  # bytes after which the kernel ends a write; DuckDB's blocks have 4,096
_ORDER = ("load", "build", "release", "first load", "first build", "build again", "release again")


@dataclass(frozen=True)
class Point:
    """The ``nth`` event ``key`` of a phase, and what happens there; without a key ``at`` is a share of the time."""

    phase: str
    what: str
    act: str = "kill"
    key: str = ""
    nth: int = 1
    at: float = 0.0


def kill_points(events: Mapping[str, list[str]], seed: int, *, thorough: bool) -> list[Point]:
    """Every kind of event at least once, writes cut off in the middle, and moments drawn from the whole run."""
    draw = random.Random(seed)
    cuts = list(_cut_off(events, draw))
    return [
        *_events(events, draw, _SPREAD if thorough else 1),
        *(cuts if thorough else cuts[::2]),
        *_moments(draw, 3 * _RANDOM if thorough else _RANDOM),
    ]


def _events(events: Mapping[str, list[str]], draw: random.Random, spread: int) -> Iterator[Point]:
    known: set[str] = set()
    for phase in _ORDER:
        counts = Counter(events[phase])
        chosen = [key for key in counts if key not in known]
        others = sorted(set(counts) - set(chosen))
        if len(chosen) < _AT_LEAST:
            chosen += draw.sample(others, min(len(others), _AT_LEAST - len(chosen)))
        known.update(chosen)
        for key in chosen:
            for nth in _spread(counts[key], draw, spread):
                yield Point(phase, key.split(" ", 1)[0], key=key, nth=nth)


def _spread(count: int, draw: random.Random, most: int) -> list[int]:
    parts = most if count >= _MANY else 1
    return [draw.randint(count * part // parts + 1, count * (part + 1) // parts) for part in range(parts)]


def _cut_off(events: Mapping[str, list[str]], draw: random.Random) -> Iterator[Point]:
    """One a kind of file that is opened for writing, and one a replaced file: what follows it is cut off then."""
    known: set[str] = set()
    for phase in _ORDER:
        counts = Counter(events[phase])
        for key in sorted(set(counts) - known):
            if key.startswith(("open ", "copyfile ")) or (key.startswith("renamed ") and ".json" in key):
                known.add(key)
                nth = draw.randint(1, counts[key])
                yield Point(phase, "write cut off", f"cut:{draw.choice(_CUT_AT)}", key, nth)


def _moments(draw: random.Random, count: int) -> Iterator[Point]:
    weighted = ["load", "build", "build", "build", "release", "release", "build again", "first build"]
    for number in range(count):
        yield Point(weighted[number % len(weighted)], "any moment", at=draw.uniform(0.15, 1.0))


def phase_of(name: str) -> Phase:
    """The phase of that name."""
    return next(phase for phase in PHASES if phase.name == name)
