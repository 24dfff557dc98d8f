"""Breaches of delivery rules as findings; a source that lacks subjects gets one finding for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from pipeline.contracts.deliveries.rules import SUBJECTS, VISITS, Breach, Rule
from pipeline.findings import FINDING, Severity, as_findings

NOTHING_NEW = "delivery.nothing_new"
_VERDICT = pl.Schema(
    {
        "rule": pl.String,
        "table": pl.String,
        "expected": pl.String,
        "severity": pl.String,
        "judged": pl.Int64,  # rows
        "broken": pl.Int64,
    }
)


def verdict_table(
    rules: Sequence[Rule], broken: Mapping[str, Sequence[Breach]], tables: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """One row a rule, in the rules' order: how many rows it judged and how many break it."""
    rows = [
        (
            rule.name,
            rule.table,
            rule.told,
            str(rule.severity),
            tables[rule.table].drop_nulls([rule.value, rule.limit]).height,
            len(broken[rule.name]),
        )
        for rule in rules
    ]
    return pl.DataFrame(rows, schema=_VERDICT, orient="row")


def delivery_findings(
    rules: Sequence[Rule], broken: Mapping[str, Sequence[Breach]], missing: pl.DataFrame
) -> pl.DataFrame:
    """Findings (FINDING) of all breaches; ``missing`` has the subjects (source, subject) that a source lacks.

    A finding about a whole delivery or a site has no source; the message names the site, the detail the numbers.
    """
    found = [FINDING.to_frame()]
    for rule in rules:
        frame = pl.DataFrame([_row(rule, breach) for breach in broken[rule.name]])
        if frame.is_empty():
            continue
        if rule.table == SUBJECTS:
            frame = frame.drop("detail").join(missing, on="source", how="inner", maintain_order="left_right")
        told = as_findings(frame, severity=str(rule.severity), action=rule.action, quarantined=False)
        found.append(told)
    return pl.concat(found)


def nothing_new(arrived: pl.DataFrame) -> pl.DataFrame:
    """One fact (FINDING, INFO) if no accepted file of the delivery (ARRIVAL) is new, from the first night on.

    A quiet night looks just like an old export that was sent again, so it is told at once, but asks nobody anything;
    after the days that the study names, the rule "repeated" does. None for a study that names no days.
    """
    rows = arrived.filter(pl.col("repeated_days") <= pl.col("most_repeated_days"))
    found = rows.select(detail=pl.format("nothing is new for {} days", "repeated_days"))
    return as_findings(
        found,
        rule=NOTHING_NEW,
        severity=str(Severity.INFO),
        message="every file has the bytes of an earlier delivery",
        action="none, unless the senders had something new",
        quarantined=False,
    )


def _row(rule: Rule, breach: Breach) -> dict[str, str | None]:
    where = f" (site {breach.key})" if rule.table == VISITS else ""
    return {
        "rule": rule.rule_id(breach.key),
        "source": breach.key if rule.key == "source" else None,
        "message": rule.message + where,
        "detail": f"{rule.value}: {breach.value}; {rule.sense} {breach.limit} expected",
    }


def tell_in_one_column(result: dict[str, Any]) -> None:
    """Makes one text of what a broken rule looked at: the library shows several columns in the order of a set."""
    keys = result.get("unexpected_index_column_names") or ()
    if rows := result.get("unexpected_index_list"):
        result["unexpected_index_list"] = [
            {
                **{name: row[name] for name in keys},
                "found": ", ".join(
                    f"{name.replace('_', ' ')} {row[name]}" for name in sorted(row) if name not in keys
                ),
            }
            for row in rows
        ]
