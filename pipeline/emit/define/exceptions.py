"""Value-level metadata of variables other than results, some of whose values come from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from pipeline.emit.define.levels import Check, Level, Told
from pipeline.emit.define.list_use import ListUse, slug
from pipeline.emit.define.results import result_variables
from pipeline.emit.define.shapes import Shape, iso_facts, iso_shape, number_shape
from pipeline.emit.submitted import Submitted, SubmittedVariable
from pipeline.errors import BuildFailed

_ISO = "ISO 8601"


def exception_levels(submitted: Submitted, lists: Mapping[str, ListUse]) -> Iterator[Level]:
    """Rows of each variable that the study's ``values`` name: one an exception that has records, and the rest.

    ``lists`` are the codelists of the variables. Raises BuildFailed if the rest cannot be told as one
    condition, because an exception depends on several variables.
    """
    results = {each.name for each in result_variables(submitted)}
    for variable in submitted.variables:
        excepted = [each for each in submitted.dataset.values if variable.name in each.variables]
        if excepted and variable.has_data and variable.name not in results:
            checks = [_check(submitted, variable.name, each.where) for each in excepted]
            tolds = [Told(each.origin, each.source, each.comment) for each in excepted]
            rows = [(check, told) for check, told in zip(checks, tolds, strict=True) if check]
            yield from _rows(submitted, variable, rows, lists.get(variable.name))


def _check(submitted: Submitted, variable: str, where: Mapping[str, tuple[str, ...]]) -> Check | None:
    """The one condition; None if no record can meet it."""
    if len(where) != 1:
        culprit = "is excepted by more than one variable"
        raise BuildFailed(f"{submitted.name}.{variable}", culprit, "name one variable in 'where'")
    ((name, values),) = where.items()
    return Check(name, tuple(values)) if submitted.find(name) else None


def _rows(
    submitted: Submitted,
    variable: SubmittedVariable,
    excepted: list[tuple[Check, Told]],
    listed: ListUse | None,
) -> Iterator[Level]:
    rows = submitted.records.select(variable.name, *{check.variable for check, _ in excepted})
    filled = rows.drop_nulls(variable.name)
    used = [(check, told) for check, told in excepted if not _is_empty(filled.filter(_holds(check)))]
    rest = tuple(Check(check.variable, check.values, others=True) for check, _ in used)
    for where, told in [*(((check,), told) for check, told in used), *([(rest, None)] if rest else [])]:
        here = filled.filter(*(_holds(check) for check in where))
        if _is_empty(here):
            continue
        key = slug("-".join(where[0].values)) if told else "OTHERS"
        yield Level(
            variable=variable.name,
            key=key,
            condition=f"{variable.name}.{key}",
            where=where,
            label=variable.facts.label,
            shape=_shape(variable, here),
            values=tuple(_distinct(variable, here)) if listed and variable.values else (),
            listed=listed,
            own=told,
        )


def _is_empty(rows: pl.LazyFrame) -> bool:
    return rows.head(1).collect(engine="streaming").is_empty()


def _distinct(variable: SubmittedVariable, rows: pl.LazyFrame) -> pl.Series:
    return rows.select(variable.name).unique().collect(engine="streaming")[variable.name].sort()


def _holds(check: Check) -> pl.Expr:
    within = pl.col(check.variable).is_in(check.values).fill_null(value=False)
    return ~within if check.others else within


def _shape(variable: SubmittedVariable, rows: pl.LazyFrame) -> Shape:
    """Shape of the values, of which only a few facts are kept if they are texts."""
    name = variable.name
    if variable.kind == "Num":
        return number_shape(_distinct(variable, rows))
    if variable.facts.domain.startswith(_ISO):
        facts = rows.select(iso_facts(name)).collect(engine="streaming").row(0, named=True)
        return iso_shape(facts, name, variable.facts.domain)
    return Shape(
        "text", int(rows.select(pl.col(name).str.len_bytes().max()).collect(engine="streaming").item())
    )
