"""Variables whose values come from one codelist here and from another there, as another variable tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from pipeline.emit.define.levels import Check, Level, distinct_pairs, offered_where, text_shape
from pipeline.emit.define.list_use import ListUse, slug
from pipeline.emit.define.lists import (
    known_lists,
    lists_named,
    part_list,
    sponsor_list,
    whole_list,
    with_offered,
)
from pipeline.emit.submitted import INSTRUMENTS, Submitted, SubmittedVariable
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec
from pipeline.specs.standard import Codelist
from pipeline.specs.terminology import permitted

_DECIDERS = ("CAT", "TESTCD")
# The terminology has lists for the questions of published instruments; their names end so.
_QUESTIONS = {"TESTCD": "TC", "TEST": "TN"}

_Groups = list[tuple[ListUse, list[str]]]


def choice_levels(spec: StudySpec, submitted: Submitted) -> Iterator[Level]:
    """One row a codelist for every variable that has several: DSDECOD by DSCAT, QSTESTCD by QSCAT.

    The tests of several instruments that share one codelist have a row an instrument, with its part of the list.
    Where neither category nor test decides, the value itself does.
    Raises BuildFailed if the values of a group are in none of the variable's codelists.
    """
    for variable in submitted.variables:
        if not variable.has_data:
            continue
        if lists := _several(spec, variable):
            yield from _rows(spec, submitted, variable, lists, None)
        elif lists := _questions(spec, submitted, variable):
            own = sponsor_list(submitted, variable, variable.name)
            yield from _rows(spec, submitted, variable, lists, own)
        elif terms := _shared_tests(spec, submitted, variable):
            yield from _by_category(submitted, variable, terms)


def _several(spec: StudySpec, variable: SubmittedVariable) -> list[Codelist]:
    known = known_lists(spec, lists_named(variable))
    return known if len(known) > 1 else []


def has_choices(spec: StudySpec, submitted: Submitted, variable: SubmittedVariable) -> bool:
    """Whether the variable's list depends on another variable."""
    return bool(_several(spec, variable) or _questions(spec, submitted, variable))


def _questions(spec: StudySpec, submitted: Submitted, variable: SubmittedVariable) -> list[Codelist]:
    """Lists of instruments that hold a test of the dataset; none if SDTMIG gives the variable a list."""
    ending = _QUESTIONS.get(variable.name.removeprefix(submitted.name))
    if ending is None or known_lists(spec, lists_named(variable)):
        return []
    used = set(variable.values)
    found = [each for each in spec.standard.codelists.values() if each.name.endswith(ending)]
    return sorted((each for each in found if used & set(each.terms)), key=lambda each: each.code)


def _shared_tests(spec: StudySpec, submitted: Submitted, variable: SubmittedVariable) -> Codelist | None:
    """The one codelist of the tests of a dataset of instruments; None for other variables and datasets."""
    if submitted.name not in INSTRUMENTS or variable.name.removeprefix(submitted.name) not in _QUESTIONS:
        return None
    known = known_lists(spec, lists_named(variable))
    return known[0] if known and submitted.find(f"{submitted.name}CAT") else None


def _by_category(submitted: Submitted, variable: SubmittedVariable, terms: Codelist) -> Iterator[Level]:
    """One row an instrument, if there are several."""
    category = f"{submitted.name}CAT"
    rows = distinct_pairs(submitted, [category], variable.name).drop_nulls(category)
    groups = rows.partition_by(category, as_dict=True, maintain_order=True)
    for (name,), part in groups.items() if len(groups) > 1 else ():
        values = tuple(part[variable.name])
        key = slug(str(name))
        listed = part_list(terms, values, f"{submitted.name}.{variable.name}.{key}", variable.names)
        yield replace(
            _row(variable, listed, Check(category, (str(name),)), values),
            key=key,
            condition=f"{variable.name}.{key}",
        )


def _rows(
    spec: StudySpec,
    submitted: Submitted,
    variable: SubmittedVariable,
    lists: list[Codelist],
    own: ListUse | None,
) -> Iterator[Level]:
    beside = [f"{submitted.name}{suffix}" for suffix in _DECIDERS]
    for decider in [*(name for name in beside if name != variable.name), variable.name]:
        if submitted.find(decider) is None:
            continue
        names = [decider] if decider != variable.name else []
        rows = distinct_pairs(submitted, names, variable.name)
        if groups := _grouped(spec, variable, lists, rows, own):
            for listed, deciding in groups:
                here = rows.filter(pl.col(decider).is_in(deciding))[variable.name].unique().sort()
                where = Check(decider, tuple(deciding))
                if listed.terms:
                    offered = offered_where(variable, (where,)) if names else set()
                    shown = with_offered(spec, listed.terms, (), offered)
                    yield _row(variable, replace(listed, collectable=shown), where, tuple(here))
                else:
                    yield _row(variable, listed, where, tuple(here))
            return
    fix = "correct the values, or add them to the study's extensions of a codelist"
    culprit = "no codelist of the variable holds its values"
    raise BuildFailed(f"{submitted.name}.{variable.name}", culprit, fix)


def _grouped(
    spec: StudySpec,
    variable: SubmittedVariable,
    lists: list[Codelist],
    rows: pl.DataFrame,
    own: ListUse | None,
) -> _Groups | None:
    """List -> the values of the deciding variable where it applies; None if a group is in no list."""
    decider = rows.columns[0]
    groups: dict[str, tuple[ListUse, list[str]]] = {}
    for (value,), part in rows.group_by(decider, maintain_order=True):
        used = set(part[variable.name])
        fitting = [terms for terms in lists if used <= permitted(spec, [terms])]
        listed = whole_list(fitting[0], variable.names) if fitting else own
        if listed is None or value is None:
            return None
        groups.setdefault(listed.oid, (listed, []))[1].append(str(value))
    return list(groups.values())


def _row(variable: SubmittedVariable, listed: ListUse, where: Check, values: tuple[str, ...]) -> Level:
    key = listed.oid.removeprefix("CL.")
    return Level(
        variable=variable.name,
        key=key,
        condition=f"{variable.name}.{key}",
        where=(where,),
        label=variable.facts.label,
        shape=text_shape(values),
        values=values,
        listed=listed,
    )
