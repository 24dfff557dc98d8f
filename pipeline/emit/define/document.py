"""define.xml as bytes: written by odmlib, set in lines, and valid against the schemas of Define-XML 2.1."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lxml import etree
from odmlib import ns_registry, schema_manager
from odmlib.define_2_1 import model as odm

from pipeline.errors import BuildFailed

FILE = "define.xml"
STYLESHEET = "define2-1.xsl"
_PROLOGUE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    + f'<?xml-stylesheet type="text/xsl" href="{STYLESHEET}"?>\n'.encode()
)
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
    document = _PROLOGUE + bytes(etree.tostring(tree, encoding="UTF-8", xml_declaration=False)) + b"\n"
    require_valid(document)
    return document


def _tree(root: odm.ODM) -> Any:
    _register_namespaces()
    return etree.fromstring(root.to_xml_string().encode())


def _register_namespaces() -> None:
    """odmlib keeps its namespaces for the whole process, so they are set anew for each document."""
    register: Any = ns_registry.NamespaceRegistry
    register(prefix="odm", uri=NAMESPACES["odm"], is_default=True, is_reset=True)
    for prefix in ("def", "xlink"):
        register(prefix=prefix, uri=NAMESPACES[prefix])


@lru_cache(maxsize=1)
def _schema() -> Any:
    return etree.XMLSchema(etree.parse(schema_manager.get_schema_path("define", "2.1")))


def require_valid(document: bytes) -> None:
    """Nothing, or BuildFailed with the line of the first error."""
    schema = _schema()
    if not schema.validate(etree.fromstring(document)):
        first = schema.error_log[0]
        culprit = f"line {first.line} is not valid Define-XML 2.1 ({first.type_name})"
        raise BuildFailed(FILE, culprit, f"look at {first.path}")
