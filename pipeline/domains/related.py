"""RELREC: which records belong together, by the numbers and identifiers that the forms give (SDTMIG 8.2, 8.3)."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from pipeline.domains.records import LINE, LINK, Built, Inputs, Tie, in_link_order, linked
from pipeline.specs.models import Dataset, Linked, Relation

_PAIR = pl.Schema({"SUBJID": pl.String, "number": pl.String, "seq": pl.Int64})


def related(inputs: Inputs, dataset: Dataset) -> Built:
    """Two or more records a relation, in key order; relations whose other end is not in the data make none."""
    built = [name for name in dataset.derived_from if name in inputs.spec.datasets]
    frames = [
        _relation(inputs, relation)
        for relation in dataset.relations
        if {relation.dataset, relation.with_} <= set(built)
    ]
    empty = pl.DataFrame(schema=dict.fromkeys(dataset.variables, pl.String))
    rows = pl.concat([empty, *frames], how="diagonal_relaxed").with_columns(
        STUDYID=pl.lit(inputs.spec.study.study)
    )
    ordered = rows.select(list(dataset.variables)).sort(list(dataset.keys), nulls_last=False)
    numbered = ordered.with_columns(_seq=pl.int_range(1, pl.len() + 1).over("USUBJID"))
    return Built(numbered, in_link_order([LINK.to_frame(), *_links(inputs, numbered)]))


def _links(inputs: Inputs, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows of the record that each record names; a relation of whole datasets has none, the study states it."""
    ends = records.drop_nulls(["USUBJID", "IDVARVAL"])
    for (name, variable), group in ends.partition_by(
        "RDOMAIN", "IDVAR", as_dict=True, maintain_order=True
    ).items():
        known = inputs.records(str(name)).select(
            "USUBJID",
            _of=pl.col(f"{name}SEQ").cast(pl.Int64),
            IDVARVAL=_as_named(f"{name}SEQ", str(variable)),
        )
        made = inputs.links(str(name)).filter(pl.col("role") == str(Tie.RECORD))
        rows = made.select("source", "line", USUBJID="subject", _of="seq")
        found = (
            group.lazy()
            .select("USUBJID", "IDVARVAL", "_seq")
            .join(known, on=["USUBJID", "IDVARVAL"], how="inner")
            .join(rows, on=["USUBJID", "_of"], how="inner")
        )
        yield linked(found.collect(), "IDVARVAL", line="line", source="source")


def _as_named(sequence: str, variable: str) -> pl.Expr:
    """The value by which RELREC names a record: its --SEQ as a whole number, or an identifier as it is."""
    column = pl.col(variable)
    return column.cast(pl.Int64).cast(pl.String) if variable == sequence else column


def _relation(inputs: Inputs, relation: Relation) -> pl.DataFrame:
    if relation.type is not None:
        return _of_datasets(inputs, relation)
    pairs = _by_identifier(inputs, relation) if relation.by else _by_number(inputs, relation)
    return _numbered(inputs, relation, pairs)


def _of_datasets(inputs: Inputs, relation: Relation) -> pl.DataFrame:
    """Two records without subject and value: every record of one dataset relates to those of the other."""
    ends = (
        (relation.dataset, relation.number, relation.type),
        (relation.with_, relation.by, relation.with_type),
    )
    if any(inputs.records(name).select(pl.len()).collect().item() == 0 for name, _, _ in ends):
        return pl.DataFrame(schema={"RDOMAIN": pl.String})
    rows = [
        {"RDOMAIN": name, "IDVAR": variable, "RELTYPE": kind, "RELID": relation.id}
        for name, variable, kind in ends
    ]
    return pl.DataFrame(rows)


def _ends(inputs: Inputs, dataset: str, source: str, number: str, term: str | None = None) -> pl.DataFrame:
    """SUBJID, number and --SEQ of every record of ``dataset`` that came from a row of ``source`` with a number."""
    rows = inputs.live(source).select(
        "SUBJID", pl.col(LINE).cast(pl.UInt32).alias("line"), number=pl.col(number).cast(pl.String)
    )
    links = inputs.links(dataset).filter(pl.col("source") == source).select("line", "seq")
    if term is not None:
        return _of_term(inputs, dataset, rows, term)
    return rows.drop_nulls("number").join(links, on="line", how="inner").select(_PAIR.names()).collect()


def _of_term(inputs: Inputs, dataset: str, rows: pl.LazyFrame, term: str) -> pl.DataFrame:
    """The same for a form without a record of its own: the subject's record with that standard term."""
    people = inputs.derived("subjects").select("SUBJID", "USUBJID")
    records = inputs.records(dataset).filter(pl.col(f"{dataset}DECOD") == term)
    ends = records.select("USUBJID", seq=pl.col(f"{dataset}SEQ").cast(pl.Int64)).join(
        people, on="USUBJID", how="inner"
    )
    return rows.drop_nulls("number").join(ends, on="SUBJID", how="inner").select(_PAIR.names()).collect()


def _by_number(inputs: Inputs, relation: Relation) -> pl.DataFrame:
    """SUBJID, seq of one end, value (the --SEQ) of the other."""
    first = _ends(inputs, relation.dataset, relation.source or "", relation.number)
    others = pl.concat([_PAIR.to_frame(), *(_other(inputs, relation, link) for link in relation.links)])
    pairs = first.join(others, on=["SUBJID", "number"], how="inner", suffix="_other")
    return pairs.select(
        "SUBJID", "seq", variable=pl.lit(f"{relation.with_}SEQ"), value=pl.col("seq_other").cast(pl.String)
    ).unique()


def _other(inputs: Inputs, relation: Relation, link: Linked) -> pl.DataFrame:
    return _ends(inputs, relation.with_, link.source, link.number, link.term).cast(_PAIR)


def _by_identifier(inputs: Inputs, relation: Relation) -> pl.DataFrame:
    """The same where the other end is found by an identifier that it carries."""
    first = _ends(inputs, relation.dataset, relation.source or "", relation.number)
    people = inputs.derived("subjects").select("SUBJID", "USUBJID")
    known = inputs.records(relation.with_).select("USUBJID", number=pl.col(relation.by or "")).unique()
    there = known.join(people, on="USUBJID", how="inner").select("SUBJID", "number").collect()
    pairs = first.join(there, on=["SUBJID", "number"], how="inner")
    return pairs.select("SUBJID", "seq", variable=pl.lit(relation.by), value="number").unique()


def _numbered(inputs: Inputs, relation: Relation, pairs: pl.DataFrame) -> pl.DataFrame:
    """Both ends of every pair under one RELID, numbered within the subject."""
    people = inputs.derived("subjects").select("SUBJID", "USUBJID").collect()
    ordered = pairs.join(people, on="SUBJID", how="inner").sort(
        "USUBJID", "seq", "variable", pl.col("value").str.len_bytes(), "value"
    )
    number = pl.int_range(1, pl.len() + 1).over("USUBJID").cast(pl.String)
    named = ordered.with_columns(RELID=pl.lit(relation.id) + number)
    one = named.select(
        "USUBJID",
        "RELID",
        RDOMAIN=pl.lit(relation.dataset),
        IDVAR=pl.lit(f"{relation.dataset}SEQ"),
        IDVARVAL=pl.col("seq").cast(pl.String),
    )
    other = named.select(
        "USUBJID", "RELID", RDOMAIN=pl.lit(relation.with_), IDVAR="variable", IDVARVAL="value"
    )
    return pl.concat([one, other])
