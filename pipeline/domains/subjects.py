"""The subject's reference moments, derived once and joined everywhere: consent, infusion, end, death.

Times are ISO 8601 text at the precision that was collected. Nothing here depends on treatment.
"""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import collected_date, collected_time, datetime_iso
from pipeline.domains.mapping import kept
from pipeline.domains.records import LINE, Inputs
from pipeline.specs.models import Study
from pipeline.specs.reference_models import Moment

ROW_OF = (
    "_line"  # RFICDTC_line is the line that gave RFICDTC, in the source that the study names for the moment
)
# Moment of the subject -> its name in the study's reference, and whether the first or the last one counts.
MOMENTS = {
    "RFICDTC": ("consent", True),
    "RFXSTDTC": ("exposure_start", True),
    "RFXENDTC": ("exposure_end", False),
    "ENDDTC": ("end_of_participation", False),
    "LASTDTC": ("last_contact", False),
    "DTHDTC": ("death", True),
    "RESCUEDTC": ("rescue", True),
}
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
        **{f"{name}{ROW_OF}": pl.UInt32 for name in MOMENTS},
    }
)


def subjects(inputs: Inputs) -> pl.DataFrame:
    """One row a subject of the roster, sorted by USUBJID: identifiers and reference moments, null where unknown.

    RFXSTDTC/RFXENDTC are the earliest start and latest end of performed infusion intervals, RFICDTC the first consent,
    ENDDTC the end of participation, LASTDTC the last contact, RESCUEDTC the first rescue medication (SDTMIG
    3.4 DM; study rules R3, R6, 1.2). ``<moment>_line`` is the row that gave it (see ``moment_source``).
    """
    reference = inputs.spec.study.reference
    roster = inputs.live(reference.roster).sort(LINE).unique("SUBJID", keep="first", maintain_order=True)
    found = roster.select("SUBJID", "SITEID")
    for name, (role, first) in MOMENTS.items():
        moment: Moment = getattr(reference, role)
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
    """SUBJID, the earliest (or latest) moment of the rows that count as ISO text, and the first row that says it."""
    rows = inputs.live(moment.source)
    for where in moment.where:
        rows = rows.filter(kept(where))
    when = collected_date(pl.col(moment.date))
    if moment.time:
        when = datetime_iso(when, collected_time(pl.col(moment.time)))
    dated = rows.select("SUBJID", LINE, when.alias(name)).drop_nulls(name)
    chosen = pl.col(name).min() if first else pl.col(name).max()
    row = pl.col(LINE).filter(pl.col(name) == chosen).min()
    return dated.group_by("SUBJID").agg(chosen, row.cast(pl.UInt32).alias(f"{name}{ROW_OF}"))


def moment_source(study: Study, name: str) -> str:
    """The source in which ``<name>_line`` of the subjects lies."""
    moment: Moment = getattr(study.reference, MOMENTS[name][0])
    return moment.source
