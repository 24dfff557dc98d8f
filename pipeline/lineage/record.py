"""From a record, or one value of it, back to delivered bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from pipeline.errors import UsageError
from pipeline.lineage.behind import moments_behind, records_behind
from pipeline.lineage.columns_behind import columns_behind
from pipeline.lineage.consulted import consulted
from pipeline.lineage.findings import findings_of_record
from pipeline.lineage.ledger import Ledger, text
from pipeline.lineage.parents import QUALIFIER, lines_of_parents
from pipeline.lineage.rows import delivered_rows
from pipeline.lineage.scores import recalculation
from pipeline.lineage.spec_lines import part_of, qualifier_line, spec_line, table_rows, value_method
from pipeline.lineage.steps import steps_of
from pipeline.lineage.told import RecordTrace, Row, TableRow, Value
from pipeline.specs.models import Dataset, Part

_NUMBER = "_seq"
_OF_DATASETS = "related"  # its records may relate whole datasets, and then have no subject
_ROLES = ("record", "joined")


@dataclass(frozen=True)
class _Found:
    """A record with its rows and the part of the specification that made it."""

    dataset: Dataset
    subject: str | None
    seq: int
    record: Mapping[str, Any]
    rows: tuple[Row, ...]
    part: Part | None


def trace_record(
    ledger: Ledger, dataset: str, subject: str | None, seq: int | None, variable: str | None = None
) -> RecordTrace:
    """The way of record ``seq`` of ``subject``, all its variables or only ``variable``, each with what is behind it.

    ``seq`` is --SEQ, or the running number of the subject's record where a dataset has none; it may be left out for a
    subject with one record. Datasets of the study's own tables have no subject: ``seq`` is the record's place.
    UsageError for a dataset, subject, record or variable that the build does not have.
    """
    spec = ledger.dataset(dataset)
    found = _found(ledger, spec, subject, seq)
    names = [name for name, _, _ in ledger.spec.ordered(spec.dataset)]
    if variable is not None:
        if variable.upper() not in names:
            raise UsageError(
                f"variable {variable.upper()}", f"is not in {spec.dataset}", f"choose from {', '.join(names)}"
            )
        names = [variable.upper()]
    return RecordTrace(
        dataset=spec.dataset,
        label=spec.label,
        subject=found.subject,
        seq=found.seq,
        key={name: text(found.record[name]) for name in spec.keys if name in found.record},
        values=tuple(_value(ledger, found, name) for name in names),
        rows=found.rows,
        findings=findings_of_record(ledger, spec.dataset, found.subject, found.seq, found.rows),
        notes=ledger.notes,
    )


def _found(ledger: Ledger, dataset: Dataset, subject: str | None, seq: int | None) -> _Found:
    records = ledger.read("sdtm", dataset.dataset.lower())
    person = None
    if "USUBJID" in dataset.variables:
        if subject is not None:
            person = ledger.subject(subject)
        elif dataset.build != _OF_DATASETS:
            raise UsageError(dataset.dataset, "a record needs its subject", "name it by USUBJID or SUBJID")
        records = records.filter(pl.col("USUBJID").eq_missing(pl.lit(person, dtype=pl.String)))
    rows = _numbered(dataset, records.collect())
    record = _chosen(dataset, rows, seq)
    number = int(record[_NUMBER])
    links = _links(ledger, dataset.dataset, person, number)
    own = [row.place.source for row in links if row.role == _ROLES[0]]
    part = part_of(dataset, own)
    return _Found(dataset, person, number, record, links, part)


def _numbered(dataset: Dataset, rows: pl.DataFrame) -> pl.DataFrame:
    """The records with their numbers: --SEQ, or the place among the subject's records (or of a table's)."""
    sequence = f"{dataset.dataset}SEQ"
    if sequence in rows.columns and dataset.table is None:
        return rows.with_columns(pl.col(sequence).cast(pl.Int64).alias(_NUMBER))
    return rows.with_row_index(_NUMBER, offset=1)


def _chosen(dataset: Dataset, rows: pl.DataFrame, seq: int | None) -> dict[str, Any]:
    name = dataset.dataset
    if rows.is_empty():
        raise UsageError(name, "the subject has no record in it", "look at the subject's other datasets")
    if seq is None and rows.height > 1:
        raise UsageError(
            name, f"there are {rows.height} records", f"add --seq 1 to {text(rows[_NUMBER].max())}"
        )
    chosen = rows if seq is None else rows.filter(pl.col(_NUMBER) == seq)
    if chosen.is_empty():
        raise UsageError(
            f"{name} --seq {seq}", "there is no such record", f"add --seq 1 to {text(rows[_NUMBER].max())}"
        )
    return chosen.row(0, named=True)


def _links(ledger: Ledger, dataset: str, subject: str | None, seq: int) -> tuple[Row, ...]:
    """The delivered rows of the record by their role, those that became the record first."""
    if subject is None:
        return ()
    links = (
        ledger.read("ops", f"links_{dataset.lower()}")
        .filter(pl.col("subject") == subject, pl.col("seq") == seq)
        .collect()
    )
    rows: list[Row] = []
    for (source, role), group in links.partition_by(
        "source", "role", as_dict=True, maintain_order=True
    ).items():
        found = delivered_rows(ledger, str(source), group["line"].to_list(), str(role))
        rows += found.values()
    rank = {role: place for place, role in enumerate(_ROLES)}
    return tuple(
        sorted(
            rows, key=lambda row: (rank.get(row.role, len(rank)), row.role, row.place.source, row.place.line)
        )
    )


def _value(ledger: Ledger, found: _Found, variable: str) -> Value:
    dataset, record, part = found.dataset, found.record, found.part
    sources = columns_behind(ledger, dataset, part, variable, record, found.rows)
    tables = consulted(ledger, dataset, part, variable, record, found.rows, sources)
    if dataset.table:
        tables = (*_own_table(ledger, dataset, record), *tables)
    value = text(record[variable])
    above = tuple(lines_of_parents(ledger, dataset, part, variable, record, found.rows))
    line = spec_line(ledger, dataset, variable, part)
    if variable == QUALIFIER:
        line = (
            qualifier_line(ledger, dataset, record["QNAM"], [row.place.source for row in found.rows]) or line
        )
    if said := value_method(ledger, dataset, variable, record):
        line = replace(line, sentence=f"{line.sentence}. Here: {said}")
    return Value(
        variable=variable,
        label=ledger.spec.standard.variable(dataset.dataset, variable).label,
        value=value,
        spec=line,
        sources=sources,
        steps=steps_of(dataset, variable, record, sources, tables, above) if value is not None else (),
        tables=tables,
        moments=moments_behind(ledger, dataset, part, found.subject, variable, record),
        records=records_behind(ledger, dataset, found.subject, found.seq, variable, record),
        recalculation=_recalculated(ledger, found, variable),
    )


def _own_table(ledger: Ledger, dataset: Dataset, record: Mapping[str, Any]) -> list[TableRow]:
    """The row of the study's table that a record of trial design is."""
    keys = {
        verb.take: text(record[name])
        for name in dataset.keys
        if (verb := dataset.variables.get(name)) is not None and verb.take is not None
    }
    return list(
        table_rows(ledger, dataset.table or "", {column: value for column, value in keys.items() if column})
    )


def _recalculated(ledger: Ledger, found: _Found, variable: str) -> Any:
    results = {f"{found.dataset.dataset}{suffix}" for suffix in ("ORRES", "STRESC", "STRESN", "DRVFL")}
    if found.subject is None or variable not in results:
        return None
    return recalculation(ledger, found.subject, found.record)
