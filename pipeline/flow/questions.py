"""What to ask whom: the findings of a build as a list of questions, without a value and without a subject."""

from __future__ import annotations

import polars as pl

from pipeline.contracts.facts import AT_SITE, CORRECT, SENDER, SITE, source_facts
from pipeline.contracts.report import asked_of
from pipeline.domains.conform import REQUIRED
from pipeline.findings import SEVERITIES, Severity
from pipeline.flow.context import StudyParts

QUESTION = pl.Schema(
    {
        "ask": pl.String,  # "site 101", or the sender of a source
        "severity": pl.String,
        "count": pl.UInt32,
        "rule": pl.String,
        "message": pl.String,
        "action": pl.String,
        "where": pl.String,  # "edc/CM.csv: 28, 30" (physical lines), the file alone, or null
    }
)
_MOST_LINES = 6
_BY = ("ask", "severity", "rule", "message", "action", "file")


def questions(findings: pl.DataFrame, parts: StudyParts) -> pl.DataFrame:
    """One row per person to ask and rule, most severe first; no row for mere facts (INFO).

    A source that the site fills, with a known subject, is asked at the site; any other at its sender.
    """
    order = {name: rank for rank, name in enumerate(SEVERITIES)}
    asked = findings.filter(pl.col("severity") != Severity.INFO).with_columns(ask=whom(parts))
    grouped = asked.sort("line").group_by(_BY).agg(pl.len().cast(pl.UInt32).alias("count"), pl.col("line"))
    ranked = grouped.sort(
        pl.col("severity").replace_strict(order, return_dtype=pl.Int8), "ask", "rule", "message", "file"
    )
    return ranked.with_columns(where=_where()).select(list(QUESTION))


def whom(parts: StudyParts) -> pl.Expr:
    """Whom to ask about a finding: "site 101", "sender of lab_results", "data management", or a monitor.

    That is whom the rule names; else the site where it fills the column or the source, else the sender. Without a
    subject no site is asked, and of a dataset there is no sender.
    """
    asked = pl.col("rule").replace_strict(asked_by_rule(parts), default=None, return_dtype=pl.String)
    owners = {name: str(source_facts(model)["owner"]) for name, model in parts.models.items()}
    owner = pl.col("source").replace_strict(owners, default=None, return_dtype=pl.String)
    at_site = owner.is_null() | owner.is_in(AT_SITE)  # a dataset has no owner: its records are the sites'
    party = pl.coalesce(asked, pl.when(at_site).then(pl.lit(SITE)).otherwise(pl.lit(SENDER)))
    number = site(parts)
    at_sender = pl.when(owner.is_not_null()).then(pl.format("sender of {}", "source"))
    return (
        pl.when(~party.is_in([SITE, SENDER])).then(party)
        .when((party == SITE) & number.is_not_null()).then(pl.format("site {}", number))
        .otherwise(pl.coalesce(at_sender, pl.lit("data management")))
    )  # fmt: skip


def asked_by_rule(parts: StudyParts) -> dict[str, str]:
    """Whom a rule itself names: those of a check, of a contract's columns, and of a variable that is looked up."""
    found = {name: check.ask for name, check in parts.spec.checks.items() if check.ask is not None}
    for model in parts.models.values():
        found |= asked_of(model)
    for name, dataset in parts.spec.datasets.items():
        found |= {
            f"{name}.{variable}.{REQUIRED}": f"{SENDER} of {source}"
            for variable, source in dataset.looked_up.items()
        }
    return found


def correction(parts: StudyParts) -> pl.Expr:
    """What to do about a value that cannot be used, by whom it asks."""
    asks_site = whom(parts).str.starts_with(f"{SITE} ")
    return pl.when(asks_site).then(pl.lit(CORRECT[SITE])).otherwise(pl.lit(CORRECT[SENDER]))


def site(parts: StudyParts) -> pl.Expr:
    """Number of the site of a finding's subject; null without a subject in the study's form."""
    return pl.col("subject").str.extract(parts.form.pattern)


def _where() -> pl.Expr:
    lines = pl.col("line").list.drop_nulls()
    more = pl.when(lines.list.len() > _MOST_LINES).then(pl.lit(", ...")).otherwise(pl.lit(""))
    told = pl.format(
        "{}: {}{}", "file", lines.list.head(_MOST_LINES).cast(pl.List(pl.String)).list.join(", "), more
    )
    return pl.when(lines.list.len() > 0).then(told).otherwise(pl.col("file"))
