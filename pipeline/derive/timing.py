"""When something happened in the course of a subject's study: study days, ages, epochs."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.derive.iso8601 import date_part, earliest, latest, minute_part

SUBJECT: Final = "USUBJID"
BEFORE_INFUSION: Final = "_before_infusion"


def study_day(dtc: pl.Expr, reference: pl.Expr) -> pl.Expr:
    """Day counted from ``reference`` = 1, the day before -1, never 0 (Int64); null if either is not complete.

    Both are ISO 8601 texts; times do not count (SDTMIG 4.4.4).
    """
    days = (date_part(dtc) - date_part(reference)).dt.total_days()
    return pl.when(days >= 0).then(days + 1).otherwise(days)


def completed_years(birth: pl.Expr, at: pl.Expr) -> pl.Expr:
    """Birthdays passed at ``at`` (Int64); null if either ISO date is partial or ``at`` is earlier."""
    born, day = date_part(birth), date_part(at)
    not_yet = _day_of_year_order(day) < _day_of_year_order(born)
    years = day.dt.year().cast(pl.Int64) - born.dt.year() - not_yet.cast(pl.Int64)
    return pl.when(day >= born).then(years)


def _day_of_year_order(day: pl.Expr) -> pl.Expr:
    """Month and day as one number; a month is an Int8, in which the hundreds would overflow without a word."""
    return day.dt.month().cast(pl.Int16) * 100 + day.dt.day()


def is_before(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """Whether ``left`` lies before ``right`` (Boolean); null if either ISO text has no complete date.

    Two full datetimes compare to the minute; if either has no minute, the days compare (R7).
    """
    left_minute, right_minute = minute_part(left), minute_part(right)
    both = left_minute.is_not_null() & right_minute.is_not_null()
    return pl.when(both).then(left_minute < right_minute).otherwise(date_part(left) < date_part(right))


def with_epoch(
    frame: pl.DataFrame, elements: pl.DataFrame, *, dtc: str, subject: str = SUBJECT, into: str = "EPOCH"
) -> pl.DataFrame:
    """``frame`` in its order plus ``into`` (String): the epoch of ``dtc``, null where it is not certain.

    ``elements``: one row a subject's element with ``subject``, EPOCH, SESTDTC, SEENDTC, TAETORD, ``_last``
    (closed at its end; a null end is open) and ``_treatment`` (starts with the infusion). Rows whose
    optional Boolean ``_before_infusion`` is true belong to the element before treatment when only days can
    be compared and the day is the infusion's. Before the consent day and after the last end: null. A
    partial date: null unless its first and its last possible day lie in one epoch. The consent day counts
    whole, whatever the times (R7).
    """
    kept = frame.drop(into, strict=False)
    wide, depth = _one_row_a_subject(elements, subject)
    timed = kept.with_columns(
        __first=earliest(pl.col(dtc)),
        __final=latest(pl.col(dtc)),
        __minute=minute_part(pl.col(dtc)),
        __early=pl.col(BEFORE_INFUSION).fill_null(value=False)
        if BEFORE_INFUSION in kept.columns
        else pl.lit(value=False),
    )
    at_first, at_final = _epoch_at("__first", depth), _epoch_at("__final", depth)
    epoch = pl.when(at_first == at_final).then(at_first)
    joined = timed.join(wide, on=subject, how="left", maintain_order="left")
    return joined.select(*kept.columns, epoch.alias(into))


_EDGES: Final = ("epoch", "start", "start_minute", "end", "end_minute", "last", "treatment", "consent")


def _one_row_a_subject(elements: pl.DataFrame, subject: str) -> tuple[pl.DataFrame, int]:
    """Each subject's elements side by side in order of time (``__epoch0``, ...), and how many there are."""
    # A partial edge counts only where it is certain: a start at its latest, an end at its earliest.
    edges = elements.filter(pl.col("SESTDTC").is_not_null()).select(
        pl.col(subject, "TAETORD"),
        epoch="EPOCH",
        start=latest(pl.col("SESTDTC")),
        start_minute=minute_part(pl.col("SESTDTC")),
        end=earliest(pl.col("SEENDTC")),
        end_minute=minute_part(pl.col("SEENDTC")),
        last="_last",
        treatment="_treatment",
    )
    ordered = edges.sort(subject, "start", "last", "TAETORD").with_columns(
        __nth=pl.int_range(pl.len()).over(subject), consent=pl.lit(value=False)
    )
    ordered = ordered.with_columns(consent=(pl.col("__nth") == 0) & ~pl.col("treatment"))
    depth = 0 if ordered.is_empty() else int(ordered["__nth"].max()) + 1  # type: ignore[arg-type]
    wide = elements.select(subject).unique(maintain_order=True)
    for nth in range(depth):
        layer = ordered.filter(pl.col("__nth") == nth)
        layer = layer.select(subject, *(pl.col(name).alias(f"__{name}{nth}") for name in _EDGES))
        wide = wide.join(layer, on=subject, how="left", maintain_order="left")
    return wide, depth


def _epoch_at(day: str, depth: int) -> pl.Expr:
    """The epoch of the last element that holds the day ``day`` (or the minute, where both sides have one)."""
    epoch = pl.lit(None, dtype=pl.String)
    for nth in range(depth):
        inside = _started(day, nth) & _not_ended(day, nth)
        before = pl.col(f"__epoch{nth - 1}") if nth else pl.lit(None, dtype=pl.String)
        own = pl.when(_still_before(day, nth)).then(before).otherwise(pl.col(f"__epoch{nth}"))
        epoch = pl.when(inside).then(own).otherwise(epoch)
    return epoch


def _to_the_minute(edge: str) -> pl.Expr:
    return pl.col("__minute").is_not_null() & pl.col(edge).is_not_null()


def _started(day: str, nth: int) -> pl.Expr:
    by_minute = _to_the_minute(f"__start_minute{nth}") & ~pl.col(f"__consent{nth}")
    started = pl.col(f"__start_minute{nth}") <= pl.col("__minute")
    return pl.when(by_minute).then(started).otherwise(pl.col(f"__start{nth}") <= pl.col(day))


def _not_ended(day: str, nth: int) -> pl.Expr:
    minute, day_of_end = pl.col(f"__end_minute{nth}"), pl.col(f"__end{nth}")
    by_minute, last = _to_the_minute(f"__end_minute{nth}"), pl.col(f"__last{nth}")
    within = pl.when(by_minute).then(pl.col("__minute") < minute).otherwise(pl.col(day) < day_of_end)
    at_the_end = pl.when(by_minute).then(pl.col("__minute") == minute).otherwise(pl.col(day) == day_of_end)
    return day_of_end.is_null() | within | (last & at_the_end)


def _still_before(day: str, nth: int) -> pl.Expr:
    same_day = pl.col(day) == pl.col(f"__start{nth}")
    return (
        pl.col("__early") & pl.col(f"__treatment{nth}") & same_day & ~_to_the_minute(f"__start_minute{nth}")
    )
