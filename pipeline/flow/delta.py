"""From night to night: two landed deliveries side by side, in raw records and in the datasets built from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.contracts.identity import subject_number
from pipeline.delta.flags import FLAG, Coding, coded_flags, locked_flags, moved_flags
from pipeline.delta.page import Night, page
from pipeline.delta.records import FIELD, RECORD, Compared
from pipeline.derive.spreadsheet import harmless
from pipeline.errors import SpecError, UsageError
from pipeline.files import folder_written_aside
from pipeline.flow.context import StudyParts, study_parts
from pipeline.flow.delta_datasets import compared_datasets
from pipeline.flow.delta_sources import Files, compared_sources, raw_rows, source_counts, touched_sources
from pipeline.settings import Settings
from pipeline.sources.delivery import Delivery, deliveries, resolve
from pipeline.specs.models import CodedTerm, Join


@dataclass(frozen=True)
class Delta:
    """Two deliveries side by side; ``datasets`` is None where ``notes`` say which build is absent."""

    study: str
    old: Delivery
    new: Delivery
    sources: pl.DataFrame
    records: pl.DataFrame
    fields: pl.DataFrame
    datasets: pl.DataFrame | None
    changes: pl.DataFrame
    flags: pl.DataFrame
    notes: tuple[str, ...]


def delta(settings: Settings, old: str | None = None, new: str | None = None) -> Delta:
    """The changes from delivery ``old`` to ``new``; by default from the newest but one to the newest.

    Raises UsageError if there are not two deliveries, or one of the ids is unknown.
    """
    parts = study_parts(settings)
    one, other = two_deliveries(settings, old, new)
    compared = compared_sources(parts, one, other)
    datasets = compared_datasets(settings, parts, one, other)
    return Delta(
        parts.spec.study.study,
        one,
        other,
        source_counts(compared),
        pl.concat([RECORD.to_frame(), *(each.records for each in compared.values())]),
        pl.concat([FIELD.to_frame(), *(each.fields for each in compared.values())]),
        datasets.counts,
        datasets.changes,
        _flags(parts, compared, resolve(other)),
        (*_kept(one, other), *datasets.notes),
    )


def two_deliveries(settings: Settings, old: str | None, new: str | None) -> tuple[Delivery, Delivery]:
    """The two landed deliveries in the order asked for; see ``delta``."""
    landed = {one.delivery_id: one for one in deliveries(settings.landing)}
    order = list(landed)
    for name in (old, new):
        if name is not None and name not in landed:
            known = ", ".join(order[-3:]) or "nothing has landed yet"
            raise UsageError(f"delivery {name}", "is not among the landed deliveries", f"newest: {known}")
    last = order.index(new) if new else len(order) - 1
    first = order.index(old) if old else last - 1
    if first < 0:
        raise UsageError(
            "delta", "there is no earlier delivery to compare with", "load a second delivery first"
        )
    return landed[order[first]], landed[order[last]]


def _kept(old: Delivery, new: Delivery) -> list[str]:
    """Sources whose newer file is not of the newer delivery."""
    kept = {source: one.kept_from for source, one in sorted(new.entries.items()) if one.state != "accepted"}
    return [
        f"{source} did not arrive in a usable form with {new.delivery_id}: the file of {origin} stays in use"
        for source, origin in kept.items()
        if origin and old.delivery_id != new.delivery_id
    ]


def _flags(parts: StudyParts, compared: Mapping[str, Compared], files: Files) -> pl.DataFrame:
    compare = parts.spec.study.delivery.compare
    locked = compare.locked.values if compare.locked else ()
    found = [FLAG.to_frame(), *(locked_flags(each.records, locked) for each in compared.values())]
    found += [
        moved_flags(each.records, each.fields, parts.layouts[source].subject_column, _meant(parts))
        for source, each in compared.items()
    ]
    for term in compare.coded:
        each = compared[term.form]
        coding = _coding(parts, term, raw_rows(parts, term.coding, files))
        found.append(coded_flags(each.records, each.fields, raw_rows(parts, term.form, files), coding))
    return pl.concat(found)


def _meant(parts: StudyParts) -> Callable[[pl.Expr], pl.Expr]:
    """Reads the subject's number, however the sender writes it."""
    return lambda text: subject_number(text, parts.form, ())


def _coding(parts: StudyParts, term: CodedTerm, rows: pl.LazyFrame) -> Coding:
    """Where a form's text is coded, from the join of the dataset that it fills."""
    join = next(iter(_joins(parts, term)), None)
    if join is None:
        what = f"delivery.compare.coded of {term.form}"
        raise SpecError(what, f"no dataset joins {term.coding} to it", "name the source of its codes")
    audit = parts.spec.study.delivery.compare.audit
    version = [name for name in join.on if name in audit]
    return Coding(term.term, rows, term.verbatim, join.on, version, join.where)


def _joins(parts: StudyParts, term: CodedTerm) -> list[Join]:
    datasets = parts.spec.datasets.values()
    of_form = [part for dataset in datasets for part in dataset.parts if part.source == term.form]
    return [join for part in of_form for join in part.join.values() if join.source == term.coding]


def write_delta(found: Delta, target: Path) -> list[str]:
    """The names of the files written into ``target``, which must not exist: three CSV and the page.

    ``delta.csv``: every changed variable of the datasets; ``records.csv``: every raw record that changed;
    ``fields.csv``: its fields, old and new; ``flags.csv``: what to look at. Equal deltas give equal bytes.
    """
    if target.exists():
        raise UsageError(str(target), "exists", "choose a folder that does not exist yet")
    tables = {"delta": found.changes, "records": found.records, "fields": found.fields, "flags": found.flags}
    with folder_written_aside(target) as aside:
        for name, rows in tables.items():
            harmless(rows).write_csv(aside / f"{name}.csv")
        (aside / "delta.html").write_text(page(_night(found)), encoding="utf-8")
    return [*(f"{name}.csv" for name in tables), "delta.html"]


def _night(found: Delta) -> Night:
    return Night(
        found.study,
        (found.old.delivery_id, found.new.delivery_id),
        touched_sources(found.sources),
        found.datasets,
        {"flags": found.flags, "records": found.records, "fields": found.fields, "changes": found.changes},
        found.notes,
    )
