"""What a define.xml that somebody has written links to: its datasets and documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from pipeline.emit.define.document import NAMESPACES

_ODM, _DEF = (f"{{{NAMESPACES[prefix]}}}" for prefix in ("odm", "def"))
_HREF = f"{{{NAMESPACES['xlink']}}}href"


@dataclass(frozen=True)
class Links:
    """Dataset -> file ("" if it names none), and the other files, sorted."""

    datasets: Mapping[str, str]
    documents: tuple[str, ...]


def links_of(document: bytes) -> Links | None:
    """The links of ``document``; None if it is no XML. The stylesheet counts as a document."""
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError:
        return None
    datasets = {}
    for group in root.iter(f"{_ODM}ItemGroupDef"):
        leaf = group.find(f"{_DEF}leaf")
        datasets[group.get("Name", "")] = "" if leaf is None else leaf.get(_HREF, "")
    every = {leaf.get(_HREF, "") for leaf in root.iter(f"{_DEF}leaf")}
    styles = {style.get("href") or "" for style in root.xpath("preceding-sibling::processing-instruction()")}
    return Links(datasets, tuple(sorted((every - set(datasets.values()) | styles) - {""})))
