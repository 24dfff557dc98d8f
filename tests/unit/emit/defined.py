"""A define.xml made from a few records, and how a test looks things up in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from lxml import etree

from pipeline.emit.define.check import check_define
from pipeline.emit.define.document import NAMESPACES, define_bytes
from pipeline.emit.define.model import define_model
from pipeline.emit.define.papers import Pages
from pipeline.emit.submitted import Submitted, submitted
from tests.unit.emit import submission_frames as sf

DEF = f"{{{NAMESPACES['def']}}}"
ODM = f"{{{NAMESPACES['odm']}}}"


def document(
    found: Sequence[Submitted],
    mode: str = "BLINDED",
    pages: Pages | None = None,
    *,
    guide: bool = False,
) -> bytes:
    facts = {"cut": sf.CUT, "mode": mode, "facts": sf.FACTS}
    return define_bytes(define_model(sf.study(), found, **facts, pages=pages or {}, guide=guide))


def checked(found: Sequence[Submitted], octets: bytes | None = None, crf: Sequence[str] | None = None) -> Any:
    """The document's root after the check, which refuses it if anything is wrong."""
    octets = document(found) if octets is None else octets
    members = [each.member(sf.datetime_of_cut()) for each in found]
    check_define(octets, members, found, crf=crf)
    return etree.fromstring(octets)


@cache
def all_found() -> tuple[Submitted, ...]:
    all_of_them = (submitted(sf.study(), name, rows) for name, rows in sf.package_records().items())
    return tuple(each for each in all_of_them if each is not None)


@cache
def whole() -> Any:
    return etree.fromstring(document(all_found()))


def many(path: str, root: Any = None) -> list[Any]:
    found: list[Any] = (whole() if root is None else root).xpath(path, namespaces=NAMESPACES)
    return found


def one(path: str, root: Any = None) -> Any:
    found = many(path, root)
    assert len(found) == 1, path
    return found[0]


def item(oid: str, root: Any = None) -> Any:
    return one(f"//odm:ItemDef[@OID='{oid}']", root)


def shape(oid: str, root: Any = None) -> list[Any]:
    return [item(oid, root).get(name) for name in ("DataType", "Length", "SignificantDigits")]


def origin(oid: str, root: Any = None) -> tuple[Any, Any]:
    found = one(f"//odm:ItemDef[@OID='{oid}']/def:Origin", root)
    return found.get("Type"), found.get("Source")


def values(oid: str, root: Any = None) -> list[Any]:
    return many(f"//odm:CodeList[@OID='{oid}']/*/@CodedValue", root)


def list_of(oid: str, root: Any = None) -> str:
    return str(one(f"//odm:ItemDef[@OID='{oid}']/odm:CodeListRef/@CodeListOID", root))


def condition(oid: str, root: Any = None) -> list[tuple[str, str, list[str]]]:
    """Variable, comparator and values of each check of a where clause."""
    return [
        (
            check.get(f"{DEF}ItemOID").rpartition(".")[2],
            check.get("Comparator"),
            [each.text for each in check],
        )
        for check in one(f"//def:WhereClauseDef[@OID='{oid}']", root)
    ]


def told(oid: str, root: Any = None) -> str:
    """The text of a comment or method."""
    return "".join(one(f"//*[@OID='{oid}']", root).itertext()).strip()
