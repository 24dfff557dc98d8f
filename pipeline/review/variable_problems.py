"""Variables against the standard and against themselves: known, complete, and filled by somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.review.problem import Problem
from pipeline.review.terms import facts_of
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Dataset, Verb
from pipeline.specs.standard import SUPPLEMENTAL

_VERBS = ("const", "take", "code", "lookup", "date", "derived", "empty")
_NECESSARY = {"Req": "required", "Exp": "expected"}
_QNAM = re.compile(r"[A-Z_][A-Z0-9_]{0,7}")  # SDTMIG: a name that can become a variable of a transport file
_NCI_CODE = re.compile(r"C[0-9]+")


def variable_problems(spec: StudySpec) -> Iterator[Problem]:
    """Problems of every dataset, in the order of the study."""
    for name, dataset in spec.datasets.items():
        yield from _names(spec, name, dataset)
        yield from _missing(spec, name, dataset)
        yield from _unfilled(name, dataset)
        yield from _items(spec, name, dataset)


def _names(spec: StudySpec, name: str, dataset: Dataset) -> Iterator[Problem]:
    for variable, facts in dataset.variables.items():
        if facts_of(spec, name, variable) is None:
            yield Problem("variable", f"{name}.{variable}", "is not a variable of SDTMIG", "check the name")
        for code in facts.codelist:
            if _NCI_CODE.fullmatch(code) and code not in spec.standard.codelists:
                what = f"has codelist {code}, which is not in the terminology of the study"
                yield Problem("codelist", f"{name}.{variable}", what, "correct it, or run 'sdtm standard'")
    for qualifier in dataset.supplements:
        if not _QNAM.fullmatch(qualifier):
            yield Problem(
                "variable", f"SUPP{name}.{qualifier}", "is no name of a qualifier", "at most 8 of A-Z, 0-9, _"
            )
    if dataset.supplements and f"SUPP{name}" not in spec.datasets:
        what = f"has {len(dataset.supplements)} qualifiers, but the study has no SUPP{name}"
        yield Problem("variable", name, what, f"add SUPP{name} to the datasets of study.yaml")


def _missing(spec: StudySpec, name: str, dataset: Dataset) -> Iterator[Problem]:
    """Variables that SDTMIG requires or expects and the dataset does not have."""
    family = SUPPLEMENTAL if name.startswith("SUPP") else name
    for (owner, variable), facts in spec.standard.variables.items():
        if owner == family and facts.core in _NECESSARY and variable not in dataset.variables:
            what = f"is {_NECESSARY[facts.core]} by SDTMIG and is not in the dataset"
            yield Problem(
                "variable", f"{name}.{variable}", what, "add it; say 'empty' and why if it has no value"
            )


def _unfilled(name: str, dataset: Dataset) -> Iterator[Problem]:
    for variable, verb in dataset.variables.items():
        if not _says(verb) and not any(
            _says(part.set[variable]) for part in dataset.parts if variable in part.set
        ):
            what = "has no verb, neither in the dataset nor in a part"
            yield Problem("variable", f"{name}.{variable}", what, "say how it is filled")
    for part in dataset.parts:
        for variable in part.set:
            if variable not in dataset.variables:
                what = f"is set for {part.source}, but is not a variable of the dataset"
                yield Problem("variable", f"{name}.{variable}", what, "add it to the variables, or remove it")


def _items(spec: StudySpec, name: str, dataset: Dataset) -> Iterator[Problem]:
    """Rows of an items table that no part of any dataset unfolds would silently be left out."""
    tables = dict.fromkeys(part.items for part in dataset.parts if part.items)
    for table in tables:
        unfolded = {
            part.source for each in spec.datasets.values() for part in each.parts if part.items == table
        }
        known = dict.fromkeys(spec.table(table)["source"].to_list()) if table in spec.tables else {}
        for source in known:
            if source not in unfolded:
                what = f"has items of {source}, which no part of {name} reads"
                yield Problem("items", f"{table}.csv", what, "add the part, or remove the rows")


def _says(verb: Verb) -> bool:
    return any(getattr(verb, each) is not None for each in _VERBS)
