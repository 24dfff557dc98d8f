"""What is unknown tonight because a row of the study's reference sources broke its contract.

A subject whose row of the roster is set aside is in no dataset; where the row of another reference source is set aside,
what it would have told is blank. Neither is the same as not delivered, and both are said once, at the row itself.
"""

from __future__ import annotations

import polars as pl

from pipeline.domains.records import LINE, SET_ASIDE, SOURCE, Fate, Inputs
from pipeline.domains.subjects import HELD, moment_source
from pipeline.findings import Severity, as_findings

OFF_ROSTER = "subject is not on the roster of the study"
BEHIND_ROSTER = "the subject's row of the roster is set aside, and so are all its rows"
ROSTER = "roster"  # last part of the rule under which rows of such a subject are set aside
REFERENCE = "reference"
# Moment that nobody knows -> what is blank or incomplete without it.
_UNKNOWN = {
    "RFICDTC": "informed consent: date of consent, age and the epoch before the infusion",
    "RANDOMIZED": "assignment: planned and actual arm and the reason why there is none",
    "RFXSTDTC": "exposure: reference dates, study days, actual arm, elements and epochs, baseline, treatment emergence",
    "RFXENDTC": "end of exposure: RFXENDTC",
    "ENDDTC": "end of participation: RFENDTC, RFPENDTC, the end of the last element and the reason without an arm",
    "LASTDTC": "last contact: the end point of what is ongoing",
    "DTHDTC": "death: DTHDTC, RFPENDTC and perhaps DTHFL",
    "RESCUEDTC": "rescue: the elements and epochs from the infusion on",
}
_ACTION = "mend this row first: what is said about the subject tonight may only follow from it"


def strangers(inputs: Inputs, rows: pl.DataFrame, rule: str, subject: str) -> pl.DataFrame:
    """``rows`` (SOURCE, LINE, column ``subject``) of nobody in DM as rows set aside (SET_ASIDE) under ``rule``, or
    under ``<source>.roster`` where the subject's row of the roster broke its contract."""
    behind = inputs.withheld(inputs.spec.study.reference.roster).select("SUBJID", _behind=True).unique()
    told = rows.join(behind.collect(), left_on=subject, right_on="SUBJID", how="left", maintain_order="left")
    known = pl.col("_behind").is_not_null()
    return told.select(
        source=SOURCE,
        line=pl.col(LINE).cast(pl.UInt32),
        fate=pl.lit(str(Fate.QUARANTINED)),
        rule=pl.when(known).then(pl.format("{}.{}", SOURCE, pl.lit(ROSTER))).otherwise(pl.lit(rule)),
        reason=pl.when(known).then(pl.lit(BEHIND_ROSTER)).otherwise(pl.lit(OFF_ROSTER)),
        instead=pl.lit(None),
    ).cast(SET_ASIDE)


def reference_findings(inputs: Inputs) -> pl.DataFrame:
    """One CRITICAL finding a set-aside row of a reference source that leaves something of its subject unknown."""
    study, people = inputs.spec.study, inputs.derived("subjects").collect()
    roster, rule = study.reference.roster, f"{inputs.spec.dataset('DM').dataset}.{REFERENCE}"
    absent = inputs.withheld(roster).collect().join(people, on="SUBJID", how="anti")
    told = [
        _as_told(absent.select("SUBJID", line=LINE), roster, "the subject: it is in no dataset", "SUBJID")
    ]
    for name, what in _UNKNOWN.items():
        held = people.select("SUBJID", line=f"{name}{HELD}").drop_nulls("line")
        told.append(_as_told(held, moment_source(study, name), what, name))
    found = pl.concat(told).group_by("source", "line", "subject").agg(pl.col("detail", "variable"))
    found = found.with_columns(
        detail=pl.lit("unknown tonight: ") + pl.col("detail").list.join("; "),
        variable=pl.col("variable").list.join(", "),
    ).sort("source", "line")
    return as_findings(
        found,
        rule=rule,
        severity=str(Severity.CRITICAL),
        message="the row that tells a reference fact of the subject is set aside: what follows from it is unknown",
        action=_ACTION,
        quarantined=True,
    )


def _as_told(rows: pl.DataFrame, source: str, what: str, variable: str) -> pl.DataFrame:
    return rows.select(
        pl.col("line").cast(pl.Int64),
        subject="SUBJID",
        source=pl.lit(source),
        detail=pl.lit(what),
        variable=pl.lit(variable),
    )
