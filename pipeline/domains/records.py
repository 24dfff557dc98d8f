"""What goes into a domain and what comes out: inputs, records, their links to source rows, and rows set aside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

import polars as pl

from pipeline.findings import no_findings
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Dataset

LINE = "_line"
SOURCE = "_source"
SUBJECT = "_subject"
REASONS = "_reasons"  # of a row that broke its contract: the rules that it broke
ROSTER_KEY = "SUBJID"


class Fate(StrEnum):
    """Where a delivered row went when it became no record."""

    QUARANTINED = "quarantined"
    NOT_SUBMITTED = "not submitted"
    SUPERSEDED = "superseded"
    DELETED = "deleted"


SET_ASIDE = pl.Schema(
    {
        "source": pl.String,
        "line": pl.UInt32,
        "fate": pl.String,
        "rule": pl.String,
        "reason": pl.String,
        "instead": pl.UInt32,  # line of the row that counts in its place; null if none does
    }
)
LINK = pl.Schema(
    {
        "source": pl.String,
        "line": pl.UInt32,
        "subject": pl.String,
        "seq": pl.Int64,  # --SEQ; where a dataset has none, the running number of the subject's record in it
        "role": pl.String,  # a Tie, or the one variable that the row gave its value to
    }
)


class Tie(StrEnum):
    """What a source row is to a record as a whole; rows with such a tie count as mapped."""

    RECORD = "record"  # the record is made of the row
    JOINED = "joined"  # the row was looked up beside it


@dataclass(frozen=True)
class Block:
    """Subjects from ``first`` up to, not including, ``after``; None is open. Blocks side by side hold every
    subject once."""

    first: str | None
    after: str | None

    def holds(self, subject: pl.Expr) -> pl.Expr:
        """True for a subject of this block."""
        inside = pl.lit(value=True) if self.first is None else subject >= self.first
        return inside if self.after is None else inside & (subject < self.after)


class Lifting(Protocol):
    """What an unblinded build hands in to fill what a blinded one masks; no blinded build has one."""

    def elements(self, inputs: Inputs, found: pl.DataFrame) -> pl.DataFrame:
        """The derived elements with the real treatment element."""

    def lifted(self, inputs: Inputs, dataset: Dataset, built: Built) -> Built:
        """The finished dataset with its masked variables filled."""


@dataclass(frozen=True)
class Inputs:
    """What a domain may ask for, and nothing else.

    ``typed`` gives a source's accepted rows, ``derived`` one of the subject-level frames (subjects, elements, visits),
    ``records`` a finished dataset, ``links`` the source rows of its records,
    ``quarantined`` the rows of a source that broke their contract, as delivered with ``_reasons`` and ``_subject``;
    ``cut`` is the data cut.
    """

    spec: StudySpec
    cut: date
    typed: Callable[[str], pl.LazyFrame]
    derived: Callable[[str], pl.LazyFrame]
    records: Callable[[str], pl.LazyFrame]
    links: Callable[[str], pl.LazyFrame]
    block: Block | None = None
    unblinded: Lifting | None = None
    quarantined: Callable[[str], pl.LazyFrame] | None = None

    def live(self, source: str) -> pl.LazyFrame:
        """Accepted rows of ``source`` that the sender has not marked as deleted; of the block's subjects, if
        there is one."""
        rows = self.whole(source)
        if self.block is None or ROSTER_KEY not in rows.collect_schema().names():
            return rows
        return rows.filter(self.block.holds(pl.col(ROSTER_KEY)))

    def whole(self, source: str) -> pl.LazyFrame:
        """The same for all subjects, whatever the block."""
        rows = self.typed(source)
        marked = self.spec.study.delivery.deleted
        if marked.column not in rows.collect_schema().names():
            return rows
        return rows.filter(pl.col(marked.column).ne_missing(marked.value))

    def withheld(self, source: str) -> pl.LazyFrame:
        """Rows of ``source`` that broke their contract, of a known subject (ROSTER_KEY) and not marked as deleted:
        trimmed texts, blank as null, with ``_line`` and ``_reasons``."""
        if self.quarantined is None:
            names = self.typed(source).collect_schema().names()
            schema = {**dict.fromkeys([*names, REASONS], pl.String), LINE: pl.UInt32}
            return pl.LazyFrame(schema=schema)
        rows = self.quarantined(source).filter(pl.col(SUBJECT).is_not_null())
        texts = pl.exclude(LINE, REASONS, SUBJECT)
        rows = rows.with_columns(texts.cast(pl.String).str.strip_chars().replace("", None))
        marked = self.spec.study.delivery.deleted
        if marked.column in rows.collect_schema().names():
            rows = rows.filter(pl.col(marked.column).ne_missing(marked.value))
        return rows.with_columns(pl.col(SUBJECT).alias(ROSTER_KEY)).drop(SUBJECT)


@dataclass(frozen=True)
class Built:
    """A finished frame: ``records`` in order, ``links`` to source rows, ``set_aside`` rows, ``findings``."""

    records: pl.DataFrame
    links: pl.DataFrame = field(default_factory=LINK.to_frame)
    set_aside: pl.DataFrame = field(default_factory=SET_ASIDE.to_frame)
    findings: pl.DataFrame = field(default_factory=no_findings)


@dataclass(frozen=True)
class Looked:
    """What a look at finished datasets gives: a ``table`` for people and its ``findings``; no dataset changes."""

    table: pl.DataFrame
    findings: pl.DataFrame = field(default_factory=no_findings)


def set_aside(
    rows: pl.DataFrame | pl.LazyFrame,
    source: str,
    fate: Fate,
    rule: str,
    reason: str,
    *,
    instead: str | None = None,
) -> pl.DataFrame:
    """The lines of ``rows`` as rows set aside for one reason; column ``instead`` has the line that counts instead."""
    return (
        rows.lazy()
        .select(
            source=pl.lit(source),
            line=pl.col(LINE).cast(pl.UInt32),
            fate=pl.lit(str(fate)),
            rule=pl.lit(rule),
            reason=pl.lit(reason),
            instead=(pl.col(instead) if instead else pl.lit(None)).cast(pl.UInt32),
        )
        .collect()
    )


def linked(rows: pl.DataFrame, role: str, *, line: str, source: str | None = None) -> pl.DataFrame:
    """Links (LINK) of records (USUBJID, ``_seq``) to the row that column ``line`` names, none where it is null.

    ``source`` is the column that names the line's source; default: ``line`` with ``_source`` for ``_line``.
    """
    named = source or f"{line.removesuffix('_line')}_source"
    found = rows.filter(pl.col(line).is_not_null())
    return found.select(source=named, line=line, subject="USUBJID", seq="_seq", role=pl.lit(role)).cast(LINK)


def in_link_order(links: list[pl.DataFrame]) -> pl.DataFrame:
    """All ``links``, each once, by record and then by row."""
    return (
        pl.concat([each.cast(LINK) for each in links])
        .unique()
        .sort("subject", "seq", "source", "line", "role")
    )


def stacked(frames: list[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
    """``frames`` on top of each other in the columns of ``schema``; a column that a frame lacks is null."""
    kept = [frame for frame in frames if frame.height]
    return pl.concat([schema.to_frame(), *kept], how="diagonal").select(list(schema))


def translation(mapping: Mapping[str, str], column: str) -> pl.Expr:
    """``column`` through ``mapping``; null where the value is null **or unknown**: see ``unknown``."""
    keys = list(mapping)
    return pl.col(column).replace_strict(
        keys, [mapping[key] for key in keys], default=None, return_dtype=pl.String
    )


def unknown(mapping: Mapping[str, str], column: str) -> pl.Expr:
    """True where ``column`` holds a value that ``mapping`` does not know."""
    return pl.col(column).is_not_null() & ~pl.col(column).is_in(list(mapping))
