"""Indices and responses as the forms show them, and the index that the pipeline derives where a form shows none.

Responses are not derived into the dataset: SDTMIG leaves them to the investigator or the tool that collects (RS,
assumption 3). With the setting ``rs.source`` PIPELINE all is derived instead, and what the forms show stays out.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.derive.decimals import to_double
from pipeline.domains.common import CONTACT, OID, REPEAT
from pipeline.domains.components import JOINTS, KEYS, REACTANTS, SCALES
from pipeline.domains.indices import INDICES
from pipeline.domains.items import item_records
from pipeline.domains.mapping import Mapped
from pipeline.domains.records import (
    LINE,
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
from pipeline.domains.responses import DECIDED, RESPONSES
from pipeline.domains.score_roles import codes, scores_of
from pipeline.specs.choices import INDEX_SOURCE, choice
from pipeline.specs.models import Dataset

DERIVE_ALL: Final = "PIPELINE"
_VISIT = [SUBJECT, OID, REPEAT]
_BY_PIPELINE: Final = "the pipeline derives this index or response itself (setting rs.source)"


def classification_records(inputs: Inputs, dataset: Dataset) -> tuple[Mapped, pl.DataFrame]:
    """Records of the forms, and one flagged as derived for every index that no form shows and its components give."""
    found, findings = item_records(inputs, dataset)
    test, drvfl = f"{dataset.dataset}TESTCD", f"{dataset.dataset}DRVFL"
    rows, aside = (
        found.rows.collect().with_columns(pl.lit(None, dtype=pl.String).alias(drvfl)),
        found.set_aside,
    )
    derived = _derived(inputs, dataset, tuple(INDICES))
    if choice(inputs.spec.study, INDEX_SOURCE) == DERIVE_ALL:
        derived = pl.concat([derived, _derived(inputs, dataset, RESPONSES)])
        ours = pl.col(test).is_in(list(codes(inputs).values()))
        kept = rows.filter(~ours)
        aside = stacked([aside, *_left_out(rows.filter(ours), kept, dataset)], aside.schema)
        rows = kept
    shown = rows.select(*_visit_of(inputs), test).unique()
    added = derived.join(shown, on=[*_VISIT, test], how="anti", nulls_equal=True)
    return Mapped(pl.concat([rows, added], how="diagonal_relaxed").lazy(), aside), findings


def form_records(inputs: Inputs, dataset: Dataset) -> pl.DataFrame:
    """What the forms show, one row a record, with USUBJID and VISITNUM; nothing of unknown subjects or visits."""
    rows = item_records(inputs, dataset)[0].rows.collect().drop("VISITNUM", "USUBJID", strict=False)
    planned = pl.col(OID) != inputs.spec.study.reference.unscheduled
    placed = rows.with_columns(pl.when(~planned).then(pl.col(REPEAT).cast(pl.Int64)).alias(REPEAT))
    visits = _visits(inputs).drop(CONTACT).collect()
    return placed.join(visits, on=_VISIT, how="inner", nulls_equal=True, maintain_order="left")


def _left_out(ours: pl.DataFrame, kept: pl.DataFrame, dataset: Dataset) -> list[pl.DataFrame]:
    """Rows of forms of which nothing else becomes a record."""
    gone = ours.join(kept.select(SOURCE, LINE), on=[SOURCE, LINE], how="anti").unique([SOURCE, LINE])
    return [
        set_aside(
            group.sort(LINE), str(source), Fate.NOT_SUBMITTED, f"{dataset.dataset}.derived", _BY_PIPELINE
        )
        for (source,), group in sorted(gone.partition_by(SOURCE, as_dict=True).items())
    ]


def _visit_of(inputs: Inputs) -> list[pl.Expr]:
    """Subject, visit and, for an unplanned contact only, which one it is."""
    loose = pl.col(OID) == inputs.spec.study.reference.unscheduled
    return [pl.col(SUBJECT), pl.col(OID), pl.when(loose).then(pl.col(REPEAT).cast(pl.Int64)).alias(REPEAT)]


def _derived(inputs: Inputs, dataset: Dataset, names: tuple[str, ...]) -> pl.DataFrame:
    """One record a visit and computed value of ``names``, dated and placed by the joint assessment of the visit."""
    prefix = dataset.dataset
    joints = inputs.derived("components").select(*KEYS, _seq=f"{JOINTS}_seq", dtc=f"{JOINTS}_dtc")
    table = "scores" if set(names) <= set(INDICES) else "response"
    values = inputs.derived(table)
    if DECIDED in names:
        values = values.with_columns(pl.when("decision").then(DECIDED).alias(DECIDED))
    named = codes(inputs)
    long = (
        values.select(*KEYS, *(pl.col(name).alias(named[name]) for name in names))
        .unpivot(
            [named[name] for name in names], index=KEYS, variable_name=f"{prefix}TESTCD", value_name="_value"
        )
        .drop_nulls("_value")
        .join(joints, on=KEYS, how="inner")
        .join(_joint_rows(inputs), on=["USUBJID", "_seq"], how="inner")
        .join(_visits(inputs), on=KEYS, how="inner")
        .collect()
    )
    number = pl.col("VISITNUM").cast(pl.String).str.strip_suffix(".0")
    return long.join(_facts(inputs, dataset), on=f"{prefix}TESTCD", how="left", maintain_order="left").select(
        pl.exclude(*KEYS, "_seq", "_value", "dtc"),
        pl.col("_value").alias(f"{prefix}STRESC"),
        to_double(pl.col("_value")).alias(f"{prefix}STRESN"),
        pl.col("dtc").alias(f"{prefix}DTC"),
        pl.format("DERIVED-{}-{}", number, f"{prefix}TESTCD").alias(f"{prefix}SPID"),
        pl.lit("Y").alias(f"{prefix}DRVFL"),
    )


def _joint_rows(inputs: Inputs) -> pl.LazyFrame:
    links = inputs.links(scores_of(inputs).joints.dataset)
    first = links.sort("subject", "seq", "source", "line").unique(
        ["subject", "seq"], keep="first", maintain_order=True
    )
    return first.select(
        pl.col("source").alias(SOURCE), pl.col("line").alias(LINE), USUBJID="subject", _seq="seq"
    )


def _visits(inputs: Inputs) -> pl.LazyFrame:
    """Keys of every visit and what a row of it says about where it belongs."""
    known = inputs.derived("visits").unique(KEYS, keep="first", maintain_order=True)
    where = {"SUBJID": SUBJECT, "oid": OID, "repeat": REPEAT, "contact_date": CONTACT}
    return known.select(*KEYS, *(pl.col(name).alias(hidden) for name, hidden in where.items()))


def _facts(inputs: Inputs, dataset: Dataset) -> pl.DataFrame:
    """Name, category and baseline rule of every test, from the items of the forms."""
    prefix = dataset.dataset
    names = [f"{prefix}TESTCD", f"{prefix}TEST", f"{prefix}CAT"]
    frames = [
        inputs.spec.table(part.items).select(*names, pl.col("baseline").alias("_baseline"))
        for part in dataset.parts
        if part.items
    ]
    return pl.concat(frames).unique(f"{prefix}TESTCD", keep="first", maintain_order=True)


def with_component_links(inputs: Inputs, dataset: Dataset, built: Built) -> Built:
    """``built`` whose derived records are linked to the source rows of every component, not only of the joints."""
    prefix, roles = dataset.dataset, scores_of(inputs)
    holders = {part: getattr(roles, role).dataset for part, role in SCALES.items()}
    holders |= {part: getattr(roles, part).dataset for part in REACTANTS}
    derived = built.records.filter(pl.col(f"{prefix}DRVFL") == "Y").select(
        *KEYS, "_seq", test=f"{prefix}TESTCD"
    )
    components = inputs.derived("components").collect()
    links = [built.links]
    for name, parts in INDICES.items():
        own = derived.filter(pl.col("test") == codes(inputs)[name])
        for part in (part for part in parts if part in holders):
            at = own.join(components.select(*KEYS, pl.col(f"{part}_seq").alias("_of")), on=KEYS, how="inner")
            rows = (
                inputs.links(holders[part]).select("source", "line", USUBJID="subject", _of="seq").collect()
            )
            found = at.join(rows, on=["USUBJID", "_of"], how="inner")
            links.append(linked(found, f"{prefix}STRESC", line="line", source="source"))
    return Built(built.records, in_link_order(links), built.set_aside, built.findings)
