"""Every term that can reach a dataset is in the pinned terminology or declared as an extension, and is needed."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

from pipeline.specs.models import Verb
from tests.consistency.references import FACTS, MODELS, SPEC, parts, verbs

CLOSED_AND_EXPLAINED = {("C74457", "MULTIPLE")}
NO_TERM = ("NULL",)


def codelists(dataset: str, variable: str) -> tuple[str, ...]:
    """Pinned codelists of a variable, the study's own choice before that of the standard."""
    told = (
        SPEC.dataset(dataset).variables[variable].codelist
        or SPEC.standard.variable(dataset, variable).codelists
    )
    return tuple(code for code in told if code in SPEC.standard.codelists)


def permitted(codes: tuple[str, ...]) -> set[str]:
    added = {value for each in SPEC.study.extensions if each.codelist in codes for value in each.values}
    return added.union(*(SPEC.standard.codelists[code].terms for code in codes))


def terms() -> Iterator[tuple[str, str, str]]:
    """(dataset, variable, term) of every constant, code map, lookup, item, test and unit."""
    for dataset, part in parts():
        for name, verb in verbs(dataset, part):
            if name in dataset.variables:
                yield from ((dataset.dataset, name, term) for term in _of_verb(verb) if term)
        if part.items:
            yield from _of_items(dataset.dataset, part.items, part.source)
    yield from _of_laboratory()
    for dataset in SPEC.datasets.values():
        if dataset.table:
            for name, variable in dataset.variables.items():
                if variable.take:
                    column = SPEC.table(dataset.table)[variable.take].drop_nulls()
                    yield from ((dataset.dataset, name, term) for term in column)


def _of_verb(verb: Verb) -> list[str | None]:
    if verb.map:
        return list(SPEC.codemap(verb.map).values())
    if verb.lookup:
        return SPEC.table(verb.lookup)[verb.give or ""].to_list()
    return [verb.const]


def _of_items(dataset: str, table: str, source: str) -> Iterator[tuple[str, str, str]]:
    rows = SPEC.table(table).filter(pl.col("source") == source)
    for name in rows.columns:
        if name in SPEC.dataset(dataset).variables:
            yield from ((dataset, name, term) for term in rows[name].drop_nulls())
    for result in rows["result"].unique():
        kind, _, codemap = result.partition(":")
        if kind == "term":
            yield from ((dataset, f"{dataset}STRESC", term) for term in SPEC.codemap(codemap).values())
    for column, suffix in (("unit", "ORRESU"), ("std_unit", "STRESU")):
        if column in rows.columns and f"{dataset}{suffix}" in SPEC.dataset(dataset).variables:
            yield from ((dataset, f"{dataset}{suffix}", unit) for unit in rows[column].drop_nulls())


def _of_laboratory() -> Iterator[tuple[str, str, str]]:
    facts = {
        "TESTCD": "TESTCD",
        "TEST": "TEST",
        "CAT": "CAT",
        "SPEC": "SPEC",
        "METHOD": "METHOD",
        "STRESU": "unit",
    }
    facts |= {"BDAGNT": "BDAGNT", "TSTOPO": "objective", "TSTDTL": "objective"}
    for row in SPEC.table("lab_tests").iter_rows(named=True):
        for suffix, column in facts.items():
            name = f"{row['dataset']}{suffix}"
            if row[column] and name in SPEC.dataset(row["dataset"]).variables:
                yield row["dataset"], name, row[column]
    for row in SPEC.table("result_terms").iter_rows(named=True):
        yield row["dataset"], f"{row['dataset']}STRESC", row["term"]
    for table in ("lab_units", "unit_spellings"):
        yield from (("LB", "LBORRESU", unit) for unit in SPEC.table(table)["unit"])
    yield from (("LB", "LBANMETH", method) for method in SPEC.table("lab_methods")["LBANMETH"])
    yield "LB", "LBTESTCD", SPEC.study.laboratory.panel_not_done
    yield "LB", "LBTEST", SPEC.study.laboratory.panel_name


TERMS = sorted(set(terms()))


def test_every_term_of_a_variable_with_a_codelist_is_in_it_or_declared() -> None:
    unknown = [
        (dataset, variable, term)
        for dataset, variable, term in TERMS
        if (codes := codelists(dataset, variable)) and term not in permitted(codes)
    ]
    assert unknown == []
    assert len(TERMS) > 400


@pytest.mark.parametrize("extension", SPEC.study.extensions, ids=lambda each: each.codelist)
def test_an_extension_is_needed_and_adds_to_a_list_that_may_grow(extension: object) -> None:
    codelist, values = extension.codelist, extension.values  # type: ignore[attr-defined]
    known = SPEC.standard.codelist(codelist)
    assert [value for value in values if value in known.terms] == []
    assert known.extensible or {(codelist, value) for value in values} <= CLOSED_AND_EXPLAINED
    reached = {term for dataset, variable, term in TERMS if codelist in codelists(dataset, variable)}
    assert sorted(set(values) - reached - {"MULTIPLE"}) == []
    assert extension.why  # type: ignore[attr-defined]


