"""The real specification and its delivered columns, and ways to spoil one thing in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from pipeline.contracts.catalog import contract_models
from pipeline.flow.delivered import delivered_sources
from pipeline.review.completeness import problems
from pipeline.review.delivered import Delivered
from pipeline.review.problem import Problem
from pipeline.settings import Settings
from pipeline.specs.load import StudySpec, load_study
from pipeline.specs.models import NotSubmitted

_SETTINGS = Settings.from_environment()
SPEC = load_study(_SETTINGS.specs, "bxu001_ra")
DELIVERED = delivered_sources(contract_models("bxu001_ra"))
BEFORE = frozenset(problems(SPEC, DELIVERED))


def new_problems(spec: StudySpec = SPEC, delivered: Delivered = DELIVERED) -> list[Problem]:
    """What the check finds beyond what it finds in the specification as it stands."""
    return [each for each in problems(spec, delivered) if each not in BEFORE]


def with_dataset(name: str, **changes: Any) -> StudySpec:
    """The specification with other facts of one dataset."""
    changed = SPEC.dataset(name).model_copy(update=changes)
    return replace(SPEC, datasets={**SPEC.datasets, name: changed})


def with_variable(dataset: str, name: str, **changes: Any) -> StudySpec:
    """... of one variable, which is made from STUDYID if the dataset has none of that name."""
    variables = SPEC.dataset(dataset).variables
    changed = variables.get(name, variables["STUDYID"]).model_copy(update=changes)
    return with_dataset(dataset, variables={**variables, name: changed})


def without_variables(dataset: str, *names: str) -> StudySpec:
    """... without some variables."""
    kept = {name: each for name, each in SPEC.dataset(dataset).variables.items() if name not in names}
    return with_dataset(dataset, variables=kept)


def without_dataset(name: str) -> StudySpec:
    """... without a dataset."""
    return replace(SPEC, datasets={other: each for other, each in SPEC.datasets.items() if other != name})


def with_study(**changes: Any) -> StudySpec:
    """... with other facts of the study."""
    return replace(SPEC, study=SPEC.study.model_copy(update=changes))


def with_not_submitted(*declared: Mapping[str, str]) -> StudySpec:
    """... with further declarations."""
    more = tuple(NotSubmitted.model_validate(each) for each in declared)
    return with_study(not_submitted=(*SPEC.study.not_submitted, *more))


def with_table(name: str, rows: pl.DataFrame) -> StudySpec:
    """... with another table."""
    return replace(SPEC, tables={**SPEC.tables, name: rows})


def with_column(source: str, column: str, **changes: Any) -> dict[str, Any]:
    """The delivered files with other facts of one column, which is added if the file has none of that name."""
    known = DELIVERED[source].columns
    base = known.get(column, known["STUDYID"] if "STUDYID" in known else next(iter(known.values())))
    changed = replace(base, **{"name": column, **changes})
    return {**DELIVERED, source: replace(DELIVERED[source], columns={**known, column: changed})}
