"""Whether type, length and decimals of an item in define.xml are those of its values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from pipeline.emit.define.checking import Element, agree

_NUMBER = r"^-?([0-9]+)(?:\.([0-9]+))?$"
_DAY, _TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"T[0-9]{2}(:[0-9]{2}){1,2}"
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


def digits(values: pl.Series) -> Digits:
    """The digits of ``values``, texts of which there is at least one."""
    text = pl.col("v")
    facts = pl.DataFrame({"v": values}).select(
        plain=text.str.contains(_NUMBER).all(),
        before=text.str.extract(_NUMBER, 1).str.len_bytes().max(),
        after=text.str.extract(_NUMBER, 2).str.len_bytes().max(),
    )
    row = facts.row(0, named=True)
    return Digits(row["before"] or 0, row["after"] or 0, bool(row["plain"]))


def joined(one: Digits, other: Digits | None) -> Digits:
    """The most of both."""
    if other is None:
        return one
    return Digits(max(one.before, other.before), max(one.after, other.after), one.plain and other.plain)


def check_shape(item: Element, values: pl.Series, shared: Digits | None) -> None:
    """Nothing, or BuildFailed; ``shared`` are the digits of all datasets that number the same things."""
    oid, kind = item.get("OID"), item.get("DataType")
    length, decimals = (item.get(name) for name in ("Length", "SignificantDigits"))
    if kind in _FORMS:
        agree(bool(values.str.contains(_FORMS[kind]).all()), "has another type than its values", oid)
        return
    if kind == "text":
        agree(length == str(values.str.len_bytes().max()), "has another length than its values", oid)
        return
    found = shared or digits(values)
    agree(found.plain and (kind == "float") == (found.after > 0), "has another type than its values", oid)
    agree(length == str(found.before + found.after), "has another length than its values", oid)
    agree((decimals or "0") == str(found.after), "has other decimals than its values", oid)
