"""One asset per step of the plan: a delivered file, a contract, an aid, a dataset, the accounting."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import polars as pl

from pipeline.files import sha256_of
from pipeline.flow.context import Context, StudyParts
from pipeline.flow.questions import questions
from pipeline.flow.run import run_step
from pipeline.flow.steps import Outcome, Step
from pipeline.orchestrate.checks import ACCOUNTING, check_results, check_specs, told
from pipeline.orchestrate.described import column_labels, description, kinds
from pipeline.orchestrate.failures import loud
from pipeline.orchestrate.naming import ARRIVED, DELIVERIES, key_of, op_name
from pipeline.orchestrate.resources import Builds, Materialized
from pipeline.orchestrate.tables import column_schema, page, preview

Metadata = dict[str, Any]


def step_asset(parts: StudyParts, step: Step, code: str) -> dg.AssetsDefinition:
    """The asset of one step; ``code`` is the digest of everything that makes the step what it is."""
    spec = dg.AssetSpec(
        key_of(step.name),
        deps=[key_of(name) for name in step.needs] or [ARRIVED],
        description=description(parts, step),
        group_name=step.group,
        kinds=kinds(step),
        code_version=code,
    )
    labels = column_labels(parts, step)

    @dg.multi_asset(
        name=op_name(step.name), specs=[spec], check_specs=check_specs(step), partitions_def=DELIVERIES
    )
    def run(context: dg.AssetExecutionContext, builds: Builds) -> Iterator[Materialized]:
        with loud():
            build = builds.context(context.partition_key)
            outcome = run_step(build, step)
            yield dg.MaterializeResult(
                metadata=_metadata(build, step, outcome, labels),
                check_results=check_results(build, step, outcome),
                data_version=dg.DataVersion(sha256_of(build.store.path(outcome.layer, outcome.table))),
            )

    return run


def _metadata(context: Context, step: Step, outcome: Outcome, labels: Mapping[str, str]) -> Metadata:
    table = context.read(outcome.layer, outcome.table)
    return {
        "dagster/row_count": outcome.rows,
        "dagster/column_schema": column_schema(table.collect_schema(), labels),
        **dict(outcome.facts),
        **({"findings": told(outcome.findings)} if check_specs(step) else {}),
        **(_of_accounting(context) if step.group == ACCOUNTING else {"preview": preview(table)}),
        **_aside(context, outcome),
        "path": dg.MetadataValue.path(context.store.path(outcome.layer, outcome.table)),
        "build": context.store.build,
    }


def _aside(context: Context, outcome: Outcome) -> Metadata:
    """What was set aside and why, by rule, if the step sets rows aside."""
    table = "set_aside" if outcome.table == ACCOUNTING else f"aside_{outcome.table}"
    if not context.store.exists("ops", table):
        return {}
    by = ("fate", "source", "rule", "reason")
    return {"set aside": page(context.read("ops", table).group_by(by).len("rows").sort(by).collect())}


def _of_accounting(context: Context) -> Metadata:
    found = context.read("qc", "findings").collect()
    return {
        "where every row went": page(_with_total(context.read("ops", "accounting").collect())),
        "what to ask whom": page(questions(found, context.parts)),
    }


def _with_total(accounts: pl.DataFrame) -> pl.DataFrame:
    total = accounts.select(pl.lit("all").alias("source"), pl.exclude("source").sum())
    return pl.concat([accounts, total])
