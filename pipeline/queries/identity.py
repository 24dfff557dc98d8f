"""The id of a query: what it asks about, never where that happens to stand tonight or what it says."""

from __future__ import annotations

import base64
import hashlib

import polars as pl

QUERY_ID = "query_id"
ABOUT = "about"  # identity of the delivered record, as text; null if the question is not about one
_PARTS = ("rule", "source", "variable")
_BETWEEN = "\x1f"
_LENGTH = (
    12  # letters of base 32: 60 bits, so that a million queries share an id with a chance of 1 in 2 million
)
_AMONG_EQUALS = ("visit", "message", "detail", "file", "line", "record")


def with_query_ids(rows: pl.DataFrame) -> pl.DataFrame:
    """``rows`` (findings with ``about``) with ``query_id``, each id once.

    Made of rule, source, variable and the record's identity; without one, of subject and visit. Questions that agree
    in all of these are numbered -2, -3, ... by visit and text, not by their order in the frame.
    """
    who = pl.concat_str(
        [pl.col(name).fill_null("") for name in ("subject", "visit")], separator=_BETWEEN, ignore_nulls=False
    )
    what = pl.concat_str(
        [pl.col(name).fill_null("") for name in _PARTS] + [_told(who)], separator=_BETWEEN, ignore_nulls=False
    )
    told = rows.with_columns(_what=what).sort("_what", *_AMONG_EQUALS, nulls_last=True)
    distinct = told["_what"].unique(maintain_order=True)
    digests = pl.DataFrame({"_what": distinct, QUERY_ID: [_digest(text) for text in distinct]}, _IDS)
    numbered = told.join(digests, on="_what", how="left", maintain_order="left").with_columns(
        _place=pl.int_range(1, pl.len() + 1).over("_what")
    )
    again = pl.when(pl.col("_place") > 1).then(pl.format("-{}", "_place")).otherwise(pl.lit(""))
    return numbered.with_columns(pl.concat_str(QUERY_ID, again)).drop("_what", "_place")


_IDS = pl.Schema({"_what": pl.String, QUERY_ID: pl.String})


def _told(who: pl.Expr) -> pl.Expr:
    """The record, or the person and visit; the two can never be taken for each other."""
    return pl.coalesce(pl.format("r{}", ABOUT), pl.format("p{}", who))


def _digest(text: str) -> str:
    """Polars' own hashes differ between versions; an id is for months."""
    letters = base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"Q-{letters[:_LENGTH]}"
