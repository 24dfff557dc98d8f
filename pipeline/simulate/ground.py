"""What a kind of defect works on, and the few moves that it plants with.

Every move takes and gives tables with two hidden columns, ``_row`` (order, unique) and ``_planted``. No row carries
two defects, and no defect touches what another one has taken (see ``claims``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from pipeline.simulate.claims import Claims

Tables = dict[str, pl.DataFrame]
Spoil = Callable[[bytes], bytes | None]

ROW, PLANTED = "_row", "_planted"
NOTE = pl.Schema(
    {
        "defect": pl.Int64,  # number within its kind; a defect may have several notes
        "builds": pl.String,  # "all", or "unblinded" for what no blinded build can see
        "source": pl.String,
        ROW: pl.Int64,  # null: the file as a whole, or no row at all
        "subject": pl.String,
        "fate": pl.String,  # of the row: mapped, quarantined, superseded, deleted, refused (whole file), vanished;
        # stopped: nothing lands, or nothing is unblinded, and the line that says so names the rule
        "rule": pl.String,  # of the finding that must come; null: no finding
        "variable": pl.String,  # "MHSTDTC": what a record of that row must hold ...
        "value": pl.String,  # ... as text; null with a variable: it must be blank
        "note": pl.String,  # for a person
    }
)
_GAP = 1024  # room between two rows of a table for rows that a defect inserts
_APPENDED = 1 << 48  # rows at the end are numbered from here, so that none takes the number of a removed one


@dataclass(frozen=True)
class Planted:
    """The tables that changed, the notes (NOTE), and how bytes of whole files are spoilt (None: not delivered)."""

    tables: Tables
    notes: pl.DataFrame
    spoilt: Mapping[str, Spoil] = field(default_factory=dict)


@dataclass(frozen=True)
class Ground:
    """All sources of a night, restricted ones too, and how many defects of a kind are wanted."""

    tables: Tables
    rng: np.random.Generator
    count: int
    claims: Claims
    as_of: date
    subjects: Mapping[str, str]  # source -> its column with the subject's number

    def picked(
        self, source: str, where: pl.Expr | bool = True, *, count: int | None = None, by: str | None = None
    ) -> pl.DataFrame:
        """Up to ``count`` rows of ``source`` that satisfy ``where`` and carry no defect yet, in the order of the table.

        They are claimed for use: rows that another defect rests on are not drawn. ``by`` names the column that makes
        the topic finer than the source.
        """
        table, column = self.tables[source], self.subjects.get(source)
        condition = pl.lit(value=where) if isinstance(where, bool) else where.fill_null(value=False)
        free = table.filter(condition & ~pl.col(PLANTED))
        topic = pl.format("{}/{}", pl.lit(source), by) if by else pl.lit(source)
        places = free.select(subject=pl.col(column).fill_null("") if column else pl.lit("*"), topic=topic)
        free = free.filter(self._usable(places))
        wanted = self.count if count is None else count
        chosen = self.rng.choice(free.height, size=min(wanted, free.height), replace=False)
        rows = free[np.sort(chosen)]
        self.claims.use(
            rows.select(
                subject=pl.col(column).fill_null("") if column else pl.lit("*"), topic=topic
            ).iter_rows()
        )
        return rows

    def _usable(self, places: pl.DataFrame) -> pl.Series:
        """True for the places that no defect rests on."""
        if not self.claims.taken and not self.claims.files:
            return pl.Series([True], dtype=pl.Boolean).new_from_index(0, places.height)
        doubtful = places.unique()
        if not self.claims.files:
            doubtful = doubtful.filter(pl.col("subject").is_in(list(self.claims.taken)))
        refused = [place for place in doubtful.iter_rows() if not self.claims.may_use(*place)]
        closed = pl.DataFrame(refused, schema=places.schema, orient="row").with_columns(_closed=True)
        joined = places.join(closed, on=["subject", "topic"], how="left", maintain_order="left")
        return joined["_closed"].is_null()

    def people(
        self, candidates: pl.Series | Iterable[str], topics: Sequence[str], *, count: int | None = None
    ) -> list[str]:
        """Up to ``count`` subjects of ``candidates`` whose ``topics`` are untouched, sorted; they are taken for this
        defect alone."""
        free = [one for one in sorted(set(candidates)) if self.claims.may_take(one, topics)]
        wanted = self.count if count is None else count
        chosen = self.rng.choice(len(free), size=min(wanted, len(free)), replace=False)
        subjects = [free[place] for place in sorted(chosen)]
        self.claims.take(subjects, topics)
        return subjects

    def files(self, candidates: Sequence[str], *, count: int | None = None) -> list[str]:
        """Up to ``count`` sources of ``candidates`` that hold no defect, in their order; they are taken whole."""
        free = self.claims.free_files(candidates)
        wanted = self.count if count is None else count
        chosen = self.rng.choice(len(free), size=min(wanted, len(free)), replace=False)
        sources = [free[place] for place in sorted(chosen)]
        self.claims.take_files(sources)
        return sources


def with_marks(table: pl.DataFrame) -> pl.DataFrame:
    """``table`` with ``_row`` and ``_planted``."""
    order = pl.int_range(1, table.height + 1, dtype=pl.Int64) * _GAP
    return table.with_columns(order.alias(ROW), pl.lit(value=False).alias(PLANTED))


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


def appended(table: pl.DataFrame, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """``table`` with ``rows`` as new ones at its end (marked), and these rows with their place.

    ``rows`` has the delivered columns; any that it lacks is blank.
    """
    last = max(_APPENDED, table.select(pl.col(ROW).max().fill_null(0)).item())
    text = [name for name in table.columns if name not in {ROW, PLANTED}]
    new = rows.select(
        *(pl.col(name) if name in rows.columns else pl.lit(None, pl.String).alias(name) for name in text),
        (last + pl.int_range(1, pl.len() + 1, dtype=pl.Int64) * _GAP).alias(ROW),
        pl.lit(value=True).alias(PLANTED),
    ).select(table.columns)
    return pl.concat([table, new], rechunk=False), new


def removed(table: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """``table`` without ``rows``."""
    return table.join(rows.select(ROW), on=ROW, how="anti", maintain_order="left")


def noted(
    source: str,
    rows: pl.DataFrame,
    *,
    fate: str = "mapped",
    rule: str | None = None,
    subject: str | None = "SUBJID",
    first: int = 1,
    builds: str = "all",
    variable: str | None = None,
    value: pl.Expr | str | None = None,
    note: str | None = None,
) -> pl.DataFrame:
    """Notes (NOTE) about ``rows`` of ``source``, one a row, defects numbered from ``first``.

    ``rule`` is the id of the finding that must stand at the row; a second rule at the same row is a second call.
    """
    holds = value if isinstance(value, pl.Expr) else pl.lit(value)
    return rows.select(
        defect=pl.int_range(first, pl.len() + first, dtype=pl.Int64),
        builds=pl.lit(builds),
        source=pl.lit(source),
        **{ROW: pl.col(ROW)},
        subject=pl.col(subject) if subject else pl.lit(None),
        fate=pl.lit(fate),
        rule=pl.lit(rule),
        variable=pl.lit(variable),
        value=holds,
        note=pl.lit(note),
    ).cast(NOTE)


def stated(
    source: str | None,
    *,
    fate: str,
    rule: str | None = None,
    subject: str | None = None,
    defect: int = 1,
    builds: str = "all",
    note: str | None = None,
) -> pl.DataFrame:
    """One note (NOTE) about a file as a whole, or about no row at all."""
    row = (defect, builds, source, None, subject, fate, rule, None, None, note)
    return pl.DataFrame([row], schema=NOTE, orient="row")


def notes_of(*parts: pl.DataFrame) -> pl.DataFrame:
    """``parts`` as one frame of notes; empty without any."""
    return pl.concat([NOTE.to_frame(), *(part.cast(NOTE) for part in parts)])
