"""Columns that the study names once for all datasets: reference moments, visits, the laboratory's roles, identity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.review.delivered import SITE_KIND, Delivered, Source
from pipeline.review.usage_parts import condition
from pipeline.review.use import Role, Use
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Dataset, Laboratory, Moment

_MOMENTS = {
    "consent": "informed consent (DM.RFICDTC)",
    "assignment": "randomization",
    "exposure_start": "first exposure (DM.RFXSTDTC, DM.RFSTDTC)",
    "exposure_end": "last exposure (DM.RFXENDTC)",
    "end_of_participation": "end of participation (DM.RFENDTC)",
    "death": "death (DM.DTHDTC)",
    "rescue": "start of rescue (epochs)",
}
# Roles of the laboratory's file: what each fills or drives; a role that is not named here drives a derivation.
_CENTRAL = {
    "subject": (Role.IDENTIFIES, "", "subject"),
    "visit_label": (Role.DERIVES, "VISITNUM", "visit, unless the collection form names another"),
    "accession": (Role.FILLS, "REFID", ""),
    "date": (Role.FILLS, "DTC", ""),
    "time": (Role.FILLS, "DTC", ""),
    "test": (Role.DERIVES, "TESTCD", "through the test catalogue"),
    "specimen": (Role.DERIVES, "SPEC", "through the test catalogue"),
    "loinc": (Role.FILLS, "LOINC", ""),
    "method": (Role.DERIVES, "ANMETH", "through the table of formulas"),
    "result": (Role.FILLS, "ORRES", ""),
    "unit": (Role.FILLS, "ORRESU", ""),
    "low": (Role.FILLS, "ORNRLO", ""),
    "high": (Role.FILLS, "ORNRHI", ""),
    "reference_text": (Role.FILLS, "STNRC", ""),
    "status": (Role.DECIDES, "", "which rows count"),
    "revision": (Role.DERIVES, "SPID", "and which row counts"),
    "reported": (Role.DECIDES, "", "which of two equal rows counts"),
    "comment": (Role.FILLS, "REASND", "when cancelled"),
    "name": (Role.FILLS, "NAM", ""),
    "fasting": (Role.FILLS, "FAST", ""),
    "quantitation": (Role.FILLS, "LLOQ", ""),
}
_FORM = {
    "form_performed": (Role.DECIDES, "", "whether the panels were drawn"),
    "form_reason": (Role.FILLS, "REASND", "of panels that were not drawn"),
    "form_date": (Role.FILLS, "DTC", "of panels that were not drawn"),
    "form_time": (Role.FILLS, "DTC", "of panels that were not drawn"),
}
_LOCAL = {
    "local_result": (Role.FILLS, "ORRES", ""),
    "local_performed": (Role.DECIDES, "", "done or not done"),
}
_NO_COLUMN = frozenset({"source", "form", "local", "planned", "panel_name"})


def reference_uses(spec: StudySpec) -> Iterator[Use]:
    """Columns behind a subject's reference moments and the dates of the visits."""
    reference = spec.study.reference
    for name, moment in moments(spec).items():
        target = _MOMENTS.get(name, name.replace("_", " "))
        for column in filter(None, (moment.date, moment.time)):
            yield Use(moment.source, column, Role.DERIVES, target)
        for where in moment.where:
            yield Use(moment.source, where.column, Role.DECIDES, target, f"counts where {condition(where)}")
    for each in reference.visit_dates:
        for column in filter(None, (each.date, each.end)):
            yield Use(each.source, column, Role.DERIVES, "dates of the visit (SV.SVSTDTC, SV.SVENDTC)")


def moments(spec: StudySpec) -> dict[str, Moment]:
    """The reference moments by name, in the order of the model."""
    reference = spec.study.reference
    found = {name: getattr(reference, name) for name in type(reference).model_fields}
    return {name: value for name, value in found.items() if isinstance(value, Moment)}


def laboratory_uses(spec: StudySpec, delivered: Delivered) -> Iterator[Use]:
    """Columns that play a role of the laboratory, for every dataset that reads its file or forms."""
    roles = spec.study.laboratory
    datasets = [each for each in spec.datasets.values() if each.build == "laboratory"]
    central = [each for each in datasets if roles.source in each.sources]
    yield from _role_uses(roles, delivered, roles.source, _central_roles(roles, delivered), central)
    yield from _role_uses(roles, delivered, roles.form, _FORM, [d for d in datasets if roles.form in d.sources])
    yield from _role_uses(roles, delivered, roles.local, _LOCAL, [d for d in datasets if roles.local in d.sources])
    if central:
        yield Use(roles.form, roles.form_accession, Role.DECIDES, central[0].dataset, "visit of the sample")
        for column in (roles.visit_label, roles.accession, roles.date):
            yield Use(roles.source, column, Role.DERIVES, "visits", "a draw is a record of its visit")


def _central_roles(roles: Laboratory, delivered: Delivered) -> dict[str, tuple[Role, str, str]]:
    """The known roles of the file, and any further role that names one of its columns."""
    columns = delivered[roles.source].columns if roles.source in delivered else {}
    known = {*_CENTRAL, *_FORM, *_LOCAL, *_NO_COLUMN, "form_accession"}
    further = {
        name: (Role.DERIVES, "", name.replace("_", " "))
        for name in type(roles).model_fields
        if name not in known and getattr(roles, name) in columns
    }
    return {name: fact for name, fact in _CENTRAL.items() if hasattr(roles, name)} | further


def _role_uses(
    roles: Laboratory,
    delivered: Delivered,
    source: str,
    named: dict[str, tuple[Role, str, str]],
    datasets: Iterable[Dataset],
) -> Iterator[Use]:
    for dataset in datasets:
        for name, (role, suffix, how) in named.items():
            variables = (suffix, f"{dataset.dataset}{suffix}") if suffix else ()
            filled = [variable for variable in variables if variable in dataset.variables]
            if filled or not suffix:
                target = f"{dataset.dataset}.{filled[0]}" if filled else dataset.dataset
                yield Use(source, getattr(roles, name), role, target, how)


def identity_uses(spec: StudySpec, source: Source) -> Iterator[Use]:
    """Columns that every file has for itself: study, subject, site, visit, contact, record and the mark of deletion."""
    reference, deleted = spec.study.reference, spec.study.delivery.deleted
    known = {
        source.study_column: "study, checked and written as STUDYID",
        source.subject_column: "subject (USUBJID)",
        **{name: "site of the subject, checked" for name, each in source.columns.items() if each.kind == SITE_KIND},
        reference.visit_column: "visit of the row",
        reference.repeat_column: "which unplanned contact the row is",
        reference.record_column: "record of the sender",
    }
    for column, how in known.items():
        if column is not None and column in source.columns:
            yield Use(source.source, column, Role.IDENTIFIES, "every record", how)
    if deleted.column in source.columns:
        how = f"a row marked {deleted.value} leaves the datasets"
        yield Use(source.source, deleted.column, Role.DECIDES, "every record", how)
