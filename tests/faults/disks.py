"""A disk that is full, or that nobody may write to."""

from __future__ import annotations

import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import EXIT_MACHINE
from tests.faults.fault import Fault, afterwards, told_in_one_line
from tests.faults.stage import Phase, Stage
from tests.faults.state import Verdict


def full(name: str, keys: list[str], draw: random.Random, often: int) -> Iterator[Fault]:
    writes = [key for key in keys if key.startswith(("open ", "copyfile "))]
    for part in range(often):
        index = draw.randrange(len(writes) * part // often, len(writes) * (part + 1) // often)
        key, nth = writes[index], Counter(writes[: index + 1])[writes[index]]
        yield Fault("disk full (a write is refused)", name, _refused_write(key, nth))
    reason = _no_mount()
    for _ in range(often - 1):
        yield Fault("disk full (small file system)", name, _small_disk(draw.uniform(0.1, 0.9)), reason)


def _refused_write(key: str, nth: int) -> Callable[[Stage, Phase], Verdict]:
    def tried(stage: Stage, phase: Phase) -> Verdict:
        stage.restore(phase.before)
        verdict = Verdict()
        told_in_one_line(stage.run(phase.command, key=key, nth=nth, act="full:0"), EXIT_MACHINE, verdict)
        return afterwards(stage, phase, verdict)

    return tried


def _small_disk(share: float) -> Callable[[Stage, Phase], Verdict]:
    """Room for a share of what the phase needs; then the file system gets larger, and the next run succeeds."""

    def tried(stage: Stage, phase: Phase) -> Verdict:
        stage.restore(phase.after)
        need = _blocks(_changed(stage, phase))
        stage.restore(phase.before)
        had, verdict = _blocks(_changed(stage, phase)), Verdict()
        with mounted(stage, phase, f"size={int(had + share * (need - had))}k") as options:
            told_in_one_line(stage.run(phase.command), EXIT_MACHINE, verdict)
            options("size=1g")
            return afterwards(stage, phase, verdict)

    return tried


def _changed(stage: Stage, phase: Phase) -> Path:
    """The folder that the phase fills: packages, or the home."""
    return stage.out if phase.name == "release" else stage.home


def _blocks(folder: Path) -> int:
    """KiB that the files take in pages of 4 KiB."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return sum(4 * (-(-size // 4096)) for size in sizes)


def _no_mount() -> str:
    return "" if os.geteuid() == 0 and Path("/proc/mounts").exists() and _can_mount() else "no right to mount"


def _can_mount() -> bool:
    said = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    return said.returncode == 0


@contextmanager
def mounted(stage: Stage, phase: Phase, options: str) -> Iterator[Callable[[str], None]]:
    """The stage's home and packages on a file system in memory, whose options the caller can change."""
    folder = _changed(stage, phase)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)
    try:
        if folder == stage.home:
            stage.fill(phase.before, folder)
        yield lambda changed: _remount(folder, changed)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def read_only(name: str) -> Iterator[Fault]:
    """The system administrator mounted it so; the permissions of a folder do not stop root."""

    def tried(stage: Stage, phase: Phase) -> Verdict:
        stage.restore(phase.before)
        verdict = Verdict()
        with mounted(stage, phase, "size=1g") as options:
            options("ro")
            told_in_one_line(stage.run(phase.command), EXIT_MACHINE, verdict)
            options("rw")
            return afterwards(stage, phase, verdict)

    yield Fault("read-only file system", name, tried, _no_mount())
