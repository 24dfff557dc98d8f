"""Codelists of a finished define.xml: where each comes from, and which of its values its standard lacks."""

from __future__ import annotations

from collections import Counter

from pipeline.emit.define.checking import DEF, ODM, Element, agree, agree_none

_CODE = "nci:ExtCodeID"


def check_lists(root: Element) -> None:
    """Nothing, or BuildFailed for a list without an origin, with a name, value or decode too many or too few, or
    with a value of which it is not said whether it is the standard's."""
    names = Counter(each.get("Name", "") for each in root.iter(f"{ODM}CodeList"))
    agree_none({name for name, count in names.items() if count > 1}, "has two lists of one name")
    for each in root.iter(f"{ODM}CodeList"):
        if each.find(f"{ODM}ExternalCodeList") is None:
            _check_list(each)


def _check_list(each: Element) -> None:
    oid, standard = each.get("OID"), each.get(f"{DEF}StandardOID") is not None
    agree(standard != (each.get(f"{DEF}IsNonStandard") == "Yes"), "does not say where its list is from", oid)
    agree(standard == _coded(each), "has a list without its code, or with the code of another", oid)
    values = [child for child in each if child.get("CodedValue") is not None]
    agree(bool(values), "has an empty list", oid)
    counted = Counter(child.get("CodedValue") for child in values)
    agree(max(counted.values()) == 1, "has a value of a list twice", oid)
    agree(len({child.tag for child in values}) == 1, "has a list that is decoded in part", oid)
    for child in values:
        extended = child.get(f"{DEF}ExtendedValue") == "Yes"
        agree(standard or not extended, "extends a list that is not the standard's", oid)
        agree(_coded(child) == (standard and not extended), "has an unmarked value beyond its standard", oid)
    marked = any(child.get(f"{DEF}ExtendedValue") == "Yes" for child in values)
    agree(not marked or each.get(f"{DEF}CommentOID") is not None, "extends a list without saying why", oid)


def _coded(element: Element) -> bool:
    return any(alias.get("Context") == _CODE for alias in element.iterfind(f"{ODM}Alias"))
