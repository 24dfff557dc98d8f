"""Which list the values of an item are drawn from: of the terminology, of the study, or of a dictionary."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from pipeline.emit.define.dictionaries import dictionary_list
from pipeline.emit.define.list_use import ListUse, slug
from pipeline.emit.submitted import ABBREVIATED, Submitted, SubmittedVariable, is_result
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec
from pipeline.specs.standard import Codelist
from pipeline.specs.terminology import permitted

NO_YES = "C66742"  # NY
DOMAINS = "C66734"  # DOMAIN
# Codelists of the CDISC terminology whose values are codes; NCI's preferred term tells what they mean.
CODED = frozenset({NO_YES, DOMAINS, "C66731"})  # NY, DOMAIN, SEX
_SHORT = 10  # a list of so many terms is shown whole for a variable without data
# Codes that several datasets share: the name of their list, and what people call it.
_ARMS = ("ARMCD", "Arm Code")
_SHARED = {
    "VISITNUM": ("VISITNUM", "Visit Number"),
    "ARMCD": _ARMS,
    "ACTARMCD": _ARMS,
    "ETCD": ("ETCD", "Element Code"),
}
_LONGEST_SLUG = 40


def lists_named(variable: SubmittedVariable) -> tuple[str, ...]:
    """NCI codes and sponsor names of the lists that the specification, or else SDTMIG, gives the variable."""
    if variable.name in ABBREVIATED:
        return (DOMAINS,)
    return variable.spec.codelist or variable.facts.codelists


def known_lists(spec: StudySpec, codes: Iterable[str]) -> list[Codelist]:
    """Those of ``codes`` that are lists of the pinned terminology."""
    return [spec.standard.codelists[code] for code in codes if code in spec.standard.codelists]


def whole_list(terms: Codelist, names: Mapping[str, str] | None = None) -> ListUse:
    """The list of the standard, shared by all items that use it."""
    return ListUse(f"CL.{terms.name}", terms.title, terms, names=names)


def part_list(
    terms: Codelist, values: tuple[str, ...], place: str, names: Mapping[str, str] | None = None
) -> ListUse:
    """Only ``values`` of the list, which name it; ``place`` names it where they would be too long."""
    joined = "-".join(slug(value) for value in values)
    told = len(joined) <= _LONGEST_SLUG
    return ListUse(
        f"CL.{terms.name}.{joined if told else place}",
        f"{terms.title} ({', '.join(values) if told else place})",
        terms,
        values,
        names,
    )


def codemap_list(
    spec: StudySpec, codemap: str, *, by_code: bool = False, title: str | None = None
) -> ListUse:
    """The terms of a codemap (``by_code``: its codes, named by the terms); NY where all of them are in NY.

    The study says what people call the list; else it has the name of the item that uses it, ``title``.
    """
    name = spec.study.list_names.get(codemap, title or codemap)
    pairs = {code: term for code, term in spec.codemap(codemap).items() if term}  # some codes mean no value
    no_yes = spec.standard.codelists.get(NO_YES)
    if no_yes and not by_code and set(pairs.values()) <= set(no_yes.terms):
        return part_list(no_yes, tuple(sorted(set(pairs.values()))), codemap)
    if by_code:
        return ListUse(f"CL.{codemap}.CODE", f"{name} (code)", collectable=tuple(pairs), names=pairs)
    return ListUse(f"CL.{codemap}", name, collectable=tuple(dict.fromkeys(pairs.values())))


def sponsor_list(submitted: Submitted, variable: SubmittedVariable, name: str) -> ListUse:
    """A list of the sponsor that holds the values which the records have."""
    label = variable.facts.label
    own = (name, label) if name.startswith(submitted.name) else (f"{name}.{submitted.name}", None)
    oid, title = _SHARED.get(name, own)
    return ListUse(f"CL.{oid}", title or f"{label} ({submitted.name})", names=variable.names)


def list_of(
    spec: StudySpec, submitted: Submitted, variable: SubmittedVariable, split: Collection[str]
) -> ListUse | None:
    """The one list of a variable whose lists do not depend on another variable; None if it has none.

    ``split`` are the codelists of which every variable shows its own part. Raises BuildFailed if a value is
    not in the codelist of the terminology that the variable has.
    """
    if variable.spec.dictionary:
        return dictionary_list(spec, variable.spec.dictionary, variable.shape.datatype)
    if terms := _terms_of(spec, submitted, variable):
        require_listed(spec, f"{submitted.name}.{variable.name}", variable.values, terms)
        values = _shown(spec, submitted, variable, terms)
        if values and (terms.code in split or not variable.has_data):
            return part_list(terms, values, f"{submitted.name}.{variable.name}", variable.names)
        return replace(whole_list(terms, variable.names), collectable=values)
    for code in () if is_result(submitted.name, variable.name) else lists_named(variable):
        mapped = code in set(spec.table("codemaps")["map"])
        title = variable.facts.label
        if mapped:
            return codemap_list(spec, code, title=title)
        return replace(sponsor_list(submitted, variable, code), collectable=tuple(sorted(variable.offered)))
    return sponsor_list(submitted, variable, variable.name) if variable.names else None


def split_lists(spec: StudySpec, found: Iterable[Submitted]) -> frozenset[str]:
    """Codelists of the terminology from which two variables of the package have different values."""
    parts: dict[str, set[tuple[str, ...]]] = {}
    for each in found:
        for variable in each.variables:
            terms = _terms_of(spec, each, variable)
            if terms and variable.has_data:
                parts.setdefault(terms.code, set()).add(_shown(spec, each, variable, terms))
    return frozenset(code for code, shown in parts.items() if len(shown) > 1)


def _terms_of(spec: StudySpec, submitted: Submitted, variable: SubmittedVariable) -> Codelist | None:
    """The codelist of the terminology that holds all values of the variable, if there is one."""
    if variable.spec.dictionary or is_result(submitted.name, variable.name):
        return None
    known = known_lists(spec, lists_named(variable))
    return known[0] if len(known) == 1 else None


def _shown(
    spec: StudySpec, submitted: Submitted, variable: SubmittedVariable, terms: Codelist
) -> tuple[str, ...]:
    """The values in the records or on the forms; all terms of a short list for a variable without data."""
    values = {*variable.values, *_collected(spec, submitted, variable, terms)}
    if not values and not variable.has_data and len(terms.terms) <= _SHORT:
        values = set(terms.terms)
    return tuple(sorted(values))


def _collected(
    spec: StudySpec, submitted: Submitted, variable: SubmittedVariable, terms: Codelist
) -> set[str]:
    """Terms of the list that the forms offer, whether or not a record has them yet."""
    verbs = [variable.spec, *(part.set.get(variable.name) for part in submitted.dataset.parts)]
    offered = {
        term for verb in verbs if verb and verb.map for term in spec.codemap(verb.map).values() if term
    }
    return {*(offered & set(terms.terms)), *with_offered(spec, terms, (), variable.offered)}


def with_offered(
    spec: StudySpec, terms: Codelist, values: Iterable[str], offered: Iterable[str]
) -> tuple[str, ...]:
    """The values and those offered answers that the list permits, in order."""
    return tuple(sorted({*values, *(set(offered) & permitted(spec, [terms]))}))


def require_listed(spec: StudySpec, what: str, values: Iterable[str], terms: Codelist) -> None:
    """Nothing, or BuildFailed if a value is neither a term of the codelist nor added to it by the study."""
    outside = set(values) - permitted(spec, [terms])
    if outside:
        culprit = f"{len(outside)} of its values are not in codelist {terms.code} ({terms.name})"
        fix = "correct them, or add them to the study's extensions of the codelist"
        raise BuildFailed(what, culprit, fix)
