"""What a finished define.xml says of the annotated CRF, and the formulas of its methods."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from pipeline.emit.define.checking import DEF, ODM, Element, agree
from pipeline.emit.define.crf_notes import is_annotated
from pipeline.emit.define.methods import CONTEXT
from pipeline.emit.define.papers import COLLECTED, CRF, ON_FORMS

_NAMING = ("TESTCD", ".QNAM")


def check_papers(root: Element, crf: Sequence[str] | None) -> None:
    """Nothing, or BuildFailed for an item that is written on a form and has no page, or one that is not there.

    A row for certain tests or qualifiers only has pages of which one of them is annotated; ``crf`` are the annotations
    by page, if they are known. Nothing too if the document names no annotated CRF: then no item has a page.
    """
    crf_pages, named = None if crf is None else len(crf), _named_values(root)
    annotated = root.find(f".//{DEF}AnnotatedCRF") is not None
    for item in root.iter(f"{ODM}ItemDef"):
        for origin in item.iterfind(f"{DEF}Origin"):
            pages = [page for each in _pages(origin) for page in each.split()]
            oid = item.get("OID")
            agree(all(_is_page(page, crf_pages) for page in pages), "points to a page that is not there", oid)
            for notes in [crf[int(page) - 1] for page in pages] if crf and oid in named else ():
                shown = any(is_annotated(notes, value) for value in named[oid])
                agree(shown, "points to a page that annotates none of its tests", oid)
            on_a_form = origin.get("Type") == COLLECTED and origin.get("Source") in ON_FORMS
            if annotated:
                agree(bool(pages) == on_a_form, "has no page of the CRF, or one without being on it", oid)


def _named_values(root: Element) -> dict[str, list[str]]:
    """Row of a value list -> the tests or qualifiers that it is for; a row that depends on neither is left out."""
    clauses = {clause.get("OID"): clause for clause in root.iter(f"{DEF}WhereClauseDef")}
    named: dict[str, list[str]] = {}
    for row in (row for values in root.iter(f"{DEF}ValueListDef") for row in values):
        clause = clauses.get(next(iter(row)).get("WhereClauseOID"))
        for check in () if clause is None else clause:
            if check.get(f"{DEF}ItemOID", "").endswith(_NAMING) and check.get("Comparator") != "NOTIN":
                named.setdefault(row.get("ItemOID"), []).extend(value.text or "" for value in check)
    return named


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
