"""Where rows break their contract: (position, column, rule), never the value.

A breach frame has ``position`` (UInt32, row of the frame from 0), ``column`` and ``kind`` (String).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from pipeline.contracts.facts import ColumnFacts
from pipeline.contracts.rules import Expression, stamp_date
from pipeline.contracts.screen import doubtful
from pipeline.derive import iso8601
from pipeline.derive.distinct import once_a_value
from pipeline.derive.text import not_ascii
from pipeline.errors import BuildFailed
from pipeline.findings import Severity

BREACH: Final = pl.Schema({"position": pl.UInt32, "column": pl.String, "kind": pl.String})

# Rules of the engine itself, which no field declares: what a breach means, said of the column.
SENTENCES: Final = {
    "ascii": "holds characters outside ASCII that no text rule replaces",
    "identity": "does not have the form of the study's numbers",
    "contradiction": "names another site than the subject's number",
    "other_subject": "is that of another subject than the row's",
    "after_cut": "lies after the data cut",
    "key": "is not unique: other rows have the same",
}
# What is worse than a breach of its column usually is.
SEVERITIES: Final = {"other_subject": Severity.CRITICAL}

_ISO_OF: Final[Mapping[str, Expression]] = {
    "edc_date": iso8601.collected_date,
    "compact_date": iso8601.compact_date,
    "compact_stamp": lambda text: iso8601.compact_date(stamp_date(text)),
}


def declared_breaches(texts: pl.DataFrame, model: type[pa.DataFrameModel]) -> pl.DataFrame:
    """Breaches of the rules that the model's fields declare.

    Errors: BuildFailed if a rule could not be applied to the column at all.
    """
    cases = _failure_cases(texts, model)
    broken = cases.filter(pl.col("position").is_null())
    if not broken.is_empty():
        column, kind = broken.row(0)[1:]
        raise BuildFailed(
            f"contract {model.__name__}", f"rule {kind} of {column} cannot be applied", "repair the contract"
        )
    return cases


def _failure_cases(texts: pl.DataFrame, model: type[pa.DataFrameModel]) -> pl.DataFrame:
    schema = model.to_schema()
    columns = doubtful(texts, schema)
    if not columns:
        return BREACH.to_frame()
    # pandera's exception holds rows; nothing of it but the three columns leaves this function.
    try:
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            schema.select_columns(columns).validate(texts, lazy=True)
    except SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
        return cases.select(position="index", column="column", kind="check").cast(BREACH)
    return BREACH.to_frame()


def ascii_breaches(texts: pl.DataFrame, facts: Mapping[str, ColumnFacts]) -> pl.DataFrame:
    """Text that still has characters outside ASCII after R13."""
    return where_true(texts, {name: not_ascii(pl.col(name)) for name in facts}, "ascii")


def cut_breaches(texts: pl.DataFrame, facts: Mapping[str, ColumnFacts], cut: date) -> pl.DataFrame:
    """Dates of which even the earliest meaning lies after the data cut ``cut``."""

    def is_after(name: str, iso: Expression) -> pl.Expr:
        def judge(day: pl.Expr) -> pl.Expr:
            return iso8601.earliest(day) > pl.lit(cut)

        return once_a_value(iso(pl.col(name)), judge, pl.Boolean())

    bound = {name: _ISO_OF[fact.kind] for name, fact in facts.items() if not fact.may_be_future}
    return where_true(texts, {name: is_after(name, iso) for name, iso in bound.items()}, "after_cut")


def key_breaches(texts: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Every row whose ``key`` other rows share; a wholly blank key is the business of ``required``."""
    if not key:
        return BREACH.to_frame()
    shared = pl.struct(key).is_duplicated() & ~pl.all_horizontal(pl.col(key).is_null())
    return where_true(texts, {"+".join(key): shared}, "key")


def where_true(texts: pl.DataFrame, tests: Mapping[str, pl.Expr], kind: str) -> pl.DataFrame:
    """A breach of rule ``kind`` for every row and column whose test is true."""
    if not tests:
        return BREACH.to_frame()
    found = [BREACH.to_frame()]
    verdicts = texts.select(**tests)
    for name, broken in verdicts.select(pl.all().any()).row(0, named=True).items():
        if broken:
            position = verdicts[name].fill_null(value=False).arg_true().cast(pl.UInt32)
            found.append(
                pl.DataFrame({"position": position}).with_columns(column=pl.lit(name), kind=pl.lit(kind))
            )
    return pl.concat(found)
