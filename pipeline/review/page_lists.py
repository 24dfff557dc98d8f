"""What the page shows beside datasets and files: codelists, code maps, tables, time, settings, extensions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from pipeline.review.delivered import Delivered
from pipeline.review.grid import Cell, Grid, grid_of, plain_grid
from pipeline.review.terms import flows, lists_of
from pipeline.review.usage_parts import condition
from pipeline.review.usage_study import moments
from pipeline.review.words import Piece, column_piece, joined, variable_anchor
from pipeline.specs.load import StudySpec
from pipeline.specs.standard import Codelist

_SHORT_LIST = 25  # terms; a longer codelist is shown as far as the study can use it


@dataclass(frozen=True)
class TermView:
    """One term; ``note`` says when it is an extension, ``used`` whether the specification can send it."""

    term: str
    decode: str
    code: str
    used: bool
    note: str


@dataclass(frozen=True)
class ListView:
    """One codelist of the terminology as the study uses it; ``total`` counts its terms."""

    code: str
    name: str
    extensible: bool
    total: int
    variables: tuple[Piece, ...]
    terms: tuple[TermView, ...]
    whole: bool


def list_views(spec: StudySpec, delivered: Delivered) -> list[ListView]:
    """Every codelist that a variable of the study has, by name."""
    users: dict[str, list[Piece]] = {}
    for name, dataset in spec.datasets.items():
        for variable in dataset.variables:
            for each in lists_of(spec, name, variable):
                users.setdefault(each.code, []).append(
                    Piece(f"{name}.{variable}", variable_anchor(name, variable))
                )
    sent = _sent(spec, delivered)
    lists = sorted((spec.standard.codelists[code] for code in users), key=lambda each: (each.name, each.code))
    return [_list(spec, each, joined(users[each.code]), sent.get(each.code, set())) for each in lists]


def _sent(spec: StudySpec, delivered: Delivered) -> dict[str, set[str]]:
    """Codelist -> terms that the specification can send into one of its variables."""
    found: dict[str, set[str]] = {}
    for flow in flows(spec, delivered):
        for each in lists_of(spec, flow.dataset, flow.variable):
            found.setdefault(each.code, set()).update(flow.terms)
    return found


def _list(spec: StudySpec, codelist: Codelist, variables: tuple[Piece, ...], sent: set[str]) -> ListView:
    added = {value: e.why for e in spec.study.extensions if e.codelist == codelist.code for value in e.values}
    whole = len(codelist.terms) <= _SHORT_LIST
    terms = [
        TermView(each.term, each.decode, each.code, each.term in sent, "")
        for each in codelist.terms.values()
        if whole or each.term in sent
    ]
    terms += [TermView(value, "", "", used=True, note=f"extension: {why}") for value, why in added.items()]
    return ListView(
        code=codelist.code,
        name=codelist.name,
        extensible=codelist.extensible,
        total=len(codelist.terms),
        variables=variables,
        terms=tuple(terms),
        whole=whole,
    )


def map_grids(spec: StudySpec) -> list[Grid]:
    """One grid a code map: the collected code and the term it becomes."""
    rows = spec.table("codemaps")
    return [
        plain_grid(
            name,
            ("Collected", "Becomes"),
            [
                (code, term or "stays empty")
                for code, term in rows.filter(pl.col("map") == name).select("code", "term").iter_rows()
            ],
            anchor=f"m-{name}",
        )
        for name in dict.fromkeys(rows["map"])
    ]


def table_grids(spec: StudySpec) -> list[Grid]:
    """Every further table of the study, as it stands; items and the test catalogue are shown with their datasets."""
    shown = {part.items for dataset in spec.datasets.values() for part in dataset.parts}
    shown |= {"codemaps", "lab_tests", spec.study.reference.visits}
    return [
        grid_of(rows, f"{name}.csv", anchor=f"t-{name}")
        for name, rows in spec.tables.items()
        if name not in shown
    ]


def time_grids(spec: StudySpec) -> list[Grid]:
    """The visit schedule, the reference moments, the elements, and what places a visit in time."""
    reference = spec.study.reference
    visits = grid_of(spec.table(reference.visits), "Visit schedule", anchor=f"t-{reference.visits}")
    places = [
        (
            name.replace("_", " "),
            _columns(each.source, (each.date, each.time)),
            " and ".join(map(condition, each.where)),
        )
        for name, each in moments(spec).items()
    ]
    elements = [
        (str(each.order), each.etcd, each.element, each.epoch, each.starts.replace("_", " "))
        for each in reference.elements
    ]
    dated = [
        (str(number), _columns(each.source, (each.date, each.end)))
        for number, each in enumerate(reference.visit_dates, 1)
    ]
    return [
        visits,
        plain_grid("Reference moments", ("Moment", "Collected in", "Rows that count"), places),
        plain_grid("Elements", ("Order", "ETCD", "Element", "Epoch", "Starts with"), elements),
        plain_grid("Dates that place a visit, in the order of the forms", ("Order", "Columns"), dated),
    ]


def _columns(source: str, columns: Iterable[str | None]) -> tuple[Piece, ...]:
    return joined(column_piece(source, column) for column in columns if column)


def settings_grid(spec: StudySpec) -> Grid:
    """The study's assumptions with the question that each waits for."""
    rows = [
        (name, each.value, each.meaning, each.question or "") for name, each in spec.study.settings.items()
    ]
    return plain_grid("Settings", ("Setting", "Value", "What it means", "Open question"), rows)


def extensions_grid(spec: StudySpec) -> Grid:
    """What the study adds to the terminology, and why."""
    rows: list[tuple[str | Cell, ...]] = []
    for each in spec.study.extensions:
        known = spec.standard.codelists.get(each.codelist)
        name = (
            Piece(f"{known.name} ({each.codelist})", f"cl-{each.codelist}")
            if known
            else Piece(each.codelist),
        )
        kind = "" if known is None else "extensible" if known.extensible else "closed"
        rows.append((name, kind, ", ".join(each.values), each.why))
    return plain_grid("Extensions", ("Codelist", "Kind", "Added values", "Why"), rows)


def standards_rows(spec: StudySpec) -> list[tuple[str, str]]:
    """Standards and dictionaries with their versions."""
    names = {
        "sdtm": "SDTM",
        "sdtmig": "SDTMIG",
        "define": "Define-XML",
        "terminology": "SDTM terminology",
        "define_terminology": "Define-XML terminology",
        "meddra": "MedDRA",
        "whodrug": "WHODrug",
        "ctcae": "CTCAE",
    }
    return [(names.get(name, name), value) for name, value in spec.study.standards.model_dump().items()]
