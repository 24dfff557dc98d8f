"""Text as it may be submitted: one form for blanks, quotes and dashes, and a test for what remains."""

from __future__ import annotations

from typing import Final

import polars as pl

_SPACES = r"\s+"  # Unicode white space: tab, CR, LF, no-break and typographic spaces
_REPLACEMENTS: Final = {
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{SINGLE LOW-9 QUOTATION MARK}": "'",
    "\N{SINGLE HIGH-REVERSED-9 QUOTATION MARK}": "'",
    "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}": "'",
    "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}": "'",
    "\N{PRIME}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{DOUBLE LOW-9 QUOTATION MARK}": '"',
    "\N{DOUBLE HIGH-REVERSED-9 QUOTATION MARK}": '"',
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}": '"',
    "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}": '"',
    "\N{DOUBLE PRIME}": '"',
    "\N{HYPHEN}": "-",
    "\N{NON-BREAKING HYPHEN}": "-",
    "\N{FIGURE DASH}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{HORIZONTAL BAR}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{MICRO SIGN}": "u",
    "\N{GREEK SMALL LETTER MU}": "u",
}
_PLAIN_ASCII = r"^[!-~]+( [!-~]+)*$|^$"  # what needs no work: printable words with single spaces between them
_VISIBLE = r"\S"
_OUTSIDE = r"[^ -~]"  # control characters and everything from DEL on


def normalised(text: pl.Expr) -> pl.Expr:
    """Text in NFC, trimmed, white space collapsed, typographic quotes, dashes and micro sign in ASCII.

    Null stays null and blank becomes ``""``. What else is not ASCII stays, for ``not_ascii`` to tell.
    """
    return text.map_batches(_normalised, return_dtype=pl.String)


def _normalised(column: pl.Series) -> pl.Series:
    """Works only on the rows that need it: nearly every delivered text is plain ASCII already."""
    plain = column.str.contains(_PLAIN_ASCII).fill_null(value=True)
    if plain.all():
        return column
    place = (~plain).arg_true()
    return column.clone().scatter(place, _cleaned(column.gather(place)))


def _cleaned(column: pl.Series) -> pl.Series:
    composed = column.str.normalize("NFC").str.replace_many(_REPLACEMENTS)
    return composed.str.replace_all(_SPACES, " ").str.strip_chars(" ")


def count_filled(text: pl.Expr) -> pl.Expr:
    """How many texts are not blank, as ``normalised`` judges it; null counts as blank."""
    printable = (text >= "!") & (text <= "~~~~")  # nearly all of them, told by comparing a few bytes
    doubtful = text.filter((text != "") & ~printable)
    return printable.sum() + doubtful.str.contains(_VISIBLE).sum()


def not_ascii(text: pl.Expr) -> pl.Expr:
    """True where a character is not printable ASCII, control characters included (Boolean); null if null."""
    return text.str.contains(_OUTSIDE)
