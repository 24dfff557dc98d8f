"""Breaches of delivery rules as findings; a source that lacks subjects gets one finding for each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from pipeline.contracts.deliveries.rules import SUBJECTS, VISITS, Breach, Rule
from pipeline.findings import FINDING, as_findings

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
