"""Compares what a finished define.xml says of values with the records: type, length, decimals, list, condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.emit.define.check_shapes import Digits, check_shape, digits_in, facts_of, kinds_of
from pipeline.emit.define.checking import DEF, ODM, Element, agree, items, list_of
from pipeline.emit.define.shapes import plain_numbers
from pipeline.emit.submitted import Submitted, SubmittedVariable

_Checks = list[tuple[str, str, list[str]]]  # variable, comparator, values


def check_values(root: Element, found: Sequence[Submitted]) -> None:
    """Nothing, or BuildFailed for an item that does not describe the values which the records have for it."""
    document = _Document.of(root)
    shared = _shared_numbers(document, found)
    for each in found:
        for variable in each.variables:
            item = document.items[f"IT.{each.name}.{variable.name}"]
            without = document.without_data.get(item.get("OID")) == "Yes"
            agree(without != variable.has_data, "is wrong about having no data", item.get("OID"))
            if variable.has_data:
                _check_variable(document, each, variable, shared.get(str(list_of(item))))


@dataclass(frozen=True)
class _Document:
    """Look-ups in the document."""

    items: dict[str, Element]
    lists: dict[str, set[str]]
    value_lists: dict[str, Element]
    wheres: dict[str, Element]
    without_data: dict[str, Any]

    @classmethod
    def of(cls, root: Element) -> _Document:
        """A list that only names an external dictionary is left out of ``lists``."""
        internal = (
            each for each in root.iter(f"{ODM}CodeList") if each.find(f"{ODM}ExternalCodeList") is None
        )
        return cls(
            items(root),
            {
                each.get("OID"): {c.get("CodedValue") for c in each if c.get("CodedValue")}
                for each in internal
            },
            {each.get("OID"): each for each in root.iter(f"{DEF}ValueListDef")},
            {each.get("OID"): each for each in root.iter(f"{DEF}WhereClauseDef")},
            {
                reference.get("ItemOID"): reference.get(f"{DEF}HasNoData")
                for group in root.iter(f"{ODM}ItemGroupDef")
                for reference in group.iterfind(f"{ODM}ItemRef")
            },
        )

    def rows(self, item: Element) -> Iterator[tuple[Element, _Checks]]:
        """The rows of the item's value list with their conditions."""
        reference = item.find(f"{DEF}ValueListRef")
        if reference is None:
            return
        for row in self.value_lists[reference.get("ValueListOID")].iterfind(f"{ODM}ItemRef"):
            clause = row.find(f"{DEF}WhereClauseRef")
            agree(clause is not None, "has a value without a condition", row.get("ItemOID"))
            where = self.wheres[clause.get("WhereClauseOID")]
            yield self.items[row.get("ItemOID")], [self._check(each) for each in where]

    def _check(self, check: Element) -> tuple[str, str, list[str]]:
        variable = self.items[check.get(f"{DEF}ItemOID")].get("Name")
        return variable, check.get("Comparator"), [each.text or "" for each in check]


def _shared_numbers(document: _Document, found: Sequence[Submitted]) -> dict[str, Digits]:
    """List -> digits of all numbers in it: what several datasets number alike has one type."""
    shared: dict[str, Digits] = {}
    for each in found:
        for variable in each.variables:
            item = document.items[f"IT.{each.name}.{variable.name}"]
            listed = list_of(item)
            if listed in document.lists and variable.kind == "Num" and variable.has_data:
                values = _distinct(each, variable.name, [])
                own = digits_in(values.select(facts_of(variable.name, kinds_of([item]) | {"integer"})))
                shared[listed] = own.joined(shared.get(listed))
    return shared


def _distinct(found: Submitted, name: str, beside: list[str]) -> pl.DataFrame:
    """Different filled values as text, beside what decides about them."""
    data = found.records.select(name, *beside).drop_nulls(name).unique().collect(engine="streaming")
    return data if data[name].dtype == pl.String else data.with_columns(plain_numbers(data[name]))


def _check_variable(
    document: _Document, found: Submitted, variable: SubmittedVariable, shared: Digits | None
) -> None:
    name = variable.name
    item = document.items[f"IT.{found.name}.{name}"]
    rows = [(item, pl.lit(value=True)), *((row, _holds(checks)) for row, checks in document.rows(item))]
    beside = sorted({other for _, where in rows for other in where.meta.root_names()} - {name})
    kinds = kinds_of([row for row, _ in rows])
    few = variable.kind == "Num" or any(list_of(row) in document.lists for row, _ in rows)
    data = _distinct(found, name, beside) if few else _facts(found, name, beside, kinds)
    if len(rows) > 1:
        missed = data.filter(~pl.any_horizontal(where for _, where in rows[1:]))
        agree(missed.is_empty(), "does not describe every value of", f"{found.name}.{name}")
    for row, where in rows:
        here = data.filter(where)
        if few:
            _check_list(document, row, here[name])
            here = here.select(facts_of(name, kinds))
        check_shape(row, here, shared if row is item else None)


def _facts(found: Submitted, name: str, beside: list[str], kinds: set[str]) -> pl.DataFrame:
    """Facts of the values, one row for each combination of what decides about them: no value is kept."""
    filled = found.records.select(name, *beside).drop_nulls(name)
    facts = facts_of(name, kinds)
    grouped = filled.group_by(beside).agg(facts) if beside else filled.select(facts)
    return grouped.collect(engine="streaming")


def _check_list(document: _Document, item: Element, values: pl.Series) -> None:
    listed = list_of(item)
    if listed in document.lists:
        outside = ~values.is_in(sorted(document.lists[listed]))
        agree(not outside.any(), "has a list that lacks a value of the file", item.get("OID"))


def _holds(checks: _Checks) -> pl.Expr:
    return pl.all_horizontal(pl.lit(value=True), *(_within(*check) for check in checks))


def _within(variable: str, comparator: str, values: list[str]) -> pl.Expr:
    within = pl.col(variable).is_in(values).fill_null(value=False)
    return ~within if comparator == "NOTIN" else within
