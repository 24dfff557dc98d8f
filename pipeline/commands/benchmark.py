"""Benchmarks: a whole night of a large trial step by step, and the transport writer beside other writers.

Every part runs in a process of its own, so that its time, CPU and peak memory are its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from pipeline.commands import show, show_trials
from pipeline.errors import BuildFailed
from pipeline.files import clear
from pipeline.flow.run import run_build
from pipeline.flow.steps import Step
from pipeline.settings import Settings

_SEED = 1
_GIGABYTE = 1_000_000
_TELLING_SECONDS = 1.0  # shorter steps are added up in one line
_CLEAR_PEAK, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


def study(settings: Settings, subjects: int, as_of: date, *, quiet: bool) -> dict[str, Any]:
    """Simulates, loads, builds and releases a trial of ``subjects`` in an empty home; seconds and gigabytes by step."""
    settings.home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=settings.home))
    try:
        parts = [
            (
                "simulate",
                ["simulate", folder / "night", "--subjects", subjects, "--seed", _SEED, "--as-of", as_of],
            ),
            ("load", ["load", folder / "night"]),
            ("build", None),
            ("release", ["release", "--to", folder / "releases"]),
        ]
        rows, records = [], 0
        for name, arguments in parts:
            if not quiet:
                show.stage(name)
            row, told = _measured(name, arguments, folder / "home")
            rows += [row, *told.get("steps", [])]
            records = told.get("records", records)
    finally:
        clear(folder)
    result: dict[str, Any] = {
        "subjects": subjects,
        "as_of": as_of.isoformat(),
        "records": records,
        "steps": rows,
    }
    return {**result, "show": lambda: show_trials.bench_study(result)}


def _measured(name: str, arguments: list[Any] | None, home: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """One part in a child process: its wall and CPU seconds and peak memory, and what it printed as JSON."""
    command = (
        [sys.executable, "-m", "pipeline", *map(str, arguments), "--json"]
        if arguments
        else [sys.executable, "-m", __name__]
    )
    started = perf_counter()
    with tempfile.TemporaryFile() as printed:
        child = subprocess.Popen(command, stdout=printed, env={**os.environ, "SDTM_HOME": str(home)})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = perf_counter() - started
        printed.seek(0)
        text = printed.read()
    if child.returncode:
        raise BuildFailed(f"bench {name}", f"ended with exit code {child.returncode}", "see the line above")
    row = {"step": name, "seconds": round(seconds, 1), "cpu": round(usage.ru_utime + usage.ru_stime, 1)}
    return {**row, "peak_gb": round(usage.ru_maxrss / _GIGABYTE, 2)}, json.loads(text)


def measured_build(settings: Settings) -> dict[str, Any]:
    """Builds in this process and tells seconds, CPU and peak memory of every step that takes more than a second."""
    steps: list[dict[str, Any]] = []
    current: dict[str, Any] = {}

    def close() -> None:
        if current:
            cpu = sum(os.times()[:2]) - current["cpu"]
            seconds = perf_counter() - current["started"]
            steps.append(
                {
                    "step": f"  {current['step']}",
                    "seconds": round(seconds, 1),
                    "cpu": round(cpu, 1),
                    "peak_gb": _peak(),
                }
            )

    def on_step(step: Step, _number: int, _total: int) -> None:
        close()
        _forget_peak()
        current.update(step=step.name, started=perf_counter(), cpu=sum(os.times()[:2]))

    ran = run_build(settings, again=True, on_step=on_step)
    close()
    records = sum(file.rows for file in ran.build.files if file.layer == "sdtm")
    return {"records": records, "steps": [step for step in steps if step["seconds"] >= _TELLING_SECONDS]}


def _forget_peak() -> None:
    """Starts a new peak where the system can (Linux); elsewhere the peak is that of the process so far."""
    if _CLEAR_PEAK.exists():
        _CLEAR_PEAK.write_text("5", encoding="ascii")


def _peak() -> float | None:
    if not _STATUS.exists():
        return None
    line = next(line for line in _STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / _GIGABYTE, 2)


def xpt(rows: int, repeats: int) -> dict[str, Any]:
    """Medians of the transport writer and of the other writers that this machine has."""
    from pipeline.emit.xpt.bench import bench, lead

    table = bench(rows, repeats)
    result: dict[str, Any] = {"rows": rows, "repeats": repeats, "writers": table.to_dicts(), **lead(table)}
    return {**result, "show": lambda: show_trials.bench_xpt(result)}


if __name__ == "__main__":
    print(json.dumps(measured_build(Settings.from_environment())))  # noqa: T201 - read by the parent process
