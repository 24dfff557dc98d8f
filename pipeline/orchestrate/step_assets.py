"""One asset per step of the plan: a delivered file, a contract, an aid, a dataset, the accounting."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import polars as pl

from pipeline.files import sha256_of
from pipeline.flow.context import Context, StudyParts
from pipeline.flow.delivery_steps import EXPECTED
from pipeline.flow.questions import questions
from pipeline.flow.run import run_step
from pipeline.flow.steps import Outcome, Step
from pipeline.orchestrate.checks import ACCOUNTING, check_results, check_specs, told
from pipeline.orchestrate.described import column_labels, description, kinds
from pipeline.orchestrate.failures import loud
from pipeline.orchestrate.naming import ARRIVED, DELIVERIES, RAW, key_of, op_name
from pipeline.orchestrate.resources import Builds, Materialized
from pipeline.orchestrate.tables import column_schema, page, preview
from pipeline.warehouse.documents import EXPECTATIONS, documents_of

Metadata = dict[str, Any]


def step_asset(parts: StudyParts, step: Step, code: str) -> dg.AssetsDefinition:
    """The asset of one step; ``code`` is the digest of everything that makes the step what it is."""
    spec = dg.AssetSpec(
        key_of(step.name),
        deps=[ARRIVED] if step.group == RAW else [key_of(name) for name in step.needs],
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
    shown = _of_accounting(context) if step.group == ACCOUNTING else _of_table(context, outcome, labels)
    return {
        "dagster/row_count": outcome.rows,
        **dict(outcome.facts),
        **({"findings": told(outcome.findings)} if check_specs(step) else {}),
        **shown,
        **_aside(context, outcome),
        **_pages(context, outcome),
        "path": dg.MetadataValue.path(context.store.path(outcome.layer, outcome.table)),
        "build": context.store.build,
    }


def _of_table(context: Context, outcome: Outcome, labels: Mapping[str, str]) -> Metadata:
    table = context.read(outcome.layer, outcome.table)
    return {
        "dagster/column_schema": column_schema(table.collect_schema(), labels),
        "preview": preview(table),
    }


def _aside(context: Context, outcome: Outcome) -> Metadata:
    """What the step set aside and why, by rule; where the rows lie as they were delivered."""
    if outcome.layer == "typed":
        rows = context.read("quarantine", outcome.table).group_by(rule="_reasons").len("rows").sort("rule")
        path = dg.MetadataValue.path(context.store.path("quarantine", outcome.table))
        return {"set aside": page(rows.collect()), "rows set aside lie in": path}
    table = "set_aside" if outcome.table == ACCOUNTING else f"aside_{outcome.table}"
    if not context.store.exists("ops", table):
        return {}
    by = ("fate", "source", "rule", "reason")
    return {"set aside": _reasons(context.read("ops", table).group_by(by).len("rows").sort(by).collect())}


def _pages(context: Context, outcome: Outcome) -> Metadata:
    """Where to read the verdicts on the delivery; nothing for any other step."""
    if (outcome.layer, outcome.table) != ("qc", EXPECTED):
        return {}
    first = documents_of(context.store.place, EXPECTATIONS, context.store.build).resolve() / "index.html"
    return {
        "pages to read": dg.MetadataValue.path(first),
        "in a browser": dg.MetadataValue.url(first.as_uri()),
    }


def _reasons(rows: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """Rows set aside as a list, which a narrow page does not cut off."""
    text: list[str] = []
    for (fate,), group in rows.partition_by("fate", as_dict=True, maintain_order=True).items():
        told = group.select("source", "rows", "reason", "rule").iter_rows()
        text += [f"\n**{fate}**\n", *(f"- {source}, {n}: {why} ({rule})" for source, n, why, rule in told)]
    return dg.MetadataValue.md("\n".join(text) or "nothing")


def _of_accounting(context: Context) -> Metadata:
    found = context.read("qc", "findings").collect()
    return {
        "where every row went": page(_with_total(context.read("ops", "accounting").collect())),
        "what every column is for": page(_column_counts(context.read("ops", "columns"))),
        "what to ask whom": _letters(questions(found, context.parts)),
    }


def _column_counts(columns: pl.LazyFrame) -> pl.DataFrame:
    """Columns by source and fate, and how many values these hold."""
    counted = columns.group_by("source", "fate").agg(columns=pl.len(), values=pl.col("delivered").sum())
    return counted.sort("source", "fate").collect()


def _with_total(accounts: pl.DataFrame) -> pl.DataFrame:
    total = accounts.select(pl.lit("all").alias("source"), pl.exclude("source").sum())
    return pl.concat([accounts, total])


def _letters(asked: pl.DataFrame) -> dg.MarkdownMetadataValue:
    """The questions person by person, ready to be sent."""
    text: list[str] = []
    for (whom,), rows in asked.partition_by("ask", as_dict=True, maintain_order=True).items():
        text += [f"\n**{whom}**\n", *(f"- {_question(row)}" for row in rows.iter_rows(named=True))]
    return dg.MetadataValue.md("\n".join(text) or "nothing")


def _question(row: Mapping[str, Any]) -> str:
    where = f", {row['where']}" if row["where"] else ""
    return f"{row['severity']} {row['rule']} ({row['count']}{where}): {row['message']}; {row['action']}"
