"""Raw records of one source in two deliveries: what is new, changed, deleted, gone, or came back under another name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from pipeline.delta.matching import (
    NEW,
    ROW,
    Sides,
    differing,
    key_text,
    names_where,
    pairs,
    repeated,
    side_by_side,
    sides,
    touched,
)

LINE = "_line"
_NOTHING = pl.lit(None)


class Change(StrEnum):
    """What happened to a record. DELETED is marked by the sender, VANISHED is not in the file any more;
    PURGED was marked before and is now gone; AUDIT: only the bookkeeping moved; AMBIGUOUS: its id repeats."""

    NEW = "new"
    CHANGED = "changed"
    DELETED = "deleted"
    VANISHED = "vanished"
    REENTERED = "re-entered"
    RESTORED = "restored"
    PURGED = "purged"
    AUDIT = "audit only"
    AMBIGUOUS = "ambiguous"


RECORD = pl.Schema(
    {
        "source": pl.String,
        "change": pl.String,
        "key": pl.String,  # what names the record in its source; null if nothing does
        "was": pl.String,  # the key under which a re-entered record was deleted or vanished
        "subject": pl.String,  # as delivered
        "old_line": pl.UInt32,  # physical line in the older file; of the deleted record, if re-entered
        "new_line": pl.UInt32,
        "columns": pl.String,  # collected columns that changed
        "audit": pl.String,  # columns of bookkeeping that moved with them
        "lock": pl.String,  # state of the lock in the older delivery
    }
)
FIELD = pl.Schema(
    {
        "source": pl.String,
        "key": pl.String,
        "old_line": pl.UInt32,
        "new_line": pl.UInt32,
        "column": pl.String,
        "audit": pl.Boolean,
        "old": pl.String,
        "new": pl.String,
    }
)


@dataclass(frozen=True)
class Identity:
    """How rows of a source are told apart: ``key`` names a row (() = only its content does), ``own`` are those of
    its columns that say nothing else; ``deleted`` is the column and value that mark a deleted row."""

    key: tuple[str, ...]
    own: tuple[str, ...] = ()
    audit: tuple[str, ...] = ()
    numbering: tuple[str, ...] = ()
    subject: str | None = None
    deleted: tuple[str, str] | None = None
    lock: str | None = None


@dataclass(frozen=True)
class Compared:
    """Changes by record and by field, and how many rows the two files have (``old``, ``new``, ``unchanged``)."""

    records: pl.DataFrame
    fields: pl.DataFrame
    rows: Mapping[str, int]


def same_file(rows: int) -> Compared:
    """The result for a file that is the same in both deliveries."""
    return Compared(RECORD.to_frame(), FIELD.to_frame(), dict.fromkeys(("old", "new", "unchanged"), rows))


def compare_source(source: str, old: pl.LazyFrame, new: pl.LazyFrame, identity: Identity) -> Compared:
    """Every change of ``source`` from ``old`` to ``new`` (``_line`` and text columns), sorted by key and line.

    First by the whole key; what is left by the key without its audit columns (a code for the next version of a
    record). A key that repeats in either file is never matched: rows that differ are AMBIGUOUS.
    """
    columns = [name for name in old.collect_schema().names() if name != LINE]
    found = sides(old, new, columns, identity.key)
    wide = side_by_side(found, _pairs(found, identity))
    changed = _with_change(wide, columns, identity)
    gone, come = _unpaired(found, wide, identity)
    dead = _dead(old, gone, changed, identity)
    back = _returned(dead, come, columns, identity)
    records = [_changed_records(changed, identity), _gone(gone, identity), _come(come, back, identity)]
    records = [
        frame.with_columns(source=pl.lit(source)).select(RECORD.names()).cast(RECORD) for frame in records
    ]
    rows = {"old": found.old.keys.height, "new": found.new.keys.height, "unchanged": found.unchanged}
    told = pl.concat(records).sort("change", "key", "old_line", "new_line", nulls_last=True)
    return Compared(told, _fields(source, changed, columns, identity), rows)


def _pairs(found: Sides, identity: Identity) -> pl.DataFrame:
    if not identity.key:
        return pl.DataFrame(schema={ROW: pl.UInt32, f"{NEW}{ROW}": pl.UInt32})
    whole = pairs(_named(found, identity), identity.key)
    short = [name for name in identity.key if name not in identity.audit]
    if not short or len(short) == len(identity.key):
        return whole
    return pl.concat([whole, pairs(_named(found, identity), short, done=whole)])


def _named(found: Sides, identity: Identity) -> Sides:
    """The same without rows whose key is wholly blank: nothing names them."""
    one, other = (
        type(side)(side.keys.filter(~_blank(identity.key)), side.rest.filter(~_blank(identity.key)))
        for side in (found.old, found.new)
    )
    return Sides(one, other)


def _blank(key: Sequence[str]) -> pl.Expr:
    return pl.all_horizontal((pl.col(name).fill_null("") == "") for name in key)


def _with_change(wide: pl.DataFrame, columns: Sequence[str], identity: Identity) -> pl.DataFrame:
    """Pairs with ``_columns``, ``_audit`` and ``_change``."""
    tests = differing(touched(wide, columns))
    audit = {name: test for name, test in tests.items() if name in identity.audit}
    collected = {name: test for name, test in tests.items() if name not in identity.audit}
    before, after = _marked(identity, ""), _marked(identity, NEW)
    kind = (
        pl.when(after & ~before).then(pl.lit(str(Change.DELETED)))
        .when(before & ~after).then(pl.lit(str(Change.RESTORED)))
        .when(pl.any_horizontal(pl.lit(value=False), *collected.values())).then(pl.lit(str(Change.CHANGED)))
        .otherwise(pl.lit(str(Change.AUDIT)))
    )  # fmt: skip
    return wide.with_columns(_columns=names_where(collected), _audit=names_where(audit), _change=kind)


def _marked(identity: Identity, prefix: str) -> pl.Expr:
    if identity.deleted is None:
        return pl.lit(value=False)
    column, value = identity.deleted
    return pl.col(f"{prefix}{column}").eq_missing(pl.lit(value))


def _unpaired(found: Sides, wide: pl.DataFrame, identity: Identity) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of one side only with ``_doubt``: True where their key repeats."""
    gone = found.old.rest.join(wide, on=ROW, how="anti")
    come = found.new.rest.join(wide.select(pl.col(f"{NEW}{ROW}").alias(ROW)), on=ROW, how="anti")
    if not identity.key:
        return tuple(side.with_columns(_doubt=pl.lit(value=False)) for side in (gone, come))  # type: ignore[return-value]
    doubtful = repeated(_named(found, identity), identity.key).with_columns(_doubt=pl.lit(value=True))
    both = (side.join(doubtful, on=identity.key, how="left", maintain_order="left") for side in (gone, come))
    one, other = (side.with_columns(pl.col("_doubt").fill_null(value=False)) for side in both)
    return one, other


