"""Compares a finished define.xml with itself and with the datasets beside it: what schemas cannot see.

Everything is read from the document's bytes again, so a mistake in making it cannot hide one in checking it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from lxml import etree

from pipeline.emit.define.document import FILE, NAMESPACES
from pipeline.emit.define.shapes import plain_numbers
from pipeline.emit.submitted import Submitted
from pipeline.emit.xpt.member import Column, Member
from pipeline.errors import BuildFailed

_ODM, _DEF = (f"{{{NAMESPACES[prefix]}}}" for prefix in ("odm", "def"))
_Checks = list[tuple[str, str, list[str]]]  # variable, comparator, values
_Rows = list[tuple[Any, _Checks]]
_Element = Any  # lxml keeps the name of its class private
_BUG = "the document is not what it should be; do not release it"
_NUMBERS = ("integer", "float")
# Attribute that refers -> element that it refers to, and the attribute that identifies it there.
_REFERENCES = {
    "ItemOID": (f"{_ODM}ItemDef", "OID"),
    f"{_DEF}ItemOID": (f"{_ODM}ItemDef", "OID"),
    "MethodOID": (f"{_ODM}MethodDef", "OID"),
    "CodeListOID": (f"{_ODM}CodeList", "OID"),
    f"{_DEF}CommentOID": (f"{_DEF}CommentDef", "OID"),
    "ValueListOID": (f"{_DEF}ValueListDef", "OID"),
    "WhereClauseOID": (f"{_DEF}WhereClauseDef", "OID"),
    f"{_DEF}StandardOID": (f"{_DEF}Standard", "OID"),
    f"{_DEF}ArchiveLocationID": (f"{_DEF}leaf", "ID"),
    "leafID": (f"{_DEF}leaf", "ID"),
}


def check_define(document: bytes, members: Sequence[Member], found: Sequence[Submitted]) -> None:
    """Nothing, or BuildFailed naming the first thing that does not agree; it never quotes a value.

    Every reference resolves and every definition is used; datasets and variables are those of ``members`` in
    name, order, label, type and length; every value of a listed item is in its list.
    """
    root = etree.fromstring(document)
    _check_references(root)
    _check_datasets(root, members)
    for each in found:
        _check_values(root, each)


def _check_references(root: _Element) -> None:
    wanted: dict[str, set[str]] = {}
    for element in root.iter(etree.Element):
        for attribute, (kind, _) in _REFERENCES.items():
            if value := element.get(attribute):
                wanted.setdefault(kind, set()).add(value)
    for kind, identity in dict.fromkeys(_REFERENCES.values()):
        known = Counter(element.get(identity) for element in root.iter(kind))
        name, used = etree.QName(kind).localname, wanted.get(kind, set())
        _agree_none(used - set(known), f"refers to a {name} that is not there")
        _agree_none({oid for oid, count in known.items() if count > 1}, f"has a {name} twice")
        if name != "Standard":
            _agree_none(set(known) - used, f"has a {name} that nothing refers to")


def _agree_none(oids: set[str], culprit: str) -> None:
    _agree(not oids, culprit, *sorted(oids))


def _agree(right: bool, culprit: str, *oids: str) -> None:
    if not right:
        raise BuildFailed(FILE, f"{culprit}: {oids[0]}" if oids else culprit, _BUG)


def _check_datasets(root: _Element, members: Sequence[Member]) -> None:
    groups = {group.get("Name"): group for group in root.iter(f"{_ODM}ItemGroupDef")}
    items = _items(root)
    differing = set(groups) ^ {member.name for member in members}
    _agree_none(differing, "and the package do not have the same datasets")
    for member in members:
        group = groups[member.name]
        _agree(_label(group) == member.label, "has another label than the file", member.name)
        _agree(_file(group) == member.file_name, "names another file than the package has", member.name)
        defined = [items[reference.get("ItemOID")] for reference in _in_order(group)]
        names = [item.get("Name") for item in defined]
        wanted = [column.name for column in member.columns]
        _agree(names == wanted, "has other variables than the file", member.name)
        for item, column in zip(defined, member.columns, strict=True):
            _check_variable(item, column)


def _in_order(group: _Element) -> list[_Element]:
    return sorted(group.iterfind(f"{_ODM}ItemRef"), key=lambda each: int(each.get("OrderNumber")))


def _items(root: _Element) -> dict[str, _Element]:
    return {item.get("OID", ""): item for item in root.iter(f"{_ODM}ItemDef")}


def _label(element: _Element) -> Any:
    return element.findtext(f"{_ODM}Description/{_ODM}TranslatedText")


def _file(group: _Element) -> Any:
    leaf = group.find(f"{_DEF}leaf")
    return None if leaf is None else leaf.get(f"{{{NAMESPACES['xlink']}}}href")


def _check_variable(item: _Element, column: Column) -> None:
    oid, kind = item.get("OID"), item.get("DataType")
    _agree(_label(item) == column.label, "has another label than the file", oid)
    _agree((kind in _NUMBERS) == (column.kind == "Num"), "has another type than the file", oid)
    if kind == "text":
        _agree(item.get("Length") == str(column.length), "has another length than the file", oid)


def _check_values(root: _Element, found: Submitted) -> None:
    items, lists = _items(root), _lists(root)
    values = {each.get("OID"): each for each in root.iter(f"{_DEF}ValueListDef")}
    wheres = {each.get("OID"): each for each in root.iter(f"{_DEF}WhereClauseDef")}
    for variable in found.variables:
        item = items[f"IT.{found.name}.{variable.name}"]
        rows: _Rows = [(item, [])] if _list_of(item) in lists else []
        reference = item.find(f"{_DEF}ValueListRef")
        if reference is not None:
            rows += list(_levels(values[reference.get("ValueListOID")], items, wheres))
        if rows:
            _check_variable_values(found, variable.name, rows, lists)


def _levels(
    value_list: _Element, items: dict[str, _Element], wheres: dict[str, _Element]
) -> Iterator[tuple[_Element, _Checks]]:
    for reference in value_list.iterfind(f"{_ODM}ItemRef"):
        clause = reference.find(f"{_DEF}WhereClauseRef")
        assert clause is not None
        checks = [
            (
                items[check.get(f"{_DEF}ItemOID", "")].get("Name", ""),
                check.get("Comparator", ""),
                [each.text or "" for each in check.iterfind(f"{_ODM}CheckValue")],
            )
            for check in wheres[clause.get("WhereClauseOID")].iterfind(f"{_ODM}RangeCheck")
        ]
        yield items[reference.get("ItemOID", "")], checks


def _lists(root: _Element) -> dict[str, set[str]]:
    """List -> its values; a list that only names an external dictionary is left out."""
    found = {}
    for each in root.iter(f"{_ODM}CodeList"):
        if each.find(f"{_ODM}ExternalCodeList") is None:
            found[each.get("OID")] = {child.get("CodedValue") for child in each if child.get("CodedValue")}
    return found


def _list_of(item: _Element) -> Any:
    reference = item.find(f"{_ODM}CodeListRef")
    return None if reference is None else reference.get("CodeListOID")


def _check_variable_values(found: Submitted, name: str, rows: _Rows, lists: dict[str, set[str]]) -> None:
    beside = sorted({variable for _, checks in rows for variable, _, _ in checks} - {name})
    data = found.records.select(name, *beside).drop_nulls(name).unique().collect(engine="streaming")
    if data[name].dtype != pl.String:
        data = data.with_columns(plain_numbers(data[name]))
    reached = pl.lit(value=all(not checks for _, checks in rows))
    for item, checks in rows:
        here = pl.all_horizontal(pl.lit(value=True), *(_holds(check) for check in checks))
        reached = reached | here if checks else reached
        listed = _list_of(item)
        if listed in lists:
            outside = data.filter(here, ~pl.col(name).is_in(sorted(lists[listed])))
            _agree(outside.is_empty(), "has a list that lacks a value of the file", item.get("OID"))
    _agree(data.filter(~reached).is_empty(), "does not describe every value of", f"{found.name}.{name}")


def _holds(check: tuple[str, str, list[str]]) -> pl.Expr:
    variable, comparator, values = check
    within = pl.col(variable).is_in(values).fill_null(value=False)
    return ~within if comparator == "NOTIN" else within
