"""What becomes of each delivered column: it reaches a dataset, steers the build, or is left out for a stated reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.review.delivered import Delivered, Source
from pipeline.review.usage import Usage
from pipeline.review.use import CARRIES, Use
from pipeline.specs.load import StudySpec


class Fate(StrEnum):
    """The one word that a reviewer reads beside a column."""

    SUBMITTED = "submitted"
    STEERS = "steers"
    NOT_SUBMITTED = "not submitted"
    RESTRICTED = "restricted"
    OPEN = "open"


@dataclass(frozen=True)
class ColumnFate:
    """``reasons``: every declared reason why no variable holds the column, with who declares it."""

    fate: Fate
    uses: tuple[Use, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()


def fates(spec: StudySpec, delivered: Delivered, uses: Usage) -> Mapping[tuple[str, str], ColumnFate]:
    """(source, column) -> fate, for every delivered column, in delivered order."""
    return {
        (name, column): _fate(spec, source, column, uses.get((name, column), ()))
        for name, source in delivered.items()
        for column in source.columns
    }


def declared(spec: StudySpec, source: Source, column: str) -> tuple[tuple[str, str], ...]:
    """(who declares it, reason) of everything that says that the column is not submitted."""
    contract = source.columns[column].not_submitted
    own = (("the contract", contract),) if contract else ()
    study = (
        ("study.yaml" if each.column else "study.yaml, whole file", each.reason)
        for each in spec.study.not_submitted
        if each.source == source.source and each.column in (None, column)
    )
    return (*own, *study)


def whole_files(spec: StudySpec) -> dict[str, str]:
    """Source -> why the whole file is not submitted."""
    return {each.source: each.reason for each in spec.study.not_submitted if each.column is None}


def _fate(spec: StudySpec, source: Source, column: str, uses: tuple[Use, ...]) -> ColumnFate:
    reasons = declared(spec, source, column)
    if any(use.role in CARRIES for use in uses):
        fate = Fate.SUBMITTED
    elif reasons:
        fate = Fate.NOT_SUBMITTED
    elif source.restricted:
        fate = Fate.RESTRICTED
    else:
        fate = Fate.STEERS if uses else Fate.OPEN
    return ColumnFate(fate, uses, reasons)
