"""The room's door: one dataset, or one derived frame, from its inputs.

A dataset's ``build`` in the specification names the way it is made; everything study-specific comes from the
specification.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import polars as pl

from pipeline.derive.iso8601 import date_part
from pipeline.domains.classifications import classification_records, with_component_links
from pipeline.domains.comments import comments
from pipeline.domains.common import (
    OID,
    REPEAT,
    Workpiece,
    finished,
    numbered,
    with_epochs,
    with_study_days,
    with_subject,
)
from pipeline.domains.components import components
from pipeline.domains.conform import conform
from pipeline.domains.counted import joint_records, vital_sign_records
from pipeline.domains.demographics import demographics
from pipeline.domains.disability import disability
from pipeline.domains.elements import elements, subject_elements
from pipeline.domains.events import with_adverse_event_facts, with_disposition_facts
from pipeline.domains.exposure import exposure
from pipeline.domains.filtration import filtration
from pipeline.domains.indices import indices
from pipeline.domains.items import item_records
from pipeline.domains.laboratory import laboratory_records
from pipeline.domains.mapping import Mapped, mapped
from pipeline.domains.medications import with_medication_facts
from pipeline.domains.recalculation import recalculation
from pipeline.domains.records import ROSTER_KEY, Block, Built, Inputs, Looked
from pipeline.domains.related import related
from pipeline.domains.responses import responses
from pipeline.domains.subject_visits import subject_visits
from pipeline.domains.subjects import subjects
from pipeline.domains.supplemental import QUALIFIED, supplemental
from pipeline.domains.trial_design import trial_design, trial_summary
from pipeline.domains.visit_times import visits
from pipeline.errors import SpecError
from pipeline.specs.models import Dataset

ROWS_A_BLOCK = 400_000  # a block of a laboratory file this long takes about 2 GB on its way
_BY_SUBJECT = ("items", "laboratory", "joints", "vital_signs")

DERIVED: dict[str, Callable[[Inputs], pl.DataFrame]] = {
    "subjects": subjects,
    "visits": visits,
    "elements": elements,
    "haq_di": disability,
    "components": components,
    "scores": indices,
    "response": responses,
}
LOOKS: dict[str, Callable[[Inputs], Looked]] = {"rs_recalc": recalculation, "egfr": filtration}


def build_dataset(inputs: Inputs, name: str) -> Built:
    """The dataset ``name``: conforming records, links, rows set aside and findings.

    ``records`` holds the dataset's variables in SDTMIG order; for a parent of SUPP-- also its ``_q.<QNAM>`` columns.
    Raises SpecError for an unknown way of building, BuildFailed if the result does not conform.
    """
    dataset = inputs.spec.dataset(name)
    try:
        make = _WAYS[dataset.build]
    except KeyError:
        raise SpecError(f"{name.lower()}.yaml", f"no way of building is called {dataset.build}") from None
    built = make(inputs, dataset)
    if inputs.unblinded is not None:
        built = inputs.unblinded.lifted(inputs, dataset, built)
    conforming = conform(inputs, dataset, built)
    qualifiers = [
        pl.col(f"_{qnam}").alias(f"{QUALIFIED}{qnam}")
        for qnam in dataset.supplements
        if f"_{qnam}" in built.records.columns
    ]
    return replace(
        conforming,
        records=pl.concat([conforming.records, built.records.select(qualifiers)], how="horizontal"),
    )


def blocks(inputs: Inputs, name: str) -> list[Block | None]:
    """How to cut the subjects so that no block of ``name`` has many more than ROWS_A_BLOCK rows; [None] for one.

    Only datasets whose every rule looks at one subject at a time are cut. Blocks follow the order of USUBJID, so their
    records one after the other are the dataset in key order.
    """
    dataset = inputs.spec.dataset(name)
    if dataset.build not in _BY_SUBJECT:
        return [None]
    counts = (
        pl.concat([_rows_by_subject(inputs, dataset, source) for source in dataset.sources])
        .group_by(ROSTER_KEY)
        .agg(pl.sum("rows"))
    )
    running = counts.sort(ROSTER_KEY).collect().with_columns(block=(pl.cum_sum("rows") - 1) // ROWS_A_BLOCK)
    firsts = running.group_by("block", maintain_order=True).first()[ROSTER_KEY].to_list()[1:]
    edges = [None, *firsts, None]
    return [Block(first, after) for first, after in pairwise(edges)]


def _rows_by_subject(inputs: Inputs, dataset: Dataset, source: str) -> pl.LazyFrame:
    """ROSTER_KEY and the rows of the subject on their way: a form counts once for each item that it unfolds into."""
    tables = [part.items for part in dataset.parts if part.source == source and part.items]
    items = [inputs.spec.table(name).filter(pl.col("source") == source).height for name in tables]
    weight = max([1, *items])
    return inputs.whole(source).group_by(ROSTER_KEY).agg(rows=pl.len().cast(pl.Int64) * weight)


def _with(facts: Callable[[Workpiece], None]) -> Callable[[Inputs, Dataset], Built]:
    def make(inputs: Inputs, dataset: Dataset) -> Built:
        found = mapped(inputs, dataset)
        work = Workpiece(inputs, dataset, found.rows.collect(), [found.set_aside])
        for step in (with_subject, facts, with_study_days, with_epochs):
            step(work)
        return numbered(work)

    return make


def _mapped(inputs: Inputs, dataset: Dataset) -> Built:
    return finished(inputs, dataset, mapped(inputs, dataset))


def _visit_events(inputs: Inputs, dataset: Dataset) -> Built:
    """Records one to one with rows that belong to a visit."""
    reference = inputs.spec.study.reference
    found = mapped(inputs, dataset, keep=(reference.visit_column, reference.repeat_column))
    renamed = found.rows.rename({f"_{reference.visit_column}": OID, f"_{reference.repeat_column}": REPEAT})
    return finished(inputs, dataset, Mapped(renamed, found.set_aside))


def _findings(
    records: Callable[[Inputs, Dataset], tuple[Mapped, pl.DataFrame]],
) -> Callable[[Inputs, Dataset], Built]:
    def make(inputs: Inputs, dataset: Dataset) -> Built:
        found, findings = records(inputs, dataset)
        return replace(finished(inputs, dataset, _complete(dataset, found, inputs)), findings=findings)

    return make


def _classifications(inputs: Inputs, dataset: Dataset) -> Built:
    return with_component_links(inputs, dataset, _findings(classification_records)(inputs, dataset))


def _complete(dataset: Dataset, found: Mapped, inputs: Inputs) -> Mapped:
    """Variables that no part of the data filled are null columns of their type, not missing steps."""
    have = found.rows.collect_schema().names()
    types = {"Num": pl.Float64, "Char": pl.String}
    absent = [
        pl.lit(None, dtype=types[facts.type]).alias(name)
        for name, variable, facts in inputs.spec.ordered(dataset.dataset)
        if name not in have and name.removeprefix(dataset.dataset) in _OPTIONAL and variable.derived
    ]
    return Mapped(found.rows.with_columns(absent), found.set_aside)


_OPTIONAL = frozenset(
    {
        "STAT",
        "REASND",
        "ORRESU",
        "STRESU",
        "STRESN",
        "STNRC",
        "DRVFL",
        "ANMETH",
        "FAST",
        "ORNRLO",
        "ORNRHI",
        "STNRLO",
        "STNRHI",
        "NRIND",
        "ORRES",
        "STRESC",
        "LLOQ",
        "BDAGNT",
        "TSTOPO",
    }
)

_WAYS: dict[str, Callable[[Inputs, Dataset], Built]] = {
    "mapped": _mapped,
    "visit_events": _visit_events,
    "items": _findings(item_records),
    "joints": _findings(joint_records),
    "classifications": _classifications,
    "vital_signs": _findings(vital_sign_records),
    "medications": _with(with_medication_facts),
    "elements": subject_elements,
    "comments": comments,
    "related": related,
    "trial_design": trial_design,
    "trial_summary": trial_summary,
    "laboratory": _findings(laboratory_records),
    "demographics": demographics,
    "visits": subject_visits,
    "exposure": exposure,
    "adverse_events": _with(with_adverse_event_facts),
    "disposition": _with(with_disposition_facts),
    "supplemental": supplemental,
}


def last_dates(inputs: Inputs, datasets: list[str]) -> pl.DataFrame:
    """USUBJID, ``_last_date`` (latest complete date of its records), ``_died``, ``_failed_screening`` (one says so).

    ``_last_dataset`` and ``_last_seq`` are the first record that has the latest date; likewise of the flags.
    """
    seen = [_dates(name, inputs.records(name)) for name in datasets]
    latest = pl.col("_date").arg_max()
    found = (
        pl.concat(seen)
        .group_by("USUBJID", maintain_order=True)
        .agg(
            _last_date=pl.col("_date").max(),
            _last_dataset=pl.col("_dataset").get(latest),
            _last_seq=pl.col("_seq").get(latest),
        )
    )
    for flag, marks in (("_died", _DEATH), ("_failed_screening", _SCREEN_FAILURE)):
        told = pl.concat([_telling(name, inputs.records(name), marks) for name in datasets])
        first = told.unique("USUBJID", keep="first", maintain_order=True).rename(
            {"_dataset": f"{flag}_dataset", "_seq": f"{flag}_seq"}
        )
        found = found.join(first.with_columns(pl.lit(value=True).alias(flag)), on="USUBJID", how="left")
    return found.sort("USUBJID").collect()


def _dates(dataset: str, records: pl.LazyFrame) -> pl.LazyFrame:
    """USUBJID, ``_date`` (its latest complete date), ``_dataset``, ``_seq`` (running number of the record with it)."""
    columns = [name for name in records.collect_schema().names() if name.endswith("DTC")]
    days = [date_part(pl.col(name)) for name in columns]
    return (
        records.select("USUBJID", _date=pl.max_horizontal(days))
        .group_by("USUBJID", maintain_order=True)
        .agg(pl.col("_date").max(), _seq=pl.col("_date").arg_max().cast(pl.Int64) + 1)
        .with_columns(_dataset=pl.lit(dataset))
    )


_DEATH = {"AEOUT": "FATAL", "AESDTH": "Y", "DSDECOD": "DEATH"}
_SCREEN_FAILURE = {"DSDECOD": "SCREEN FAILURE"}


def _telling(dataset: str, records: pl.LazyFrame, marks: dict[str, str]) -> pl.LazyFrame:
    """USUBJID, ``_dataset`` and ``_seq`` of records that hold one of ``marks`` (variable -> value), if any can."""
    names = records.collect_schema().names()
    reports = [pl.col(column) == value for column, value in marks.items() if column in names]
    numbered = records.with_columns(
        _dataset=pl.lit(dataset), _seq=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("USUBJID")
    )
    kept = numbered.filter(pl.any_horizontal(reports) if reports else pl.lit(value=False))
    return kept.select("USUBJID", "_dataset", "_seq")
