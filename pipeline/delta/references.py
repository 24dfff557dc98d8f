"""Records that point at other records by a running number, with the natural key of the other one in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from pipeline.delta.matching import as_text, key_text

POINTER = ("RDOMAIN", "IDVAR", "IDVARVAL")
_RELATION = "RELID"
Records = Callable[[str], pl.LazyFrame]


def settled(frame: pl.LazyFrame, records: Records, keys: Mapping[str, Sequence[str]]) -> pl.LazyFrame:
    """``frame`` with IDVARVAL as the key of the record it names by --SEQ, and RELID as the keys of all
    members of the relation: both survive renumbering. A frame without these variables stays as it is.

    ``records`` gives a dataset of the same build, ``keys`` the natural key (without --SEQ) of every dataset.
    """
    names = frame.collect_schema().names()
    if not set(POINTER) <= set(names):
        return frame
    rows = frame.collect()
    known = [
        _targets(records, keys, name) for name in rows["RDOMAIN"].drop_nulls().unique().sort() if name in keys
    ]
    if known:
        on = [*POINTER, "USUBJID"] if "USUBJID" in names else list(POINTER)
        rows = rows.join(pl.concat(known).select(*on, "_target"), on=on, how="left", maintain_order="left")
        rows = rows.with_columns(IDVARVAL=pl.coalesce("_target", "IDVARVAL")).drop("_target")
    if _RELATION in names:
        rows = rows.with_columns(_members())
    return rows.lazy()


def _targets(records: Records, keys: Mapping[str, Sequence[str]], name: str) -> pl.DataFrame:
    """RDOMAIN, IDVAR, IDVARVAL, USUBJID and ``_target``, one row a record of dataset ``name``."""
    frame, seq = records(name), f"{name}SEQ"
    present = frame.collect_schema().names()
    if seq not in present or "USUBJID" not in present:
        return pl.DataFrame(schema={**dict.fromkeys([*POINTER, "USUBJID", "_target"], pl.String)})
    rows = frame.select(
        "USUBJID",
        RDOMAIN=pl.lit(name),
        IDVAR=pl.lit(seq),
        IDVARVAL=as_text(pl.col(seq)),
        _target=_target(name, keys[name], present),
    )
    return rows.select(*POINTER, "USUBJID", "_target").collect().unique([*POINTER, "USUBJID"], keep="first")


def _target(name: str, keys: Sequence[str], present: Sequence[str]) -> pl.Expr:
    """The sponsor's identifier where it names one record, as a corrected date or term makes no other record of it;
    else the natural key."""
    natural = key_text([each for each in keys if each not in ("STUDYID", "USUBJID")])
    sponsor = f"{name}SPID"
    if sponsor not in keys or sponsor not in present:
        return natural
    single = pl.col(sponsor).is_not_null() & (pl.len().over("USUBJID", sponsor) == 1)
    return pl.when(single).then(pl.col(sponsor)).otherwise(natural)


def _members() -> pl.Expr:
    member = pl.concat_str([pl.col(name).fill_null("") for name in ("RDOMAIN", "IDVARVAL")], separator=":")
    named = pl.col("USUBJID").is_not_null()  # a relation of whole datasets keeps its name
    all_of = member.sort().str.join(" + ").over("USUBJID", _RELATION)
    return pl.when(named).then(all_of).otherwise(pl.col(_RELATION)).alias(_RELATION)
