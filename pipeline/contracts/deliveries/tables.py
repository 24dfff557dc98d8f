"""The small tables that the rules of a delivery look at. Limits are whole numbers, made from exact shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from pipeline.derive.iso8601 import date_part, earliest
from pipeline.derive.shares import at_most, least_left
from pipeline.specs.models import Delivery

ALL_SITES = "all"
ARRIVAL = pl.Schema(
    {
        "delivery": pl.String,
        "cut": pl.String,
        "last_cut": pl.String,  # of the delivery before; null if this is the first
        "days_since_last": pl.Int64,
        "most_days": pl.Int64,
        "accepted": pl.Int64,
        "refused": pl.Int64,
        "missing": pl.Int64,
        "unchanged": pl.Int64,  # accepted files with the bytes of the delivery before
        "repeated_days": pl.Int64,  # since when nothing is new; null if something is
        "most_repeated_days": pl.Int64,
        "went_back": pl.Int64,  # deliveries since the one whose files came again; null if these files never came
        "most_went_back": pl.Int64,
    }
)
FILES = pl.Schema(
    {
        "source": pl.String,
        "state": pl.String,
        "cumulative": pl.Boolean,
        "released": pl.Boolean,
        "delivered_in": pl.String,  # the delivery whose file is in use; null if there never was a good one
        "sha256": pl.String,  # of the file in use
        "rows": pl.Int64,  # delivered this time; null if the file is missing or unreadable
        "last_rows": pl.Int64,  # of the last accepted delivery before
        "least_rows": pl.Int64,  # null if the file may shrink or was never delivered before
        "quarantined": pl.Int64,  # of the file in use
        "most_quarantined": pl.Int64,
        "unchanged_since": pl.String,  # first data cut with these bytes; null if they are new
        "unchanged_days": pl.Int64,
        "most_unchanged_days": pl.Int64,
    }
)
VISITS = pl.Schema({"site": pl.String, "due": pl.Int64, "recorded": pl.Int64, "least_recorded": pl.Int64})
_WHOLE = Decimal(100)


@dataclass(frozen=True)
class Arrived:
    """What is known of one source: its landed facts, the rows in use and how many of them are quarantined."""

    source: str
    state: str
    cumulative: bool
    released: bool
    delivered_in: str | None
    sha256: str | None
    rows: int | None
    last_rows: int | None
    same_since: str | None
    used: int
    quarantined: int


def files(arrived: list[Arrived], cut: date, delivery: Delivery) -> pl.DataFrame:
    """One row a source (FILES), in the given order."""
    return pl.DataFrame([_file(each, cut, delivery) for each in arrived], schema=FILES, orient="row")


def _file(each: Arrived, cut: date, delivery: Delivery) -> dict[str, object]:
    expected, judged = delivery.expected, each.cumulative and each.last_rows is not None
    limit = expected.shrink_limit_percent
    return {
        **{name: getattr(each, name) for name in FILES if hasattr(each, name)},
        "least_rows": least_left(each.last_rows or 0, limit) if judged and limit is not None else None,
        "most_quarantined": at_most(each.used, delivery.quarantine_limit_percent),
        "unchanged_since": each.same_since,
        "unchanged_days": _days(each.same_since, cut),
        "most_unchanged_days": expected.unchanged_days.get(each.source),
    }


def arrival(
    name: str,
    cut: date,
    last_cut: str | None,
    went_back: int | None,
    table: pl.DataFrame,
    delivery: Delivery,
) -> pl.DataFrame:
    """One row (ARRIVAL) about the delivery ``name`` whose ``files`` are ``table``.

    ``went_back``: how many deliveries came after the one whose every file it repeats; null if it repeats none.
    """
    expected, accepted = delivery.expected, table.filter(pl.col("state") == "accepted")
    states = dict(table.group_by("state").len().iter_rows())
    since = accepted["unchanged_since"]
    nothing_new = accepted.height and not since.has_nulls()
    row = {
        "delivery": name,
        "cut": cut.isoformat(),
        "last_cut": last_cut,
        "days_since_last": _days(last_cut, cut),
        "most_days": None if expected.every_days is None else expected.every_days + expected.late_days,
        **{state: states.get(state, 0) for state in ("accepted", "refused", "missing")},
        "unchanged": since.len() - since.null_count(),
        "repeated_days": _days(str(since.max()), cut) if nothing_new else None,
        "most_repeated_days": expected.repeated_days,
        "went_back": went_back,
        "most_went_back": None if expected.repeated_days is None else 0,
    }
    return pl.DataFrame([row], schema=ARRIVAL, orient="row")


def _days(since: str | None, cut: date) -> int | None:
    return None if since is None else (cut - date.fromisoformat(since)).days


def missing_subjects(expected: pl.Series, present: Mapping[str, pl.Series]) -> pl.DataFrame:
    """One row (source, subject) for each of the ``expected`` subjects that a source lacks, sorted."""
    frames = [
        pl.DataFrame({"subject": expected.filter(~expected.is_in(found.implode()))}).select(
            source=pl.lit(source), subject=pl.col("subject").cast(pl.String)
        )
        for source, found in present.items()
    ]
    empty = pl.DataFrame(schema={"source": pl.String, "subject": pl.String})
    return pl.concat([empty, *frames]).unique().sort("source", "subject")


def presence(sources: tuple[str, ...], expected: pl.Series, missing: pl.DataFrame) -> pl.DataFrame:
    """One row a source: subjects expected, present and missing, and how many may be missing (none)."""
    counts = dict(missing.group_by("source").len().iter_rows())
    rows = [
        (source, expected.n_unique(), expected.n_unique() - counts.get(source, 0), counts.get(source, 0), 0)
        for source in sources
    ]
    columns = {"source": pl.String} | dict.fromkeys(
        ("expected", "present", "missing", "most_missing"), pl.Int64
    )
    return pl.DataFrame(rows, schema=columns, orient="row")


def expected_visits(
    people: pl.DataFrame, contacts: pl.DataFrame, plan: pl.DataFrame, cut: date, delivery: Delivery
) -> pl.DataFrame:
    """One row a site, and first one for all: visits due, recorded, and the least that must be recorded.

    ``people`` and ``contacts`` are the derived subjects and visits, ``plan`` the schedule (VISITNUM, VISITDY, late).
    A visit is due when its window and the days for entry have passed at the data cut, unless the subject ended or
    died before its window closed. Days before the first are counted from informed consent, the others from the
    infusion. One visit may always be open, so that a site with few visits is not judged by one of them. No row for a
    study that does not ask for it.
    """
    share = delivery.expected.visits_recorded_percent
    if share is None:
        return VISITS.to_frame()
    due = _due(people, plan, cut, delivery.expected.entry_days)
    known = contacts.select("USUBJID", "VISITNUM", _known=pl.lit(value=True)).unique()
    told = due.join(known, on=["USUBJID", "VISITNUM"], how="left")
    by_site = told.group_by(site="SITEID").agg(
        due=pl.len().cast(pl.Int64), recorded=pl.col("_known").sum().cast(pl.Int64)
    )
    total = by_site.select(pl.lit(ALL_SITES).alias("site"), pl.col("due").sum(), pl.col("recorded").sum())
    table = pl.concat([total, by_site.sort("site")])
    least = [_least(due, share) if due else None for due in table["due"]]
    return table.with_columns(pl.Series("least_recorded", least, dtype=pl.Int64))


def _least(due: int, share: str) -> int:
    may_be_open = str(_WHOLE - Decimal(share))
    return min(least_left(due, may_be_open), due - 1)


def _due(people: pl.DataFrame, plan: pl.DataFrame, cut: date, entry_days: int) -> pl.DataFrame:
    """USUBJID, SITEID, VISITNUM of every planned visit that is due at the cut."""
    visits = plan.drop_nulls("VISITDY").select(
        pl.col("VISITNUM").cast(pl.Float64), pl.col("VISITDY").cast(pl.Int64), pl.col("late").cast(pl.Int64)
    )
    start = (
        pl.when(pl.col("VISITDY") < 1)
        .then(date_part(pl.col("RFICDTC")))
        .otherwise(date_part(pl.col("RFXSTDTC")) + pl.duration(days=pl.col("VISITDY") - 1))
    )
    closes = start + pl.duration(days="late")
    ended = pl.min_horizontal(earliest(pl.col("ENDDTC")), earliest(pl.col("DTHDTC")))
    within = closes + pl.duration(days=entry_days) <= pl.lit(cut)
    return (
        people.join(visits, how="cross")
        .filter(within.fill_null(value=False) & (closes <= ended).fill_null(value=True))
        .select("USUBJID", "SITEID", "VISITNUM")
    )
