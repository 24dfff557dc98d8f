"""How much a define.xml holds."""

from __future__ import annotations

from lxml import etree

from pipeline.emit.define.checking import DEF, ODM

_COUNTED = {
    "datasets": f".//{ODM}ItemGroupDef",
    "variables": f".//{ODM}ItemGroupDef/{ODM}ItemRef",
    "value-level rows": f".//{DEF}ValueListDef/{ODM}ItemRef",
    "codelists": f".//{ODM}CodeList",
    "methods": f".//{ODM}MethodDef",
    "formulas": f".//{ODM}MethodDef/{ODM}FormalExpression",
    "comments": f".//{DEF}CommentDef",
    "items with pages of the CRF": f".//{ODM}ItemDef/{DEF}Origin/{DEF}DocumentRef/{DEF}PDFPageRef",
}


def define_counts(document: bytes) -> dict[str, int]:
    """Parts of the document by what they are called for people."""
    root = etree.fromstring(document)
    return {name: len(root.findall(path)) for name, path in _COUNTED.items()}
