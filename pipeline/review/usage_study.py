"""Columns that the study names once for all datasets: reference moments, visits, the laboratory's roles, identity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.review.delivered import SITE_KIND, Delivered, Source
from pipeline.review.usage_parts import condition
from pipeline.review.use import Role, Use
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Dataset
from pipeline.specs.reference_models import Laboratory, Moment

_MOMENTS = {
    "consent": ("DM.RFICDTC", "informed consent"),
    "assignment": ("DM", "randomization"),
    "exposure_start": ("DM.RFXSTDTC", "first exposure, reference of all study days"),
    "exposure_end": ("DM.RFXENDTC", "last exposure"),
    "end_of_participation": ("DM.RFENDTC", "end of participation"),
    "death": ("DM.DTHDTC", "death"),
    "rescue": ("SE.SESTDTC", "start of rescue"),
}
_VISIT_DATES = ("SV.SVSTDTC", "SV.SVENDTC")
# Roles of the laboratory, what each does, and the variables it does it for (none: the records as such).
_Part = tuple[str, Role, str, str]
_BY_CATALOGUE = "TESTCD TEST CAT SPEC METHOD BDAGNT TSTOPO TSTDTL"
_CENTRAL: tuple[_Part, ...] = (
    ("subject", Role.IDENTIFIES, "", "subject"),
    ("visit_label", Role.DERIVES, "VISITNUM", "unless the collection form names another visit"),
    ("accession", Role.FILLS, "REFID", ""),
    ("accession", Role.DERIVES, "SPID", ""),
    ("date", Role.FILLS, "DTC", ""),
    ("time", Role.FILLS, "DTC", ""),
    ("test", Role.DERIVES, f"{_BY_CATALOGUE} SPID", "through the test catalogue"),
    ("specimen", Role.DERIVES, _BY_CATALOGUE, "through the test catalogue"),
    ("loinc", Role.FILLS, "LOINC", ""),
    ("method", Role.DERIVES, "ANMETH", "through the table of formulas"),
    ("result", Role.FILLS, "ORRES", ""),
    ("result", Role.DERIVES, "STRESC STRESN NRIND", ""),
    ("unit", Role.FILLS, "ORRESU", ""),
    ("unit", Role.DERIVES, "STRESC STRESN", ""),
    ("low", Role.FILLS, "ORNRLO", ""),
    ("low", Role.DERIVES, "STNRLO NRIND", ""),
    ("high", Role.FILLS, "ORNRHI", ""),
    ("high", Role.DERIVES, "STNRHI NRIND", ""),
    ("reference_text", Role.FILLS, "STNRC", ""),
    ("status", Role.DECIDES, "STAT", "and which rows count"),
    ("revision", Role.DERIVES, "SPID", "and which rows count"),
    ("reported", Role.DECIDES, "", "which of two equal rows counts"),
    ("comment", Role.FILLS, "REASND", "of a cancelled test"),
    ("name", Role.FILLS, "NAM", ""),
    ("fasting", Role.FILLS, "FAST", ""),
    ("quantitation", Role.FILLS, "LLOQ", ""),
)
_FORM: tuple[_Part, ...] = (
    ("form_performed", Role.DECIDES, "STAT", "of panels that were not drawn"),
    ("form_reason", Role.FILLS, "REASND", "of panels that were not drawn"),
)
_LOCAL: tuple[_Part, ...] = (
    ("local_result", Role.FILLS, "ORRES", ""),
    ("local_result", Role.DERIVES, "STRESC NRIND", ""),
    ("local_performed", Role.DECIDES, "STAT", ""),
)
_NO_COLUMN = frozenset({"source", "form", "form_accession", "local", "planned", "panel_name"})


def reference_uses(spec: StudySpec) -> Iterator[Use]:
    """Columns behind a subject's reference moments and the dates of the visits."""
    for name, moment in moments(spec).items():
        target, how = _MOMENTS.get(name, ("every record", name.replace("_", " ")))
        for column in filter(None, (moment.date, moment.time)):
            yield Use(moment.source, column, Role.DERIVES, target, how, "moment")
        for where in moment.where:
            yield Use(
                moment.source,
                where.column,
                Role.DECIDES,
                target,
                f"{how} where {condition(where)}",
                "condition",
            )
    for each in spec.study.reference.visit_dates:
        for column in filter(None, (each.date, each.end)):
            for target in _VISIT_DATES:
                yield Use(each.source, column, Role.DERIVES, target, "places the visit in time", "visit date")


def moments(spec: StudySpec) -> dict[str, Moment]:
    """The reference moments by name, in the order of the model."""
    reference = spec.study.reference
    found = {name: getattr(reference, name) for name in type(reference).model_fields}
    return {name: value for name, value in found.items() if isinstance(value, Moment)}


