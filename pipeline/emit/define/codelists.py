"""The codelists of define.xml: each once, with the values that the records have or the study collects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from odmlib.define_2_1 import model as odm

from pipeline.emit.define.list_use import ListUse
from pipeline.emit.define.lists import CODED
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec

TERMINOLOGY = "STD.CT"
_CODE = "nci:ExtCodeID"


@dataclass
class _Entry:
    use: ListUse
    datatype: str
    values: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)


class CodeLists:
    """Collects the lists while items are described; the order of collecting does not matter."""

    def __init__(self, spec: StudySpec) -> None:
        self._spec = spec
        self._entries: dict[str, _Entry] = {}

    def use(self, listed: ListUse, datatype: str, values: Iterable[str]) -> None:
        """Adds ``values`` to the list. Raises BuildFailed if a value is named in two ways, or two lists are."""
        entry = self._entries.setdefault(listed.oid, _Entry(listed, datatype))
        if (entry.use.terms, entry.use.dictionary) != (listed.terms, listed.dictionary):
            fix = "rename the codemap of the study"
            raise BuildFailed(listed.oid, "is a list of the study and one of the standard", fix)
        if "float" in (datatype, entry.datatype):
            entry.datatype = "float"
        entry.values |= {*values, *listed.collectable}
        for value, name in (listed.names or {}).items():
            if value in entry.values and entry.names.setdefault(value, name) != name:
                fix = "give it one name in all datasets"
                raise BuildFailed(listed.oid, "a value has different names in two datasets", fix)

    def __contains__(self, oid: object) -> bool:
        """Whether the list has anything to show: a list without values is not in define.xml."""
        entry = self._entries.get(str(oid))
        return entry is not None and bool(entry.values or entry.use.dictionary)

    def extensions(self) -> dict[str, str]:
        """List -> why the study uses a value that its codelist of the standard lacks."""
        told = {}
        for oid, entry in sorted(self._entries.items()):
            if entry.use.terms is None:
                continue
            outside = entry.values - set(entry.use.terms.terms)
            added = [e for e in self._spec.study.extensions if e.codelist == entry.use.terms.code]
            reasons = [each.why for each in added if outside & set(each.values)]
            if reasons:
                told[oid] = "; ".join(dict.fromkeys(reasons))
        return told

    def elements(self, comments: Mapping[str, str]) -> list[odm.CodeList]:
        """The lists in order of their OIDs; ``comments`` maps a list to the OID of its comment."""
        shown = [each for each in sorted(self._entries.items()) if each[0] in self]
        return [_element(entry, comments.get(oid)) for oid, entry in shown]


def _element(entry: _Entry, comment: str | None) -> odm.CodeList:
    use = entry.use
    element = odm.CodeList(OID=use.oid, Name=use.name, DataType=entry.datatype)
    if use.dictionary:
        name, version = use.dictionary
        facts = {"Dictionary": name} | ({"Version": version} if version else {})
        element.ExternalCodeList = odm.ExternalCodeList(**facts)
        return element
    if use.terms:
        element.StandardOID = TERMINOLOGY
        element.Alias = [odm.Alias(Context=_CODE, Name=use.terms.code)]
    else:
        element.IsNonStandard = "Yes"
    if comment:
        element.CommentOID = comment
    named = bool(entry.names) or (use.terms is not None and use.terms.code in CODED)
    for number, value in enumerate(sorted(entry.values, key=_in_order), start=1):
        told: dict[str, Any] = {"CodedValue": value, "OrderNumber": number, **_standing(entry, value)}
        if named:
            element.CodeListItem.append(odm.CodeListItem(**told, Decode=_decode(entry, value)))
        else:
            element.EnumeratedItem.append(odm.EnumeratedItem(**told))
    return element


def _in_order(value: str) -> tuple[bool, Decimal, str]:
    """Numbers by size, then texts by their characters."""
    try:
        return False, Decimal(value), value
    except InvalidOperation:
        return True, Decimal(0), value


def _decode(entry: _Entry, value: str) -> odm.Decode:
    terms = entry.use.terms
    meaning = terms.terms[value].decode if terms and value in terms.terms else value
    text = odm.TranslatedText(_content=entry.names.get(value, meaning), lang="en")
    return odm.Decode(TranslatedText=[text])


def _standing(entry: _Entry, value: str) -> dict[str, Any]:
    """The NCI code of a term of the standard, or the mark of a value that extends its list."""
    terms = entry.use.terms
    if terms is None:
        return {}
    if value in terms.terms:
        return {"Alias": [odm.Alias(Context=_CODE, Name=terms.terms[value].code)]}
    return {"ExtendedValue": "Yes"}
