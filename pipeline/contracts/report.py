"""Breaches and changes as findings and as reasons beside a row; no value of a row is ever quoted."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from pipeline.contracts.breaches import SENTENCES
from pipeline.contracts.facts import column_facts, source_facts
from pipeline.contracts.identity import SubjectForm
from pipeline.contracts.model import key_of, source_of
from pipeline.findings import Severity, as_findings

_CHANGE_MESSAGES = {
    "normalised": "texts were brought to plain ASCII with single spaces",
    "renumbered": "numbers were brought into the study's form",
}
_KEY_ACTION = "ask the sender which of the rows is valid"
_RULE_COLUMNS = ("column", "kind", "place", "severity", "message", "action")


def change_findings(
    model: type[pa.DataFrameModel], changed: Mapping[str, int], kind: str, file: str
) -> pl.DataFrame:
    """One INFO finding a column with the number of values that were changed (nothing in silence)."""
    source = source_of(model)
    rows = [
        {
            "rule": f"{source}.{column}.{kind}",
            "variable": column,
            "message": f"{column}: {count} {_CHANGE_MESSAGES[kind]}",
        }
        for column, count in changed.items()
    ]
    schema = {"rule": pl.String, "variable": pl.String, "message": pl.String}
    return as_findings(
        pl.DataFrame(rows, schema=schema),
        severity=str(Severity.INFO),
        source=source,
        file=file,
        action="none; the delivered file keeps the original",
        quarantined=False,
    )


def breach_findings(
    model: type[pa.DataFrameModel], breaches: pl.DataFrame, texts: pl.DataFrame, file: str, form: SubjectForm
) -> pl.DataFrame:
    """One finding a breach, in row order, within a row in column order."""
    found = breaches.unique().join(_rule_table(model), on=["column", "kind"], how="left", validate="m:1")
    told = found.with_columns(
        line=texts["_line"].gather(found["position"]),
        subject=subjects_of(texts, model, form).gather(found["position"]),
        variable="column",
    )
    return as_findings(
        told.sort("position", "place", "rule"), source=source_of(model), file=file, quarantined=True
    )


def subjects_of(texts: pl.DataFrame, model: type[pa.DataFrameModel], form: SubjectForm) -> pl.Series:
    """The subject of each row; null if the source has none or the number has not the study's form."""
    column: str | None = source_facts(model)["subject_column"]
    if column is None:
        return pl.Series("subject", [None], dtype=pl.String).new_from_index(0, len(texts))
    return texts[column].str.extract(form.pattern, 0).alias("subject")


def _rule_table(model: type[pa.DataFrameModel]) -> pl.DataFrame:
    """Every rule that can be broken; ``place`` is the order of its column."""
    source, columns = source_of(model), model.to_schema().columns
    key = "+".join(key_of(model))
    rows = [(key, "key", -1, Severity.ERROR, f"{key} {SENTENCES['key']}", _KEY_ACTION)]
    for place, (column, fact) in enumerate(column_facts(model).items()):
        declared = {check.name: check.description for check in columns[column].checks}
        sentences = {kind: text for kind, text in SENTENCES.items() if kind != "key"} | declared
        rows += [
            (column, kind, place, fact.severity, f"{column} {sentence}", fact.action)
            for kind, sentence in sentences.items()
        ]
    table = pl.DataFrame(rows, schema=_RULE_COLUMNS, orient="row")
    return table.with_columns(rule=_rule_ids(source))


def _rule_ids(source: str) -> pl.Expr:
    return pl.concat_str(pl.lit(source), "column", "kind", separator=".")


def with_reasons(raw: pl.DataFrame, breaches: pl.DataFrame, source: str, subjects: pl.Series) -> pl.DataFrame:
    """The rows of ``raw`` that have a breach, in order, with ``_reasons``: sorted rule ids, "; " between, and
    ``_subject``, the subject of the row in the study's form."""
    rules = _rule_ids(source).unique()
    reasons = breaches.group_by("position").agg(_reasons=rules.sort().str.join("; ")).sort("position")
    bad = reasons["position"]
    return raw[bad].with_columns(reasons["_reasons"], subjects.gather(bad).alias("_subject"))
