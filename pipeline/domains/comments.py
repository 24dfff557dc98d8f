"""CO: comments of the sites, each tied to the record that it is about where the form names one."""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import collected_date
from pipeline.domains.common import Workpiece, numbered
from pipeline.domains.records import LINE, SOURCE, Built, Inputs
from pipeline.specs.models import Dataset

TEXT_LIMIT = 200  # characters of a SAS V5 variable
_DEATH = "DEATH"


def comments(inputs: Inputs, dataset: Dataset) -> Built:
    """One record a comment: RDOMAIN and IDVAR from the commented record, null where there is none (SDTMIG CO).

    A form that became several records is named by its --SPID. The cause of death belongs to the DS record of the death.
    Text beyond 200 characters continues in COVAL1, COVAL2 ..., cut between words.
    """
    people = inputs.derived("subjects").select("SUBJID", "USUBJID").collect()
    noted = pl.concat([_of_forms(inputs, dataset), _of_deaths(inputs, dataset)], how="diagonal_relaxed")
    rows = noted.join(people, on="SUBJID", how="left", maintain_order="left")
    free = pl.col("RDOMAIN").is_null()
    rows = rows.with_columns(
        STUDYID=pl.lit(inputs.spec.study.study),
        DOMAIN=pl.lit(dataset.dataset),
        COEVAL=pl.lit("INVESTIGATOR"),
        CODTC=pl.when(free).then("_dtc"),
        _parts=pl.col("_text").map_elements(parts_of, return_dtype=pl.List(pl.String)),
    )
    texts = [name for name in dataset.variables if name.startswith("COVAL")]
    work = Workpiece(inputs, dataset, rows)
    work.quarantine_strangers("SUBJID")
    work.quarantine(
        pl.col("_parts").list.len() > len(texts),
        "COVAL",
        "the comment is longer than the dataset's text variables",
    )
    work.rows = work.rows.with_columns(
        pl.col("_parts").list.get(n, null_on_oob=True).alias(name) for n, name in enumerate(texts)
    )
    return numbered(work)


def parts_of(text: str) -> list[str]:
    """``text`` in pieces of at most 200 characters, cut at a blank where there is one."""
    pieces = []
    while len(text) > TEXT_LIMIT:
        cut = text.rfind(" ", 0, TEXT_LIMIT + 1)
        cut = TEXT_LIMIT if cut <= 0 else cut
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*pieces, text]


def _of_forms(inputs: Inputs, dataset: Dataset) -> pl.DataFrame:
    uses, record = dataset.uses, inputs.spec.study.reference.record_column
    source = dataset.reads[0]
    rows = (
        inputs.live(source)
        .collect()
        .select(
            "SUBJID",
            LINE,
            pl.lit(source).alias(SOURCE),
            _text=pl.col(uses["text"]),
            _record=pl.col(uses["record"]),
            _form=pl.col(uses["form"]).str.to_lowercase(),
            _dtc=collected_date(pl.col(uses["date"])),
        )
    )
    targets = [_targets(inputs, name, record) for name in dataset.derived_from]
    known = pl.concat(targets).unique(["_record", "_form"], keep="first", maintain_order=True)
    return rows.join(known, on=["_record", "_form"], how="left", maintain_order="left")


def _targets(inputs: Inputs, name: str, record: str) -> pl.DataFrame:
    """Record id and form of every source row behind dataset ``name``, with the way to refer to its record."""
    dataset, frames = inputs.spec.dataset(name), []
    for part in dataset.parts:
        if record not in inputs.typed(part.source).collect_schema().names():
            continue
        links = inputs.links(name).filter(pl.col("source") == part.source)
        lines = inputs.typed(part.source).select(
            pl.col(LINE).cast(pl.UInt32).alias("line"), _record=pl.col(record)
        )
        found = (
            links.join(lines, on="line", how="inner")
            .group_by("_record")
            .agg(pl.col("seq").min(), n=pl.len())
            .sort("_record")
            .collect()
        )
        single = pl.col("n") == 1
        frames.append(
            found.select(
                "_record",
                _form=pl.lit(part.source.rpartition("_")[2]),
                RDOMAIN=pl.lit(name),
                IDVAR=pl.when(single).then(pl.lit(f"{name}SEQ")).otherwise(pl.lit(f"{name}SPID")),
                IDVARVAL=pl.when(single).then(pl.col("seq").cast(pl.String)).otherwise("_record"),
            )
        )
    empty = pl.DataFrame(
        schema={
            "_record": pl.String,
            "_form": pl.String,
            "RDOMAIN": pl.String,
            "IDVAR": pl.String,
            "IDVARVAL": pl.String,
        }
    )
    return pl.concat([empty, *frames])


def _of_deaths(inputs: Inputs, dataset: Dataset) -> pl.DataFrame:
    """The cause of death, tied to the subject's disposition record DEATH where there is one."""
    source, cause = dataset.reads[1], pl.col(dataset.uses["cause"])
    rows = (
        inputs.live(source)
        .filter(cause.is_not_null())
        .select("SUBJID", LINE, pl.lit(source).alias(SOURCE), _text=cause)
        .collect()
    )
    people = inputs.derived("subjects").select("SUBJID", "USUBJID").collect()
    deaths = (
        inputs.records("DS")
        .filter(pl.col("DSDECOD") == _DEATH)
        .select("USUBJID", IDVARVAL=pl.col("DSSEQ").cast(pl.Int64).cast(pl.String))
        .collect()
    )
    ends = people.join(
        deaths.unique("USUBJID", keep="first", maintain_order=True), on="USUBJID", how="inner"
    ).select("SUBJID", "IDVARVAL")
    found = rows.join(ends, on="SUBJID", how="left", maintain_order="left")
    known = pl.col("IDVARVAL").is_not_null()
    return found.with_columns(
        RDOMAIN=pl.when(known).then(pl.lit("DS")), IDVAR=pl.when(known).then(pl.lit("DSSEQ"))
    )
