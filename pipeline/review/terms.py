"""Terms that the specification can send into a variable with a codelist, and which of them the codelist permits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.errors import SpecError
from pipeline.review.delivered import Delivered
from pipeline.review.usage_parts import item_rows, located, verb_columns
from pipeline.specs.load import StudySpec, verb_of
from pipeline.specs.models import Dataset, Part, Verb
from pipeline.specs.standard import Codelist, VariableFacts
from pipeline.specs.terminology import permitted

# A standard result is in a codelist only where it is a word: not a number, a censored number or a range of counts.
_MEASURED = re.compile(r"[<>]?=? ?[+-]?[0-9.]+([eE][+-]?[0-9]+)?(-[0-9]+)?")
_CATALOGUE, _RESULT_TERMS = "lab_tests", "result_terms"
_SPELLED_OUT = {"objective": ("TSTOPO", "TSTDTL"), "unit": ("ORRESU", "STRESU"), "normal": ("STNRC",)}
_CODED_RESULTS = ("score", "term")


@dataclass(frozen=True)
class Flow:
    """``terms`` that reach ``dataset.variable``, and the ``place`` in the specification that sends them."""

    dataset: str
    variable: str
    terms: tuple[str, ...]
    place: str


def facts_of(spec: StudySpec, dataset: str, variable: str) -> VariableFacts | None:
    """The standard's facts; None if the standard has no such variable."""
    try:
        return spec.standard.variable(dataset, variable)
    except SpecError:
        return None


def lists_of(spec: StudySpec, dataset: str, variable: str) -> tuple[Codelist, ...]:
    """Codelists of the terminology that the variable has: those of the specification before those of SDTMIG."""
    named = spec.dataset(dataset).variables[variable].codelist
    facts = facts_of(spec, dataset, variable)
    codes = named or (facts.codelists if facts else ())
    return tuple(spec.standard.codelists[code] for code in codes if code in spec.standard.codelists)


def outside(spec: StudySpec, flow: Flow) -> list[str]:
    """Terms of ``flow`` that the variable's codelists do not permit, sorted; [] for a variable without a codelist."""
    lists, facts = lists_of(spec, flow.dataset, flow.variable), facts_of(spec, flow.dataset, flow.variable)
    if not lists or facts is None or facts.type != "Char":
        return []
    wrong = set(flow.terms) - permitted(spec, lists)
    if flow.variable.endswith("STRESC"):
        wrong = {term for term in wrong if not _MEASURED.fullmatch(term)}
    return sorted(wrong)


def flows(spec: StudySpec, delivered: Delivered) -> list[Flow]:
    """Every flow of terms into a variable of a dataset, each once, in the order of the specification."""
    found = [flow for dataset in spec.datasets.values() for flow in _dataset_flows(spec, delivered, dataset)]
    listed = [flow for flow in found if flow.terms and flow.variable in spec.dataset(flow.dataset).variables]
    return list(dict.fromkeys(listed))


def _dataset_flows(spec: StudySpec, delivered: Delivered, dataset: Dataset) -> Iterator[Flow]:
    for part in dataset.parts:
        for name in dataset.variables:
            yield from _verb_flow(spec, delivered, dataset, part, name)
        yield from _item_flows(spec, delivered, dataset, part)
    for name, verb in dataset.variables.items():
        if not dataset.parts:
            yield from _table_flow(spec, dataset, name, verb)
        if verb.derived is not None or not any(verb_columns(verb)):
            yield from _namesake_flows(spec, dataset, name)
    if dataset.build == "laboratory":
        yield from _catalogue_flows(spec, dataset)
    if "EPOCH" in dataset.variables and dataset.table is None:
        epochs = tuple(dict.fromkeys(each.epoch for each in spec.study.reference.elements))
        yield Flow(dataset.dataset, "EPOCH", epochs, "study.yaml elements")


def _verb_flow(
    spec: StudySpec, delivered: Delivered, dataset: Dataset, part: Part, name: str
) -> Iterator[Flow]:
    verb, place = verb_of(dataset, part, name), f"{dataset.dataset.lower()}.yaml {name}"
    if verb.const is not None:
        yield Flow(dataset.dataset, name, (verb.const,), place)
    elif verb.take is not None:
        taken = tuple(codes_of(delivered, part, verb.take))
        terms = tuple(code.upper() for code in taken) if verb.upper else taken
        yield Flow(dataset.dataset, name, terms, f"{place} from {verb.take}")
    elif verb.code is not None:
        yield Flow(
            dataset.dataset, name, _filled(map_of(spec, verb.map).values()), f"codemaps.csv {verb.map}"
        )
    elif verb.lookup is not None:
        terms = _column(spec, verb.lookup, verb.give or "")
        yield Flow(dataset.dataset, name, terms, f"{verb.lookup}.csv {verb.give}")


