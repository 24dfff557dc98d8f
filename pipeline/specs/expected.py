"""What a study expects of every whole delivery. What it does not name is not judged."""

from __future__ import annotations

from pydantic import Field

from pipeline.specs.frozen import Frozen, Names


class Expected(Frozen):
    """Shares are exact percentages, spans are days between data cuts.

    A cumulative source may shrink by ``shrink_limit_percent``. A delivery comes ``every_days``, at most ``late_days``
    later; for ``repeated_days`` it may hold nothing new, and each source of ``unchanged_days`` may have the same
    bytes for that long. Every randomized subject is in each source of ``subjects_in``. Of the visits that have been
    due for ``entry_days``, ``visits_recorded_percent`` are recorded as done or as not done.
    """

    shrink_limit_percent: str | None = None
    every_days: int | None = None
    late_days: int = 0
    repeated_days: int | None = None
    unchanged_days: dict[str, int] = Field(default_factory=dict)
    subjects_in: Names = ()
    visits_recorded_percent: str | None = None
    entry_days: int = 0
