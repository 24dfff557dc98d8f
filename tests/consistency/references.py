"""Every place of the specification that names a delivered column, found without the engine's own code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from pipeline.contracts.catalog import contract_models
from pipeline.contracts.facts import ColumnFacts, column_facts
from pipeline.contracts.model import layout_of
from pipeline.settings import CHECKOUT
from pipeline.specs.load import StudySpec, load_study, verb_of
from pipeline.specs.models import Dataset, Part, Verb
from pipeline.specs.reference_models import Moment

STUDY = "bxu001_ra"
SPEC: StudySpec = load_study(CHECKOUT / "sdtm_specs", STUDY)
MODELS = {name: model for name, model in contract_models(STUDY).items() if not layout_of(model).restricted}
FACTS: dict[str, dict[str, ColumnFacts]] = {name: column_facts(model) for name, model in MODELS.items()}
Reference = tuple[str, str, str]  # where it is named, source, column


def parts() -> Iterator[tuple[Dataset, Part]]:
    for dataset in SPEC.datasets.values():
        yield from ((dataset, part) for part in dataset.parts)


def verbs(dataset: Dataset, part: Part) -> Iterator[tuple[str, Verb]]:
    yield from ((name, verb_of(dataset, part, name)) for name in dataset.variables)
    yield from dataset.supplements.items()


def references() -> list[Reference]:
    """All of them; a column that several sources share is named once a source."""
    found = [*_of_parts(), *_of_items(), *_of_roles(), *_of_relations(), *_of_layouts()]
    return sorted(set(found))


def _of_parts() -> Iterator[Reference]:
    for dataset, part in parts():
        joined = {name: join.source for name, join in part.join.items()}
        for name, verb in verbs(dataset, part):
            for column in filter(None, (verb.take, verb.code, verb.by, verb.date, verb.time)):
                place, dot, rest = column.partition(".")
                yield f"{dataset.dataset}.{name}", *((joined[place], rest) if dot else (part.source, column))
        place = f"{dataset.dataset}: {part.source}"
        yield from ((place, part.source, where.column) for where in part.where)
        yield from ((place, part.source, column) for column in (part.performed, part.reason) if column)
        for join in part.join.values():
            yield from (
                (place, source, column) for source in (part.source, join.source) for column in join.on
            )
            yield from ((place, join.source, column) for column in join.where)


def _of_items() -> Iterator[Reference]:
    for dataset, part in parts():
        table = SPEC.table(part.items) if part.items else None
        for row in [] if table is None else table.iter_rows(named=True):
            named = (row.get(each) for each in ("column", "unit_from", "shown_if", "reason_from"))
            if row["source"] == part.source:
                yield from (
                    (f"{part.items}.csv {dataset.dataset}", part.source, column) for column in named if column
                )


def _of_roles() -> Iterator[Reference]:
    """Columns that the engine's code asks for by the part they play."""
    study = SPEC.study
    for dataset in SPEC.datasets.values():
        for source in dataset.sources:
            columns = {column for column in dataset.uses.values() if column in FACTS[source]}
            yield from ((f"{dataset.dataset}: uses", source, column) for column in columns)
    for moment in (each for _, each in study.reference if isinstance(each, Moment)):
        columns = [moment.date, moment.time, *(where.column for where in moment.where)]
        yield from (("reference", moment.source, column) for column in columns if column)
    for each in study.reference.visit_dates:
        yield from (("visit_dates", each.source, column) for column in (each.date, each.end) if column)
    lab = study.laboratory
    yield from _named_in(lab, lab.source, lab.form, lab.local)
    yield from _named_in(study.filtration, study.reference.roster)
    yield from (("RACE", study.reference.roster, column) for column in SPEC.codemap("RACE"))


def _named_in(roles: BaseModel | None, *sources: str) -> Iterator[Reference]:
    words = [] if roles is None else [word for _, word in roles if isinstance(word, str)]
    yield from (("roles", source, word) for source in sources for word in words if word in FACTS[source])


def _of_relations() -> Iterator[Reference]:
    for dataset in SPEC.datasets.values():
        for relation in dataset.relations:
            named: list[Any] = [(relation.source, relation.number)] if relation.source else []
            named += [(link.source, link.number) for link in relation.links]
            yield from ((f"{dataset.dataset}: {relation.id}", source, column) for source, column in named)


def _of_layouts() -> Iterator[Reference]:
    """Who, where and which record: columns that every room reads."""
    reference, deleted = SPEC.study.reference, SPEC.study.delivery.deleted.column
    shared = {"SITEID", reference.visit_column, reference.repeat_column, reference.record_column, deleted}
    for source, model in MODELS.items():
        layout = layout_of(model)
        known = shared | {layout.subject_column, layout.study_column}
        yield from (("layout", source, column) for column in layout.columns if column in known)
