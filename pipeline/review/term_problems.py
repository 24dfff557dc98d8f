"""Terms against the terminology, collected codes against their maps, and extensions against their codelists."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.review.delivered import Delivered
from pipeline.review.problem import Problem
from pipeline.review.terms import codes_of, flows, lists_of, map_of, outside
from pipeline.review.usage_parts import item_rows
from pipeline.specs.load import StudySpec, verb_of
from pipeline.specs.models import Dataset, Extension, Part, Verb
from pipeline.specs.standard import Codelist


def term_problems(spec: StudySpec, delivered: Delivered) -> Iterator[Problem]:
    """Terms that can reach a variable although its codelist does not permit them."""
    for flow in flows(spec, delivered):
        for term in outside(spec, flow):
            lists = lists_of(spec, flow.dataset, flow.variable)
            named = ", ".join(f"{each.code} {each.name}" for each in lists)
            extensible = any(each.extensible for each in lists)
            fix = "use a term of the list" + (
                ", or declare an extension in study.yaml" if extensible else " (it is closed)"
            )
            what = f"sends {term!r} to {flow.dataset}.{flow.variable}, which is not in {named}"
            yield Problem("term", flow.place, what, fix)


def code_problems(spec: StudySpec, delivered: Delivered) -> Iterator[Problem]:
    """Codes that the sender may deliver and that the map of their variable lacks: their rows would be set aside."""
    for name, dataset in spec.datasets.items():
        for part in dataset.parts:
            for variable, verb in _verbs(dataset, part).items():
                if verb.code is not None:
                    missing = [
                        c for c in codes_of(delivered, part, verb.code) if c not in map_of(spec, verb.map)
                    ]
                    yield from _unmapped(
                        part.source, verb.code, f"{name}.{variable}", verb.map or "", missing
                    )
            yield from _item_codes(spec, delivered, dataset, part)


def _verbs(dataset: Dataset, part: Part) -> dict[str, Verb]:
    return {name: verb_of(dataset, part, name) for name in dataset.variables} | dict(dataset.supplements)


def _item_codes(spec: StudySpec, delivered: Delivered, dataset: Dataset, part: Part) -> Iterator[Problem]:
    for item in item_rows(spec, part):
        kind, _, codemap = (item.get("result") or "").partition(":")
        column = item["column"] or ""
        if kind in ("term", "score"):
            known = {*map_of(spec, codemap), part.undetermined}
            missing = [code for code in codes_of(delivered, part, column) if code not in known]
            yield from _unmapped(
                part.source, column, f"{dataset.dataset}.{dataset.dataset}ORRES", codemap, missing
            )


def _unmapped(source: str, column: str, target: str, codemap: str, missing: list[str]) -> Iterator[Problem]:
    if missing:
        what = f"may hold {', '.join(missing)}, which map {codemap} of {target} does not know"
        yield Problem("code", f"{source}.{column}", what, f"add it to {codemap} in codemaps.csv")


def extension_problems(spec: StudySpec) -> Iterator[Problem]:
    """Extensions without a reason, of unknown or unused codelists, or of values that the codelist has already."""
    used = {
        each.code
        for name, dataset in spec.datasets.items()
        for variable in dataset.variables
        for each in lists_of(spec, name, variable)
    }
    for extension in spec.study.extensions:
        yield from _extension(extension, spec.standard.codelists.get(extension.codelist), used)


def _extension(extension: Extension, terms: Codelist | None, used: set[str]) -> Iterator[Problem]:
    place = f"study.yaml extension of {extension.codelist}"
    if terms is None:
        yield Problem("extension", place, "the terminology has no such codelist", "correct the code")
        return
    if not extension.why.strip():
        kind = "an extensible" if terms.extensible else "a closed"
        yield Problem("extension", place, f"adds to {kind} codelist without a reason", "say why")
    if extension.codelist not in used:
        yield Problem("extension", place, "no variable of the study has this codelist", "remove it")
    if there := [value for value in extension.values if value in terms.terms]:
        yield Problem(
            "extension", place, f"{', '.join(there)} is in the codelist already", "remove the value"
        )


def closed_extensions(spec: StudySpec) -> list[Extension]:
    """Extensions of closed codelists, which a reviewer will ask about."""
    lists = spec.standard.codelists
    return [e for e in spec.study.extensions if e.codelist in lists and not lists[e.codelist].extensible]
