"""What the page shows about each dataset: where its records come from, and how each variable is filled."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipeline.review.delivered import Delivered
from pipeline.review.grid import Cell, Grid, grid_of, plain_grid
from pipeline.review.terms import facts_of
from pipeline.review.usage import Usage
from pipeline.review.usage_parts import condition, located
from pipeline.review.words import Line, Piece, column_piece, filled_lines, joined, variable_anchor, verb_words
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Dataset, Join, Part, Supplement, Variable

_CATALOGUE = "lab_tests"


@dataclass(frozen=True)
class VariableView:
    """One row of a dataset's table."""

    anchor: str
    name: str
    label: str
    type: str
    core: str
    key: str
    lists: tuple[Piece, ...]
    origin: str
    by_whom: str
    lines: tuple[Line, ...]
    comment: str


@dataclass(frozen=True)
class PartView:
    """Rows of one file that become records: which, joined with what, and what happens to the others."""

    source: str
    title: str
    kept: tuple[tuple[str, str], ...]
    joins: tuple[str, ...]
    form: tuple[str, ...]


@dataclass(frozen=True)
class DatasetView:
    """One dataset."""

    name: str
    label: str
    class_: str
    structure: str
    keys: str
    build: str
    comment: str
    parts: tuple[PartView, ...]
    facts: tuple[tuple[str, tuple[Piece, ...]], ...]
    variables: tuple[VariableView, ...]
    qualifiers: tuple[VariableView, ...]
    grids: tuple[Grid, ...]


def dataset_view(spec: StudySpec, delivered: Delivered, uses: Usage, name: str) -> DatasetView:
    """Everything about the dataset ``name``, its variables in the order of SDTMIG."""
    dataset = spec.dataset(name)
    return DatasetView(
        name=name,
        label=dataset.label,
        class_=dataset.class_.capitalize(),
        structure=dataset.structure,
        keys=", ".join(dataset.keys),
        build=dataset.build.replace("_", " "),
        comment=dataset.comment or "",
        parts=tuple(_part(delivered, part) for part in dataset.parts),
        facts=tuple(_facts(dataset)),
        variables=tuple(_variable(spec, dataset, uses, variable) for variable, _, _ in spec.ordered(name)),
        qualifiers=tuple(_qualifier(dataset, qnam, each) for qnam, each in dataset.supplements.items()),
        grids=tuple(_grids(spec, dataset)),
    )


def lists_pieces(spec: StudySpec, dataset: str, name: str, variable: Variable) -> tuple[Piece, ...]:
    """The variable's codelists with their codes, lists of the sponsor by name, and its dictionary."""
    facts, maps = facts_of(spec, dataset, name), set(spec.table("codemaps")["map"])
    pieces = []
    for code in variable.codelist or (facts.codelists if facts else ()):
        known = spec.standard.codelists.get(code)
        if known:
            pieces.append(Piece(f"{known.name} ({code})", f"cl-{code}"))
        else:
            pieces.append(Piece(f"{code} (sponsor)", f"m-{code}" if code in maps else ""))
    if variable.dictionary:
        version = getattr(spec.study.standards, variable.dictionary.lower(), "")
        pieces.append(Piece(f"{variable.dictionary} {version}".strip()))
    if not pieces and facts and facts.domain:
        pieces.append(Piece(facts.domain))
    return joined(pieces)


def _variable(spec: StudySpec, dataset: Dataset, uses: Usage, name: str) -> VariableView:
    variable, facts = dataset.variables[name], spec.standard.variable(dataset.dataset, name)
    position = dataset.keys.index(name) + 1 if name in dataset.keys else 0
    return VariableView(
        anchor=variable_anchor(dataset.dataset, name),
        name=name,
        label=facts.label,
        type=facts.type,
        core=facts.core,
        key=f"key {position}" if position else "",
        lists=lists_pieces(spec, dataset.dataset, name, variable),
        origin=variable.origin,
        by_whom=variable.source,
        lines=filled_lines(dataset, name, uses),
        comment=variable.comment or "",
    )


