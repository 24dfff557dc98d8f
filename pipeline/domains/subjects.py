"""The subject's reference moments, derived once and joined everywhere: consent, infusion, end, death.

Times are ISO 8601 text at the precision that was collected. Nothing here depends on treatment.
"""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import collected_date, collected_time, datetime_iso
from pipeline.domains.mapping import kept
from pipeline.domains.records import LINE, Inputs
from pipeline.specs.models import Moment

SUBJECTS = pl.Schema(
    {
        "SUBJID": pl.String,
        "USUBJID": pl.String,
        "SITEID": pl.String,
        "RFICDTC": pl.String,
        "RFXSTDTC": pl.String,
        "RFXENDTC": pl.String,
        "ENDDTC": pl.String,
        "LASTDTC": pl.String,
        "DTHDTC": pl.String,
        "RESCUEDTC": pl.String,
        "RANDOMIZED": pl.Boolean,
    }
)


def subjects(inputs: Inputs) -> pl.DataFrame:
    """One row a subject of the roster, sorted by USUBJID: identifiers and reference moments, null where unknown.

    RFXSTDTC/RFXENDTC are the earliest start and latest end of performed infusion intervals, RFICDTC the first consent,
    ENDDTC the end of participation, LASTDTC the last contact, RESCUEDTC the first rescue medication (SDTMIG
    3.4 DM; study rules R3, R6, 1.2).
    """
    reference = inputs.spec.study.reference
    roster = inputs.live(reference.roster).sort(LINE).unique("SUBJID", keep="first", maintain_order=True)
    found = roster.select("SUBJID", "SITEID")
    for name, moment, first in (
        ("RFICDTC", reference.consent, True),
        ("RFXSTDTC", reference.exposure_start, True),
        ("RFXENDTC", reference.exposure_end, False),
        ("ENDDTC", reference.end_of_participation, False),
        ("LASTDTC", reference.last_contact, False),
        ("DTHDTC", reference.death, True),
        ("RESCUEDTC", reference.rescue, True),
    ):
        found = found.join(_moment(inputs, moment, name, first=first), on="SUBJID", how="left")
    assignments = inputs.live(reference.assignment.source)
    for where in reference.assignment.where:
        assignments = assignments.filter(kept(where))
    assigned = assignments.select("SUBJID", RANDOMIZED=pl.lit(value=True)).unique()
    return (
        found.join(assigned, on="SUBJID", how="left")
        .with_columns(
            USUBJID=pl.lit(inputs.spec.study.subject_prefix) + pl.col("SUBJID"),
            RANDOMIZED=pl.col("RANDOMIZED").fill_null(value=False),
        )
        .select(SUBJECTS.names())
        .sort("USUBJID")
        .collect()
    )


def _moment(inputs: Inputs, moment: Moment, name: str, *, first: bool) -> pl.LazyFrame:
    """SUBJID and the earliest (or latest) moment of the rows that count, as ISO text."""
    rows = inputs.live(moment.source)
    for where in moment.where:
        rows = rows.filter(kept(where))
    when = collected_date(pl.col(moment.date))
    if moment.time:
        when = datetime_iso(when, collected_time(pl.col(moment.time)))
    dated = rows.select("SUBJID", when.alias(name)).drop_nulls(name)
    chosen = pl.col(name).min() if first else pl.col(name).max()
    return dated.group_by("SUBJID").agg(chosen)
