"""The specification of a study as one self-contained HTML page: no network, no clock, equal inputs give equal bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.review.completeness import counts
from pipeline.review.delivered import Delivered
from pipeline.review.fates import Fate, fates
from pipeline.review.page_datasets import dataset_view
from pipeline.review.page_lists import (
    extensions_grid,
    list_views,
    map_grids,
    settings_grid,
    standards_rows,
    table_grids,
    time_grids,
)
from pipeline.review.page_sources import SourceView, source_views
from pipeline.review.problem import Problem
from pipeline.review.usage import usage
from pipeline.specs.load import StudySpec

ColumnPlace = tuple[str, str]  # file, anchor


@dataclass(frozen=True)
class LeftOut:
    """A reason, and the columns (by name, with the files that have them) that it keeps out of the datasets."""

    reason: str
    columns: tuple[tuple[str, tuple[ColumnPlace, ...]], ...]


_FOLDER = Path(__file__).parent
_TEMPLATE = "page.html.j2"


def page(spec: StudySpec, delivered: Delivered, found: Sequence[Problem]) -> str:
    """The whole page; ``found`` are the problems of the check, shown at the top."""
    uses = usage(spec, delivered)
    files = source_views(spec, delivered, fates(spec, delivered, uses))
    return (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            study=spec.study,
            standards=standards_rows(spec),
            counts=asdict(counts(spec, delivered)),
            problems=found,
            datasets=[dataset_view(spec, delivered, uses, name) for name in spec.datasets],
            files=files,
            shares=shares(files),
            left_out=left_out(files),
            lists=list_views(spec, delivered),
            maps=map_grids(spec),
            tables=table_grids(spec),
            times=time_grids(spec),
            settings=settings_grid(spec),
            extensions=extensions_grid(spec),
            style=_text("page.css"),
            script=_text("page.js"),
        )
    )


def shares(files: Sequence[SourceView]) -> list[tuple[str, int]]:
    """How many delivered columns have each fate, in the order of the fates, without the ones that none has."""
    told = [(str(fate), sum(dict(each.counted).get(str(fate), 0) for each in files)) for fate in Fate]
    return [(name, count) for name, count in told if count]


def left_out(files: Sequence[SourceView]) -> list[LeftOut]:
    """What no variable holds, by reason in the order of the files; printed texts of codes are left to their codes."""
    found: dict[str, dict[str, list[ColumnPlace]]] = {}
    for each in files:
        for column in (*each.columns, *each.common):
            if column.fate == str(Fate.NOT_SUBMITTED):
                for reason in column.reasons:
                    found.setdefault(reason, {}).setdefault(column.name, []).append(
                        (each.source, column.anchor)
                    )
    return [
        LeftOut(reason, tuple((name, tuple(at)) for name, at in columns.items()))
        for reason, columns in found.items()
    ]


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
