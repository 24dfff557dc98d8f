"""Columns that the datasets name themselves: verbs, conditions, joins, forms, items, derivations, relations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.review.delivered import Delivered
from pipeline.review.use import Role, Use
from pipeline.specs.load import StudySpec, verb_of
from pipeline.specs.models import Dataset, Part, Verb
from pipeline.specs.row_models import Where

SUPPLEMENT = "supplement"
_FROM = "_from"  # an items table's column <fact>_from names a delivered column
_ITEM_FACTS = {"unit_from": "ORRESU", "reason_from": "REASND"}


def dataset_uses(spec: StudySpec, delivered: Delivered, dataset: Dataset) -> Iterator[Use]:
    """Every use of a delivered column that the specification of one dataset states."""
    for part in dataset.parts:
        yield from _verb_uses(dataset, part, taken=_is_central(spec, dataset, part))
        yield from _row_uses(dataset, part)
        yield from _form_uses(spec, dataset, part)
        yield from _ticked_uses(spec, delivered, dataset, part)
    yield from _named_uses(delivered, dataset)
    yield from _relation_uses(dataset)


def located(part: Part, column: str) -> tuple[str, str]:
    """Source and column behind a name of the specification: ``coding.PT`` is column PT of the join ``coding``."""
    join, dot, name = column.partition(".")
    return (part.join[join].source, name) if dot and join in part.join else (part.source, column)


def verb_columns(verb: Verb) -> list[str]:
    """Names of the columns that a verb reads, as the specification writes them."""
    return list(_columns_by_verb(verb).values())


def _columns_by_verb(verb: Verb) -> dict[str, str]:
    named = {
        "take": verb.take,
        "code": verb.code,
        "lookup": verb.by if verb.lookup else None,
        "date": verb.date,
        "time": verb.time,
    }
    return {kind: name for kind, name in named.items() if name is not None}


def condition(where: Where) -> str:
    """A condition in words."""
    if where.values:
        return f"{where.column} is {' or '.join(where.values)}"
    return (
        f"{where.column} is not {' or '.join(where.other_than)}"
        if where.other_than
        else f"{where.column} is filled"
    )


def item_rows(spec: StudySpec, part: Part) -> list[dict[str, str | None]]:
    """Rows of the part's items table that belong to its source; [] for a part without items."""
    if part.items is None:
        return []
    return [row for row in spec.table(part.items).iter_rows(named=True) if row["source"] == part.source]


def ticked_columns(spec: StudySpec, columns: Mapping[str, Any], variable: str) -> dict[str, str]:
    """Column -> term where the codemap named like a derived variable lists columns (boxes to tick) instead of codes."""
    rows = spec.table("codemaps").filter(spec.table("codemaps")["map"] == variable)
    boxes = dict(rows.select("code", "term").iter_rows())
    return boxes if any(code in columns for code in boxes) else {}


def _is_central(spec: StudySpec, dataset: Dataset, part: Part) -> bool:
    """Whether the laboratory's roles fill the part, and no verb but what it takes itself."""
    roles = spec.study.laboratory
    return dataset.build == "laboratory" and part.source in (roles.source, roles.form)


def _verb_uses(dataset: Dataset, part: Part, *, taken: bool) -> Iterator[Use]:
    verbs: dict[str, Verb] = {name: verb_of(dataset, part, name) for name in dataset.variables}
    every = dict(part.set) if taken else verbs | dict(dataset.supplements)
    for name, verb in every.items():
        by = SUPPLEMENT if name in dataset.supplements else ""
        for kind, column in _columns_by_verb(verb).items():
            yield Use(*located(part, column), Role.FILLS, f"{dataset.dataset}.{name}", by=by or kind)


def _row_uses(dataset: Dataset, part: Part) -> Iterator[Use]:
    name = dataset.dataset
    for where in part.where:
        yield Use(
            *located(part, where.column),
            Role.DECIDES,
            name,
            f"a record where {condition(where)}",
            "condition",
        )
    for join in part.join.values():
        for column in join.on:
            yield Use(
                part.source, column, Role.IDENTIFIES, name, f"finds the row of {join.source}", "join key"
            )
            yield Use(join.source, column, Role.IDENTIFIES, name, f"found from {part.source}", "join key")
        for column, value in join.where.items():
            yield Use(
                join.source, column, Role.DECIDES, name, f"joined where {column} is {value}", "condition"
            )


