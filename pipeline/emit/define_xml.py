"""define.xml as bytes: written by odmlib, set in lines, and valid against the schemas of Define-XML 2.1."""

from __future__ import annotations

from functools import lru_cache

from lxml import etree
from odmlib import ns_registry, schema_manager
from odmlib.define_2_1 import model as odm

from pipeline.errors import BuildFailed

FILE = "define.xml"
STYLESHEET = "define2-1.xsl"
NAMESPACES = {
    "odm": "http://www.cdisc.org/ns/odm/v1.3",
    "def": "http://www.cdisc.org/ns/def/v2.1",
    "xlink": "http://www.w3.org/1999/xlink",
}


def define_bytes(root: odm.ODM) -> bytes:
    """The document with a reference to the stylesheet beside it.

    Raises BuildFailed with the line of the first error if the schemas of Define-XML 2.1 do not accept it.
    """
    tree = _tree(root)
    etree.indent(tree, space="  ")
    style = etree.ProcessingInstruction("xml-stylesheet", f'type="text/xsl" href="{STYLESHEET}"')
    tree.addprevious(style)
    document = etree.tostring(tree.getroottree(), xml_declaration=True, encoding="UTF-8")
    require_valid(document)
    return bytes(document) + b"\n"


def _tree(root: odm.ODM) -> etree._Element:
    _register_namespaces()
    return etree.fromstring(root.to_xml_string().encode())


def _register_namespaces() -> None:
    """odmlib keeps its namespaces for the whole process, so they are set anew for each document."""
    ns_registry.NamespaceRegistry(prefix="odm", uri=NAMESPACES["odm"], is_default=True, is_reset=True)
    for prefix in ("def", "xlink"):
        ns_registry.NamespaceRegistry(prefix=prefix, uri=NAMESPACES[prefix])


@lru_cache(maxsize=1)
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(schema_manager.get_schema_path("define", "2.1")))


def require_valid(document: bytes) -> None:
    """Nothing, or BuildFailed with the line of the first error."""
    schema = _schema()
    if not schema.validate(etree.fromstring(document)):
        first = schema.error_log[0]
        raise BuildFailed(FILE, f"line {first.line} is not valid Define-XML 2.1 ({first.type_name})", first.path or "")
