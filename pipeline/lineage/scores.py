"""An index or response beside its recalculation, with the records of every component and their delivered cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from pipeline.lineage.columns_behind import columns_behind
from pipeline.lineage.ledger import Ledger, text
from pipeline.lineage.rows import delivered_rows
from pipeline.lineage.spec_lines import part_of
from pipeline.lineage.told import Component, From, Recalculation

_BASELINE = "base_"


def recalculation(ledger: Ledger, subject: str, record: Mapping[str, Any]) -> Recalculation | None:
    """What the form shows beside what the components give; None for records that are no index or response."""
    roles = ledger.spec.study.scores
    if roles is None:
        return None
    variable = f"{roles.dataset}TESTCD"
    test = str(record.get(variable))
    if test not in ledger.score_parts or not ledger.has("qc", "rs_recalc"):
        return None
    visit = (pl.col("USUBJID") == subject) & (pl.col("VISITNUM") == record["VISITNUM"])
    told = ledger.read("qc", "rs_recalc").filter(visit, pl.col(variable) == test).collect()
    if told.is_empty():
        return None
    row = told.row(0, named=True)
    parts = _components(ledger, subject, record["VISITNUM"], ledger.score_parts[test])
    before = _baseline(ledger, subject, record["VISITNUM"], test)
    facts = {name: row[name] for name in ("collected", "recalculated", "difference", "verdict")}
    return Recalculation(test, **facts, components=(*parts, *before))


def _components(
    ledger: Ledger, subject: str, visit: float, names: tuple[str, ...], baseline: bool = False
) -> list[Component]:
    at = (pl.col("USUBJID") == subject) & (pl.col("VISITNUM") == visit)
    found = ledger.read("derived", "components").filter(at).collect()
    if found.is_empty():
        return []
    row = found.row(0, named=True)
    part = {"tjc": "joints", "sjc": "joints"}
    made = []
    for name in names:
        dataset, seqs = row[f"{part.get(name, name)}_dataset"], row[f"{name}_records"]
        if dataset is None:
            made.append(Component(name, None, "", (), "no record at this visit", ()))
            continue
        shown, sources = _records(ledger, dataset, subject, seqs)
        made.append(
            Component(
                name, row[name], dataset, tuple(seqs), shown, sources, text(visit) if baseline else None
            )
        )
    return made


def _baseline(ledger: Ledger, subject: str, visit: float, test: str) -> list[Component]:
    """The baseline values that a response is judged against, each traced at the visit that gave it."""
    names = ledger.judged_against.get(test, ())
    at = (pl.col("USUBJID") == subject) & (pl.col("VISITNUM") == visit)
    found = ledger.read("derived", "response").filter(at).collect() if names else pl.DataFrame()
    if found.is_empty():
        return []
    row = found.row(0, named=True)
    made = []
    for name in names:
        given = row[f"{_BASELINE}{name}_visitnum"]
        if given is not None:
            made += _components(ledger, subject, given, ledger.score_parts.get(name, (name,)), baseline=True)
    return made


def _records(ledger: Ledger, dataset: str, subject: str, seqs: list[int]) -> tuple[str, tuple[From, ...]]:
    """The results of the records in short, and the delivered cells behind them."""
    spec, number = ledger.spec.dataset(dataset), pl.col(f"{dataset}SEQ").cast(pl.Int64)
    records = (
        ledger.read("sdtm", dataset.lower())
        .filter(pl.col("USUBJID") == subject, number.is_in(seqs))
        .collect()
    )
    links = (
        ledger.read("ops", f"links_{dataset.lower()}")
        .filter(pl.col("subject") == subject, pl.col("seq").is_in(seqs), pl.col("role") == "record")
        .collect()
    )
    rows = {
        str(source): delivered_rows(ledger, str(source), group["line"].unique().to_list(), "record")
        for (source,), group in links.partition_by("source", as_dict=True).items()
    }
    placed = {row["seq"]: rows[row["source"]][row["line"]] for row in links.iter_rows(named=True)}
    cells: list[From] = []
    for record in records.iter_rows(named=True):
        own = placed[int(record[f"{dataset}SEQ"])]
        part = part_of(spec, [own.place.source])
        cells += columns_behind(ledger, spec, part, f"{dataset}ORRES", record, (own,))
    return _shown(dataset, records), tuple(cells)


def _shown(dataset: str, records: pl.DataFrame) -> str:
    if records.height == 1:
        row = records.row(0, named=True)
        return " ".join(
            filter(None, [row[f"{dataset}TESTCD"], row[f"{dataset}STRESC"], row[f"{dataset}STRESU"]])
        )
    answers = (
        records.group_by(f"{dataset}STRESC").len().sort("len", f"{dataset}STRESC", descending=[True, False])
    )
    told = ", ".join(f"{count} x {answer or 'NOT DONE'}" for answer, count in answers.iter_rows())
    return f"{records.height} records: {told}"
