"""Questions to the site: indices and responses that the components contradict, and responses that are not shown."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from pipeline.derive.iso8601 import date_part
from pipeline.domains.components import KEYS
from pipeline.domains.records import LINE, Inputs
from pipeline.domains.score_roles import scores_of
from pipeline.domains.verdicts import DIFFERS, NOT_RECALCULABLE, NOT_SHOWN, RESPONSE
from pipeline.findings import Severity, as_findings


def different(table: pl.DataFrame, test: str) -> pl.DataFrame:
    """BX-RS-01: a shown index or response that the components contradict.

    A response that rests on missing components contradicts them too; an index that does is only for review.
    """
    differs = pl.col("verdict") == DIFFERS
    grave = differs | (pl.col("kind") == RESPONSE)
    bad = table.filter(pl.col("verdict").is_in([DIFFERS, NOT_RECALCULABLE]))
    message = (
        pl.when(differs)
        .then(pl.format("{} on the form differs from its recalculation", test))
        .otherwise(pl.format("{} on the form cannot be recalculated: a component is missing", test))
    )
    severity = pl.when(grave).then(pl.lit(str(Severity.ERROR))).otherwise(pl.lit(str(Severity.WARN)))
    return as_findings(
        bad.select("source", "line", subject="SUBJID", variable=test, message=message, severity=severity),
        rule="BX-RS-01",
        action="ask the site to check the components; the value on the form stays",
        quarantined=False,
    )


def not_shown(inputs: Inputs, table: pl.DataFrame, test: str) -> pl.DataFrame:
    """A query for a response that no form shows although nothing that it is judged by is missing.

    None where the form's own query asks for it, or while the whole form may still come.
    """
    asked = (pl.col("verdict") == NOT_SHOWN) & (pl.col("kind") == RESPONSE) & pl.col("complete")
    placed = (
        table.filter(asked)
        .drop("source", "line")
        .join(_places(inputs), on=test, how="left", maintain_order="left")
    )
    forms = placed.join(_forms(inputs), on=[*KEYS, "source"], how="left", maintain_order="left")
    here = pl.col("line").is_not_null()
    late = date_part(pl.col("dtc")) + timedelta(days=scores_of(inputs).form_days) < inputs.cut
    silent = forms.filter(pl.when(here).then(~pl.col("queried")).otherwise(late))
    message = pl.format("{} is missing on the form although all its components exist", test)
    return as_findings(
        silent.select("source", "line", subject="SUBJID", variable=test, message=message),
        rule=f"{scores_of(inputs).dataset}.not_shown",
        severity=str(Severity.WARN),
        action="ask the site for the response; it is not derived into the dataset",
        quarantined=False,
    )


def _places(inputs: Inputs) -> pl.DataFrame:
    """Test, the ``source`` whose form shows it, and whether the dataset itself asks for that form's blanks."""
    dataset = inputs.spec.dataset(scores_of(inputs).dataset)
    test = f"{dataset.dataset}TESTCD"
    frames = [
        inputs.spec.table(part.items)
        .filter(pl.col("source") == part.source)
        .select(test, "source", queried=pl.lit(part.blank == "query"))
        for part in dataset.parts
        if part.items
    ]
    return pl.concat(frames).unique(test, keep="first", maintain_order=True)


def _forms(inputs: Inputs) -> pl.DataFrame:
    """Where the forms of planned visits lie: keys, ``source``, ``line`` of the first one."""
    dataset, reference = inputs.spec.dataset(scores_of(inputs).dataset), inputs.spec.study.reference
    oid = pl.col(reference.visit_column)
    rows = [
        inputs.live(part.source).select("SUBJID", oid=oid, source=pl.lit(part.source), line=pl.col(LINE))
        for part in dataset.parts
    ]
    visits = (
        inputs.derived("visits").filter(pl.col("oid") != reference.unscheduled).select("SUBJID", "oid", *KEYS)
    )
    found = pl.concat(rows).join(visits, on=["SUBJID", "oid"], how="inner")
    return found.group_by(*KEYS, "source").agg(pl.col("line").min()).sort(*KEYS, "source").collect()
