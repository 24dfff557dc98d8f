"""The command that answers: where does this value come from, and what became of this line?"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pipeline.commands import show_trace
from pipeline.errors import UsageError
from pipeline.lineage.ledger import Ledger
from pipeline.lineage.record import trace_record
from pipeline.lineage.reverse import trace_row

_HEADER = 1


def traced(
    ledger: Ledger, dataset: str, subject: str | None, seq: int | None, variable: str | None
) -> dict[str, Any]:
    """The way of one record, or of one value of it."""
    found = trace_record(ledger, dataset, subject, seq, variable)
    shown = show_trace.value if variable else show_trace.record
    return {**asdict(found), "show": lambda: shown(found)}


def reversed_trace(
    ledger: Ledger, file: str, line: str | None, seq: int | None, variable: str | None
) -> dict[str, Any]:
    """All that one delivered line became; UsageError for what is no line, and for options of the other direction."""
    if seq is not None or variable is not None:
        raise UsageError("--reverse", "takes a file and a line only", "leave --seq and --var out")
    if line is None or not line.isascii() or not line.isdigit() or int(line) <= _HEADER:
        raise UsageError(
            "--reverse",
            "needs a file and a line",
            "give a line of data, such as: edc/AE.csv 12 (line 1 is the header)",
        )
    found = trace_row(ledger, file, int(line))
    return {**asdict(found), "show": lambda: show_trace.row(found)}
