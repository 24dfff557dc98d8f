"""A study's annotated CRF: its forms from the contracts, its annotations from the specification."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pipeline.documents.acrf.document import annotated_crf
from pipeline.documents.acrf.facts import AnnotatedCrf, Crf, Form
from pipeline.emit.marking import marking
from pipeline.errors import SpecError
from pipeline.files import written_aside
from pipeline.flow.acrf_fields import fields_of
from pipeline.flow.acrf_notes import Notes, joined_notes
from pipeline.flow.context import BLINDED, StudyParts, study_parts
from pipeline.flow.delivered import delivered_sources
from pipeline.review.annotations import Annotations, field_annotations
from pipeline.review.delivered import SITE_KIND, Delivered, Source
from pipeline.settings import Settings
from pipeline.specs.load import StudySpec

FORMS = "crf_forms"  # the table that says which source is which form, and at which visits
SHARED = "Record header of every form"


def annotated_crf_of(parts: StudyParts, mark: str | None, cut: date | None = None) -> AnnotatedCrf | None:
    """The annotated CRF of the study with a draft's ``mark``, for a data cut; None if the study names no forms."""
    crf = crf_facts(parts.spec, delivered_sources(parts.models))
    return None if crf is None else annotated_crf(crf, mark, cut)


def crf_facts(spec: StudySpec, delivered: Delivered) -> Crf | None:
    """The forms as they are printed; None for a study without a table of forms.

    SpecError if the table names a source that is not delivered, or a visit that its forms do not know.
    """
    if FORMS not in spec.tables:
        return None
    rows = spec.table(FORMS).to_dicts()
    if unknown := [row["source"] for row in rows if row["source"] not in delivered]:
        raise SpecError(f"{FORMS}.csv", f"{unknown[0]} is not delivered", "correct the name")
    sources = [delivered[row["source"]] for row in rows]
    visits = sources[0].columns[spec.study.reference.visit_column].codes
    told = field_annotations(spec, {each.source: each for each in sources})
    header = shared_columns(sources)
    forms = [_form(spec, source, row, told, header) for source, row in zip(sources, rows, strict=True)]
    if unknown := [each for form in forms for each in form.visits if each not in visits]:
        raise SpecError(f"{FORMS}.csv", f"visit {unknown[0]} is unknown", "correct its code")
    standards = spec.study.standards
    return Crf(
        study=spec.study.study,
        title=spec.study.title,
        sponsor=spec.study.sponsor,
        standards=f"SDTM {standards.sdtm}, SDTMIG {standards.sdtmig}, CDISC SDTM Terminology {standards.terminology}",
        visits=visits,
        forms=tuple(forms),
        shared=_shared(spec, sources, told, header),
    )


def shared_columns(sources: list[Source]) -> tuple[str, ...]:
    """Columns that every form has, with the same label: its record header."""
    first, *others = sources
    return tuple(
        name
        for name, column in first.columns.items()
        if all(name in each.columns and each.columns[name].label == column.label for each in others)
    )


def _form(
    spec: StudySpec, source: Source, row: Mapping[str, str | None], told: Annotations, header: tuple[str, ...]
) -> Form:
    notes = Notes(spec, source, told)
    own = [name for name in source.columns if name not in header]
    visits = tuple((row["visits"] or "").split())
    heading = tuple(_heading(spec, source, visits))
    fields = fields_of(spec, source, own, notes)
    known = fields_of(spec, source, heading, notes)
    return Form(
        code=row["form"] or "",
        title=source.title,
        visits=visits,
        repeats=row["repeats"] or "",
        datasets=notes.legend((*known, *fields)),
        heading=known,
        fixed=tuple(notes.fixed(fields)),
        fields=fields,
    )


def _heading(spec: StudySpec, source: Source, visits: tuple[str, ...]) -> Iterator[str]:
    """The columns of the record header that a person reads first: study, site, subject, visit, record."""
    reference = spec.study.reference
    planned = {*spec.table(reference.visits)["oid"], reference.unscheduled}
    yield from (name for name in (source.study_column,) if name)
    yield from (name for name, column in source.columns.items() if column.kind == SITE_KIND)
    yield from (name for name in (source.subject_column,) if name)
    yield from (name for name in (reference.visit_column,) if planned & {*visits})
    yield from (name for name in (reference.record_column,) if name in source.columns)


def _shared(spec: StudySpec, sources: list[Source], told: Annotations, header: tuple[str, ...]) -> Form:
    """The record header in full, each column with what it is on any of the forms."""
    notes = [Notes(spec, source, told) for source in sources]
    fields = tuple(
        replace(field, notes=joined_notes([each.of(field.name) for each in notes]))
        for field in fields_of(spec, sources[0], header, notes[0])
    )
    return Form("", SHARED, (), "", (), (), (), fields)


@dataclass(frozen=True)
class Written:
    """What a written draft holds."""

    study: str
    counts: Mapping[str, int]


def write_draft(settings: Settings, target: Path) -> Written | None:
    """Writes the annotated CRF as the draft of a blinded build; None, and no file, if the study names no forms."""
    parts = study_parts(settings)
    crf = crf_facts(parts.spec, delivered_sources(parts.models))
    if crf is None:
        return None
    made = annotated_crf(crf, marking(BLINDED))
    with written_aside(target) as aside:
        aside.write_bytes(made.pdf)
    fields = [field for form in crf.forms for field in form.fields]
    counts = {
        "forms": len(crf.forms),
        "fields": len(fields),
        "annotations": sum(len(field.notes) for field in fields),
        "variables": len(made.spots),
        "pages": made.total,
    }
    return Written(crf.study, counts)
