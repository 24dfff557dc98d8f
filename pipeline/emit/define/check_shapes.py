"""Whether type, length and decimals of an item in define.xml are those of its values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.emit.define.checking import Element, agree

_NUMBERS = ("integer", "float")
_TEXT = "text"
_NUMBER = r"^-?([0-9]+)(?:\.([0-9]+))?$"
_DAY, _TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"T[0-9]{2}(:[0-9]{2}){2}"
_PART = r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?"
# Data type -> form of every value of it (ODM 1.3.2).
_FORMS: Final = {
    "date": f"^{_DAY}$",
    "datetime": f"^{_DAY}{_TIME}$",
    "partialDate": f"^{_PART}$",
    "partialDatetime": f"^({_PART}|{_DAY}T[0-9]{{2}}(:[0-9]{{2}}){{0,2}})$",
    "incompleteDatetime": r"^[0-9-]{4,}(T[0-9:-]+)?$",
    "durationDatetime": r"^[+-]?P[0-9YMWDTHS.]+$",
    "intervalDatetime": r"/",
}


@dataclass(frozen=True)
class Digits:
    """Most digits before and after the point; ``plain`` if every value is a plain number."""

    before: int
    after: int
    plain: bool = True

    def joined(self, other: Digits | None) -> Digits:
        """The most of both."""
        if other is None:
            return self
        most = max(self.before, other.before), max(self.after, other.after)
        return Digits(*most, plain=self.plain and other.plain)


def kinds_of(items: Collection[Element]) -> set[str]:
    """The data types of the items."""
    return {item.get("DataType") for item in items}


def facts_of(name: str, kinds: set[str]) -> list[pl.Expr]:
    """What the texts of ``name`` are, one aggregate a fact: as much as items of these types can be judged by."""
    text = pl.col(name)
    facts = [text.count().alias("count")]
    if _TEXT in kinds:
        facts.append(text.str.len_bytes().max().alias("bytes"))
    if kinds & {*_NUMBERS}:
        facts += [
            text.str.contains(_NUMBER).all().alias("plain"),
            text.str.extract(_NUMBER, 1).str.len_bytes().max().alias("before"),
            text.str.extract(_NUMBER, 2).str.len_bytes().max().alias("after"),
        ]
    return facts + [text.str.contains(_FORMS[kind]).all().alias(kind) for kind in sorted(kinds & set(_FORMS))]


def digits_in(facts: pl.DataFrame) -> Digits:
    """The digits of the values that ``facts`` (one row a group of them) tell of."""
    row = facts.select(pl.col("plain").all(), pl.col("before", "after").max()).row(0, named=True)
    return Digits(row["before"] or 0, row["after"] or 0, plain=bool(row["plain"]))


def check_shape(item: Element, facts: pl.DataFrame, shared: Digits | None) -> None:
    """Nothing, or BuildFailed; ``facts`` are those of the item's values, one row a group of them.

    ``shared`` are the digits of all datasets that number the same things.
    """
    oid, kind = item.get("OID"), item.get("DataType")
    length, decimals = (item.get(name) for name in ("Length", "SignificantDigits"))
    agree(bool(facts["count"].sum()), "describes values that no record has", oid)
    if kind in _FORMS:
        agree(bool(facts[kind].all()), "has another type than its values", oid)
    elif kind == _TEXT:
        agree(length == str(facts["bytes"].max()), "has another length than its values", oid)
    else:
        found = shared or digits_in(facts)
        right = found.plain and (kind == "float") == (found.after > 0)
        agree(right, "has another type than its values", oid)
        agree(length == str(found.before + found.after), "has another length than its values", oid)
        agree((decimals or "0") == str(found.after), "has other decimals than its values", oid)
