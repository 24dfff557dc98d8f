"""To which visit a laboratory draw belongs: the collection form decides, the laboratory's own label comes second."""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import compact_date
from pipeline.derive.visits import label_key
from pipeline.domains.lab_samples import doubtful_samples
from pipeline.domains.records import LINE, Inputs


def draws_on_forms(inputs: Inputs) -> pl.LazyFrame:
    """One row a subject and accession of a collection form: accession, form_subject, form_oid, form_repeat."""
    roles, reference = inputs.spec.study.laboratory, inputs.spec.study.reference
    return (
        inputs.whole(roles.form)
        .filter(pl.col(roles.form_accession).is_not_null())
        .select(
            accession=pl.col(roles.form_accession),
            form_subject=pl.col("SUBJID"),
            form_oid=pl.col(reference.visit_column),
            form_repeat=pl.col(reference.repeat_column).cast(pl.Int64),
        )
        .unique(["accession", "form_subject"], keep="first", maintain_order=True)
    )


def with_visit(
    inputs: Inputs, rows: pl.LazyFrame, *, subject: str, accession: str, label: str
) -> pl.LazyFrame:
    """``rows`` plus ``_oid``, ``_repeat`` (unplanned contacts of a form) and ``_label_oid``.

    ``_oid`` is null for a label that the map does not know, whatever the form says; planned visits have no ``_repeat``.
    """
    unscheduled = inputs.spec.study.reference.unscheduled
    labels = inputs.spec.table("visit_labels")
    known = dict(zip(labels.select(label_key(pl.col("label"))).to_series(), labels["oid"], strict=True))
    by_label = label_key(pl.col(label)).replace_strict(
        list(known), list(known.values()), default=None, return_dtype=pl.String
    )
    form = draws_on_forms(inputs).rename({"accession": accession, "form_subject": subject})
    joined = rows.join(form, on=[subject, accession], how="left", maintain_order="left").with_columns(
        _label_oid=by_label
    )
    oid = pl.when(pl.col("_label_oid").is_not_null()).then(pl.coalesce("form_oid", "_label_oid"))
    repeat = pl.when(pl.col("form_oid") == unscheduled).then("form_repeat")
    return joined.with_columns(_oid=oid, _repeat=repeat).drop("form_oid", "form_repeat")


def lab_contacts(inputs: Inputs) -> pl.LazyFrame:
    """One row a draw: SUBJID, accession, dtc (day of collection), oid, repeat, line (its first row).

    oid is null for an unknown label. A sample that may be another person's says nothing about anybody's contacts.
    """
    roles = inputs.spec.study.laboratory
    sure = inputs.live(roles.source).join(
        doubtful_samples(inputs).lazy(),
        on=[roles.accession, roles.subject],
        how="anti",
        maintain_order="left",
    )
    draws = sure.select(
        SUBJID=pl.col(roles.subject),
        accession=pl.col(roles.accession),
        dtc=compact_date(pl.col(roles.date)),
        label=pl.col(roles.visit_label),
        line=pl.col(LINE).cast(pl.UInt32),
    )
    draws = draws.group_by("SUBJID", "accession", "dtc", "label", maintain_order=True).agg(
        pl.col("line").min()
    )
    placed = with_visit(inputs, draws, subject="SUBJID", accession="accession", label="label")
    return placed.select("SUBJID", "accession", "dtc", "line", oid="_oid", repeat="_repeat")
