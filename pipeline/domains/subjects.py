"""The subject's reference moments, derived once and joined everywhere: consent, infusion, end, death.

Times are ISO 8601 text at the precision that was collected. Nothing here depends on treatment.
"""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import collected_date, collected_time, datetime_iso
from pipeline.domains.mapping import kept
from pipeline.domains.records import LINE, REASONS, Inputs
from pipeline.specs.models import Study
from pipeline.specs.reference_models import MOMENTS, Moment

ROW_OF = (
    "_line"  # RFICDTC_line is the line that gave RFICDTC, in the source that the study names for the moment
)
# RFICDTC_held is the line of a row of that source that broke its contract and could tell RFICDTC, which no other row
# does: then RFICDTC is unknown, and nobody may take it for not there.
HELD = "_held"
ASSIGNED = "RANDOMIZED"
_LATEST = (
    "RFXENDTC",
    "ENDDTC",
    "LASTDTC",
)  # of several dates the last one counts; of the other moments the first
DATED = tuple(name for name in MOMENTS if name != ASSIGNED)
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
        **{f"{name}{ROW_OF}": pl.UInt32 for name in DATED},
        **{f"{name}{HELD}": pl.UInt32 for name in MOMENTS},
    }
)


def subjects(inputs: Inputs) -> pl.DataFrame:
    """One row a subject of the roster, sorted by USUBJID: identifiers and reference moments, null where unknown.

    RFXSTDTC/RFXENDTC are the earliest start and latest end of performed infusion intervals, RFICDTC the first consent,
    ENDDTC the end of participation, LASTDTC the last contact, RESCUEDTC the first rescue medication (SDTMIG
    3.4 DM; study rules R3, R6, 1.2). ``<moment>_line`` is the row that gave it (see ``moment_source``),
    ``<moment>_held`` the one that is set aside and would perhaps have done so.
    """
    reference = inputs.spec.study.reference
    roster = inputs.live(reference.roster).sort(LINE).unique("SUBJID", keep="first", maintain_order=True)
    found = roster.select("SUBJID", "SITEID")
    for name in DATED:
        moment: Moment = getattr(reference, MOMENTS[name])
        found = found.join(_moment(inputs, moment, name, first=name not in _LATEST), on="SUBJID", how="left")
        found = _with_held(inputs, found, moment, name, pl.col(name).is_null())
    assignments = inputs.live(reference.assignment.source)
    for where in reference.assignment.where:
        assignments = assignments.filter(kept(where))
    assigned = assignments.select("SUBJID", RANDOMIZED=pl.lit(value=True)).unique()
    found = found.join(assigned, on="SUBJID", how="left").with_columns(
        pl.col(ASSIGNED).fill_null(value=False)
    )
    found = _with_held(inputs, found, reference.assignment, ASSIGNED, ~pl.col(ASSIGNED))
    return (
        found.with_columns(USUBJID=pl.lit(inputs.spec.study.subject_prefix) + pl.col("SUBJID"))
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


def _with_held(
    inputs: Inputs, found: pl.LazyFrame, moment: Moment, name: str, untold: pl.Expr
) -> pl.LazyFrame:
    """``found`` with ``<name>_held`` where ``name`` is ``untold``: the first set-aside row that could count.

    A row counts as it says itself, or in any case if what says so is what broke the contract.
    """
    rows = inputs.withheld(moment.source)
    for where in moment.where:
        doubted = pl.col(REASONS).str.contains(f"{moment.source}.{where.column}.", literal=True)
        rows = rows.filter(kept(where) | doubted)
    held = f"{name}{HELD}"
    lines = rows.group_by("SUBJID").agg(pl.col(LINE).min().cast(pl.UInt32).alias(held))
    return found.join(lines, on="SUBJID", how="left").with_columns(pl.when(untold).then(held).alias(held))


def moment_source(study: Study, name: str) -> str:
    """The source in which ``<name>_line`` and ``<name>_held`` of the subjects lie."""
    moment: Moment = getattr(study.reference, MOMENTS[name])
    return moment.source