def test_tests_of_a_questionnaire_with_a_published_list_are_in_that_list() -> None:
    items = SPEC.table("qs_items").filter(pl.col("QSCAT") == "HAQ-DI WITH VAS")
    assert items.height == len(SPEC.standard.codelist("C106667").terms)
    assert set(items["QSTESTCD"]) == set(SPEC.standard.codelist("C106667").terms)
    assert set(items["QSTEST"]) == set(SPEC.standard.codelist("C106666").terms)


def test_short_names_and_labels_fit_the_transport_format() -> None:
    for dataset, variable, term in TERMS:
        if variable.endswith("TESTCD"):
            assert len(term) <= 8, (dataset, term)
            assert term[0].isalpha(), (dataset, term)
        if variable.endswith("TEST") and dataset != "TI" and variable != "IETEST":
            assert len(term) <= 40, (dataset, term)
    for dataset in SPEC.datasets.values():
        assert len(dataset.label) <= 40
        assert all(len(name) <= 8 for name in dataset.supplements)


def test_a_test_has_one_name_and_a_name_one_test() -> None:
    pairs = [
        ("lab_tests", "TESTCD", "TEST"),
        ("qs_items", "QSTESTCD", "QSTEST"),
        ("rs_items", "RSTESTCD", "RSTEST"),
    ]
    pairs += [("mk_items", "MKTESTCD", "MKTEST"), ("vs_items", "VSTESTCD", "VSTEST")]
    for table, code, name in pairs:
        known = SPEC.table(table).select(code, name).unique()
        assert known[code].n_unique() == known[name].n_unique() == known.height, table


def coded() -> Iterator[tuple[str, str, str, str]]:
    """(where, source, column, map) of every code map on a delivered column."""
    for dataset, part in parts():
        joined = {name: join.source for name, join in part.join.items()}
        for name, verb in verbs(dataset, part):
            if verb.code and verb.map:
                place, dot, rest = verb.code.partition(".")
                source, column = (joined[place], rest) if dot else (part.source, verb.code)
                yield f"{dataset.dataset}.{name}", source, column, verb.map
    yield "CM", "edc_cm", "CMDOSFRQ", "CMDOSFRQ"
    yield "CM", "edc_cmra", "CMREAS", "CMREAS"
    yield "LB", "edc_upt", "UPTRES", "UPTRES"


# What the code itself knows: the word for "another one, see the next field", and a test that failed.
KNOWN_TO_THE_CODE = {("CMDOSFRQ", "OTH"), ("CMREAS", "OTH"), ("UPTRES", SPEC.study.laboratory.local_invalid)}


@pytest.mark.parametrize(("where", "source", "column", "codemap"), sorted(set(coded())))
def test_a_code_map_knows_every_code_that_its_column_may_hold(
    where: str, source: str, column: str, codemap: str
) -> None:
    fact = FACTS[source][column]
    assert fact.codes, f"{where}: {column} has no codes"
    missing = (
        set(fact.codes) - set(SPEC.codemap(codemap)) - {c for name, c in KNOWN_TO_THE_CODE if name == column}
    )
    assert sorted(missing) == []


SCORED = {
    True: {"0", "1", "2", "3"},
    False: {"0", "1"},
}  # activities of the questionnaire, its boxes (design 3.3)


def test_an_item_list_knows_every_code_that_its_column_may_hold() -> None:
    for _, part in parts():
        for row in SPEC.table(part.items).iter_rows(named=True) if part.items else ():
            kind, _, codemap = row["result"].partition(":")
            if row["source"] != part.source or kind not in ("score", "term"):
                continue
            fact = FACTS[part.source][row["column"]]
            if fact.kind == "integer":
                assert set(SPEC.codemap(codemap)) == SCORED[row["role"] == "activity"], row["column"]
            else:
                assert set(fact.codes) - {part.undetermined} == set(SPEC.codemap(codemap)), row["column"]


def test_a_code_map_has_no_code_that_no_column_may_hold() -> None:
    known: dict[str, set[str]] = {}
    for _, source, column, codemap in coded():
        known.setdefault(codemap, set()).update(FACTS[source][column].codes)
    spare = [
        (name, code) for name, codes in known.items() for code in SPEC.codemap(name) if code not in codes
    ]
    assert spare == []


def test_a_map_has_one_term_a_code() -> None:
    keys = SPEC.table("codemaps").select("map", "code")
    assert keys.n_unique() == keys.height


def test_the_criteria_are_those_that_the_form_offers() -> None:
    assert set(SPEC.table("criteria")["IETESTCD"]) == set(FACTS["edc_ie"]["IETESTCD"].codes)


def test_disposition_terms_come_in_the_words_of_the_terminology() -> None:
    for column in ("DSTRTREAS", "DSEOSSTAT"):
        source = "edc_dstrt" if column == "DSTRTREAS" else "edc_dseos"
        assert set(FACTS[source][column].codes) <= set(SPEC.standard.codelist("C66727").terms)


def test_no_term_goes_to_a_source_that_is_not_delivered() -> None:
    assert {source for _, source, _, _ in coded()} <= set(MODELS)
