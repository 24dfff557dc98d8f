"""What the reviewer's guide tells of a build: where delivered rows and columns went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from pipeline.documents.guide.facts import Aside, Fate, LeftOut
from pipeline.flow.columns import MAPPED, ROW_FATES
from pipeline.review.fates import Fate as Decided
from pipeline.warehouse.builds import Build

_WHO_SAYS = (
    r" \((?:the contract|study\.yaml)(?:, whole file)?\)$"  # of interest to the team, not to a reviewer
)
_PRINTED = r"^printed text of \S+, whose code is mapped$"
_ANY_PRINTED = "printed text of a collected code; the code is mapped"


@dataclass(frozen=True)
class BuildFacts:
    """A build's id and delivery, its delivered rows by fate, and the columns that fill no variable."""

    build: str
    delivery: str
    fates: tuple[Fate, ...] = ()
    aside: tuple[Aside, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def build_facts(build: Build, titles: Mapping[str, str]) -> BuildFacts:
    """The facts of a finished build; ``titles`` names its files for readers."""
    accounting = build.read("ops", "accounting").collect()
    names = {str(fate): str(fate).replace(" ", "_") for fate in ROW_FATES}
    rows = tuple(Fate(fate, int(accounting[column].sum())) for fate, column in names.items())
    return BuildFacts(
        build.build,
        build.delivery,
        rows,
        tuple(_aside(build.read("ops", "set_aside"), titles)),
        tuple(_left_out(build.read("ops", "columns"))),
    )


def _aside(rows: pl.LazyFrame, titles: Mapping[str, str]) -> list[Aside]:
    order = {str(fate): place for place, fate in enumerate(ROW_FATES) if fate != MAPPED}
    counted = rows.group_by("fate", "source", "reason").len().collect()
    found = [Aside(fate, titles.get(file, file), reason, n) for fate, file, reason, n in counted.iter_rows()]
    return sorted(found, key=lambda each: (order.get(each.fate, len(order)), each.file, each.reason))


def _left_out(columns: pl.LazyFrame) -> list[LeftOut]:
    """Reasons by the number of columns that they leave out, most first."""
    reason = pl.col("reason").str.replace_all(_WHO_SAYS, "").str.replace(_PRINTED, _ANY_PRINTED)
    counted = (
        columns.filter(pl.col("fate") == str(Decided.NOT_SUBMITTED))
        .group_by(reason.alias("reason"))
        .agg(
            pl.len().alias("columns"),
            pl.col("source").n_unique().alias("files"),
            pl.col("column").unique().sort().alias("names"),
        )
        .sort("columns", "reason", descending=[True, False])
        .collect()
    )
    return [
        LeftOut(row["reason"], row["columns"], row["files"], tuple(row["names"]))
        for row in counted.iter_rows(named=True)
    ]
