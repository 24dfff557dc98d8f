"""Conditions on records, as a study's table writes them: an SQL expression over variables, true or not for a record."""

from __future__ import annotations

import polars as pl

from pipeline.errors import SpecError


def variables_of(condition: str, place: str) -> tuple[str, ...]:
    """The variables that the condition names, sorted. SpecError, which names ``place``, if it is no expression."""
    return tuple(sorted(set(_expression(condition, place).meta.root_names())))


def fulfilled(condition: str, records: pl.DataFrame, place: str) -> set[int]:
    """1-based numbers of the records that fulfil it; where a value is missing it is not fulfilled unless it says so.

    SpecError if it cannot be asked of these records, which must have its variables.
    """
    try:
        found = records.with_columns(_condition=_expression(condition, place))["_condition"]
    except pl.exceptions.PolarsError:
        found = None
    if found is None or found.dtype != pl.Boolean:
        raise SpecError(place, "its condition cannot be asked of the records", "compare texts with 'texts'")
    return {number + 1 for number in found.fill_null(value=False).arg_true()}


def _expression(condition: str, place: str) -> pl.Expr:
    try:
        return pl.sql_expr(condition)
    except pl.exceptions.PolarsError:  # not chained: its text quotes the condition
        culprit = "its condition on records is no expression of SQL"
        raise SpecError(place, culprit, "write it like LBSTAT = 'NOT DONE'") from None
