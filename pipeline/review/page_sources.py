"""What the page shows about each delivered file: its columns, their codes, and where each one goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.review.delivered import Column, Delivered, Source
from pipeline.review.fates import ColumnFate, Fate, whole_files
from pipeline.review.use import Role, Use
from pipeline.review.words import Piece, column_anchor, variable_anchor
from pipeline.specs.load import StudySpec

_KINDS = {
    "edc_date": "date",
    "edc_time": "time",
    "compact_date": "date",
    "compact_time": "time",
    "compact_stamp": "date and time",
    "timestamp": "UTC time",
    "decode": "printed text",
    "flag": "check box",
}
_MOST_TARGETS = 6
Fates = Mapping[tuple[str, str], ColumnFate]


@dataclass(frozen=True)
class Destination:
    """Where a column goes, and in which way; ``how`` may be ""."""

    role: str
    targets: tuple[Piece, ...]
    how: str


@dataclass(frozen=True)
class ColumnView:
    """One row of a file's table; ``beside`` is the column with the printed text of a code."""

    anchor: str
    name: str
    beside: str
    label: str
    kind: str
    required: bool
    key: bool
    codes: tuple[str, ...]
    fate: str
    destinations: tuple[Destination, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class SourceView:
    """One delivered file; ``common`` are the columns that most files have, shown apart."""

    source: str
    title: str
    pattern: str
    owner: str
    restricted: bool
    whole: str
    counted: tuple[tuple[str, int], ...]
    columns: tuple[ColumnView, ...]
    common: tuple[ColumnView, ...]


def source_views(spec: StudySpec, delivered: Delivered, told: Fates) -> list[SourceView]:
    """Every file in the order of the contracts."""
    whole, shared = whole_files(spec), _shared(delivered)
    return [_source(spec, source, told, whole.get(name, ""), shared) for name, source in delivered.items()]


def _shared(delivered: Delivered) -> set[tuple[str, str]]:
    """Name and label of the columns that more than half of the files have."""
    seen = Counter(
        (column.name, column.label) for source in delivered.values() for column in source.columns.values()
    )
    return {name for name, count in seen.items() if count * 2 > len(delivered)}


def _source(
    spec: StudySpec, source: Source, told: Fates, whole: str, shared: set[tuple[str, str]]
) -> SourceView:
    views = {
        column.name: _column(spec, source, column, told)
        for column in source.columns.values()
        if column.decodes is None
    }
    common = {name for name in views if (name, source.columns[name].label) in shared}
    counted = Counter(told[source.source, name].fate for name in source.columns)
    return SourceView(
        source=source.source,
        title=source.title,
        pattern=source.pattern,
        owner=source.owner,
        restricted=source.restricted,
        whole=whole,
        counted=tuple((str(fate), counted[fate]) for fate in Fate if counted[fate]),
        columns=tuple(view for name, view in views.items() if name not in common),
        common=tuple(view for name, view in views.items() if name in common),
    )


def _column(spec: StudySpec, source: Source, column: Column, told: Fates) -> ColumnView:
    fate = told[source.source, column.name]
    beside = [each.name for each in source.columns.values() if each.decodes == column.name]
    return ColumnView(
        anchor=column_anchor(source.source, column.name),
        name=column.name,
        beside=beside[0] if beside else "",
        label=column.label,
        kind=_KINDS.get(column.kind, column.kind),
        required=column.required,
        key=column.name in source.key,
        codes=tuple(f"{code} = {text}" if text else code for code, text in column.codes.items()),
        fate=str(fate.fate),
        destinations=_destinations(spec, fate.uses),
        reasons=tuple(f"{reason} ({who})" for who, reason in fate.reasons),
    )


def _destinations(spec: StudySpec, uses: tuple[Use, ...]) -> tuple[Destination, ...]:
    """Uses of one role and wording as one line, the strongest role first."""
    grouped: dict[tuple[Role, str], list[str]] = {}
    for use in uses:
        grouped.setdefault((use.role, use.how), []).append(use.target)
    order = list(Role)
    found = sorted(grouped.items(), key=lambda each: order.index(each[0][0]))
    return tuple(Destination(str(role), _targets(spec, targets), how) for (role, how), targets in found)


def _targets(spec: StudySpec, targets: list[str]) -> tuple[Piece, ...]:
    names = list(dict.fromkeys(targets))
    pieces = [_target(spec, name) for name in names[:_MOST_TARGETS]]
    return (
        (*pieces, Piece(f"and {len(names) - _MOST_TARGETS} more"))
        if len(names) > _MOST_TARGETS
        else tuple(pieces)
    )


def _target(spec: StudySpec, target: str) -> Piece:
    name, _, variable = target.partition(".")
    if name not in spec.datasets:
        return Piece(target)
    return Piece(target, variable_anchor(name, variable) if variable else f"d-{name}")
