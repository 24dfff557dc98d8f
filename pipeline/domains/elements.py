"""The elements a subject passed through, from which every epoch follows (study design 1.2, SDTMIG 3.4 SE).

Screening starts at consent, treatment at the infusion, rescue at the first rescue medication; extended follow-up at its
visit, or a fixed number of days after the infusion when that visit was missed. Nothing here depends on treatment.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from pipeline.derive.iso8601 import date_part, earliest, is_complete_date, latest
from pipeline.derive.timing import study_day
from pipeline.domains.records import Built, Inputs
from pipeline.specs.models import Dataset, Element

ELEMENTS = pl.Schema(
    {
        "USUBJID": pl.String,
        "ETCD": pl.String,
        "ELEMENT": pl.String,
        "EPOCH": pl.String,
        "TAETORD": pl.Int64,
        "SESTDTC": pl.String,
        "SEENDTC": pl.String,
        "_treatment": pl.Boolean,
        "_last": pl.Boolean,
    }
)


def elements(inputs: Inputs) -> pl.DataFrame:
    """One row an element of a subject (columns ELEMENTS), in order of time; SEENDTC null while the last one is open.

    An element ends where the next one starts; the last ends with participation. A rescue that started on an incomplete
    date takes the date of the follow-up visit if that is possible, otherwise it makes no element.
    """
    starts = _starts(inputs)
    parts = [_element(starts, each) for each in inputs.spec.study.reference.elements]
    ordered = pl.concat(parts).drop_nulls("SESTDTC").sort("USUBJID", "_day", "TAETORD")
    following = pl.col("SESTDTC").shift(-1).over("USUBJID")
    found = (
        ordered.with_columns(_last=following.is_null())
        .with_columns(SEENDTC=pl.when("_last").then("ENDDTC").otherwise(following))
        .select(pl.col(name).cast(dtype) for name, dtype in ELEMENTS.items())
    )
    return found if inputs.unblinded is None else inputs.unblinded.elements(inputs, found)


def _element(starts: pl.DataFrame, element: Element) -> pl.DataFrame:
    return starts.select(
        "USUBJID",
        "ENDDTC",
        ETCD=pl.lit(element.etcd),
        ELEMENT=pl.lit(element.element),
        EPOCH=pl.lit(element.epoch),
        TAETORD=pl.lit(int(element.order)),
        SESTDTC=pl.col(element.starts),
        _treatment=pl.lit(element.starts == "infusion"),
        _day=earliest(pl.col(element.starts)),
    )


def _starts(inputs: Inputs) -> pl.DataFrame:
    """One row a subject: consent, infusion, rescue, follow_up (ISO text, null if it never starts), ENDDTC."""
    found = inputs.derived("subjects").collect().join(_follow_up_visit(inputs), on="USUBJID", how="left")
    follow_up, infused = inputs.spec.study.reference.follow_up, pl.col("RFXSTDTC").is_not_null()
    planned = date_part(pl.col("RFXSTDTC")) + timedelta(days=int(follow_up.days))
    window_closed = planned + timedelta(days=int(follow_up.window_days)) < pl.lit(inputs.cut)
    missed = pl.when(pl.col("_missed") | window_closed).then(planned.dt.to_string("%Y-%m-%d"))
    found = found.with_columns(
        consent="RFICDTC", infusion="RFXSTDTC", rescue=pl.when(infused).then(_rescue_start()), visit="_visit"
    ).with_columns(follow_up=pl.coalesce("visit", missed))
    still_in = (earliest(pl.col("ENDDTC")) >= planned).fill_null(value=True)
    unrescued = (date_part(pl.col("rescue")) > date_part(pl.col("follow_up"))).fill_null(value=True)
    return found.with_columns(follow_up=pl.when(infused & still_in & unrescued).then("follow_up"))


def _rescue_start() -> pl.Expr:
    """RESCUEDTC, or the follow-up visit's date where RESCUEDTC is incomplete but allows it, else null."""
    rescue, visit = pl.col("RESCUEDTC"), pl.col("_visit")
    possible = date_part(visit).is_between(earliest(rescue), latest(rescue))
    return pl.when(is_complete_date(rescue)).then(rescue).when(possible).then(visit)


def _follow_up_visit(inputs: Inputs) -> pl.DataFrame:
    """USUBJID, _visit (first day of the visit that opens follow-up, null if not dated), _missed (recorded as
    not done)."""
    number = float(inputs.spec.study.reference.follow_up.visitnum)
    return (
        inputs.derived("visits")
        .filter(pl.col("VISITNUM") == number)
        .select("USUBJID", _visit="SVSTDTC", _missed=pl.col("SVSTDTC").is_null())
        .collect()
    )


def subject_elements(inputs: Inputs, dataset: Dataset) -> Built:
    """SE: the derived elements as records, numbered in order of time, with their study days."""
    people = inputs.derived("subjects").select("USUBJID", _reference="RFXSTDTC")
    rows = inputs.derived("elements").join(people, on="USUBJID", how="left", maintain_order="left").collect()
    rows = rows.with_columns(
        pl.lit(inputs.spec.study.study).alias("STUDYID"),
        pl.lit(dataset.dataset).alias("DOMAIN"),
        pl.col("TAETORD").cast(pl.Float64),
        SEUPDES=pl.lit(None, dtype=pl.String),
        SESTDY=study_day(pl.col("SESTDTC"), pl.col("_reference")).cast(pl.Float64),
        SEENDY=study_day(pl.col("SEENDTC"), pl.col("_reference")).cast(pl.Float64),
    ).sort(list(dataset.keys))
    number = pl.int_range(1, pl.len() + 1).over("USUBJID")
    return Built(rows.with_columns(SESEQ=number.cast(pl.Float64)))