def _dead(old: pl.LazyFrame, gone: pl.DataFrame, changed: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    """Rows of the older file that are no live record of the newer one, by line."""
    killed = changed.filter(pl.col("_change") == Change.DELETED).select(gone.drop("_doubt").columns)
    frames = [gone.filter(~pl.col("_doubt")).drop("_doubt", ROW), killed.drop(ROW)]
    if identity.deleted is not None:
        restored = changed.filter(pl.col("_change") == Change.RESTORED).select(LINE)
        marked = old.filter(_marked(identity, "")).collect(engine="streaming")
        frames.append(marked.join(restored, on=LINE, how="anti").select(frames[0].columns))
    return pl.concat(frames).unique(LINE, keep="first").sort(LINE)


def _returned(
    dead: pl.DataFrame, come: pl.DataFrame, columns: Sequence[str], identity: Identity
) -> pl.DataFrame:
    """``_row`` of new rows whose content a dead record had, with its key and line (``_was``, ``_old_line``); none where
    the content names no subject."""
    kept_apart = {*identity.own, *identity.audit, *identity.numbering}
    if identity.deleted is not None:
        kept_apart.add(identity.deleted[0])
    content = [name for name in columns if name not in kept_apart]
    if identity.subject is None or identity.subject not in content or not identity.key:
        return pl.DataFrame(schema={ROW: pl.UInt32, "_was": pl.String, "_old_line": pl.UInt32})
    copy = pl.int_range(pl.len()).over(content).alias("_copy")
    alive = come.filter(~pl.col("_doubt") & ~_marked(identity, "")).sort(LINE).with_columns(copy)
    before = dead.with_columns(copy).select(*content, "_copy", _was=key_text(identity.key), _old_line=LINE)
    return alive.join(before, on=[*content, "_copy"], how="inner", nulls_equal=True).select(
        ROW, "_was", "_old_line"
    )


def _changed_records(changed: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    return changed.select(
        change="_change", key=_newer_key(identity), was=_NOTHING,
        subject=_of(identity.subject, NEW), old_line=LINE, new_line=f"{NEW}{LINE}",
        columns="_columns", audit="_audit", lock=_of(identity.lock, ""),
    )  # fmt: skip


def _newer_key(identity: Identity) -> pl.Expr:
    return key_text([f"{NEW}{name}" for name in identity.key])


def _of(column: str | None, prefix: str) -> pl.Expr:
    return pl.lit(None, dtype=pl.String) if column is None else pl.col(f"{prefix}{column}")


def _gone(gone: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    kind = (
        pl.when("_doubt").then(pl.lit(str(Change.AMBIGUOUS)))
        .when(_marked(identity, "")).then(pl.lit(str(Change.PURGED)))
        .otherwise(pl.lit(str(Change.VANISHED)))
    )  # fmt: skip
    return gone.select(
        change=kind,
        old_line=LINE,
        lock=_of(identity.lock, ""),
        **_alone(identity),
        new_line=_NOTHING,
        was=_NOTHING,
    )


def _come(come: pl.DataFrame, back: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    kind = (
        pl.when("_doubt").then(pl.lit(str(Change.AMBIGUOUS)))
        .when(pl.col("_old_line").is_not_null()).then(pl.lit(str(Change.REENTERED)))
        .otherwise(pl.lit(str(Change.NEW)))
    )  # fmt: skip
    rows = come.join(back, on=ROW, how="left", maintain_order="left")
    return rows.select(
        change=kind, new_line=LINE, old_line="_old_line", was="_was", **_alone(identity), lock=_NOTHING
    )


def _alone(identity: Identity) -> dict[str, pl.Expr]:
    """What a record tells that only one delivery has."""
    key, subject = key_text(identity.key), _of(identity.subject, "")
    return {"key": key, "subject": subject, "columns": pl.lit(""), "audit": pl.lit("")}


def _fields(source: str, changed: pl.DataFrame, columns: Sequence[str], identity: Identity) -> pl.DataFrame:
    """One row a changed field, in the order of records and columns."""
    frames = [FIELD.to_frame()]
    for name, differs in differing(touched(changed, columns)).items():
        rows = changed.filter(differs).select(
            source=pl.lit(source), key=_newer_key(identity), old_line=LINE, new_line=f"{NEW}{LINE}",
            column=pl.lit(name), audit=pl.lit(value=name in identity.audit),
            old=pl.col(name), new=pl.col(f"{NEW}{name}"),
        )  # fmt: skip
        frames.append(rows.cast(FIELD))
    order = {name: place for place, name in enumerate(columns)}
    place = pl.col("column").replace_strict(order, return_dtype=pl.Int32)
    return pl.concat(frames).sort("key", "new_line", place, nulls_last=True)
