"""Breaches and changes as findings and as reasons beside a row; only a finding's detail quotes a value."""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

from pipeline.contracts.breaches import BREACH, SENTENCES, SEVERITIES, where_true
from pipeline.contracts.facts import CORRECT, SENDER, SITE, column_facts, source_facts
from pipeline.contracts.identity import SubjectForm
from pipeline.contracts.model import key_of, source_of
from pipeline.contracts.texts import changes
from pipeline.findings import Severity, as_findings

_CHANGE_MESSAGES = {
    "normalised": "texts were brought to plain ASCII with single spaces",
    "renumbered": "numbers were brought into the study's form",
}
MOST_LINES = 20  # renumbered lines of a column that are told one by one
_KEY_ACTION = "ask the sender which of the rows is valid"
_RULE_COLUMNS = ("column", "kind", "place", "severity", "message", "action", "asked", "quoted")
_LONGEST_QUOTED = 200


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


def renumbering_findings(
    model: type[pa.DataFrameModel], before: pl.DataFrame, after: pl.DataFrame, file: str, form: SubjectForm
) -> pl.DataFrame:
    """One INFO finding a line with the subject that a number was brought to, so that a row put elsewhere is seen.

    A column with more than ``MOST_LINES`` of them, a habit of the sender, has one finding with their number.
    """
    counted = changes(before, after, column_facts(model))
    told = {column: count for column, count in counted.items() if count <= MOST_LINES}
    many = {column: count for column, count in counted.items() if column not in told}
    found = [
        where_true(after, {column: pl.lit(before[column]) != pl.col(column)}, "renumbered") for column in told
    ]
    rows = pl.concat([BREACH.to_frame(), *found])
    lines = rows.with_columns(
        rule=_rule_ids(source_of(model)),
        line=after["_line"].gather(rows["position"]),
        subject=subjects_of(after, model, form).gather(rows["position"]),
        variable="column",
        message=pl.format("{}: the number was brought into the study's form", "column"),
    )
    each = as_findings(
        lines,
        severity=str(Severity.INFO),
        source=source_of(model),
        file=file,
        action="see whether it is the subject that is meant; the delivered file keeps the original",
        quarantined=False,
    )
    return pl.concat([change_findings(model, many, "renumbered", file), each])


def breach_findings(
    model: type[pa.DataFrameModel],
    breaches: pl.DataFrame,
    raw: pl.DataFrame,
    texts: pl.DataFrame,
    form: SubjectForm,
    file: str,
) -> pl.DataFrame:
    """One finding a breach, in row order, within a row in column order; ``raw`` are the rows as delivered, ``texts``
    after the text rules. A site is asked about a subject only: without one it is the sender."""
    found = breaches.unique().join(_rule_table(model), on=["column", "kind"], how="left", validate="m:1")
    nobody = pl.col("subject").is_null() & (pl.col("action") == CORRECT[SITE])
    told = found.with_columns(
        line=texts["_line"].gather(found["position"]),
        subject=subjects_of(texts, model, form).gather(found["position"]),
        variable="column",
        detail=_quotes(found, raw),
    ).with_columns(action=pl.when(nobody).then(pl.lit(CORRECT[SENDER])).otherwise("action"))
    return as_findings(
        told.sort("position", "place", "rule"), source=source_of(model), file=file, quarantined=True
    )


def asked_of(model: type[pa.DataFrameModel]) -> dict[str, str]:
    """Every rule of the contract and whom a breach of it asks: SITE or SENDER."""
    return dict(_rule_table(model).select("rule", "asked").iter_rows())


def _quotes(found: pl.DataFrame, raw: pl.DataFrame) -> pl.Series:
    """Column and delivered text of each breach; null where nothing was delivered, or it is not to be repeated."""
    quotes = pl.Series("detail", [None], dtype=pl.String).new_from_index(0, len(found))
    for column in found.filter("quoted")["column"].unique():
        places = (found["column"] == column).arg_true()
        text = raw[column].gather(found["position"].gather(places)).str.head(_LONGEST_QUOTED)
        told = text.to_frame("text").select(
            pl.when(pl.col("text").str.strip_chars() != "").then(pl.format(f"{column}: {{}}", "text"))
        )
        quotes = quotes.scatter(places, told.to_series())
    return quotes


def subjects_of(texts: pl.DataFrame, model: type[pa.DataFrameModel], form: SubjectForm) -> pl.Series:
    """The subject of each row; null if the source has none or the number has not the study's form."""
    column: str | None = source_facts(model)["subject_column"]
    if column is None:
        return pl.Series("subject", [None], dtype=pl.String).new_from_index(0, len(texts))
    return texts[column].str.extract(form.pattern, 0).alias("subject")


def _rule_table(model: type[pa.DataFrameModel]) -> pl.DataFrame:
    """Every rule that can be broken; ``place`` is the order of its column, ``quoted`` whether its value may be told:
    of no free text, because that may name a treatment, and of no restricted source."""
    source, columns = source_of(model), model.to_schema().columns
    key = "+".join(key_of(model))
    open_to_all = not source_facts(model)["restricted"]
    rows = [(key, "key", -1, Severity.ERROR, f"{key} {SENTENCES['key']}", _KEY_ACTION, SENDER, False)]
    for place, (column, fact) in enumerate(column_facts(model).items()):
        declared = {check.name: check.description for check in columns[column].checks}
        sentences = {kind: text for kind, text in SENTENCES.items() if kind != "key"} | declared
        rows += [
            (
                column, kind, place, SEVERITIES.get(kind, fact.severity), f"{column} {sentence}", fact.action,
                fact.asked, open_to_all and fact.kind != "text",
            )
            for kind, sentence in sentences.items()
        ]  # fmt: skip
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