def _qualifier(dataset: Dataset, qnam: str, each: Supplement) -> VariableView:
    words = verb_words(each, list(dataset.parts), dataset) if each.derived is None else ()
    return VariableView(
        anchor=variable_anchor(dataset.dataset, qnam),
        name=qnam,
        label=each.label,
        type="Char",
        core="",
        key="",
        lists=(),
        origin=each.origin,
        by_whom=each.by_whom or "Sponsor",
        lines=(Line((Piece(each.content),)), *((Line(words),) if words else ())),
        comment="",
    )


def _part(delivered: Delivered, part: Part) -> PartView:
    return PartView(
        source=part.source,
        title=delivered[part.source].title if part.source in delivered else "",
        kept=tuple((condition(where), where.otherwise) for where in part.where),
        joins=tuple(_join(name, join) for name, join in part.join.items()),
        form=tuple(_form(part)),
    )


def _join(name: str, join: Join) -> str:
    only = " and ".join(f"{column} is {value}" for column, value in join.where.items())
    rest = f" (other rows: {join.otherwise})" if join.otherwise else ""
    return f"{name}: row of {join.source} with equal {' and '.join(join.on)}{', where ' if only else ''}{only}{rest}"


def _form(part: Part) -> list[str]:
    """What the form's own answers mean for its records."""
    blank = {
        "not_done": f"a blank item is NOT DONE ({part.blank_reason or 'no reason'})",
        "query": "a planned item left blank on a completed form is queried",
        "skip": "a blank item gives no record",
    }
    told = [
        f"{part.performed} = N makes every planned item NOT DONE" if part.performed else "",
        f"reason from {part.reason}" if part.reason else "",
        blank[part.blank] if part.items else "",
        f"answer {part.undetermined} is NOT DONE ({part.undetermined_reason})" if part.undetermined else "",
    ]
    return [each for each in told if each]


def _facts(dataset: Dataset) -> list[tuple[str, tuple[Piece, ...]]]:
    """Short facts below the title that only some datasets have."""
    found: list[tuple[str, tuple[Piece, ...]]] = []
    if dataset.derived_from:
        names = (Piece(name, f"d-{name}") for name in dataset.derived_from)
        found.append(("Made from", joined(names)))
    if dataset.reads:
        found.append(("Also reads", joined(Piece(source, f"s-{source}") for source in dataset.reads)))
    if dataset.uses:
        found.append(("Columns for derivations", _uses(dataset)))
    if dataset.baseline_keys:
        found.append(("Baseline per subject and", (Piece(", ".join(dataset.baseline_keys)),)))
    return found


def _uses(dataset: Dataset) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    for role, column in dataset.uses.items():
        places = [located(part, column) for part in dataset.parts] or [
            (source, column) for source in dataset.reads
        ]
        where = column_piece(*places[0]) if len(places) == 1 else Piece(column)
        pieces += [Piece(f"{'; ' if pieces else ''}{role.replace('_', ' ')} = "), where]
    return tuple(pieces)


def _grids(spec: StudySpec, dataset: Dataset) -> list[Grid]:
    """The items, the test catalogue, the relations and the table that the dataset is made of."""
    found = []
    for table in dict.fromkeys(part.items for part in dataset.parts if part.items):
        sources = [part.source for part in dataset.parts if part.items == table]
        rows = spec.table(table).filter(pl.col("source").is_in(sources))
        found.append(grid_of(rows, f"Items ({table}.csv)"))
    if dataset.build == "laboratory":
        tests = spec.table(_CATALOGUE).filter(pl.col("dataset") == dataset.dataset).drop("dataset")
        found.append(grid_of(tests, f"Test catalogue ({_CATALOGUE}.csv)"))
    if dataset.relations:
        found.append(_relations(dataset))
    return found


def _relations(dataset: Dataset) -> Grid:
    rows: list[tuple[str | Cell, ...]] = []
    for each in dataset.relations:
        one = (
            column_piece(each.source, each.number) if each.source else Piece(f"{each.dataset}.{each.number}")
        )
        other = joined(column_piece(link.source, link.number) for link in each.links)
        by = f"{each.with_}.{each.by}" if each.by else ""
        kind = f"{each.type} to {each.with_type}" if each.type else "record to record"
        rows.append(
            (each.id, (Piece(each.dataset), Piece(" by "), one), other or f"{each.with_} by {by}", kind)
        )
    return plain_grid("Relations", ("Relation", "One end", "Other end", "Kind"), rows)
