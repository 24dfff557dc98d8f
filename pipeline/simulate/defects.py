"""Planting defects and keeping the ledger: what was planted, on which line, and what it must lead to.

A planting function gets tables with two hidden columns, ``_row`` (order, unique) and ``_planted``, and
returns the tables together with one ledger row for each place that it touched. No row carries two defects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipeline.errors import UsageError
from pipeline.simulate.streams import Streams

Tables = dict[str, pl.DataFrame]

ROW, PLANTED = "_row", "_planted"
NOTE = pl.Schema(
    {"source": pl.String, ROW: pl.Int64, "subject": pl.String, "expected": pl.String, "rule": pl.String}
)
LEDGER = pl.Schema(
    {
        "kind": pl.String,
        "file": pl.String,
        "line": pl.Int64,
        "subject": pl.String,
        "expected": pl.String,
        "rule": pl.String,
    }
)
_GAP = 1024  # room between two rows of a table for rows that a defect inserts
_FIRST_DATA_LINE = 2
FEWEST = 2


@dataclass(frozen=True)
class Planted:
    """Tables after planting and their notes (columns of NOTE)."""

    tables: Tables
    notes: pl.DataFrame


@dataclass(frozen=True)
class DefectKind:
    """A named kind of dirt; ``plant`` gets the tables, its own random stream and how many to plant."""

    name: str
    plant: Callable[[Tables, np.random.Generator, int], Planted]


def chosen_kinds(known: Mapping[str, DefectKind], wanted: str | Sequence[str]) -> list[DefectKind]:
    """The kinds named by ``none``, ``all``, ``KIND[,KIND]`` or a tuple, in the study's order."""
    names = wanted.split(",") if isinstance(wanted, str) else list(wanted)
    if names == ["none"]:
        return []
    if names == ["all"]:
        return list(known.values())
    for name in names:
        if name not in known:
            raise UsageError(
                "--defects", f"no kind is called {name!r}", f"use none, all or of: {', '.join(known)}"
            )
    return [kind for name, kind in known.items() if name in names]


def planted(
    tables: Tables, kinds: Sequence[DefectKind], streams: Streams, count: int
) -> tuple[Tables, pl.DataFrame]:
    """Tables with ``count`` defects of each kind where the data allow it, and the notes."""
    if not kinds:
        return tables, NOTE.to_frame().with_columns(pl.lit(None, pl.String).alias("kind"))
    open_tables = {source: _with_marks(table) for source, table in tables.items()}
    notes = []
    for kind in kinds:
        result = kind.plant(open_tables, streams.generator(f"defect/{kind.name}"), count)
        open_tables = result.tables
        notes.append(result.notes.select(pl.lit(kind.name).alias("kind"), *NOTE))
    return {source: table.sort(ROW) for source, table in open_tables.items()}, pl.concat(notes)


def _with_marks(table: pl.DataFrame) -> pl.DataFrame:
    order = pl.int_range(1, table.height + 1, dtype=pl.Int64) * _GAP
    return table.with_columns(order.alias(ROW), pl.lit(value=False).alias(PLANTED))


def picked(table: pl.DataFrame, where: pl.Expr, rng: np.random.Generator, count: int) -> pl.DataFrame:
    """Up to ``count`` rows that satisfy ``where`` and carry no defect yet, in the order of the table."""
    free = table.select(where.fill_null(value=False) & ~pl.col(PLANTED)).to_series().arg_true()
    chosen = rng.choice(free.len(), size=min(count, free.len()), replace=False)
    return table[free.gather(np.sort(chosen))]


def rewritten(table: pl.DataFrame, rows: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """``table`` with ``columns`` taken from ``rows`` (as ``picked``, in order), those rows marked as planted.

    Only the columns that change are copied, because a laboratory's table has millions of rows.
    """
    places = table[ROW].is_in(rows[ROW].implode()).arg_true()
    changed = [table[name].clone().scatter(places, rows[name]) for name in columns]
    return table.with_columns(*changed, table[PLANTED].clone().scatter(places, values=True))


def inserted(table: pl.DataFrame, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """``table`` with copies of ``rows`` to stand behind their originals (both marked), and the copies."""
    new = rows.with_columns(pl.col(ROW) + 1, pl.lit(value=True).alias(PLANTED)).select(table.columns)
    marked = rewritten(table, rows, ())
    return pl.concat([marked, new], rechunk=False), new


def noted(
    source: str, rows: pl.DataFrame, expected: pl.Expr | str, rule: str, subject: str = "SUBJID"
) -> pl.DataFrame:
    """Notes (NOTE) about ``rows`` of ``source``; ``expected`` is a text or an expression over the rows."""
    says = pl.lit(expected) if isinstance(expected, str) else expected
    return rows.select(
        pl.lit(source).alias("source"),
        ROW,
        pl.col(subject).alias("subject"),
        says.cast(pl.String).alias("expected"),
        pl.lit(rule).alias("rule"),
    )


def ledger(
    tables: Tables, notes: pl.DataFrame, files: Mapping[str, str], quoted: Mapping[str, bool]
) -> pl.DataFrame:
    """The ledger (LEDGER): each note with its file and the physical line of its record (header = 1)."""
    parts = [LEDGER.to_frame()]
    for source in notes["source"].unique().sort():
        lines = tables[source].select(ROW, line=_start_lines(tables[source], quoted=quoted[source]))
        about = notes.filter(pl.col("source") == source).join(lines, on=ROW, how="left")
        parts.append(about.with_columns(file=pl.lit(files[source])).select(*LEDGER))
    return pl.concat(parts).sort("kind", "file", "line", "expected")


def _start_lines(table: pl.DataFrame, *, quoted: bool) -> pl.Expr:
    """Physical line of every record; a quoted field may hold line breaks that push later records down."""
    position = pl.int_range(pl.len(), dtype=pl.Int64) + _FIRST_DATA_LINE
    text = [name for name in table.columns if name not in {ROW, PLANTED}]
    if not quoted or not text:
        return position
    breaks = pl.sum_horizontal(
        pl.col(name).cast(pl.String).str.count_matches("\n", literal=True).fill_null(0).cast(pl.Int64)
        for name in text
    )
    return position + breaks.cum_sum().shift(1, fill_value=0)
