"""The subject's visits: which contacts there were, their numbers, and their first and last dates.

Planned visits come from the schedule; an unplanned contact is numbered after the planned visit before it (R8).
"""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import collected_date, is_complete_date
from pipeline.derive.visits import with_unscheduled_number
from pipeline.domains.lab_visits import lab_contacts
from pipeline.domains.records import LINE, Inputs

VISITS = pl.Schema(
    {
        "SUBJID": pl.String,
        "USUBJID": pl.String,
        "oid": pl.String,
        "repeat": pl.Int64,  # which unplanned contact; null for planned visits
        "contact_date": pl.String,  # day of an unplanned contact; null for planned visits
        "VISITNUM": pl.Float64,
        "VISIT": pl.String,
        "VISITDY": pl.Float64,
        "SVSTDTC": pl.String,
        "SVENDTC": pl.String,
        "first_source": pl.String,  # the row that gave SVSTDTC; a row of the contact where nothing is dated
        "first_line": pl.UInt32,
        "last_source": pl.String,  # the row that gave SVENDTC
        "last_line": pl.UInt32,
    }
)


def visits(inputs: Inputs) -> pl.DataFrame:
    """One row a contact of a subject (columns VISITS), sorted by USUBJID and VISITNUM; dates null if nothing is dated.

    SVSTDTC is the earliest complete date of any record of the contact that is not before informed consent, SVENDTC the
    latest (SDTMIG 3.4 SV; study rule R8).
    """
    people = (
        inputs.derived("subjects")
        .select("SUBJID", "USUBJID", consent=pl.col("RFICDTC").str.slice(0, 10))
        .collect()
    )
    dated = _dated(inputs).join(people, on="SUBJID", how="inner", maintain_order="left")
    planned = _planned(inputs, dated)
    return (
        pl.concat([planned, _unplanned(inputs, dated, planned)], how="diagonal_relaxed")
        .select(pl.col(name).cast(dtype) for name, dtype in VISITS.items())
        .sort("USUBJID", "VISITNUM", "oid", "repeat")
    )


def schedule(inputs: Inputs) -> pl.DataFrame:
    """The planned visits: oid, VISITNUM, VISIT, VISITDY (null for visits without a planned day)."""
    return inputs.spec.table(inputs.spec.study.reference.visits).select(
        "oid", pl.col("VISITNUM").cast(pl.Float64), "VISIT", pl.col("VISITDY").cast(pl.Float64)
    )


def _dated(inputs: Inputs) -> pl.DataFrame:
    """Every dated record of every contact: SUBJID, oid, repeat, dtc, order of the form and record id for ties, row."""
    reference = inputs.spec.study.reference
    frames = [
        inputs.live(each.source).select(
            "SUBJID",
            oid=pl.col(reference.visit_column),
            repeat=pl.col(reference.repeat_column).cast(pl.Int64),
            dtc=collected_date(pl.col(column)),
            form=pl.lit(order),
            record=pl.col(reference.record_column),
            source=pl.lit(each.source),
            line=pl.col(LINE).cast(pl.UInt32),
        )
        for order, each in enumerate(reference.visit_dates)
        for column in filter(None, (each.date, each.end))
    ]
    lab = lab_contacts(inputs).select(
        "SUBJID",
        "oid",
        "repeat",
        "dtc",
        form=pl.lit(len(reference.visit_dates)),
        record="accession",
        source=pl.lit(inputs.spec.study.laboratory.source),
        line="line",
    )
    return pl.concat([*frames, lab], how="vertical_relaxed").filter(pl.col("oid").is_not_null()).collect()


def _span(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    complete = pl.col("dtc").filter(is_complete_date(pl.col("dtc")))
    since_consent = complete.filter(complete >= pl.col("consent").filter(is_complete_date(pl.col("dtc"))))
    first, last = since_consent.min().fill_null(complete.min()), complete.max()
    places = {
        f"{name}_{column}": pl.col(column).filter(pl.col("dtc") == when).first()
        for name, when in (("first", first), ("last", last))
        for column in ("source", "line")
    }
    spans = rows.group_by(*by, maintain_order=True).agg(
        SVSTDTC=first, SVENDTC=last, **places, _source=pl.col("source").first(), _line=pl.col("line").first()
    )
    return spans.with_columns(
        first_source=pl.coalesce("first_source", "_source"), first_line=pl.coalesce("first_line", "_line")
    ).drop("_source", "_line")


def _planned(inputs: Inputs, dated: pl.DataFrame) -> pl.DataFrame:
    return _span(dated, "SUBJID", "USUBJID", "oid").join(schedule(inputs), on="oid", how="inner")


def _unplanned(inputs: Inputs, dated: pl.DataFrame, planned: pl.DataFrame) -> pl.DataFrame:
    """Unplanned contacts with their numbers; draws known to the laboratory only join the contact of their day."""
    contacts = dated.filter(pl.col("oid") == inputs.spec.study.reference.unscheduled)
    by_form = _span(contacts.filter(pl.col("repeat").is_not_null()), "SUBJID", "USUBJID", "oid", "repeat")
    lab_only = contacts.filter(pl.col("repeat").is_null()).join(
        by_form.select("SUBJID", dtc="SVSTDTC"), on=["SUBJID", "dtc"], how="anti"
    )
    by_day = _span(lab_only.with_columns(day="dtc"), "SUBJID", "USUBJID", "oid", "day").drop("day")
    order = (
        contacts.sort("form", "record")
        .group_by("SUBJID", "repeat")
        .agg(_form_order=pl.col("form").first(), RECORDID=pl.col("record").first())
    )
    found = pl.concat([by_form, by_day], how="diagonal_relaxed").join(
        order, on=["SUBJID", "repeat"], how="left", nulls_equal=True, maintain_order="left"
    )
    numbered = with_unscheduled_number(
        found.drop_nulls("SVSTDTC").sort("SUBJID", "SVSTDTC", "repeat"),
        planned.drop_nulls("SVSTDTC"),
        subject="SUBJID",
    )
    return numbered.with_columns(
        contact_date="SVSTDTC",
        VISIT=pl.lit("UNSCHEDULED ") + pl.col("_visitnum"),
        VISITDY=pl.lit(None, dtype=pl.Float64),
    )