def laboratory_uses(spec: StudySpec, delivered: Delivered) -> Iterator[Use]:
    """Columns that play a role of the laboratory, for every dataset that reads its file or forms."""
    roles = spec.study.laboratory
    datasets = [each for each in spec.datasets.values() if each.build == "laboratory"]
    played = {roles.source: (*_CENTRAL, *_further(roles, delivered)), roles.form: _FORM, roles.local: _LOCAL}
    for source, parts in played.items():
        for dataset in datasets:
            if source in dataset.sources:
                yield from _role_uses(roles, source, parts, dataset)
    if any(roles.source in each.sources for each in datasets):
        yield Use(
            roles.form, roles.form_accession, Role.DECIDES, "every result", "visit of the sample", "join key"
        )
        yield from _sample_uses(spec, roles)
        for column in (roles.visit_label, roles.accession, roles.date):
            for target in _VISIT_DATES:
                yield Use(
                    roles.source, column, Role.DERIVES, target, "places the visit in time", "visit date"
                )


def _sample_uses(spec: StudySpec, roles: Laboratory) -> Iterator[Use]:
    """Columns that say whether a sample is the subject's."""
    identity = roles.identity
    if identity is None:
        return
    named = {
        roles.source: (identity.sex, identity.birth_year),
        spec.study.reference.roster: (identity.roster_sex, identity.roster_birth),
    }
    for source, columns in named.items():
        for column in columns:
            how = "a sample of another person is set aside"
            yield Use(source, column, Role.DECIDES, "every result", how, "sample identity")


def _further(roles: Laboratory, delivered: Delivered) -> tuple[_Part, ...]:
    """Roles that are not named above and hold the name of a column: they drive a derivation."""
    columns = delivered[roles.source].columns if roles.source in delivered else {}
    known = _NO_COLUMN | {name for name, *_ in (*_CENTRAL, *_FORM, *_LOCAL)}
    names = [
        name for name in type(roles).model_fields if name not in known and getattr(roles, name) in columns
    ]
    return tuple((name, Role.DERIVES, "", name.replace("_", " ")) for name in names)


def _role_uses(roles: Laboratory, source: str, parts: Iterable[_Part], dataset: Dataset) -> Iterator[Use]:
    for name, role, suffixes, how in parts:
        named = [
            variable for suffix in suffixes.split() for variable in (suffix, f"{dataset.dataset}{suffix}")
        ]
        filled = [f"{dataset.dataset}.{variable}" for variable in named if variable in dataset.variables]
        for target in filled if suffixes else [dataset.dataset]:
            yield Use(source, getattr(roles, name), role, target, how, name.replace("_", " "))


def filtration_uses(spec: StudySpec) -> Iterator[Use]:
    """Columns of the roster that the formula of the glomerular filtration rate needs."""
    needs = spec.study.filtration
    if needs is not None:
        for column in (needs.birth, needs.age, needs.sex):
            how = f"formula of {needs.test}"
            yield Use(spec.study.reference.roster, column, Role.DERIVES, needs.dataset, how, "filtration")


def unblinding_uses(spec: StudySpec) -> Iterator[Use]:
    """Columns that only an unblinded build reads: the key, the released product, and what they are compared with."""
    blinding, reference = spec.blinding, spec.study.reference
    if blinding is None:
        return
    named = {
        blinding.key.source: blinding.key,
        blinding.release.source: blinding.release,
        blinding.schedule.source: blinding.schedule,
        reference.assignment.source: blinding.assignment,
        reference.exposure_start.source: blinding.infusion,
    }
    for source, columns in named.items():
        for role, column in columns.model_dump(exclude={"source"}).items():
            yield Use(source, column, Role.UNBLINDS, "unblinded builds", role, "unblinding")


def _is_site(source: Source, column: str) -> bool:
    return source.columns[column].kind == SITE_KIND


def identity_uses(spec: StudySpec, source: Source) -> Iterator[Use]:
    """Columns that every file has for itself: study, subject, site, visit, contact, record and the mark of deletion."""
    reference, deleted = spec.study.reference, spec.study.delivery.deleted
    sites: dict[str | None, str] = {
        name: "site of the subject, checked" for name in source.columns if _is_site(source, name)
    }
    known: dict[str | None, str] = {
        **sites,
        source.study_column: "study, checked and written as STUDYID",
        source.subject_column: "subject (USUBJID)",
        reference.visit_column: "visit of the row",
        reference.repeat_column: "which unplanned contact the row is",
        reference.record_column: "record of the sender",
    }
    for column, how in known.items():
        if column is not None and column in source.columns:
            yield Use(source.source, column, Role.IDENTIFIES, "every record", how, "identity")
    if deleted.column in source.columns:
        how = f"a row marked {deleted.value} leaves the datasets"
        yield Use(source.source, deleted.column, Role.DECIDES, "every record", how, "mark of deletion")
