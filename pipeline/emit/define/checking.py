"""What the checks of a finished define.xml share: its names, look-ups in it, and how it fails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.emit.define.document import FILE, NAMESPACES
from pipeline.errors import BuildFailed

ODM, DEF, XLINK = (f"{{{NAMESPACES[prefix]}}}" for prefix in ("odm", "def", "xlink"))
Element = Any  # lxml keeps the name of its class private
_BUG = "the document is not what it should be; do not release it"


def agree(right: bool, culprit: str, *oids: str | None) -> None:
    """Nothing if ``right``, else BuildFailed that names the first of ``oids``."""
    if not right:
        raise BuildFailed(FILE, f"{culprit}: {oids[0]}" if oids else culprit, _BUG)


def agree_none(oids: Iterable[str], culprit: str) -> None:
    """Nothing if there are no ``oids``, else BuildFailed that names the first in order."""
    found = sorted(oids)
    agree(not found, culprit, *found)


def items(root: Element) -> dict[str, Element]:
    """OID -> ItemDef."""
    return {item.get("OID", ""): item for item in root.iter(f"{ODM}ItemDef")}


def list_of(item: Element) -> Any:
    """OID of the codelist of an item; None if it has none."""
    reference = item.find(f"{ODM}CodeListRef")
    return None if reference is None else reference.get("CodeListOID")