def _table_flow(spec: StudySpec, dataset: Dataset, name: str, verb: Verb) -> Iterator[Flow]:
    """Datasets that are a table of the study, and constants of datasets without parts."""
    if verb.const is not None:
        yield Flow(dataset.dataset, name, (verb.const,), f"{dataset.dataset.lower()}.yaml {name}")
    elif verb.take is not None and dataset.table is not None:
        yield Flow(
            dataset.dataset, name, _column(spec, dataset.table, verb.take), f"{dataset.table}.csv {verb.take}"
        )


def _namesake_flows(spec: StudySpec, dataset: Dataset, name: str) -> Iterator[Flow]:
    """A derived variable draws its terms from the map of its name, and from tables with a column of its name."""
    yield Flow(dataset.dataset, name, _filled(map_of(spec, name).values()), f"codemaps.csv {name}")
    items = {part.items for part in dataset.parts}
    for table, rows in spec.tables.items():
        if name.startswith(dataset.dataset) and name in rows.columns and table not in items:
            yield Flow(dataset.dataset, name, _column(spec, table, name), f"{table}.csv {name}")


def _item_flows(spec: StudySpec, delivered: Delivered, dataset: Dataset, part: Part) -> Iterator[Flow]:
    prefix, place = dataset.dataset, f"{part.items}.csv"
    for item in item_rows(spec, part):
        for fact, value in item.items():
            if value is not None and fact in dataset.variables:
                yield Flow(prefix, fact, (value,), f"{place} {fact}")
        kind, _, codemap = (item.get("result") or "").partition(":")
        if kind in _CODED_RESULTS:
            pairs = map_of(spec, codemap)
            yield Flow(prefix, f"{prefix}ORRES", _filled(pairs.values()), f"codemaps.csv {codemap}")
            standard = pairs if kind == "score" else pairs.values()
            yield Flow(prefix, f"{prefix}STRESC", _filled(standard), f"codemaps.csv {codemap}")
        given = spelled(spec, codes_of(delivered, part, item.get("unit_from") or ""))
        yield Flow(prefix, f"{prefix}ORRESU", _filled([item.get("unit"), *given]), f"{place} unit")
        yield Flow(prefix, f"{prefix}STRESU", _filled([item.get("std_unit")]), f"{place} std_unit")


def _catalogue_flows(spec: StudySpec, dataset: Dataset) -> Iterator[Flow]:
    """The laboratory's test catalogue, units, result words, formulas, and the whole-panel record."""
    prefix, roles = dataset.dataset, spec.study.laboratory
    tests = [row for row in spec.table(_CATALOGUE).iter_rows(named=True) if row["dataset"] == prefix]
    for fact in spec.table(_CATALOGUE).columns:
        for suffix in _SPELLED_OUT.get(fact, (fact,)):
            yield Flow(
                prefix, f"{prefix}{suffix}", _filled(row[fact] for row in tests), f"{_CATALOGUE}.csv {fact}"
            )
    codes = {row["TESTCD"] for row in tests}
    units = [row["unit"] for row in spec.table("lab_units").iter_rows(named=True) if row["TESTCD"] in codes]
    yield Flow(prefix, f"{prefix}ORRESU", _filled(units), "lab_units.csv unit")
    words = [
        row["term"] for row in spec.table(_RESULT_TERMS).iter_rows(named=True) if row["dataset"] == prefix
    ]
    yield Flow(prefix, f"{prefix}STRESC", _filled(words), f"{_RESULT_TERMS}.csv term")
    yield Flow(
        prefix, f"{prefix}ANMETH", _column(spec, "lab_methods", "LBANMETH"), "lab_methods.csv LBANMETH"
    )
    if roles.form in dataset.sources:
        yield Flow(prefix, f"{prefix}TESTCD", (roles.panel_not_done,), "study.yaml laboratory.panel_not_done")
        yield Flow(prefix, f"{prefix}TEST", (roles.panel_name,), "study.yaml laboratory.panel_name")


def codes_of(delivered: Delivered, part: Part, column: str) -> list[str]:
    """Codes that the sender may deliver in a column for rows of the part; [] for a column without codes."""
    source, name = located(part, column)
    found = delivered[source].columns.get(name) if source in delivered else None
    codes = list(found.codes) if found else []
    for where in part.where:
        if where.column == column:
            codes = [
                c for c in codes if (c in where.values or not where.values) and c not in where.other_than
            ]
    return codes


def map_of(spec: StudySpec, codemap: str | None) -> dict[str, str | None]:
    """Code -> term of a map in its order, None where a code leaves the variable empty; {} if there is no such map."""
    rows = spec.table("codemaps")
    return dict(rows.filter(rows["map"] == (codemap or "")).select("code", "term").iter_rows())


def spelled(spec: StudySpec, units: Iterable[str]) -> list[str]:
    """Units in the spelling of the terminology, where the study knows one."""
    rows = spec.tables.get("unit_spellings")
    known = {} if rows is None else dict(rows.select("spelling", "unit").iter_rows())
    return [known.get(unit, unit) for unit in units]


def _filled(terms: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(term for term in terms if term is not None))


def _column(spec: StudySpec, table: str, column: str) -> tuple[str, ...]:
    rows = spec.tables.get(table)
    return () if rows is None or column not in rows.columns else _filled(rows[column].to_list())
