"""A check's answer as findings: rows of the query, anchored to the delivered line that each is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.errors import SpecError
from pipeline.findings import FINDING, as_findings
from pipeline.specs.checks import Check
from pipeline.specs.load import StudySpec

MACROS = Path(__file__).with_name("macros.sql")
# What a query may return about the place of a finding; every other column is a value for the message.
PLACE = ("subject", "USUBJID", "source", "line", "dataset", "seq", "variable", "visit", "severity")
MISSING = "missing"  # how the message writes a value that is not there

Ask = Callable[[str], pl.DataFrame]
Read = Callable[[str], pl.LazyFrame]


@dataclass(frozen=True)
class Anchors:
    """Where records come from.

    ``links`` gives the source rows of a dataset's records, ``roster`` the source with one row a subject,
    ``subjects`` its ``SUBJID`` and ``line``.
    """

    spec: StudySpec
    links: Read
    roster: str
    subjects: pl.DataFrame


def answered(name: str, check: Check, ask: Ask, anchors: Anchors) -> pl.DataFrame:
    """Findings (FINDING) of one check, in no particular order; none where nothing breaks the rule.

    A row of the query tells its place by ``source`` and ``line``, by ``dataset`` and ``seq`` (with ``USUBJID`` or
    ``subject``), or by the subject alone: then the finding stands at the subject's line of the roster. ``severity``
    overrides that of the check. SpecError if the query lacks a column that the message quotes, or has a column that
    is neither a place nor quoted.
    """
    rows = ask(check.sql or "").unique(maintain_order=True)
    _fits(name, check, rows)
    placed = _anchored(_with_subject(_with_all_places(rows), anchors.spec), anchors)
    told = placed.with_columns(
        severity=pl.coalesce("severity", pl.lit(str(check.severity))), detail=_detail(check, rows.schema)
    )
    return as_findings(told, rule=name, message=check.title, action=check.action, quarantined=False)


def _fits(name: str, check: Check, rows: pl.DataFrame) -> None:
    values = set(rows.columns) - set(PLACE)
    if wrong := sorted(values ^ set(check.places)):
        raise SpecError(
            f"check {name}", f"query and message do not agree on {', '.join(wrong)}", "return what is quoted"
        )
    if not {"subject", "USUBJID", "source", "variable"} & set(rows.columns):
        raise SpecError(f"check {name}", "does not say what its findings are about", "return a place")


def _with_all_places(rows: pl.DataFrame) -> pl.DataFrame:
    kinds = {"line": pl.Int64, "seq": pl.Int64}
    return rows.with_columns(
        (pl.col(place) if place in rows.columns else pl.lit(None))
        .cast(kinds.get(place, pl.String))
        .alias(place)
        for place in PLACE
    )


def _with_subject(rows: pl.DataFrame, spec: StudySpec) -> pl.DataFrame:
    own = pl.col("USUBJID").str.strip_prefix(spec.study.subject_prefix)
    return rows.with_columns(subject=pl.coalesce("subject", own))


def _anchored(rows: pl.DataFrame, anchors: Anchors) -> pl.DataFrame:
    """``rows`` with source, line and record filled where they can be known."""
    by_record = pl.col("source").is_null() & pl.col("dataset").is_not_null()
    alone = pl.col("source").is_null() & pl.col("dataset").is_null() & pl.col("subject").is_not_null()
    parts = [rows.filter(~by_record & ~alone).with_columns(record=pl.lit(None, pl.String))]
    groups = rows.filter(by_record).partition_by("dataset", maintain_order=True)
    parts += [_at_records(group, anchors) for group in groups]
    roster = anchors.subjects.select(subject="SUBJID", _at=pl.col("line").cast(pl.Int64))
    parts.append(
        rows.filter(alone)
        .join(roster, on="subject", how="left", maintain_order="left")
        .with_columns(source=pl.lit(anchors.roster), line="_at", record=pl.lit(None, pl.String))
        .drop("_at")
    )
    return pl.concat(parts)


def _at_records(group: pl.DataFrame, anchors: Anchors) -> pl.DataFrame:
    """The first row of the dataset's first source that the record comes from; the dataset itself without links."""
    dataset = group["dataset"][0]
    rank = {source: n for n, source in enumerate(anchors.spec.dataset(dataset).sources)}
    subject = pl.col("subject").str.strip_prefix(anchors.spec.study.subject_prefix)
    links = anchors.links(dataset).with_columns(subject=subject)
    wanted = group.lazy().select("subject", "seq").unique()
    first = (
        links.join(wanted, on=["subject", "seq"], how="semi")
        .with_columns(_rank=pl.col("source").replace_strict(rank, default=len(rank), return_dtype=pl.Int64))
        .sort("_rank", "source", "line")
        .unique(["subject", "seq"], keep="first", maintain_order=True)
        .select("subject", "seq", _from="source", _at=pl.col("line").cast(pl.Int64))
        .collect()
    )
    found = group.join(first, on=["subject", "seq"], how="left", maintain_order="left")
    return found.with_columns(
        source=pl.coalesce("_from", "dataset"),
        line="_at",
        record=pl.format("{}/{}", "dataset", "seq"),
    ).drop("_from", "_at")


def _detail(check: Check, schema: pl.Schema) -> pl.Expr:
    """The message with its values; a decimal without trailing zeros."""
    if not check.places:
        return pl.lit(check.message)
    template = check.message
    for place in check.places:
        template = template.replace("{" + place + "}", "{}", 1)
    return pl.format(template, *(_written(place, schema[place]) for place in check.places))


def _written(name: str, dtype: pl.DataType) -> pl.Expr:
    text = pl.col(name).cast(pl.String)
    if dtype.is_decimal() or dtype.is_float():
        text = (
            pl.when(text.str.contains(".", literal=True))
            .then(text.str.replace(r"\.?0+$", ""))
            .otherwise(text)
        )
    return text.fill_null(MISSING)


def no_answers() -> pl.DataFrame:
    """An empty frame of findings."""
    return FINDING.to_frame()
