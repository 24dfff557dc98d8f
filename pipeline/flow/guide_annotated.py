"""What the annotated CRF names and no record has, as the reviewer's guide tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.emit.submitted import Submitted
from pipeline.flow.acrf import FORMS
from pipeline.review.annotated_parts import fixed_constants
from pipeline.review.annotations import field_annotations
from pipeline.review.delivered import Delivered
from pipeline.specs.load import StudySpec

_SUPPLEMENTAL, _NAME = "SUPP", "QNAM"


def unfilled(
    spec: StudySpec, delivered: Delivered, found: Mapping[str, Submitted]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Dataset -> its annotated variables, or qualifiers, of which no record has a value; in order of the datasets.

    A dataset without any record is named elsewhere. Nothing for a study that names no forms.
    """
    named: dict[str, dict[str, None]] = {}
    for dataset, variable in _annotated(spec, delivered):
        named.setdefault(dataset, {})[variable] = None
    told = (
        (name, tuple(v for v in named[name] if v not in _filled(found[name])))
        for name in found
        if name in named
    )
    absent = (
        (name, tuple(variables))
        for name, variables in named.items()
        if name.startswith(_SUPPLEMENTAL) and name not in found and name.removeprefix(_SUPPLEMENTAL) in found
    )
    return tuple((name, variables) for name, variables in (*told, *absent) if variables)


def _annotated(spec: StudySpec, delivered: Delivered) -> Iterator[tuple[str, str]]:
    """(dataset, variable or QNAM) of every annotation of the printed forms, in the order of the standard."""
    forms = list(spec.table(FORMS)["source"]) if FORMS in spec.tables else []
    told = {
        (each.dataset, variable)
        for notes in field_annotations(spec, {name: delivered[name] for name in forms}).values()
        for each in notes
        if each.dataset
        for variable in each.variables
    }
    told |= {
        (name, variable)
        for name, dataset in spec.datasets.items()
        for source in forms
        for variable, _ in fixed_constants(dataset, source)
    }
    for name, dataset in spec.datasets.items():
        yield from ((name, each) for each in dataset.variables if (name, each) in told)
        supplement = f"{_SUPPLEMENTAL}{name}"
        yield from ((supplement, each) for each in dataset.supplements if (supplement, each) in told)


def _filled(found: Submitted) -> set[str]:
    """The variables with a value; of supplemental qualifiers the QNAM."""
    if found.name.startswith(_SUPPLEMENTAL):
        return set(found.records.select(_NAME).unique().collect(engine="streaming")[_NAME])
    return {each.name for each in found.variables if each.has_data}
