"""SUPP--: qualifiers that have no variable of their own, one record a filled qualifier of a parent record."""

from __future__ import annotations

import polars as pl

from pipeline.domains.records import Built, Inputs, Tie, in_link_order, linked
from pipeline.specs.models import Dataset, Verb

QUALIFIED = "_q."


def supplemental(inputs: Inputs, dataset: Dataset) -> Built:
    """Records for every filled qualifier of the parent, which refer to it by --SEQ (by subject for DM).

    The parent's frame carries its qualifiers as ``_q.<QNAM>`` columns; links are the parent's (rule R12).
    """
    parent = inputs.spec.dataset(dataset.derived_from[0])
    records = inputs.records(parent.dataset).collect()
    names = [name for name in parent.supplements if f"{QUALIFIED}{name}" in records.columns]
    sequence = f"{parent.dataset}SEQ"
    has_sequence = sequence in parent.variables
    long = records.select(
        "STUDYID",
        "USUBJID",
        *(pl.col(f"{QUALIFIED}{name}").alias(name) for name in names),
        _number=pl.col(sequence).cast(pl.Int64) if has_sequence else pl.lit(1, dtype=pl.Int64),
    ).unpivot(names, index=["STUDYID", "USUBJID", "_number"], variable_name="QNAM", value_name="QVAL")
    absent = pl.lit(None, dtype=pl.String)
    filled = long.drop_nulls("QVAL").with_columns(
        RDOMAIN=pl.lit(parent.dataset),
        IDVAR=pl.lit(sequence) if has_sequence else absent,
        IDVARVAL=pl.col("_number").cast(pl.String) if has_sequence else absent,
        QLABEL=pl.col("QNAM").replace_strict(
            names, [parent.supplements[n].label for n in names], return_dtype=pl.String
        ),
        QORIG=pl.col("QNAM").replace_strict(
            names, [parent.supplements[n].origin for n in names], return_dtype=pl.String
        ),
        QEVAL=absent,
    )
    # by the text of the number, as the key is a text: 10 comes before 9 for whoever merges by it
    ordered = filled.sort("USUBJID", "IDVARVAL", "QNAM").with_columns(
        _seq=pl.int_range(1, pl.len() + 1).over("USUBJID")
    )
    return Built(records=ordered, links=_links(inputs, parent, ordered))


def _links(inputs: Inputs, parent: Dataset, records: pl.DataFrame) -> pl.DataFrame:
    """Each qualifier's rows: those that its parent record is made of, but for joined ones that it does not read."""
    whole = pl.col("role").is_in([str(tie) for tie in Tie])
    rows = (
        inputs.links(parent.dataset)
        .filter(whole)
        .select("source", "line", "role", USUBJID="subject", _number="seq")
        .collect()
    )
    unread = [
        (pl.col("QNAM") == name) & pl.col("source").is_in(list(_joined_unread(parent, verb)))
        for name, verb in parent.supplements.items()
    ]
    found = (
        records.select("USUBJID", "_number", "_seq", "QNAM")
        .join(rows, on=["USUBJID", "_number"], how="inner")
        .filter(~((pl.col("role") == str(Tie.JOINED)) & pl.any_horizontal(unread)))
    )
    return in_link_order([linked(found, "QVAL", line="line", source="source")])


def _joined_unread(parent: Dataset, verb: Verb) -> set[str]:
    """Joined sources that the qualifier does not read; none for one whose columns the specification does not name."""
    named = [name for name in (verb.take, verb.code, verb.by, verb.date, verb.time) if name is not None]
    named += [parent.uses.get(name, name) for name in verb.of]
    if not named:
        return set()
    read = {name.partition(".")[0] for name in named if "." in name}
    joins = [(name, join.source) for part in parent.parts for name, join in part.join.items()]
    return {source for _, source in joins} - {source for name, source in joins if name in read}
