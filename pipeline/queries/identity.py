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
_TEXT = ("message", "detail")
KNOWN = pl.Schema({QUERY_ID: pl.String, **dict.fromkeys(_TEXT, pl.String), "closed": pl.Boolean})
_ROW, _BASE, _NUMBER, _NTH = "_row", "_base", "_number", "_nth"


def with_query_ids(rows: pl.DataFrame, known: pl.DataFrame | None = None) -> pl.DataFrame:
    """``rows`` (findings with ``about``) with ``query_id``, each id once.

    Made of rule, source, variable and the record's identity; without one, of subject and visit. Questions that agree
    in all of these are numbered -2, -3, ...: each keeps the number that ``known`` (KNOWN, the list before) has for the
    same text; a changed text goes on under a number that lost its own, the open ones first; what is left is new, in
    the order of visit and text, not of the frame.
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
    based = told.join(digests, on="_what", how="left", maintain_order="left").rename({QUERY_ID: _BASE})
    numbers = _numbers(based.with_row_index(_ROW), _numbered(KNOWN.to_frame() if known is None else known))
    again = pl.when(pl.col(_NUMBER) > 1).then(pl.format("-{}", _NUMBER)).otherwise(pl.lit(""))
    joined = based.with_columns(numbers.sort(_ROW)[_NUMBER])
    return joined.with_columns(pl.concat_str(_BASE, again).alias(QUERY_ID)).drop("_what", _BASE, _NUMBER)


def _numbered(known: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col(QUERY_ID).str.extract_groups(r"^(?<base>Q-[A-Z2-7]+)(?:-(?<number>\d+))?$")
    return known.with_columns(
        parts.struct.field("base").alias(_BASE),
        parts.struct.field("number").cast(pl.Int64).fill_null(1).alias(_NUMBER),
    )


def _numbers(rows: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """``_row`` and the number of each of ``rows`` among those of its base."""
    held = known.sort(_BASE, "closed", _NUMBER)
    same, rows, held = _paired(rows, held, [_BASE, *_TEXT])
    changed, rows, _ = _paired(rows, held, [_BASE])
    last = known.group_by(_BASE).agg(_last=pl.col(_NUMBER).max())
    place = pl.int_range(1, pl.len() + 1).over(_BASE)
    fresh = rows.join(last, on=_BASE, how="left", maintain_order="left").select(
        _ROW, (pl.col("_last").fill_null(0) + place).alias(_NUMBER)
    )
    return pl.concat([same, changed, fresh])


def _paired(
    rows: pl.DataFrame, held: pl.DataFrame, by: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Row and number of what agrees in ``by``, the first with the first; then the rest of both sides."""
    one, other = (side.with_columns(pl.int_range(pl.len()).over(by).alias(_NTH)) for side in (rows, held))
    pairs = one.join(other.select(*by, _NTH, _NUMBER), on=[*by, _NTH], how="inner", nulls_equal=True)
    rest = one.join(pairs, on=_ROW, how="anti", maintain_order="left").drop(_NTH)
    left = other.join(pairs, on=[_BASE, _NUMBER], how="anti", maintain_order="left").drop(_NTH)
    return pairs.select(_ROW, _NUMBER), rest, left


_IDS = pl.Schema({"_what": pl.String, QUERY_ID: pl.String})


def _told(who: pl.Expr) -> pl.Expr:
    """The record, or the person and visit; the two can never be taken for each other."""
    return pl.coalesce(pl.format("r{}", ABOUT), pl.format("p{}", who))


def _digest(text: str) -> str:
    """Polars' own hashes differ between versions; an id is for months."""
    letters = base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"Q-{letters[:_LENGTH]}"
