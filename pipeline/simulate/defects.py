"""Planting defects and keeping the ledger: what was planted, on which line, and what it must lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from pipeline.errors import UsageError
from pipeline.simulate.claims import Claims
from pipeline.simulate.ground import NOTE, PLANTED, ROW, Ground, Planted, Spoil, Tables, stated, with_marks
from pipeline.simulate.streams import Streams

LEDGER = pl.Schema(
    {
        "kind": pl.String,
        "defect": pl.Int64,
        "builds": pl.String,
        "file": pl.String,
        "line": pl.Int64,
        "subject": pl.String,
        "fate": pl.String,
        "rule": pl.String,
        "variable": pl.String,
        "value": pl.String,
        "note": pl.String,
    }
)
_FIRST_DATA_LINE = 2
FEWEST = 2
_NOTHING_NEW = "delivery.nothing_new"
BY_CHANCE = "by chance"  # the kind of what nobody planted, and a test of chance finds all the same


@dataclass(frozen=True)
class DefectKind:
    """A named kind of dirt and how it is planted.

    ``earlier``: it can only be told from the night before, which is then delivered too. ``secret``: it lies in a
    restricted source and is planted only where those are written. ``alone``: nothing else could be seen beside it (it
    stops the whole delivery or the unblinding) or may be there (it is that nothing is new); planted only where named.
    """

    name: str
    plant: Callable[[Ground], Planted]
    earlier: bool = False
    secret: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Dirty:
    """Tables after planting, the notes with their ``kind``, and how the bytes of whole files are spoilt."""

    tables: Tables
    notes: pl.DataFrame
    spoilt: Mapping[str, Spoil]


def chosen_kinds(known: Mapping[str, DefectKind], wanted: str | Sequence[str]) -> list[DefectKind]:
    """The kinds named by ``none``, ``all`` (but those that must stand alone), ``KIND[,KIND]`` or a tuple, in the
    study's order."""
    names = wanted.split(",") if isinstance(wanted, str) else list(wanted)
    if names == ["none"]:
        return []
    if names == ["all"]:
        return [kind for kind in known.values() if not kind.alone]
    for name in names:
        if name not in known:
            raise UsageError(
                "--defects", f"no kind is called {name!r}", f"use none, all or of: {', '.join(known)}"
            )
    return [kind for name, kind in known.items() if name in names]


def planted(
    tables: Tables,
    kinds: Sequence[DefectKind],
    streams: Streams,
    count: int,
    *,
    as_of: date,
    subjects: Mapping[str, str],
) -> Dirty:
    """Tables with ``count`` defects of each kind where the data allow it, and the notes."""
    if not kinds:
        return Dirty(tables, NOTE.to_frame().with_columns(pl.lit(None, pl.String).alias("kind")), {})
    dirty = {source: with_marks(table) for source, table in tables.items()}
    notes: list[pl.DataFrame] = []
    spoilt: dict[str, Spoil] = {}
    claims = Claims()
    for kind in kinds:
        ground = Ground(dirty, streams.generator(f"defect/{kind.name}"), count, claims, as_of, subjects)
        result = kind.plant(ground)
        dirty |= result.tables
        for source, spoil in result.spoilt.items():
            spoilt[source] = _after(spoilt[source], spoil) if source in spoilt else spoil
        notes.append(result.notes.select(pl.lit(kind.name).alias("kind"), *NOTE))
    return Dirty({source: table.sort(ROW) for source, table in dirty.items()}, pl.concat(notes), spoilt)


def with_chance(dirty: Dirty, found: pl.DataFrame) -> Dirty:
    """``dirty`` with those notes of ``found`` (NOTE) that no defect has made yet, under a kind of their own.

    Of several findings of one rule the planted ones come first.
    """
    own = found.with_columns(_nth=pl.int_range(pl.len()).over("rule"))
    planted = dirty.notes.filter(pl.col("_row").is_null()).group_by("rule").len("_planted")
    rest = own.join(planted, on="rule", how="left", maintain_order="left").filter(
        pl.col("_nth") >= pl.col("_planted").fill_null(0)
    )
    numbered = rest.with_columns(kind=pl.lit(BY_CHANCE), defect=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    return replace(
        dirty, notes=pl.concat([dirty.notes, numbered.select(dirty.notes.columns)], how="vertical_relaxed")
    )


def with_quiet_night(dirty: Dirty, before: Tables, kinds: Sequence[DefectKind]) -> Dirty:
    """``dirty`` with a note that nothing is new, if every table that is not spoilt is as in the night ``before``.

    The note belongs to the one kind that plants nothing else, or else to chance.
    """
    sources = [source for source in before if source not in dirty.spoilt]
    if not all(
        dirty.tables[source].select(before[source].columns).equals(before[source]) for source in sources
    ):
        return dirty
    quiet = stated(None, fate="mapped", rule=_NOTHING_NEW, note="every file is as the night before")
    kind = kinds[0].name if len(kinds) == 1 and not dirty.spoilt else BY_CHANCE
    rows = quiet.select(pl.lit(kind).alias("kind"), *NOTE)
    return replace(dirty, notes=pl.concat([dirty.notes.select(rows.columns), rows]))


def _after(first: Spoil, second: Spoil) -> Spoil:
    """Both spoils, one after the other; a file that is gone stays gone."""

    def both(whole: bytes) -> bytes | None:
        left = first(whole)
        return None if left is None else second(left)

    return both


def ledger(
    tables: Tables, notes: pl.DataFrame, files: Mapping[str, str], quoted: Mapping[str, bool]
) -> pl.DataFrame:
    """The ledger (LEDGER): each note with its file and the physical line of its record (header = 1)."""
    parts = [LEDGER.to_frame()]
    nowhere = notes.filter(pl.col("source").is_null())
    parts.append(
        nowhere.with_columns(file=pl.lit(None, pl.String), line=pl.lit(None, pl.Int64)).select(*LEDGER)
    )
    for source in notes["source"].drop_nulls().unique().sort():
        lines = tables[source].select(ROW, line=_start_lines(tables[source], quoted=quoted[source]))
        about = notes.filter(pl.col("source") == source).join(lines, on=ROW, how="left")
        parts.append(about.with_columns(file=pl.lit(files[source])).select(*LEDGER))
    return pl.concat(parts).sort("kind", "defect", "file", "line", "rule", "variable", nulls_last=True)


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
