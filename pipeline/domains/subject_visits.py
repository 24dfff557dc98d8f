"""SV: every visit of a subject, done or recorded as not done, and every unplanned contact."""

from __future__ import annotations

import polars as pl

from pipeline.domains.common import Workpiece, numbered, with_study_days
from pipeline.domains.mapping import mapped
from pipeline.domains.records import (
    LINE,
    SET_ASIDE,
    SOURCE,
    SUBJECT,
    Built,
    Fate,
    Inputs,
    in_link_order,
    linked,
    set_aside,
    stacked,
)
from pipeline.domains.withheld import strangers
from pipeline.specs.models import Dataset

_NO_NUMBER = "an unplanned contact without a date or before every visit, or an unknown visit"


def subject_visits(inputs: Inputs, dataset: Dataset) -> Built:
    """One record a contact of the derived visits, with what the visit form says about it (SDTMIG 3.4 SV).

    A planned visit occurred unless its form says that it did not; its dates are those of all its records.
    """
    reference = inputs.spec.study.reference
    source = dataset.parts[0].source
    carried = (reference.visit_column, reference.repeat_column)
    found = mapped(inputs, dataset, keep=carried)
    forms = found.rows.collect().rename(
        {f"_{reference.visit_column}": "oid", f"_{reference.repeat_column}": "repeat"}
    )
    forms = forms.sort(LINE).with_columns(
        repeat=pl.when(pl.col("oid") == reference.unscheduled).then(pl.col("repeat").cast(pl.Int64))
    )
    first = forms.unique([SUBJECT, "oid", "repeat"], keep="first", maintain_order=True)
    doubled = forms.join(first.select(LINE), on=LINE, how="anti")
    contacts = (
        inputs.derived("visits").filter(pl.col("VISITNUM").is_not_null()).collect().drop("contact_date")
    )
    form_facts = [SUBJECT, "oid", "repeat", SOURCE, LINE, "_performed", *_from_form(dataset)]
    rows = contacts.join(
        first.select(form_facts),
        left_on=["SUBJID", "oid", "repeat"],
        right_on=[SUBJECT, "oid", "repeat"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    lost = forms.join(rows.select(LINE).drop_nulls(), on=LINE, how="anti").join(
        doubled.select(LINE), on=LINE, how="anti"
    )
    on_roster = pl.col(SUBJECT).is_in(inputs.derived("subjects").collect()["SUBJID"].implode())
    aside = [
        found.set_aside,
        set_aside(doubled, source, Fate.QUARANTINED, f"{source}.visit", "a second form for the same visit"),
        strangers(inputs, lost.filter(~on_roster), f"{dataset.dataset}.subject", SUBJECT),
        set_aside(lost.filter(on_roster), source, Fate.QUARANTINED, f"{source}.visit", _NO_NUMBER),
    ]
    work = Workpiece(inputs, dataset, _with_occurrence(inputs, rows), [stacked(aside, SET_ASIDE)])
    with_study_days(work)
    built = numbered(work)
    return Built(built.records, _links(built), built.set_aside, built.findings)


def _links(built: Built) -> pl.DataFrame:
    """The form of the contact, and the rows that gave its dates; a contact without a date has a row all the same."""
    dated = pl.col("SVSTDTC").is_not_null()
    edges = [
        linked(built.records.filter(dated), "SVSTDTC", line="first_line"),
        linked(built.records.filter(~dated), "VISITNUM", line="first_line"),
        linked(built.records, "SVENDTC", line="last_line"),
    ]
    return in_link_order([built.links.drop_nulls("line"), *edges])


def _from_form(dataset: Dataset) -> list[str]:
    return [name for name, verb in dataset.variables.items() if verb.take or verb.code]


def _with_occurrence(inputs: Inputs, rows: pl.DataFrame) -> pl.DataFrame:
    planned = pl.col("oid") != inputs.spec.study.reference.unscheduled
    occurred = pl.when(pl.col("_performed") == "N").then(pl.lit("N")).otherwise(pl.lit("Y"))
    people = inputs.derived("subjects").select("USUBJID", _reference="RFXSTDTC").collect()
    return rows.join(people, on="USUBJID", how="left", maintain_order="left").with_columns(
        STUDYID=pl.lit(inputs.spec.study.study),
        DOMAIN=pl.lit("SV"),
        SVPRESP=pl.when(planned).then(pl.lit("Y")),
        SVOCCUR=pl.when(planned).then(occurred),
    )
