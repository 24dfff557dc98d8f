"""What a finished define.xml says of the annotated CRF, and the formulas of its methods."""

from __future__ import annotations

import ast

from pipeline.emit.define.checking import DEF, ODM, Element, agree
from pipeline.emit.define.methods import CONTEXT
from pipeline.emit.define.papers import COLLECTED, CRF, ON_FORMS


def check_papers(root: Element, crf_pages: int | None) -> None:
    """Nothing, or BuildFailed for an item that is written on a form and has no page, or one that is not there.

    Nothing too if the document names no annotated CRF: then no item has a page.
    """
    annotated = root.find(f".//{DEF}AnnotatedCRF") is not None
    for item in root.iter(f"{ODM}ItemDef"):
        for origin in item.iterfind(f"{DEF}Origin"):
            pages = [page for each in _pages(origin) for page in each.split()]
            oid = item.get("OID")
            agree(all(_is_page(page, crf_pages) for page in pages), "points to a page that is not there", oid)
            on_a_form = origin.get("Type") == COLLECTED and origin.get("Source") in ON_FORMS
            if annotated:
                agree(bool(pages) == on_a_form, "has no page of the CRF, or one without being on it", oid)


def _pages(origin: Element) -> list[str]:
    documents = (each for each in origin.iterfind(f"{DEF}DocumentRef") if each.get("leafID") == CRF)
    return [each.get("PageRefs", "") for document in documents for each in document]


def _is_page(text: str, last: int | None) -> bool:
    return text.isascii() and text.isdigit() and int(text) >= 1 and (last is None or int(text) <= last)


def check_formulas(root: Element) -> None:
    """Nothing, or BuildFailed for a formula that is no Python."""
    for method in root.iter(f"{ODM}MethodDef"):
        for formula in method.iterfind(f"{ODM}FormalExpression"):
            right = formula.get("Context") == CONTEXT and _is_python(formula.text or "")
            agree(right, "has a formula that is no Python", method.get("OID"))


def _is_python(text: str) -> bool:
    try:
        return bool(ast.parse(text).body)
    except SyntaxError:
        return False
