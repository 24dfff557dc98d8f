"""The state of every query, from one delivery to the next: opened, open, not judged, closed by data, record gone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import polars as pl

from pipeline.findings import SEVERITIES


class Status(StrEnum):
    """OPENED and REOPENED: new tonight. CLOSED: the data that arrived break the rule no more. GONE: nobody answered,
    but the record (or the subject) that was asked about is no longer delivered, or is marked as deleted. HELD: open,
    but tonight nothing could look at it."""

    OPENED = "OPENED"
    REOPENED = "REOPENED"
    OPEN = "OPEN"
    HELD = "OPEN, NOT JUDGED"
    CLOSED = "CLOSED BY DATA"
    GONE = "RECORD GONE"


STATUSES = tuple(str(each) for each in Status)
ENDED = (str(Status.CLOSED), str(Status.GONE))
ASKED = pl.Schema(
    {
        "query_id": pl.String,
        "severity": pl.String,
        "ask": pl.String,  # "site 101", "sender of lab_results", "data management", a monitor
        "site": pl.String,
        "subject": pl.String,
        "visit": pl.String,
        "form": pl.String,  # title of the delivered file, or label of the dataset
        "field": pl.String,
        "message": pl.String,  # without the value
        "detail": pl.String,  # with the values: for files and the warehouse only
        "action": pl.String,
        "rule": pl.String,
        "source": pl.String,
        "file": pl.String,
        "line": pl.Int64,
        "record": pl.String,  # identity of the delivered record ("101-001-AE-LOG-1-1")
        "sdtm_record": pl.String,  # "AE/3" in tonight's build
    }
)
_HISTORY = pl.Schema(
    {
        "first_seen": pl.Date,  # data cuts
        "first_delivery": pl.String,
        "last_seen": pl.Date,
        "last_delivery": pl.String,
        "closed_on": pl.Date,
        "closed_delivery": pl.String,
        "times_reopened": pl.Int64,
    }
)
# ``state_from``: the delivery whose state was carried on; null for the first. Nights between were never built.
QUERY = pl.Schema({"status": pl.String(), **ASKED, **_HISTORY, "state_from": pl.String()})


@dataclass(frozen=True)
class Tonight:
    """The delivery that a state belongs to, and the one whose state it goes on from."""

    delivery: str
    cut: date
    state_from: str | None


def carried(
    before: pl.DataFrame,
    asked: pl.DataFrame,
    night: Tonight,
    gone: Collection[str] = (),
    held: Collection[str] = (),
) -> pl.DataFrame:
    """The state (QUERY) after tonight's questions ``asked`` (ASKED, each id once), in an order for readers.

    ``before`` (QUERY) is the state of the earlier delivery, empty for the first. What was asked before and is not
    asked tonight is closed and keeps its last wording, as GONE if its id is among ``gone``; it stays open, as HELD, if
    its id is among ``held``. A closed one that is asked again is reopened.
    """
    seen = before.select("query_id", _was="status", **{f"_{name}": name for name in _HISTORY})
    rows = asked.join(seen, on="query_id", how="left", maintain_order="left")
    live = rows.with_columns(status=_status(), **_of_live(night)).select(*ASKED, "status", *_HISTORY)
    silent = before.join(asked, on="query_id", how="anti")
    ended = silent.with_columns(_of_silent(night, gone, held)).select(live.columns)
    found = pl.concat([live, ended]).with_columns(state_from=pl.lit(night.state_from, pl.String))
    return ordered(found.select(list(QUERY)).cast(QUERY))


def _status() -> pl.Expr:
    return (
        pl.when(pl.col("_was").is_null()).then(pl.lit(str(Status.OPENED)))
        .when(_ended("_was")).then(pl.lit(str(Status.REOPENED)))
        .otherwise(pl.lit(str(Status.OPEN)))
    )  # fmt: skip


def _of_live(night: Tonight) -> dict[str, pl.Expr]:
    again = _ended("_was").fill_null(value=False).cast(pl.Int64)
    return {
        "first_seen": pl.coalesce("_first_seen", pl.lit(night.cut)),
        "first_delivery": pl.coalesce("_first_delivery", pl.lit(night.delivery)),
        "last_seen": pl.lit(night.cut),
        "last_delivery": pl.lit(night.delivery),
        "closed_on": pl.lit(None, dtype=pl.Date),
        "closed_delivery": pl.lit(None, dtype=pl.String),
        "times_reopened": pl.col("_times_reopened").fill_null(0) + again,
    }


def _ended(column: str = "status") -> pl.Expr:
    return pl.col(column).is_in(ENDED)


def _of_silent(night: Tonight, gone: Collection[str], held: Collection[str]) -> list[pl.Expr]:
    """A query that was open is closed tonight unless it is held; one that was closed stays as it is."""
    waits = pl.col("query_id").is_in(list(held))
    tonight = (
        pl.when(waits).then(pl.lit(str(Status.HELD)))
        .when(pl.col("query_id").is_in(list(gone))).then(pl.lit(str(Status.GONE)))
        .otherwise(pl.lit(str(Status.CLOSED)))
    )  # fmt: skip
    closed = _ended()
    stays = closed | waits
    return [
        pl.when(closed).then("status").otherwise(tonight).alias("status"),
        pl.when(stays).then("closed_on").otherwise(pl.lit(night.cut)).alias("closed_on"),
        pl.when(stays).then("closed_delivery").otherwise(pl.lit(night.delivery)).alias("closed_delivery"),
    ]


def ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """Most severe first, then by whom to ask, subject, form and rule."""
    rank = {name: place for place, name in enumerate(SEVERITIES)}
    severity = pl.col("severity").replace_strict(rank, return_dtype=pl.Int8)
    return rows.sort(severity, "ask", "subject", "form", "field", "rule", "query_id", nulls_last=True)


def counts(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """Open queries by ``by`` and severity, the closed ones, and the sum of the open ones; sorted."""
    closed = _ended()
    columns = {name: ((pl.col("severity") == name) & ~closed).sum() for name in SEVERITIES if name != "INFO"}
    return (
        rows.group_by(by).agg(**columns, open=(~closed).sum(), closed=closed.sum()).sort(by, nulls_last=True)
    )
