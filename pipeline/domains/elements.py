"""The elements a subject passed through, from which every epoch follows (study design 1.2, SDTMIG 3.4 SE).

Screening starts at consent, treatment at the infusion, rescue at the first rescue medication; extended follow-up at its
visit, or a fixed number of days after the infusion when that visit was missed. Nothing here depends on treatment.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from pipeline.derive.iso8601 import date_part, earliest, is_complete_date, latest
from pipeline.derive.timing import study_day
from pipeline.domains.records import Built, Inputs, in_link_order, linked
from pipeline.domains.subjects import HELD, ROW_OF, moment_source
from pipeline.specs.models import Dataset
from pipeline.specs.reference_models import Element

_START = ("start_source", "start_line")
# Start of an element -> the column that says whether its end is unknown.
_UNSURE = {
    "consent": "_infusion_held",
    "infusion": "_later_held",
    "rescue": "_infusion_held",
    "follow_up": "_later_held",
}
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
        "_unsure": pl.Boolean,  # the row that would end it, or tell whether it goes on, is set aside; SEENDTC is null
        "start_source": pl.String,  # the row that gave SESTDTC
        "start_line": pl.UInt32,
        "end_source": pl.String,  # the row that gave SEENDTC; null while the element is open
        "end_line": pl.UInt32,
    }
)


def elements(inputs: Inputs) -> pl.DataFrame:
    """One row an element of a subject (columns ELEMENTS), in order of time; SEENDTC null while the last one is open.

    An element ends where the next one starts; the last ends with participation. A rescue that started on an incomplete
    date takes the date of the follow-up visit if that is possible, otherwise it makes no element. Where the row that
    starts an element is set aside, the one before it has no end, and nobody knows how long it went on.
    """
    starts = _starts(inputs)
    parts = [_element(starts, each) for each in inputs.spec.study.reference.elements]
    ordered = pl.concat(parts).drop_nulls("SESTDTC").sort("USUBJID", "_day", "TAETORD")
    following = {name: pl.col(name).shift(-1).over("USUBJID") for name in ("SESTDTC", *_START)}
    found = (
        ordered.with_columns(_last=following["SESTDTC"].is_null())
        .with_columns(
            SEENDTC=pl.when("_unsure")
            .then(None)
            .when("_last")
            .then("ENDDTC")
            .otherwise(following["SESTDTC"]),
            end_source=pl.when("_last").then("ENDDTC_source").otherwise(following["start_source"]),
            end_line=pl.when("_last").then("ENDDTC_line").otherwise(following["start_line"]),
        )
        .with_columns(end_line=pl.when(~pl.col("_unsure")).then("end_line"))
        .with_columns(end_source=pl.when(pl.col("end_line").is_not_null()).then("end_source"))
        .select(pl.col(name).cast(dtype) for name, dtype in ELEMENTS.items())
    )
    return found if inputs.unblinded is None else inputs.unblinded.elements(inputs, found)


def _element(starts: pl.DataFrame, element: Element) -> pl.DataFrame:
    return starts.select(
        "USUBJID",
        "ENDDTC",
        "ENDDTC_source",
        "ENDDTC_line",
        ETCD=pl.lit(element.etcd),
        ELEMENT=pl.lit(element.element),
        EPOCH=pl.lit(element.epoch),
        TAETORD=pl.lit(int(element.order)),
        SESTDTC=pl.col(element.starts),
        _treatment=pl.lit(element.starts == "infusion"),
        _unsure=_UNSURE[element.starts],
        _day=earliest(pl.col(element.starts)),
        start_source=f"{element.starts}_source",
        start_line=f"{element.starts}_line",
    )


def _starts(inputs: Inputs) -> pl.DataFrame:
    """One row a subject: consent, infusion, rescue, follow_up (ISO text, null if it never starts), ENDDTC.

    Beside each lie ``_source`` and ``_line``: the row that gave it; a missed follow-up is counted from the infusion.
    """
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
    found = _with_held(found, missed.is_not_null() & pl.col("visit").is_null() & still_in & unrescued)
    known = ~pl.col("_later_held")
    found = found.with_columns(follow_up=pl.when(infused & still_in & unrescued & known).then("follow_up"))
    return _with_rows(inputs, found)


def _with_held(found: pl.DataFrame, assumed: pl.Expr) -> pl.DataFrame:
    """``_infusion_held``, ``_later_held``: the row of the infusion is set aside, or one of those that tell what came
    after it: the rescue, or the end of participation where follow-up without a visit is ``assumed``."""
    rescue, ended = pl.col(f"RESCUEDTC{HELD}").is_not_null(), pl.col(f"ENDDTC{HELD}").is_not_null()
    return found.with_columns(
        _infusion_held=pl.col(f"RFXSTDTC{HELD}").is_not_null(),
        _later_held=rescue | (ended & assumed).fill_null(value=False),
    )


def _with_rows(inputs: Inputs, found: pl.DataFrame) -> pl.DataFrame:
    named = {"consent": "RFICDTC", "infusion": "RFXSTDTC", "rescue": "RESCUEDTC"}
    source = {name: pl.lit(moment_source(inputs.spec.study, name)) for name in (*named.values(), "ENDDTC")}
    found = found.with_columns(
        ENDDTC_source=source["ENDDTC"],
        **{f"{start}_source": source[name] for start, name in named.items()},
        **{f"{start}_line": pl.col(f"{name}{ROW_OF}") for start, name in named.items()},
    )
    came = pl.col("visit").is_not_null()
    return found.with_columns(
        (pl.when(came).then(f"first_{part}").otherwise(f"infusion_{part}")).alias(f"follow_up_{part}")
        for part in ("source", "line")
    )


def _rescue_start() -> pl.Expr:
    """RESCUEDTC, or the follow-up visit's date where RESCUEDTC is incomplete but allows it, else null."""
    rescue, visit = pl.col("RESCUEDTC"), pl.col("_visit")
    possible = date_part(visit).is_between(earliest(rescue), latest(rescue))
    return pl.when(is_complete_date(rescue)).then(rescue).when(possible).then(visit)


def _follow_up_visit(inputs: Inputs) -> pl.DataFrame:
    """USUBJID, _visit (first day of the visit that opens follow-up, null if not dated), _missed (recorded as
    not done), first_source and first_line (the row that gave the day)."""
    number = float(inputs.spec.study.reference.follow_up.visitnum)
    return (
        inputs.derived("visits")
        .filter(pl.col("VISITNUM") == number)
        .select(
            "USUBJID", "first_source", "first_line", _visit="SVSTDTC", _missed=pl.col("SVSTDTC").is_null()
        )
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
    rows = rows.with_columns(_seq=pl.int_range(1, pl.len() + 1).over("USUBJID"))
    edges = [linked(rows, "SESTDTC", line="start_line"), linked(rows, "SEENDTC", line="end_line")]
    return Built(rows.with_columns(SESEQ=pl.col("_seq").cast(pl.Float64)), in_link_order(edges))
