"""OIDs of a finished define.xml: each once, each found, each used."""

from __future__ import annotations

from collections import Counter

from lxml import etree

from pipeline.emit.define.checking import DEF, ODM, Element, agree_none

# Attribute that refers -> element that it refers to, and the attribute that identifies it there.
_REFERENCES = {
    "ItemOID": (f"{ODM}ItemDef", "OID"),
    f"{DEF}ItemOID": (f"{ODM}ItemDef", "OID"),
    "MethodOID": (f"{ODM}MethodDef", "OID"),
    "CodeListOID": (f"{ODM}CodeList", "OID"),
    f"{DEF}CommentOID": (f"{DEF}CommentDef", "OID"),
    "ValueListOID": (f"{DEF}ValueListDef", "OID"),
    "WhereClauseOID": (f"{DEF}WhereClauseDef", "OID"),
    f"{DEF}StandardOID": (f"{DEF}Standard", "OID"),
    f"{DEF}ArchiveLocationID": (f"{DEF}leaf", "ID"),
    "leafID": (f"{DEF}leaf", "ID"),
}
_UNUSED = f"{DEF}Standard"  # a standard may be followed without being named again


def check_references(root: Element) -> None:
    """Nothing, or BuildFailed for an OID that is there twice, refers to nothing or is referred to by nothing."""
    wanted: dict[str, set[str]] = {}
    for element in root.iter(etree.Element):
        for attribute, (kind, _) in _REFERENCES.items():
            if value := element.get(attribute):
                wanted.setdefault(kind, set()).add(value)
    for kind, identity in dict.fromkeys(_REFERENCES.values()):
        known = Counter(element.get(identity) for element in root.iter(kind))
        name, used = etree.QName(kind).localname, wanted.get(kind, set())
        agree_none(used - set(known), f"refers to a {name} that is not there")
        agree_none({oid for oid, count in known.items() if count > 1}, f"has a {name} twice")
        if kind != _UNUSED:
            agree_none(set(known) - used, f"has a {name} that nothing refers to")
    everything = Counter(
        oid for each in root.iter(etree.Element) if (oid := each.get("OID") or each.get("ID"))
    )
    agree_none({oid for oid, count in everything.items() if count > 1}, "has an OID twice")
