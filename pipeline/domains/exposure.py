"""EX of a blinded build: the infusion as the site saw it, one record a subject, without treatment or dose."""

from __future__ import annotations

import polars as pl

from pipeline.domains.common import Workpiece, numbered, with_epochs, with_study_days, with_subject
from pipeline.domains.mapping import mapped
from pipeline.domains.records import LINE, SOURCE, Built, Inputs, Tie, in_link_order, linked
from pipeline.specs.models import Dataset


def exposure(inputs: Inputs, dataset: Dataset) -> Built:
    """One masked record a subject and bag: intervals of one interrupted infusion become one, first start to last end.

    The dose is null while the study is blinded (SDTMIG 3.4 EX; study design 5.2).
    """
    found = mapped(inputs, dataset)
    work = Workpiece(inputs, dataset, found.rows.collect(), [found.set_aside])
    with_subject(work)
    ordered = work.rows.sort("USUBJID", "EXREFID", "EXSTDTC", LINE, nulls_last=True)
    intervals = ordered.select("USUBJID", "EXREFID", SOURCE, LINE)
    first = [
        pl.col(name).first()
        for name in ordered.columns
        if name not in ("USUBJID", "EXREFID", "EXENDTC", "EXADJ")
    ]
    reasons = pl.col("EXADJ").drop_nulls().unique(maintain_order=True).str.join("; ")
    merged = ordered.group_by("USUBJID", "EXREFID", maintain_order=True).agg(
        *first,
        EXENDTC=pl.col("EXENDTC").max(),
        EXADJ=pl.when(pl.col("EXADJ").is_not_null().any()).then(reasons),
    )
    work.rows = merged.with_columns(
        EXDOSE=pl.lit(None, dtype=pl.Float64),
        EXDOSU=pl.lit(None, dtype=pl.String),
    )
    with_study_days(work)
    with_epochs(work)
    built = numbered(work)
    keys = built.records.select("USUBJID", "EXREFID", "_seq")
    links = intervals.join(keys, on=["USUBJID", "EXREFID"], how="inner", nulls_equal=True).select(
        "USUBJID", "_seq", SOURCE, LINE
    )
    own = linked(links, Tie.RECORD, line=LINE, source=SOURCE)
    return Built(built.records, in_link_order([own]), built.set_aside, built.findings)
