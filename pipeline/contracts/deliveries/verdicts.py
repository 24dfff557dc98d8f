"""Rules over their tables, judged by great-expectations, with its Data Docs as the pages to read."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from pipeline.contracts.deliveries.rules import Breach, Rule
from pipeline.errors import BuildFailed

if TYPE_CHECKING:  # three seconds
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext
    from great_expectations.datasource.fluent.pandas_datasource import PandasDatasource
    from great_expectations.expectations.expectation import Expectation

Broken = dict[str, tuple[Breach, ...]]
_SOURCE = "warehouse"
_BATCH = "build"


@dataclass(frozen=True)
class Run:
    """What the pages say of themselves: the ``delivery`` and its data ``cut``."""

    delivery: str
    cut: date


def judged(tables: Mapping[str, pl.DataFrame], rules: tuple[Rule, ...], run: Run, pages: Path) -> Broken:
    """Rule -> the rows that break it, in the order of the table; the Data Docs are written into ``pages``.

    Errors: BuildFailed if a rule could not be judged or a page could not be written.
    """
    with _quiet():
        context = _context()
        context.data_sources.add_pandas(_SOURCE)
        judged_rules = [rule for rule in rules if tables[rule.table].height]
        names = dict.fromkeys(rule.table for rule in judged_rules)
        results = {
            name: _validated(context, name, tables[name], [r for r in judged_rules if r.table == name], run)
            for name in names
        }
        broken: Broken = {rule.name: () for rule in rules}
        broken |= {rule.name: _broken(results[rule.table], rule) for rule in judged_rules}
        from pipeline.contracts.deliveries.pages import write_pages

        title = f"Delivery {run.delivery}, data cut {run.cut.isoformat()}"
        write_pages(context, title, rules, broken, pages)
    return broken


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the library's log off stderr: it tells its own mishaps there, with the data, and goes on.

    A rule that it could not judge and a page that it could not write are found in what it returns. It imports
    modules of Python that are going to be renamed; this is its business.
    """
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "module 'sre_.*' is deprecated", DeprecationWarning)
            yield
    finally:
        logger.setLevel(level)


def _context() -> AbstractDataContext:
    """A project in memory: it reads and writes no file, shows no progress bar and tells nobody."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )


def _validated(
    context: AbstractDataContext, name: str, table: pl.DataFrame, rules: list[Rule], run: Run
) -> ExpectationSuiteValidationResult:
    """The verdicts on one table; the suite has its name."""
    import great_expectations as gx

    suite = context.suites.add(gx.ExpectationSuite(name=name))
    for rule in rules:
        suite.add_expectation(_expectation(rule))
    source = cast("PandasDatasource", context.data_sources.get(_SOURCE))
    batch = source.add_dataframe_asset(f"ops.{name}").add_batch_definition_whole_dataframe(_BATCH)
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=name, data=batch, suite=suite)
    )
    return definition.run(
        batch_parameters={"dataframe": _as_pandas(table)},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": [rules[0].key]},
        run_id=gx.RunIdentifier(
            run_name=run.delivery, run_time=datetime(run.cut.year, run.cut.month, run.cut.day, tzinfo=UTC)
        ),
    )


def _expectation(rule: Rule) -> Expectation:
    from great_expectations.expectations.core.expect_column_pair_values_a_to_be_greater_than_b import (
        ExpectColumnPairValuesAToBeGreaterThanB,
    )

    larger, smaller = (rule.limit, rule.value) if rule.sense == "at most" else (rule.value, rule.limit)
    looked_at = (
        f"Looks at {rule.value} and {rule.limit} of the table ops.{rule.table}, row by row of {rule.key}."
    )
    return ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=larger,
        column_B=smaller,
        or_equal=True,
        ignore_row_if="either_value_is_missing",
        description=rule.told,
        meta={
            "rule": rule.name,
            "notes": {"format": "string", "content": [looked_at, f"If it fails: {rule.action}."]},
        },
    )


def _as_pandas(table: pl.DataFrame) -> Any:
    """The table with pandas' own types for whole numbers with gaps."""
    import pandas as pd

    types = {"Int64": "Int64", "String": "string", "Boolean": "boolean"}
    columns = {
        name: pd.array(table[name].to_list(), dtype=types[str(dtype)]) for name, dtype in table.schema.items()
    }
    return pd.DataFrame(columns)


def _broken(results: ExpectationSuiteValidationResult, rule: Rule) -> tuple[Breach, ...]:
    for result in results.results:
        config = result.expectation_config
        if config is None or config.meta is None or config.meta.get("rule") != rule.name:
            continue
        if result.success is None or result.exception_info.get("raised_exception"):
            break
        rows = result.result.get("unexpected_index_list") or ()
        return tuple(Breach(str(row[rule.key]), int(row[rule.value]), int(row[rule.limit])) for row in rows)
    raise BuildFailed(f"rule {rule.name}", f"could not be judged on ops.{rule.table}", "report this as a bug")
