"""Findings about the rows of a subject whose own row of the roster is set aside: one a file, not one a row."""

from __future__ import annotations

import polars as pl

from pipeline.domains.records import LINE, ROSTER_KEY
from pipeline.domains.withheld import BEHIND_ROSTER, ROSTER
from pipeline.findings import Severity, as_findings, no_findings
from pipeline.flow.context import Context


def behind_roster() -> pl.Expr:
    """Whether a set-aside row is aside because the roster's row of its subject is."""
    return pl.col("rule").str.split(".").list.last() == ROSTER


def lines_behind_roster(context: Context, source: str) -> pl.DataFrame:
    """The accepted lines (LINE) of ``source`` whose subject's row of the roster is set aside."""
    rows, roster = context.read("typed", source), context.parts.spec.study.reference.roster
    if ROSTER_KEY not in rows.collect_schema() or source == roster:
        return pl.DataFrame(schema={LINE: pl.UInt32})
    behind = context.inputs.withheld(roster).select(ROSTER_KEY)
    accepted = context.inputs.whole(roster).select(ROSTER_KEY)
    lost = behind.join(accepted, on=ROSTER_KEY, how="anti")
    return rows.join(lost, on=ROSTER_KEY, how="semi").select(pl.col(LINE).cast(pl.UInt32)).collect()


def roster_findings(context: Context, rows: pl.DataFrame) -> pl.DataFrame:
    """One finding (INFO) a source and subject of set-aside ``rows`` (source, rule, line, subject), at the first line.

    The cause is a CRITICAL finding of its own at the row of the roster, whose file and line the detail names.
    """
    rows = rows.filter(behind_roster())
    if rows.is_empty():
        return no_findings()
    roster = context.parts.spec.study.reference.roster
    file = context.files.get(roster)
    causes = context.inputs.withheld(roster).group_by(subject="SUBJID").agg(_line=pl.col(LINE).min())
    told = (
        rows.group_by("source", "rule", "subject")
        .agg(pl.col("line").min().cast(pl.Int64), _rows=pl.col("line").n_unique())
        .join(causes.collect(), on="subject", how="left")
        .sort("source", "line")
    )
    return as_findings(
        told.with_columns(
            detail=pl.format(
                "{} rows of the file are set aside with {} line {}",
                "_rows",
                pl.lit(file.file if file else roster),
                "_line",
            ),
        ),
        severity=str(Severity.INFO),
        variable=ROSTER,
        message=BEHIND_ROSTER,
        action="nothing to ask here: the finding at the row of the roster says what to mend",
        quarantined=True,
    )
