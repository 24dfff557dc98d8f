"""Rows of the study's tables that a value went through: code maps, items, the test catalogue, units, visits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.lineage.columns_behind import JOINING, item_of
from pipeline.lineage.ledger import Ledger, text
from pipeline.lineage.parents import behind_verb
from pipeline.lineage.spec_lines import table_rows
from pipeline.lineage.told import From, Row, TableRow
from pipeline.specs.models import Dataset, Part

_CATALOGUED = frozenset(
    (
        "TESTCD",
        "TEST",
        "CAT",
        "SPEC",
        "METHOD",
        "BDAGNT",
        "TSTOPO",
        "TSTDTL",
        "STRESC",
        "STRESN",
        "STRESU",
        "STNRLO",
        "STNRHI",
        "NRIND",
        "LLOQ",
    )
)
_CONVERTED = frozenset(("STRESC", "STRESN", "STNRLO", "STNRHI", "LLOQ"))
_RESULT = frozenset(("ORRES", "STRESC", "STRESN", "STRESU", "ORRESU", "STAT", "REASND"))
# The table by which medications are sorted, and the variable that holds its answer.
_CATEGORIES, _CATEGORY = "medication_categories", "CMCAT"
_VISIT = frozenset(("VISITNUM", "VISIT", "VISITDY"))


def consulted(
    ledger: Ledger,
    dataset: Dataset,
    part: Part | None,
    variable: str,
    record: Mapping[str, Any],
    rows: tuple[Row, ...],
    sources: tuple[From, ...],
) -> tuple[TableRow, ...]:
    """Each table row once, in the order in which the value met them."""
    suffix = variable.removeprefix(dataset.dataset)
    found = [
        *_of_verb(ledger, dataset, part, variable, record, sources),
        *_of_item(ledger, dataset, part, suffix, record),
        *_of_laboratory(ledger, dataset, part, suffix, record, rows),
        *_of_visit(ledger, variable, rows),
    ]
    return tuple({(each.table, each.line): each for each in found}.values())


def _of_verb(
    ledger: Ledger,
    dataset: Dataset,
    part: Part | None,
    variable: str,
    record: Mapping[str, Any],
    sources: tuple[From, ...],
) -> Iterator[TableRow]:
    verb = behind_verb(ledger, dataset, part, variable, record)
    for each in sources:
        if each.by in (*JOINING, "verbatim"):
            continue
        if verb.code and verb.map:
            yield from table_rows(ledger, "codemaps", {"map": verb.map, "code": each.cell.typed})
        elif verb.lookup:
            key = ledger.spec.table(verb.lookup).columns[0]
            yield from table_rows(ledger, verb.lookup, {key: each.cell.typed})
        elif each.by == "box":
            yield from table_rows(ledger, "codemaps", {"map": variable, "code": each.cell.column})
        elif each.by == "derived":
            code = each.cell.typed or ""
            yield from table_rows(ledger, "codemaps", {"map": each.cell.column, "code": code.upper()})
    if variable == _CATEGORY and record.get(variable) is not None:
        yield from table_rows(ledger, _CATEGORIES, {_CATEGORY: text(record[variable])})


def _of_item(
    ledger: Ledger, dataset: Dataset, part: Part | None, suffix: str, record: Mapping[str, Any]
) -> Iterator[TableRow]:
    item = item_of(ledger, dataset, part, record)
    if item is None or part is None or (suffix not in _RESULT and f"{dataset.dataset}{suffix}" not in item):
        return
    yield from table_rows(ledger, part.items or "", {"source": item["source"], "column": item["column"]})
    kind, _, codemap = (item["result"] or "").partition(":")
    if codemap and suffix in ("ORRES", "STRESC", "STRESN"):
        result = record.get(f"{dataset.dataset}ORRES")
        rows = table_rows(ledger, "codemaps", {"map": codemap})
        yield from (row for row in rows if row.cells.get("term") == result)
    unit, standard = record.get(f"{dataset.dataset}ORRESU"), record.get(f"{dataset.dataset}STRESU")
    if kind == "number" and unit != standard and suffix in _CONVERTED:
        yield from table_rows(ledger, "unit_factors", {"from": unit, "to": standard})


def _of_laboratory(
    ledger: Ledger,
    dataset: Dataset,
    part: Part | None,
    suffix: str,
    record: Mapping[str, Any],
    rows: tuple[Row, ...],
) -> Iterator[TableRow]:
    roles, prefix = ledger.spec.study.laboratory, dataset.dataset
    if part is None or part.source != roles.source:
        return
    row = next((each for each in rows if each.place.source == roles.source), None)
    typed = {} if row is None else {cell.column: cell.typed for cell in row.cells}
    if suffix in _CATALOGUED:
        yield from table_rows(
            ledger,
            "lab_tests",
            {"vendor_test": typed.get(roles.test), "vendor_specimen": typed.get(roles.specimen)},
        )
    unit = record.get(f"{prefix}ORRESU")
    if suffix == "ORRESU" and typed.get(roles.unit) != unit:
        yield from table_rows(ledger, "unit_spellings", {"spelling": typed.get(roles.unit)})
    if suffix in _CONVERTED and unit is not None:
        test = {"TESTCD": record.get(f"{prefix}TESTCD"), "SPEC": record.get(f"{prefix}SPEC")}
        yield from table_rows(ledger, "lab_units", {**test, "unit": unit})
    word = record.get(f"{prefix}ORRES")
    if suffix in ("STRESC", "NRIND") and record.get(f"{prefix}STRESN") is None and word:
        yield from table_rows(ledger, "result_terms", {"dataset": prefix, "raw": str(word).upper()})
    if suffix == "ANMETH":
        yield from table_rows(ledger, "lab_methods", {"method": typed.get(roles.method)})


def _of_visit(ledger: Ledger, variable: str, rows: tuple[Row, ...]) -> Iterator[TableRow]:
    if variable not in _VISIT:
        return
    roles, reference = ledger.spec.study.laboratory, ledger.spec.study.reference
    for row in rows:
        typed = {cell.column: cell.typed for cell in row.cells}
        oid = typed.get(reference.visit_column)
        if row.place.source == roles.source and (label := typed.get(roles.visit_label)):
            for named in table_rows(ledger, "visit_labels", {"label": label}):
                oid = named.cells["oid"]
                yield named
        if oid is not None:
            yield from table_rows(ledger, reference.visits, {"oid": oid})