def _form_uses(spec: StudySpec, dataset: Dataset, part: Part) -> Iterator[Use]:
    name = dataset.dataset
    if part.performed:
        yield Use(
            part.source, part.performed, Role.DECIDES, f"{name}.{name}STAT", "done or not done", "performed"
        )
    if part.reason:
        yield Use(part.source, part.reason, Role.FILLS, f"{name}.{name}REASND", by="reason")
    for item in item_rows(spec, part):
        test = f"item {item.get(f'{name}TESTCD') or item['column']}"
        yield Use(part.source, item["column"] or "", Role.FILLS, f"{name}.{name}ORRES", test, "item")
        if shown := item.get("shown_if"):
            yield Use(part.source, shown, Role.DECIDES, name, f"{test} is asked if ticked", "condition")
        for fact, column in item.items():
            if fact.endswith(_FROM) and column:
                role = Role.FILLS if fact in _ITEM_FACTS else Role.DERIVES
                suffix = _ITEM_FACTS.get(fact, fact.removesuffix(_FROM).upper())
                yield Use(part.source, column, role, f"{name}.{name}{suffix}", test, "item")


def _ticked_uses(spec: StudySpec, delivered: Delivered, dataset: Dataset, part: Part) -> Iterator[Use]:
    columns = delivered[part.source].columns if part.source in delivered else {}
    for name, variable in dataset.variables.items():
        if variable.derived is not None:
            boxes = ticked_columns(spec, columns, name)
            target = f"{dataset.dataset}.{name}"
            for column, term in boxes.items():
                yield Use(part.source, column, Role.DERIVES, target, f"{term} when ticked", "box")
            for qualifier, each in dataset.supplements.items() if boxes else ():
                if name in each.of:
                    for column in boxes:
                        yield Use(
                            part.source,
                            column,
                            Role.DERIVES,
                            f"{dataset.dataset}.{qualifier}",
                            each.content,
                            SUPPLEMENT,
                        )


def _named_uses(delivered: Delivered, dataset: Dataset) -> Iterator[Use]:
    """``uses`` of the dataset: every source that has the column; the first one if none has it.

    The target is each variable and qualifier whose ``of`` names the part; the dataset if there is none.
    """
    for role, column in dataset.uses.items():
        targets = list(_made_of(dataset, role)) or [(dataset.dataset, "derived")]
        for source, name in _places_of(delivered, dataset, column):
            for target, by in targets:
                yield Use(source, name, Role.DERIVES, target, f"as {role.replace('_', ' ')}", by)


def _made_of(dataset: Dataset, role: str) -> Iterator[tuple[str, str]]:
    """What the dataset's code makes of the column that plays ``role``, and the verb it stands for."""
    for by, named in (("derived", dataset.variables), (SUPPLEMENT, dataset.supplements)):
        yield from ((f"{dataset.dataset}.{name}", by) for name, verb in named.items() if role in verb.of)


def _places_of(delivered: Delivered, dataset: Dataset, column: str) -> list[tuple[str, str]]:
    found = [
        source for source in dataset.sources if source in delivered and column in delivered[source].columns
    ]
    joined = [
        located(part, column) for part in dataset.parts if located(part, column) != (part.source, column)
    ]
    return (
        [(source, column) for source in found]
        or joined
        or [(source, column) for source in dataset.sources[:1]]
    )


def _relation_uses(dataset: Dataset) -> Iterator[Use]:
    """Numbers on the forms that say which records belong together."""
    for relation in dataset.relations:
        ends = [(relation.source, relation.number), *((each.source, each.number) for each in relation.links)]
        for source, column in ends:
            if source is not None:
                yield Use(
                    source,
                    column,
                    Role.DERIVES,
                    dataset.dataset,
                    f"links records of relation {relation.id}",
                    "relation",
                )
