"""Findings as asset checks: counts by rule, never a value and never a subject. A failed check stops nothing.

What a rule has set aside is already out of the data; the check makes a person look.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg
import polars as pl

from pipeline.domains.records import Fate
from pipeline.findings import Severity
from pipeline.flow.context import Context
from pipeline.flow.steps import Outcome, Step
from pipeline.orchestrate.naming import key_of
from pipeline.orchestrate.tables import page

ACCOUNTING = "accounting"
_UNCHECKED = ("raw", "derived")  # kinds of steps that have nothing to say: copies and aids
_CHECKS = {
    "contracts": (
        "accepted_rows_obey_the_contract",
        "Passes when no row was set aside and nothing needs a look.",
    ),
    "sdtm": (
        "every_row_became_a_record",
        "Passes when no row was quarantined on its way into the dataset.",
    ),
    ACCOUNTING: (
        "sums_close",
        "Passes when for every source delivered = mapped + quarantined + superseded + deleted + not submitted.",
    ),
}
_OTHER = ("no_findings", "Passes when there is nothing to look at.")
_MOST_RULES = 5
_BY_RULE = pl.Schema({"severity": pl.String, "rule": pl.String, "message": pl.String, "count": pl.UInt32})
_GRAVE = (Severity.CRITICAL, Severity.ERROR)


def check_specs(step: Step) -> list[dg.AssetCheckSpec]:
    """The check of a step: one, or none for a plain copy or an aid."""
    if step.name.partition(".")[0] in _UNCHECKED:
        return []
    name, told = _CHECKS.get(step.group, _OTHER)
    return [dg.AssetCheckSpec(name, asset=key_of(step.name), description=told)]


def check_results(context: Context, step: Step, outcome: Outcome) -> list[dg.AssetCheckResult]:
    """The result of ``check_specs``."""
    if step.group == ACCOUNTING:
        return [_sums(context.read(outcome.layer, outcome.table).collect())]
    return [_found(context, spec.name, outcome) for spec in check_specs(step)]


def _found(context: Context, name: str, outcome: Outcome) -> dg.AssetCheckResult:
    """Fails if a row was quarantined or a finding is above INFO; an error if any is grave or a row is out."""
    quarantined = int(outcome.facts.get("quarantined", 0))
    counts = {level: count for level, count in outcome.findings.items() if level != Severity.INFO}
    grave = quarantined or any(level in counts for level in _GRAVE)
    told = [f"{quarantined} rows quarantined"] if quarantined else []
    told += [f"{count} {level}" for level, count in counts.items()]
    rules = by_rule(context, outcome)
    return dg.AssetCheckResult(
        passed=not told,
        check_name=name,
        severity=severity(grave=bool(grave)),
        description=f"{', '.join(told)}: {_first(rules)}" if told else "nothing to look at",
        metadata={"quarantined rows": quarantined, **counts, "by rule": page(rules)},
    )


def by_rule(context: Context, outcome: Outcome) -> pl.DataFrame:
    """Findings and quarantined rows of the step's table by rule and sentence, the most frequent first."""
    grouped = [_BY_RULE.to_frame()]
    if context.store.exists("qc", table := f"findings_{outcome.table}"):
        found = context.read("qc", table)
        grouped.append(found.group_by("severity", "rule", "message").len("count").collect())
    if context.store.exists("ops", table := f"aside_{outcome.table}"):
        out = context.read("ops", table).filter(pl.col("fate") == Fate.QUARANTINED)
        out = out.group_by(severity="fate", rule="rule", message="reason").len("count")
        grouped.append(out.collect())
    return pl.concat(grouped).sort(
        "count", "severity", "rule", "message", descending=[True, False, False, False]
    )


def _first(rules: pl.DataFrame) -> str:
    """The most frequent rules that need a look, in a line."""
    named = rules.filter(pl.col("severity") != Severity.INFO)
    told = [
        f"{rule} ({count})" for rule, count in named.select("rule", "count").head(_MOST_RULES).iter_rows()
    ]
    return ", ".join(told) + (", ..." if named.height > _MOST_RULES else "")


def _sums(accounts: pl.DataFrame) -> dg.AssetCheckResult:
    fates = [name for name in accounts.columns if name not in ("source", "delivered")]
    open_ones = accounts.filter(pl.col("delivered") != pl.sum_horizontal(fates))["source"].to_list()
    rows = int(accounts["delivered"].sum())
    return dg.AssetCheckResult(
        passed=not open_ones,
        check_name=_CHECKS[ACCOUNTING][0],
        description=f"open: {', '.join(open_ones)}"
        if open_ones
        else f"all {rows} delivered rows have a fate",
        metadata={
            "delivered rows": rows,
            **{name.replace("_", " "): int(accounts[name].sum()) for name in fates},
        },
    )


def severity(*, grave: bool) -> dg.AssetCheckSeverity:
    """Red or yellow."""
    return dg.AssetCheckSeverity.ERROR if grave else dg.AssetCheckSeverity.WARN


def told(counts: Mapping[str, int]) -> str:
    """``2 CRITICAL, 1 WARN``; "none" if there are none."""
    return ", ".join(f"{count} {level}" for level, count in counts.items()) or "none"
