"""Compares a finished define.xml with itself and with the datasets beside it: what schemas cannot see.

Everything is read from the document's bytes again, so a mistake in making it cannot hide one in checking it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lxml import etree

from pipeline.emit.define.check_lists import check_lists
from pipeline.emit.define.check_papers import check_formulas, check_papers
from pipeline.emit.define.check_references import check_references
from pipeline.emit.define.check_values import check_values
from pipeline.emit.define.checking import DEF, ODM, XLINK, Element, agree, agree_none, items
from pipeline.emit.submitted import Submitted
from pipeline.emit.xpt.member import Column, Member

_NUMBERS = ("integer", "float")


def check_define(
    document: bytes,
    members: Sequence[Member],
    found: Sequence[Submitted],
    *,
    crf: Sequence[str] | None = None,
) -> None:
    """Nothing, or BuildFailed naming the first thing that does not agree; it never quotes a value.

    OIDs are unique, every reference resolves and every definition is used; datasets and variables are those
    of ``members`` in name, order, label, type and length; type, length and decimals are those of the records
    at both levels; every value of a listed item is in its list and every value of a value-listed variable is
    described; values outside a standard list are marked. Where there is an annotated CRF, everything written
    on a form has a page of it. ``crf`` are its annotations page by page: no page beyond them is named, and what
    depends on a test or qualifier only has pages that annotate it. Formulas are Python.
    """
    root = etree.fromstring(document)
    check_references(root)
    check_lists(root)
    check_papers(root, crf)
    check_formulas(root)
    _check_datasets(root, members)
    check_values(root, found)


def _check_datasets(root: Element, members: Sequence[Member]) -> None:
    groups = {group.get("Name"): group for group in root.iter(f"{ODM}ItemGroupDef")}
    known = items(root)
    differing = set(groups) ^ {member.name for member in members}
    agree_none(differing, "and the package do not have the same datasets")
    for member in members:
        group = groups[member.name]
        agree(_label(group) == member.label, "has another label than the file", member.name)
        agree(_file(group) == member.file_name, "names another file than the package has", member.name)
        references = _in_order(group)
        defined = [known[reference.get("ItemOID")] for reference in references]
        names = [item.get("Name") for item in defined]
        wanted = [column.name for column in member.columns]
        agree(names == wanted, "has other variables than the file", member.name)
        keys = sorted(int(each.get("KeySequence")) for each in references if each.get("KeySequence"))
        agree(
            keys == list(range(1, len(keys) + 1)) and bool(keys), "has no key, or one with gaps", member.name
        )
        for item, column in zip(defined, member.columns, strict=True):
            _check_variable(item, column)


def _in_order(group: Element) -> list[Element]:
    return sorted(group.iterfind(f"{ODM}ItemRef"), key=lambda each: int(each.get("OrderNumber")))


def _label(element: Element) -> Any:
    return element.findtext(f"{ODM}Description/{ODM}TranslatedText")


def _file(group: Element) -> Any:
    leaf = group.find(f"{DEF}leaf")
    return None if leaf is None else leaf.get(f"{XLINK}href")


def _check_variable(item: Element, column: Column) -> None:
    oid, kind = item.get("OID"), item.get("DataType")
    agree(_label(item) == column.label, "has another label than the file", oid)
    agree((kind in _NUMBERS) == (column.kind == "Num"), "has another type than the file", oid)
    if kind == "text":
        agree(item.get("Length") == str(column.length), "has another length than the file", oid)
