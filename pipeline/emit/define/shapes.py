"""How the values of an item look in define.xml: data type, length and decimals, read from the data.

Length of text is in bytes. Length and SignificantDigits of numbers follow ODM 1.3.2: digits before and after
the point together, and digits after the point; neither the sign nor the point counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

NUM_BYTES = 8  # every number in a transport file
_DATE_CHARACTERS = 10  # YYYY-MM-DD
_SECOND_CHARACTERS = 19  # YYYY-MM-DDThh:mm:ss; ODM 1.3.2 knows no datetime without seconds
# a number in its plain form; a leading zero or a plus sign marks an identifier or a text
_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"


@dataclass(frozen=True, slots=True)
class Shape:
    """ODM data type; ``length`` of text and numbers, ``digits`` after the point of a float, else None."""

    datatype: str
    length: int | None = None
    digits: int | None = None

    @property
    def is_number(self) -> bool:
        """Whether every value is a plain number."""
        return self.datatype in ("integer", "float")

    def joined(self, other: Shape) -> Shape:
        """The narrowest shape of numbers that holds the numbers of both."""
        after = max(self.digits or 0, other.digits or 0)
        whole = max((each.length or 0) - (each.digits or 0) for each in (self, other))
        return Shape("float", whole + after, after) if after else Shape("integer", whole)


EMPTY_NUMBER = Shape("integer", NUM_BYTES)  # no value tells its digits, so the stored width stands for them


def plain_numbers(numbers: pl.Series) -> pl.Series:
    """Each number as the shortest decimal text that is equal to it: ``1``, ``0.25``; null stays null."""
    text = numbers.cast(pl.String).str.strip_suffix(".0")
    powers = text.filter(text.str.contains("e", literal=True).fill_null(value=False)).unique()
    written = [format(Decimal(each), "f") for each in powers]
    return text.replace(powers.to_list(), written) if len(powers) else text


def shapes_by(values: pl.DataFrame, keys: list[str], value: str) -> dict[tuple[str | None, ...], Shape]:
    """Key -> shape of the texts in column ``value``; a key whose values are all null is left out."""
    whole = pl.col(value).str.replace(r"^-", "").str.replace(r"\..*$", "").str.len_bytes()
    after = pl.col(value).str.extract(r"\.([0-9]+)$").str.len_bytes().fill_null(0)
    numeric = pl.col(value).str.contains(_NUMBER)
    filled = values.drop_nulls(value)
    if filled.is_empty():  # grouping by a constant would make a group of nothing
        return {}
    grouped = filled.group_by(keys or pl.lit(1).alias("_all"), maintain_order=True).agg(
        numeric.all().alias("_numeric"),
        pl.col(value).str.len_bytes().max().alias("_bytes"),
        whole.filter(numeric).max().alias("_whole"),
        after.filter(numeric).max().alias("_after"),
    )
    return {
        tuple(row[key] for key in keys): _shape(row["_numeric"], row["_bytes"], row["_whole"], row["_after"])
        for row in grouped.iter_rows(named=True)
    }


def _shape(numeric: bool, longest: int, whole: int | None, after: int | None) -> Shape:
    if not numeric:
        return Shape("text", max(longest, 1))
    if not after:
        return Shape("integer", whole or 1)
    return Shape("float", (whole or 0) + after, after)


def number_shape(numbers: pl.Series) -> Shape:
    """Shape of a numeric variable; the width of the file where it has no value."""
    text = plain_numbers(numbers).to_frame("_value")
    return shapes_by(text, [], "_value").get((), EMPTY_NUMBER)


def iso_facts(name: str) -> list[pl.Expr]:
    """One row of facts about an ISO 8601 variable, which ``iso_shape`` reads: columns ``<name>.<fact>``."""
    text = pl.col(name)
    return [
        text.str.len_bytes().min().alias(f"{name}.shortest"),
        text.str.contains("T", literal=True).any().alias(f"{name}.timed"),
        text.str.contains(r"--|T-|-T").any().alias(f"{name}.gaps"),
        text.str.contains("/", literal=True).any().alias(f"{name}.spans"),
    ]


def iso_shape(facts: dict[str, object], name: str, domain: str) -> Shape:
    """Data type of an ISO 8601 variable: the narrowest of ODM's that holds every value.

    ``domain`` is the described value domain of the variable in SDTMIG.
    """
    shortest = facts[f"{name}.shortest"]
    if domain.startswith("ISO 8601 duration"):
        return Shape("intervalDatetime" if facts[f"{name}.spans"] else "durationDatetime")
    if facts[f"{name}.spans"]:
        return Shape("intervalDatetime")
    if facts[f"{name}.gaps"]:
        return Shape("incompleteDatetime")
    if not isinstance(shortest, int) or shortest >= _SECOND_CHARACTERS:
        return Shape("datetime")
    if facts[f"{name}.timed"]:
        return Shape("partialDatetime")
    return Shape("date" if shortest == _DATE_CHARACTERS else "partialDate")
