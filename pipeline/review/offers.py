"""The answers that the forms offer for each variable, whether or not anybody has given them yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.review.annotated_facts import RecordFacts, constant_facts
from pipeline.review.delivered import Delivered
from pipeline.review.terms import codes_of, map_of, spelled
from pipeline.review.usage_parts import item_rows, ticked_columns
from pipeline.specs.load import StudySpec, verb_of
from pipeline.specs.models import Dataset, Part, Verb

Offers = Mapping[str, tuple[tuple[RecordFacts, tuple[str, ...]], ...]]
_DERIVED, _CODED_RESULTS = "Derived", ("score", "term")


def offered_terms(spec: StudySpec, delivered: Delivered) -> Offers:
    """``DM.RACE`` or ``SUPPDM.QVAL`` -> the terms of its printed choices, with what their records have beside them.

    A choice that leaves the variable empty offers nothing, and so does a derived variable. Where the code gives a term
    that no choice says (an empty box of a serious event), the specification's ``also`` names it.
    """
    found: dict[str, list[tuple[RecordFacts, tuple[str, ...]]]] = {}
    for dataset in spec.datasets.values():
        for part in dataset.parts:
            for place, facts, terms in _of_part(spec, delivered, dataset, part):
                kept = tuple(dict.fromkeys(term for term in terms if term))
                if kept and (facts, kept) not in found.setdefault(place, []):
                    found[place].append((facts, kept))
    return {place: tuple(offers) for place, offers in found.items() if offers}


_Offer = tuple[str, RecordFacts, list[str | None]]


def _of_part(spec: StudySpec, delivered: Delivered, dataset: Dataset, part: Part) -> Iterator[_Offer]:
    name, facts = dataset.dataset, constant_facts(dataset, [part])
    for variable, rules in dataset.variables.items():
        if rules.origin != _DERIVED:
            terms = _chosen(spec, delivered, part, verb_of(dataset, part, variable), variable)
            yield f"{name}.{variable}", facts, [*terms, *rules.also] if terms else []
    for qualifier, supplement in dataset.supplements.items():
        if supplement.origin != _DERIVED:
            own = _chosen(spec, delivered, part, supplement, qualifier)
            made = [term for each in supplement.of for term in _ticked(spec, delivered, part, each)]
            yield f"SUPP{name}.QVAL", {"QNAM": (qualifier,)}, [*own, *made]
    yield from _items(spec, delivered, dataset, part)


def _chosen(spec: StudySpec, delivered: Delivered, part: Part, verb: Verb, variable: str) -> list[str | None]:
    """The terms that the verb makes of the answers, or the code of the map that is named like the variable."""
    if verb.const is not None:
        return [verb.const] if any(where.values for where in part.where) else []
    if verb.take is not None:
        taken = codes_of(delivered, part, verb.take)
        return [code.upper() if verb.upper else code for code in taken]
    if verb.code is not None:
        return _mapped(spec, verb.map, codes_of(delivered, part, verb.code), boxed=True)
    if verb.derived is None:
        return []
    columns = delivered[part.source].columns if part.source in delivered else {}
    codes = list(columns[variable].codes) if variable in columns else []
    return [*_ticked(spec, delivered, part, variable), *_mapped(spec, variable, codes)]


def _mapped(
    spec: StudySpec, codemap: str | None, codes: list[str], *, boxed: bool = False
) -> list[str | None]:
    """Terms of the codes; with ``boxed`` all terms of the map for a box to tick, which has no codes."""
    pairs = map_of(spec, codemap)
    return [pairs.get(code) for code in codes] or (list(pairs.values()) if boxed else [])


def _ticked(spec: StudySpec, delivered: Delivered, part: Part, variable: str) -> list[str | None]:
    columns = delivered[part.source].columns if part.source in delivered else {}
    return list(ticked_columns(spec, columns, variable).values())


def _items(spec: StudySpec, delivered: Delivered, dataset: Dataset, part: Part) -> Iterator[_Offer]:
    """The answers and printed units of each item, which its own facts tell from the others."""
    name = dataset.dataset
    for row in item_rows(spec, part):
        facts = {fact: (value,) for fact, value in row.items() if fact in dataset.variables and value}
        kind, _, codemap = (row.get("result") or "").partition(":")
        if kind in _CODED_RESULTS:
            codes = codes_of(delivered, part, row["column"] or "")
            yield f"{name}.{name}ORRES", facts, _mapped(spec, codemap, codes, boxed=True)
        units = spelled(spec, codes_of(delivered, part, row.get("unit_from") or ""))
        yield f"{name}.{name}ORRESU", facts, [*units]
