"""Whether define.html shows everything: no empty table, no link into nothing."""

from __future__ import annotations

from typing import Any

from lxml import etree, html

from pipeline.emit.define.checking import DEF, XLINK
from pipeline.errors import BuildFailed

_FIX = "look at define.xml; do not release it"


def require_whole(name: str, page: bytes, document: bytes) -> None:
    """Nothing, or BuildFailed for a table without rows, an unresolved reference, or a link that leads nowhere.

    A link may lead to a place of the page, or to a document that a leaf of define.xml names.
    """
    root = html.fromstring(page)
    places = {*root.xpath("//@id"), *root.xpath("//a/@name")}
    files = {leaf.get(f"{XLINK}href") for leaf in etree.fromstring(document).iter(f"{DEF}leaf")}
    for link in root.xpath("//a/@href"):
        file, _, place = link.partition("#")
        known = file in files if file else place in places
        _require(known, name, f"has a link that leads nowhere ({link})")
    _require(not root.xpath("//*[@class='unresolved']"), name, "shows a reference that is not resolved")
    for table in root.iter("table"):
        rows = table.xpath(".//tr[not(th)]")
        _require(any(_told(row) for row in rows), name, f"has an empty table ({table.get('summary')})")


def _told(row: Any) -> bool:
    return bool(row.text_content().strip())


def _require(right: bool, name: str, culprit: str) -> None:
    if not right:
        raise BuildFailed(name, culprit, _FIX)
