"""Which of the laboratory's rows counts for a result: revisions, cancellations, repeats and impossible identities.

A result is known by accession, test and specimen. Preliminary rows never count; of the others the highest revision
does. Two different results of one revision contradict each other: both are quarantined, and no older one takes over.
"""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import compact_date, compact_time, datetime_iso
from pipeline.domains.lab_samples import REASON, RULE
from pipeline.domains.records import LINE, SET_ASIDE, Fate, Inputs, set_aside, stacked
from pipeline.specs.reference_models import Laboratory

_NEWEST = 2**31  # a revision that nobody can read is taken for the newest
_STAMP = "^(.*)T([0-9]{4})$"  # a day, then the time behind a T


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
    roles: Laboratory, rows: pl.DataFrame, doubted: pl.DataFrame, withheld: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that count, one a result, and all others with the reason why they do not (SET_ASIDE); a
    superseded one names the row that counts in its place, if one does.

    ``withheld``: what ``withheld_revisions`` found; no older result takes the place of one that was set aside.
    ``doubted``: what ``doubtful_samples`` found; none of these rows counts, whatever its revision.
    """
    left: list[tuple[pl.DataFrame, Fate, str, str]] = []
    key = [roles.accession, roles.test, roles.specimen]
    revision = pl.col(roles.revision).cast(pl.Int64)

    def out(bad: pl.Expr, fate: Fate, rule: str, reason: str) -> None:
        nonlocal rows
        left.append((rows.filter(bad), fate, f"{roles.source}.{rule}", reason))
        rows = rows.filter(~bad)

    rows = rows.join(withheld, on=key, how="left", maintain_order="left").join(
        doubted, on=[roles.accession, roles.subject], how="left", maintain_order="left"
    )
    aside = [_doubted(roles, rows.filter(pl.col(RULE).is_not_null()))]
    rows = rows.filter(pl.col(RULE).is_null()).drop(RULE, REASON)
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
    counted = rows.select(*key, _instead=LINE)
    for gone, fate, rule, reason in left:
        joined = gone.join(counted, on=key, how="left", nulls_equal=True, maintain_order="left")
        named = "_instead" if fate == Fate.SUPERSEDED else None
        aside.append(set_aside(joined, roles.source, fate, rule, reason, instead=named))
    return rows.drop("_withheld").sort(LINE), stacked(aside, SET_ASIDE)


def _doubted(roles: Laboratory, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        source=pl.lit(roles.source),
        line=pl.col(LINE).cast(pl.UInt32),
        fate=pl.lit(str(Fate.QUARANTINED)),
        rule=RULE,
        reason=REASON,
    )


def _reported(roles: Laboratory) -> pl.Expr:
    """When a result was reported as ISO text, whichever of its forms the laboratory wrote the day in."""
    stamp = pl.col(roles.reported)
    day, time = stamp.str.extract(_STAMP, 1), stamp.str.extract(_STAMP, 2)
    return datetime_iso(compact_date(pl.coalesce(day, stamp)), compact_time(time))
