"""Which of the laboratory's rows counts for a result: revisions, cancellations, repeats and impossible identities.

A result is known by accession, test and specimen. Preliminary rows never count; of the others the highest revision
does. Two different results of one revision contradict each other: both are quarantined, and no older one takes over.
"""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import compact_date, compact_time, datetime_iso
from pipeline.domains.records import LINE, SET_ASIDE, Fate, Inputs, set_aside, stacked
from pipeline.specs.reference_models import Laboratory

_NEWEST = 2**31  # a revision that nobody can read is taken for the newest
_STAMP = "^(.*)T([0-9]{4})$"  # a day, then the time behind a T


def shared_accessions(roles: Laboratory, rows: pl.LazyFrame) -> pl.DataFrame:
    """The accessions that are used for more than one subject, one column, sorted."""
    people = rows.group_by(roles.accession).agg(pl.col(roles.subject).n_unique())
    return people.filter(pl.col(roles.subject) > 1).select(roles.accession).sort(roles.accession).collect()


def withheld_revisions(inputs: Inputs) -> pl.DataFrame:
    """Accession, test, specimen and ``_withheld``: the newest revision whose row broke its contract.

    A revision that cannot be read counts as the newest of all.
    """
    roles = inputs.spec.study.laboratory
    key = [roles.accession, roles.test, roles.specimen]
    columns = [*key, roles.revision, roles.status]
    rows = pl.LazyFrame(schema=dict.fromkeys(columns, pl.String))
    if inputs.quarantined is not None:
        rows = inputs.quarantined(roles.source).select(pl.col(columns).cast(pl.String).str.strip_chars())
    rows = rows.filter(pl.col(roles.status) != roles.preliminary)
    number = pl.col(roles.revision).cast(pl.Int64, strict=False).fill_null(_NEWEST)
    return rows.group_by(key).agg(_withheld=number.max()).collect()


def current_results(
    roles: Laboratory, rows: pl.DataFrame, shared: pl.DataFrame, withheld: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that count, one a result, and all others with the reason why they do not (SET_ASIDE).

    ``withheld``: what ``withheld_revisions`` found; no older result takes the place of one that was set aside.
    ``shared``: the accessions (column of the same name) that more than one subject uses, in the whole file.
    """
    aside: list[pl.DataFrame] = []
    key = [roles.accession, roles.test, roles.specimen]
    revision = pl.col(roles.revision).cast(pl.Int64)

    def out(bad: pl.Expr, fate: Fate, rule: str, reason: str) -> None:
        nonlocal rows
        aside.append(set_aside(rows.filter(bad), roles.source, fate, f"{roles.source}.{rule}", reason))
        rows = rows.filter(~bad)

    rows = rows.join(withheld, on=key, how="left", maintain_order="left")
    misused = pl.col(roles.accession).is_in(shared[roles.accession].implode())
    out(misused, Fate.QUARANTINED, "accession", "the accession is used for more than one subject")
    preliminary = pl.col(roles.status) == roles.preliminary
    out(preliminary, Fate.SUPERSEDED, "preliminary", "a preliminary result is never loaded")
    superseded_unread = (pl.col("_withheld") >= revision).fill_null(value=False)
    out(
        superseded_unread,
        Fate.QUARANTINED,
        "withheld",
        "a newer or equal revision of the result broke its contract",
    )
    older = revision < revision.max().over(key)
    out(older, Fate.SUPERSEDED, "revision", "a newer revision of the result exists")
    meaning = pl.struct(
        pl.col(roles.result), pl.col(roles.unit), cancelled=pl.col(roles.status) == roles.cancelled
    )
    contradicting = meaning.n_unique().over(key) > 1
    out(
        contradicting,
        Fate.QUARANTINED,
        "contradiction",
        "one revision has two different results; ask the laboratory",
    )
    rows = rows.sort(_reported(roles), LINE, descending=[True, False], nulls_last=True)
    repeated = pl.col(LINE) != pl.col(LINE).first().over(key)
    out(repeated, Fate.SUPERSEDED, "repeat", "the same result was delivered more than once")
    return rows.drop("_withheld").sort(LINE), stacked(aside, SET_ASIDE)


def _reported(roles: Laboratory) -> pl.Expr:
    """When a result was reported as ISO text, whichever of its forms the laboratory wrote the day in."""
    stamp = pl.col(roles.reported)
    day, time = stamp.str.extract(_STAMP, 1), stamp.str.extract(_STAMP, 2)
    return datetime_iso(compact_date(pl.coalesce(day, stamp)), compact_time(time))
