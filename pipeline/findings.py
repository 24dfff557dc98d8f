"""A finding: what a rule has to say about one place in the data. Findings are results, never exceptions."""

from __future__ import annotations

from enum import StrEnum

import polars as pl


class Severity(StrEnum):
    """CRITICAL: same-day escalation. ERROR: query. WARN: review. INFO: a counted, harmless fact."""

    CRITICAL = "CRITICAL"
    ERROR = "ERROR"
    WARN = "WARN"
    INFO = "INFO"


SEVERITIES = tuple(str(level) for level in Severity)

FINDING = pl.Schema(
    {
        "rule": pl.String,  # check id ("BX-SV-03") or contract rule ("edc_ae.AESTDAT.date")
        "severity": pl.String,
        "source": pl.String,  # source id ("edc_ae") or dataset ("LB"); null if about the whole delivery
        "file": pl.String,  # delivered file, relative to the delivery; null for a derived record
        "line": pl.Int64,  # physical line in that file (header = 1); null if the whole file or none
        "subject": pl.String,  # SUBJID as normalised; null if the finding is not about a subject
        "record": pl.String,  # the record concerned, as dataset/--SEQ ("LB/12"); null if it is in no dataset
        "visit": pl.String,  # visit that the finding is about; null if none or unknown
        "variable": pl.String,  # column(s) concerned
        "message": pl.String,  # one sentence without the value
        "detail": pl.String,  # the same with the values, for the site: never in a log, a terminal or the Dagster UI
        "action": pl.String,  # what to do or to ask
        "quarantined": pl.Boolean,  # True: the row was set aside and is in no dataset
    }
)


def no_findings() -> pl.DataFrame:
    """An empty frame with the columns of a finding."""
    return FINDING.to_frame()


def as_findings(frame: pl.DataFrame, **constants: object) -> pl.DataFrame:
    """``frame`` (one row a finding) with the missing columns filled from ``constants`` or null, in FINDING order."""
    columns = [
        (pl.col(name) if name in frame.columns else pl.lit(constants.get(name))).cast(dtype).alias(name)
        for name, dtype in FINDING.items()
    ]
    return frame.select(columns)
