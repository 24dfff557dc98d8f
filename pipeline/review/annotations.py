"""What stands beside a field of an annotated CRF: which variables hold it under which condition, or why none does.

Follows the CDISC SDTM Metadata Submission Guidelines 2.0: findings by their test, supplemental qualifiers by QNAM,
NOT SUBMITTED with its reason. Everything is read from the same uses and fates that the specification's check proves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.review.annotated_items import NOT_DONE, Condition, item_condition, undetermined
from pipeline.review.annotated_parts import decided, filled_when
from pipeline.review.delivered import Delivered, Source
from pipeline.review.fates import ColumnFate, declared, fates
from pipeline.review.usage import usage
from pipeline.review.usage_parts import SUPPLEMENT
from pipeline.review.use import CARRIES, Role, Use
from pipeline.specs.load import StudySpec

_COLLECTED, _COPIED = "Collected", "Predecessor"
_LINKS = "relation"


@dataclass(frozen=True)
class Annotation:
    """``variables`` of ``dataset`` hold the field where ``when`` is so; with ``values`` an answer assigns them those.

    ``dataset`` is None where no dataset holds the field; then ``note`` says why, or with ``remark`` only what else is
    made of the field than the annotations beside it tell. It is "" for variables of every dataset. With ``derived``
    the variables are computed from the field. In a supplemental dataset ``variables`` are values of QNAM.
    """

    dataset: str | None
    variables: tuple[str, ...] = ()
    when: Condition = ()
    values: Condition = ()
    note: str = ""
    derived: bool = False
    remark: bool = False


Annotations = Mapping[tuple[str, str], tuple[Annotation, ...]]


def field_annotations(spec: StudySpec, delivered: Delivered) -> Annotations:
    """(source, column) -> its annotations, at least one, for every column of every file of ``delivered``."""
    told = fates(spec, delivered, usage(spec, delivered))
    return {place: tuple(_of(spec, delivered[place[0]], place[1], fate)) for place, fate in told.items()}


def _of(spec: StudySpec, source: Source, column: str, fate: ColumnFate) -> Iterator[Annotation]:
    held = [
        *_held(spec, source, column, fate.uses),
        *_assigned(spec, source, column, fate.uses),
        *_identity(spec, source, column),
    ]
    yield from held
    reasons = tuple(reason for _, reason in declared(spec, source, column))
    if any(not each.values for each in held):
        return
    others = [*_derived(spec, fate.uses)]
    yield from others
    if reasons:
        yield Annotation(None, note="; ".join(dict.fromkeys(reasons)), remark=bool(held or others))
    elif not held and not others:
        yield Annotation(None, note=_otherwise(fate.uses))


def _held(spec: StudySpec, source: Source, column: str, uses: tuple[Use, ...]) -> Iterator[Annotation]:
    """Variables whose value is the field's: filled by a verb, an item or a role, or collected and made by code."""
    grouped: dict[tuple[str, Condition], dict[str, None]] = {}
    for use in uses:
        dataset, _, variable = use.target.partition(".")
        if not variable or not _holds(spec, use):
            continue
        if use.by == SUPPLEMENT:
            grouped.setdefault((f"SUPP{dataset}", ()), {})[variable] = None
            continue
        when, more = _condition(spec, source, column, use)
        grouped.setdefault((dataset, when), {}).update(dict.fromkeys((variable, *more)))
    for (dataset, when), variables in grouped.items():
        yield Annotation(dataset, tuple(variables), when)


def _holds(spec: StudySpec, use: Use) -> bool:
    origin = _origin(spec, use)
    return origin != _COPIED and (use.role is Role.FILLS or (use.role in CARRIES and origin == _COLLECTED))


def _origin(spec: StudySpec, use: Use) -> str:
    """Origin of the variable or qualifier that the use names; "" for a dataset or for words."""
    name, _, variable = use.target.partition(".")
    dataset = spec.datasets.get(name)
    if dataset is None or not variable:
        return ""
    found = dataset.supplements if use.by == SUPPLEMENT else dataset.variables
    return found[variable].origin if variable in found else ""


def _condition(spec: StudySpec, source: Source, column: str, use: Use) -> tuple[Condition, tuple[str, ...]]:
    """When the field fills the variable, and the variables that the form fills with it (a printed unit)."""
    dataset = spec.datasets[use.target.partition(".")[0]]
    if use.by == "item":
        return item_condition(spec, dataset, source.source, column)
    roles = spec.study.laboratory
    test, specimen = f"{dataset.dataset}TESTCD", f"{dataset.dataset}SPEC"
    if use.by == "local result":
        return ((test, roles.local_test), (specimen, roles.local_specimen)), ()
    if use.by == "form reason" or (dataset.build == "laboratory" and source.source == roles.form):
        return ((test, roles.panel_not_done),), ()
    return filled_when(dataset, source.source, column, use.target.partition(".")[2]), ()


def _assigned(spec: StudySpec, source: Source, column: str, uses: tuple[Use, ...]) -> Iterator[Annotation]:
    """Values that an answer assigns: a status, or the constants of the records that it chooses."""
    for use in uses:
        dataset, _, variable = use.target.partition(".")
        if use.role is Role.DECIDES and variable == f"{dataset}STAT":
            yield _valued(dataset, ((variable, NOT_DONE),), "not done")
    for name, each in spec.datasets.items():
        for values, words in (*decided(each, source.source, column), *undetermined(each, source, column)):
            yield _valued(name, values, words)


def _valued(dataset: str, values: Condition, words: str) -> Annotation:
    return Annotation(dataset, tuple(name for name, _ in values), values=values, note=words)


def _identity(spec: StudySpec, source: Source, column: str) -> Iterator[Annotation]:
    """Variables of every record that say whose it is and of which visit."""
    reference = spec.study.reference
    known: dict[str | None, tuple[str, ...]] = {
        source.study_column: ("STUDYID",),
        source.subject_column: ("USUBJID",),
    }
    placed = [each for each in spec.datasets.values() if source.source in each.sources]
    if any("VISITNUM" in each.variables for each in placed):
        known[reference.visit_column] = ("VISITNUM", "VISIT")
    if column in known:
        yield Annotation("", known[column])


def _derived(spec: StudySpec, uses: tuple[Use, ...]) -> Iterator[Annotation]:
    """Datasets whose code computes something from a field that is not itself submitted."""
    grouped: dict[str, dict[str, None]] = {}
    for use in uses:
        dataset, _, variable = use.target.partition(".")
        if use.role is not Role.DERIVES or dataset not in spec.datasets or _origin(spec, use) == _COLLECTED:
            continue
        if use.by == _LINKS:
            grouped.setdefault(dataset, {})
        elif variable:
            name = f"SUPP{dataset}" if use.by == SUPPLEMENT else dataset
            grouped.setdefault(name, {})[variable] = None
    for dataset, variables in grouped.items():
        note = "" if variables else "links related records"
        yield Annotation(dataset, tuple(variables), note=note, derived=True)


def _otherwise(uses: tuple[Use, ...]) -> str:
    """What a field is for that nobody declares and no variable holds."""
    told = dict.fromkeys(use.how for use in uses if use.role is not Role.UNBLINDS and use.how)
    return f"used as {', '.join(told)}"
