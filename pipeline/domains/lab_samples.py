"""Samples of which nobody can say whose they are: none of their results may be used (study design 4.5, number 7)."""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import collected_date
from pipeline.domains.records import ROSTER_KEY, Inputs
from pipeline.specs.reference_models import Identity, Laboratory

RULE, REASON = "_doubt", "_doubt_reason"
_SHARED = "the accession is used for more than one subject"
_OTHER = "the laboratory knows the sample as that of another person"
_YEAR = "^([0-9]{4})"


def doubtful_samples(inputs: Inputs) -> pl.DataFrame:
    """One row a doubtful sample of the block: its columns of accession and subject, ``_doubt`` (the rule), and
    ``_doubt_reason``.

    Doubtful is an accession that several subjects use, in the whole file, and one of which any row has a sex or year of
    birth that the roster contradicts. What either side does not know contradicts nothing.
    """
    roles = inputs.spec.study.laboratory
    key = [roles.accession, roles.subject]
    found = [_told(_shared(roles, inputs), key, f"{roles.source}.accession", _SHARED)]
    if roles.identity is not None:
        found.append(_told(_of_another(roles, roles.identity, inputs), key, roles.identity.rule, _OTHER))
    whole = pl.concat(found).unique(key, keep="first", maintain_order=True)
    return whole.sort(key).collect()


def _told(samples: pl.LazyFrame, key: list[str], rule: str, reason: str) -> pl.LazyFrame:
    told = {RULE: pl.lit(rule), REASON: pl.lit(reason)}
    return samples.select(key).unique(maintain_order=True).with_columns(**told)


def _shared(roles: Laboratory, inputs: Inputs) -> pl.LazyFrame:
    rows = inputs.whole(roles.source).select(roles.accession, roles.subject)
    people = rows.group_by(roles.accession).agg(pl.col(roles.subject).n_unique().alias("_people"))
    misused = people.filter(pl.col("_people") > 1)
    return inputs.live(roles.source).join(misused, on=roles.accession, how="semi")


def _of_another(roles: Laboratory, identity: Identity, inputs: Inputs) -> pl.LazyFrame:
    sex, born = pl.col(identity.roster_sex), collected_date(pl.col(identity.roster_birth))
    roster = (
        inputs.whole(inputs.spec.study.reference.roster)
        .unique(ROSTER_KEY, keep="first", maintain_order=True)
        .select(
            pl.col(ROSTER_KEY).alias(roles.subject),
            _sex=pl.when(sex != identity.unknown_sex).then(sex),
            _born=born.str.extract(_YEAR, 1),
        )
    )
    other = (pl.col(identity.sex) != pl.col("_sex")) | (pl.col(identity.birth_year) != pl.col("_born"))
    return inputs.live(roles.source).join(roster, on=roles.subject, how="inner").filter(other)
