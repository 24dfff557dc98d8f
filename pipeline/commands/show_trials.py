"""How audits and measurements look in a terminal."""

from __future__ import annotations

from typing import Any

from pipeline.commands import show

_MOST_WRONG = 15
_COUNTS = ("planted", "found", "missed", "false_alarms")


def audited(result: dict[str, Any]) -> None:
    """Planted and found by kind, then what is wrong, without a subject."""
    sums = {name: sum(row[name] for row in result["kinds"]) for name in _COUNTS}
    recall = 100 * sums["found"] / sums["planted"] if sums["planted"] else 100
    show.listing(
        f"{result['studies']} planted studies: recall {recall:.1f} %, {sums['false_alarms']} false alarms",
        [{name: row[name] for name in ("kind", *_COUNTS)} for row in result["kinds"]],
        total={"kind": "all", **sums},
        alarming=lambda row: bool(row["missed"] or row["false_alarms"]),
    )
    for title, rows in (("Missed", result["missed"]), ("False alarms", result["false_alarms"])):
        show.listing(f"{title}: {len(rows)}", rows, most=_MOST_WRONG, note="; --json lists them all")


def bench_study(result: dict[str, Any]) -> None:
    """Time, CPU and peak memory of every part of the night."""
    rows = [
        {
            "step": row["step"],
            "seconds": float(row["seconds"]),
            "CPU s": float(row["cpu"]),
            "peak GB": row["peak_gb"],
        }
        for row in result["steps"]
    ]
    whole = [row for row in rows if not row["step"].startswith(" ")]
    sums = {name: sum(row[name] for row in whole) for name in ("seconds", "CPU s")}
    title = f"{result['subjects']:,} subjects, {result['records']:,} SDTM records"
    show.listing(title, rows, total={"step": "all", **sums})


def bench_xpt(result: dict[str, Any]) -> None:
    """The writers side by side."""
    rows = [{name: value for name, value in row.items() if name != "rows"} for row in result["writers"]]
    show.listing(f"{result['rows']:,} rows, medians of {result['repeats']} runs", rows)
    if result["fastest_other"]:
        times, other = result["times_as_fast"], result["fastest_other"]
        show.remark(f"ours, in memory, is {times:.1f} times as fast as {other}")
