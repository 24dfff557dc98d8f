"""What a person wants to know of a build: rows by source, records by dataset, findings by severity, where it lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from pipeline.findings import SEVERITIES
from pipeline.flow.columns import counted
from pipeline.warehouse.builds import Build
from pipeline.warehouse.documents import EXPECTATIONS, documents_of

_FATES = ("mapped", "quarantined", "superseded", "deleted", "not_submitted")


def summary(build: Build) -> dict[str, Any]:
    """The build in plain JSON values; counts only, no value of a subject."""
    accounting = build.read("ops", "accounting").collect()
    findings = build.read("qc", "findings")
    return {
        "study": build.facts["study"],
        "delivery": build.delivery,
        "build": build.build,
        "mode": build.place.mode,
        "data_cut": build.facts["cut"],
        "sources": [_source(row) for row in accounting.iter_rows(named=True)],
        "columns": counted(build.read("ops", "columns").collect()),
        "datasets": {file.table.upper(): file.rows for file in build.files if file.layer == "sdtm"},
        "findings": _by_severity(findings),
        "rules": _by_rule(findings),
        "warehouse": str(build.place.folder),
        "catalog": str(build.place.catalog),
        "expectations": str(expectations(build)),
    }


def expectations(build: Build) -> Path:
    """The first page of the build's Data Docs."""
    return documents_of(build.place, EXPECTATIONS, build.build) / "index.html"


def _source(row: dict[str, Any]) -> dict[str, Any]:
    return {"source": row["source"], "delivered": row["delivered"], **{name: row[name] for name in _FATES}}


def _by_severity(findings: pl.LazyFrame) -> dict[str, int]:
    counted = dict(findings.group_by("severity").len().collect().iter_rows())
    return {name: counted.get(name, 0) for name in SEVERITIES}


def _by_rule(findings: pl.LazyFrame) -> list[dict[str, Any]]:
    counted = findings.group_by("severity", "rule", "message").len("count").collect()
    order = {name: rank for rank, name in enumerate(SEVERITIES)}
    ranked = counted.sort(pl.col("severity").replace_strict(order, return_dtype=pl.Int8), "rule", "message")
    return ranked.to_dicts()
