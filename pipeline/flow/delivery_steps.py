"""The step that asks whether the delivery as a whole is what the study expects; its pages lie beside the build."""

from __future__ import annotations

import polars as pl

from pipeline.contracts.deliveries.report import delivery_findings, nothing_new, verdict_table
from pipeline.contracts.deliveries.rules import ARRIVAL, FILES, SUBJECTS, VISITS, delivery_rules
from pipeline.contracts.deliveries.tables import (
    Arrived,
    arrival,
    expected_visits,
    files,
    missing_subjects,
    presence,
)
from pipeline.contracts.deliveries.verdicts import Run, judged
from pipeline.domains.mapping import kept
from pipeline.domains.records import ROSTER_KEY
from pipeline.errors import SpecError
from pipeline.flow.context import Context, StudyParts
from pipeline.flow.steps import Outcome, Step, severities
from pipeline.warehouse.documents import EXPECTATIONS, documents_written

EXPECTED = "deliveries"
_MISSING = "missing_subjects"


def deliveries_step(parts: StudyParts) -> Step:
    """``qc.deliveries`` (one row a rule), the tables in ``ops`` that it looked at, findings, and the Data Docs."""
    expected = parts.spec.study.delivery.expected
    for source in (*expected.subjects_in, *expected.unchanged_days):
        if source not in parts.layouts:
            raise SpecError(
                "delivery.expected", f"{source} is no source of the study", "name one of its sources"
            )
    needs = (*(f"contract.{source}" for source in parts.layouts), "derived.subjects", "derived.visits")
    return Step(f"qc.{EXPECTED}", "checks", "Expectations of the delivery", needs, _run)


def _run(context: Context) -> Outcome:
    delivery, missing = context.parts.spec.study.delivery, _missing_subjects(context)
    tables, rules = _tables(context, missing), delivery_rules(delivery)
    run = Run(context.delivery.delivery_id, context.delivery.cut)
    with documents_written(context.store, EXPECTATIONS) as pages:
        broken = judged(tables, rules, run, pages)
    for name, table in {**tables, _MISSING: missing}.items():
        context.store.write("ops", name, table)
    verdicts = verdict_table(rules, broken, tables)
    findings = pl.concat([delivery_findings(rules, broken, missing), nothing_new(tables[ARRIVAL])])
    context.store.write("qc", EXPECTED, verdicts)
    context.store.write("qc", f"findings_{EXPECTED}", findings)
    not_met = verdicts.filter(pl.col("broken") > 0).height
    facts: dict[str, int | str] = {"expectations": verdicts.height, "not met": not_met}
    return Outcome(verdicts.height, "qc", EXPECTED, facts, severities(findings))


def _tables(context: Context, missing: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The tables that the rules look at, by name."""
    delivered, spec = context.delivery, context.parts.spec
    delivery = spec.study.delivery
    table = files([_arrived(context, source) for source in context.parts.layouts], delivered.cut, delivery)
    subjects, visits = (context.read("derived", name).collect() for name in ("subjects", "visits"))
    plan = spec.table(spec.study.reference.visits)
    return {
        ARRIVAL: arrival(
            delivered.delivery_id, delivered.cut, delivered.last_cut, delivered.went_back, table, delivery
        ),
        FILES: table,
        SUBJECTS: presence(delivery.expected.subjects_in, _randomized(context), missing),
        VISITS: expected_visits(subjects, visits, plan, delivered.cut, delivery),
    }


def _arrived(context: Context, source: str) -> Arrived:
    entry, file = context.delivery.entries.get(source), context.files.get(source)
    return Arrived(
        source=source,
        state=entry.state if entry else "missing",
        cumulative=context.parts.all_layouts[source].cumulative,
        released=bool(entry and entry.released),
        delivered_in=file.delivery_id if file else None,
        sha256=file.sha256 if file else None,
        rows=entry.rows if entry else None,
        last_rows=entry.last_rows if entry else None,
        same_since=entry.same_since if entry else None,
        used=_height(context, "raw", source),
        quarantined=_height(context, "quarantine", source),
    )


def _height(context: Context, layer: str, source: str) -> int:
    return int(context.read(layer, source).select(pl.len()).collect().item())


def _randomized(context: Context) -> pl.Series:
    """Subjects who are assigned by the sender of assignments, on the roster or not, once each, sorted."""
    assignment = context.parts.spec.study.reference.assignment
    rows = context.inputs.whole(assignment.source)
    for where in assignment.where:
        rows = rows.filter(kept(where))
    return rows.select(ROSTER_KEY).drop_nulls().unique().sort(ROSTER_KEY).collect().to_series()


def _missing_subjects(context: Context) -> pl.DataFrame:
    """Randomized subjects without a row, by source; a row that was quarantined is there and has its own finding."""
    found = {
        source: pl.concat([_of_rows(context, source), _of_quarantine(context, source)])
        for source in context.parts.spec.study.delivery.expected.subjects_in
    }
    return missing_subjects(_randomized(context), found)


def _of_rows(context: Context, source: str) -> pl.Series:
    column = context.parts.all_layouts[source].subject_column or ROSTER_KEY
    return context.inputs.whole(source).select(subject=pl.col(column)).unique().collect()["subject"]


def _of_quarantine(context: Context, source: str) -> pl.Series:
    found = context.read("qc", f"findings_{source}").filter("quarantined")
    return found.select("subject").unique().collect()["subject"]
