"""The query list as files to send: one workbook for all, one a site, and CSV."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from pipeline.derive.spreadsheet import harmless
from pipeline.errors import BuildFailed, UsageError
from pipeline.files import folder_written_aside
from pipeline.flow.context import BLINDED, study_parts
from pipeline.flow.queries import queries_of
from pipeline.queries.workbook import About, write_workbook
from pipeline.settings import Settings
from pipeline.warehouse.builds import published

_EVERYBODY = "everybody"


@dataclass(frozen=True)
class Queries:
    """The list of the published build (QUERY), and which delivery and data cut it belongs to."""

    study: str
    delivery: str
    cut: date
    rows: pl.DataFrame


def open_queries(settings: Settings) -> Queries:
    """The list of the published blinded build; BuildFailed if nothing is published or its list is missing."""
    build = published(settings.warehouse, settings.study, BLINDED)
    if build is None:
        raise BuildFailed("queries", "nothing is published yet", "run './sdtm load' and './sdtm build' first")
    cut, study = date.fromisoformat(str(build.facts["cut"])), study_parts(settings).spec.study.study
    return Queries(study, build.delivery, cut, queries_of(build))


def with_status(found: Queries, statuses: tuple[str, ...]) -> Queries:
    """The same list with queries of these statuses only; all of them if none is named."""
    return (
        replace(found, rows=found.rows.filter(pl.col("status").is_in(list(statuses)))) if statuses else found
    )


def write_queries(found: Queries, target: Path, *, by_site: bool = False) -> list[str]:
    """Writes ``queries.xlsx`` and ``queries.csv`` into ``target``, which must not exist; the names of the files.

    ``by_site`` adds a workbook a site with its own queries only. Equal lists give equal bytes.
    """
    if target.exists():
        raise UsageError(str(target), "exists", "choose a folder that does not exist yet")
    with folder_written_aside(target) as aside:
        _workbook(aside / "queries.xlsx", found, found.rows, _EVERYBODY)
        harmless(found.rows).write_csv(aside / "queries.csv")
        if by_site:
            for number, rows in _of_sites(found.rows):
                _workbook(aside / f"queries_site_{number}.xlsx", found, rows, f"site {number}")
        return sorted(path.name for path in aside.iterdir())


def _of_sites(rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Site number and the queries that the site itself is asked, by number."""
    asked = rows.filter(pl.col("ask") == pl.format("site {}", "site")).sort("site", maintain_order=True)
    return [(group["site"][0], group) for group in asked.partition_by("site", maintain_order=True)]


def _workbook(path: Path, found: Queries, rows: pl.DataFrame, whom: str) -> None:
    write_workbook(path, rows, About(found.study, found.delivery, found.cut, whom))
