"""Judging a finished release and keeping what was found in the warehouse of those who may read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipeline.conformance.verdict import Issue, Verdict
from pipeline.emit.opened import OpenRelease
from pipeline.errors import UsageError
from pipeline.flow.conform import Judge, conformance_of
from pipeline.specs.load import StudySpec
from pipeline.warehouse.conformance import CONFORMANCE_SCHEMA, keep_conformance
from pipeline.warehouse.places import Place


@dataclass(frozen=True)
class Judged:
    """A release, what was found of it, and the table in which it is kept."""

    release: str
    mode: str
    verdict: Verdict
    table: Path


def judge_release(release: OpenRelease, spec: StudySpec, place: Place, judge: Judge) -> Judged:
    """What is to say of the release; it is in the view ``qc.conformance`` of ``place`` afterwards."""
    if release.study != spec.study.study:
        raise UsageError(release.name, "is a release of another study", "set SDTM_STUDY")
    cut = date.fromisoformat(release.manifest["release"]["cut"])
    verdict = conformance_of(release.folder, spec, release.mode, cut, judge)
    return Judged(release.name, release.mode, verdict, keep_verdict(place, release.name, verdict))


def keep_verdict(place: Place, release: str, verdict: Verdict) -> Path:
    """The table with what was found of the release, seen in ``qc.conformance`` of ``place`` from now on."""
    return keep_conformance(place, release, _rows(release, verdict.issues))


def _rows(release: str, issues: tuple[Issue, ...]) -> pl.DataFrame:
    """One row a record that an issue is about; one for an issue about a whole dataset or file."""
    rows = [
        {
            "release": release,
            "source": issue.source,
            "rule": issue.rule,
            "dataset": issue.dataset,
            "variable": " ".join(issue.variables) or None,
            "record": place.record if place else None,
            "subject": (place.subject or None) if place else None,
            "seq": (place.seq or None) if place else None,
            "message": issue.message,
            "explained": issue.why is not None,
            "why": issue.why,
        }
        for issue in issues
        for place in issue.places or (None,)
    ]
    return pl.DataFrame(rows, schema=CONFORMANCE_SCHEMA)
