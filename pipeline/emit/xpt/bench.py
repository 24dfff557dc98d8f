"""How fast transport files are written: ours, other writers on this machine, a plain write of the same bytes.

Every run has a process of its own, so that peak memory is that writer's and nothing is warm. The writers take
turns, so that a busy machine slows all of them. Times are of one machine on one day: read the ratios.
Every time ends when the disk has the file: ours waits for that by itself, for the others it is done here.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import polars as pl

from pipeline.emit.xpt.bench_table import BENCH_MEMBER, write_bench_table
from pipeline.emit.xpt.write import write_xpt
from pipeline.errors import MachineError, UsageError
from pipeline.files import machine_errors, sync
from pipeline.settings import CHECKOUT

BENCH = pl.Schema(
    {
        "writer": pl.String,
        "version": pl.String,  # of the library; null for our own code
        "rows": pl.Int64,
        "runs": pl.Int64,
        "seconds": pl.Float64,  # median of the runs; null if the writer failed
        "mb_per_s": pl.Float64,  # of the file that it wrote, 1 MB = 10**6 bytes
        "ratio": pl.Float64,  # seconds as a multiple of the plain write's
        "peak_mb": pl.Float64,  # median of the peak resident memory; null where the system does not tell it
    }
)

PLAIN = "plain write of the same bytes"
OURS = "ours, frame in memory"
STREAMED = "ours, streamed from Parquet"
PYREADSTAT = "pyreadstat from polars"
POLARS_READSTAT = "polars-readstat"
HAVEN = "R haven"

_MB = 1e6
_STATUS = Path("/proc/self/status")
_FORGET_PEAK = Path("/proc/self/clear_refs")  # writing 5 makes Linux count the peak anew

_HAVEN_VERSION = 'cat(as.character(packageVersion("haven")))'
_HAVEN_RUN = """
paths <- commandArgs(TRUE)
table <- as.data.frame(haven::read_xpt(paths[1]))
invisible(gc())
try(cat("5", file = "/proc/self/clear_refs"), silent = TRUE)
begin <- Sys.time()
haven::write_xpt(table, paths[2], version = 5, name = "LB", label = "Writer benchmark")
system2("sync", shQuote(paths[2]))
seconds <- as.numeric(Sys.time() - begin, units = "secs")
status <- tryCatch(readLines("/proc/self/status"), error = function(e) character())
peak <- sub("[^0-9]*([0-9]+).*", "\\\\1", grep("^VmHWM", status, value = TRUE))
cat(sprintf('{"seconds": %f, "peak_kb": %s}', seconds, if (length(peak)) peak else "null"))
"""


def bench(
    rows: int, repeats: int, folder: Path | None = None, only: Collection[str] | None = None
) -> pl.DataFrame:
    """One row a writer that this machine has, in the form of ``BENCH``; null times for one that failed.

    ``only`` names the writers to time (default: all); the plain write is always one of them. ``folder`` holds
    the files meanwhile, about 700 bytes a row (default: the system's temporary folder).
    """
    if rows < 1 or repeats < 1:
        raise UsageError("bench", "rows and repeats must be at least 1", "ask for some")
    with machine_errors("bench"), tempfile.TemporaryDirectory(prefix="xpt-bench-", dir=folder) as place:
        home = Path(place).resolve()
        source = home / "lb.parquet"
        write_bench_table(source, rows)
        model = home / "model" / BENCH_MEMBER.file_name
        write_xpt(model, BENCH_MEMBER, source)
        writers = {name: its for name, its in _writers_here().items() if _wanted(name, only)}
        taken: dict[str, list[dict[str, float | None]]] = {name: [] for name in writers}
        for _ in range(repeats):
            for name in writers:
                taken[name].append(_run(name, source, model, home / "out" / BENCH_MEMBER.file_name))
    return _medians(taken, writers, rows)


def _wanted(name: str, only: Collection[str] | None) -> bool:
    return only is None or name == PLAIN or name in only


def _writers_here() -> dict[str, str | None]:
    """Writer -> version, of those that can run here."""
    writers: dict[str, str | None] = {
        PLAIN: None,
        OURS: None,
        STREAMED: None,
        PYREADSTAT: _version("pyreadstat"),
    }
    if importlib.util.find_spec("polars_readstat"):
        writers[POLARS_READSTAT] = _version("polars-readstat")
    if haven := _haven_version():
        writers[HAVEN] = haven
    return writers


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _haven_version() -> str | None:
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    answer = _answer([rscript, "-e", _HAVEN_VERSION])
    return answer.stdout.strip() if answer.returncode == 0 else None


def _run(name: str, source: Path, model: Path, target: Path) -> dict[str, float | None]:
    """Seconds, bytes and peak of one run in a process of its own; no seconds if the writer failed."""
    shutil.rmtree(target.parent, ignore_errors=True)
    target.parent.mkdir()
    given = str(source if name in (OURS, STREAMED, PYREADSTAT, POLARS_READSTAT) else model)
    command = [sys.executable, "-m", "pipeline.emit.xpt.bench", name]
    if name == HAVEN:
        command = [shutil.which("Rscript") or "Rscript", "-e", _HAVEN_RUN]
    answer = _answer([*command, given, str(target)])
    if answer.returncode != 0:
        if name in (PLAIN, OURS, STREAMED):
            raise MachineError("bench", f"{name} did not finish", "look for free memory and disk space")
        return {"seconds": None, "peak_kb": None, "bytes": None}
    told: dict[str, float | None] = json.loads(answer.stdout)
    return told | {"bytes": float(target.stat().st_size)}


def _answer(command: list[str]) -> subprocess.CompletedProcess[str]:
    # S603: the commands are made here, of fixed code and of paths of our own
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT)


def _medians(
    taken: dict[str, list[dict[str, float | None]]], writers: dict[str, str | None], rows: int
) -> pl.DataFrame:
    plain = _median(taken[PLAIN], "seconds") or 1.0
    table = []
    for name, runs in taken.items():
        seconds, octets, peak = (_median(runs, fact) for fact in ("seconds", "bytes", "peak_kb"))
        table.append(
            {
                "writer": name,
                "version": writers[name],
                "rows": rows,
                "runs": len(runs),
                "seconds": seconds,
                "mb_per_s": octets / _MB / seconds if seconds and octets else None,
                "ratio": seconds / plain if seconds else None,
                "peak_mb": peak * 1024 / _MB if peak else None,
            }
        )
    return pl.DataFrame(table, schema=BENCH)


def lead(table: pl.DataFrame) -> dict[str, str | float | None]:
    """The fastest writer that is not ours, and how many times as fast ours is with a frame in memory.

    ``table`` has the form of ``BENCH``; both are None if ours or all others are missing from it or failed.
    """
    seconds = dict(table.select("writer", "seconds").drop_nulls().iter_rows())
    others = {name: each for name, each in seconds.items() if name not in (PLAIN, OURS, STREAMED)}
    if not others or OURS not in seconds:
        return {"fastest_other": None, "times_as_fast": None}
    fastest = min(others, key=lambda name: others[name])
    return {"fastest_other": fastest, "times_as_fast": others[fastest] / seconds[OURS]}


def _median(runs: list[dict[str, float | None]], fact: str) -> float | None:
    known = [value for run in runs if (value := run[fact]) is not None]
    return statistics.median(known) if known else None


def _plain(source: Path, target: Path) -> Callable[[], object]:
    octets = source.read_bytes()

    return lambda: target.write_bytes(octets)


def _ours(source: Path, target: Path) -> Callable[[], object]:
    frame = pl.read_parquet(source)
    return lambda: write_xpt(target, BENCH_MEMBER, frame)


def _streamed(source: Path, target: Path) -> Callable[[], object]:
    return lambda: write_xpt(target, BENCH_MEMBER, source)


def _pyreadstat(source: Path, target: Path) -> Callable[[], object]:
    import pyreadstat

    frame = pl.read_parquet(source)
    labels: list[str | None] = [column.label for column in BENCH_MEMBER.columns]
    return lambda: pyreadstat.write_xport(
        frame,
        target,
        BENCH_MEMBER.label,
        column_labels=labels,
        table_name=BENCH_MEMBER.name,
        file_format_version=5,
    )


def _polars_readstat(source: Path, target: Path) -> Callable[[], object]:
    library = importlib.import_module("polars_readstat")  # optional: no dependency of this project
    frame = pl.read_parquet(source)
    labels = {column.name: column.label for column in BENCH_MEMBER.columns}
    return lambda: library.write_xpt(
        frame,
        target,
        version=5,
        table_name=BENCH_MEMBER.name,
        file_label=BENCH_MEMBER.label,
        variable_labels=labels,
    )


_IN_PYTHON = {
    PLAIN: _plain,
    OURS: _ours,
    STREAMED: _streamed,
    PYREADSTAT: _pyreadstat,
    POLARS_READSTAT: _polars_readstat,
}


def _measured(name: str, source: Path, target: Path) -> dict[str, float | None]:
    """Seconds and peak kilobytes of one write in this process."""
    write = _IN_PYTHON[name](source, target)
    if _FORGET_PEAK.exists():
        _FORGET_PEAK.write_text("5")
    begin = time.perf_counter()
    write()
    if name not in (OURS, STREAMED):
        sync(target)
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "peak_kb": _peak_kb()}


def _peak_kb() -> float | None:
    if not _STATUS.exists():
        return None
    lines = [line.split() for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM")]
    return float(lines[0][1]) if lines else None


if __name__ == "__main__":
    _, _name, _source, _target = sys.argv
    sys.stdout.write(json.dumps(_measured(_name, Path(_source), Path(_target))))
