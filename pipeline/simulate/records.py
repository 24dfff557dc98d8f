"""The life of an entered record: when it appears, changes, is deleted, and what a night shows.

Hidden columns of a frame of records: ``_created`` (UTC), ``_amended`` and ``_deleted`` (UTC or null); a
column ``X__before`` holds what ``X`` was until ``_amended``.
"""

from __future__ import annotations

from datetime import date, datetime, time

import polars as pl

CREATED, AMENDED, DELETED = "_created", "_amended", "_deleted"
BEFORE = "__before"
ACTIVE, GONE = "ACTIVE", "DELETED"


def end_of(day: date) -> datetime:
    """The last minute of ``day``, in UTC: what was entered later is not in that night's snapshot."""
    return datetime.combine(day, time(23, 59))


def as_known(records: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Records that the snapshot of ``as_of`` shows, with ``_status``, ``_version`` (1..n) and ``_modified``.

    A deleted record is shown as such in the snapshot of the day of its deletion and in no later one.
    """
    moment = end_of(as_of)
    complete = _with_moments(records)
    shown = (pl.col(CREATED) <= moment) & (
        pl.col(DELETED).is_null() | (pl.col(DELETED) > moment) | (pl.col(DELETED).dt.date() == as_of)
    )
    gone, amended = ((pl.col(name) <= moment).fill_null(value=False) for name in (DELETED, AMENDED))
    current = [
        pl.when(amended)
        .then(pl.col(name.removesuffix(BEFORE)))
        .otherwise(pl.col(name))
        .alias(name.removesuffix(BEFORE))
        for name in records.columns
        if name.endswith(BEFORE)
    ]
    return (
        complete.filter(shown)
        .with_columns(
            *current,
            _status=pl.when(gone).then(pl.lit(GONE)).otherwise(pl.lit(ACTIVE)),
            _version=1 + amended.cast(pl.Int64) + gone.cast(pl.Int64),
            _modified=pl.when(gone).then(DELETED).when(amended).then(AMENDED).otherwise(CREATED),
        )
        .drop(pl.selectors.ends_with(BEFORE))
    )


def _with_moments(records: pl.DataFrame) -> pl.DataFrame:
    missing = [name for name in (AMENDED, DELETED) if name not in records.columns]
    return records.with_columns(pl.lit(None, pl.Datetime("us")).alias(name) for name in missing)
