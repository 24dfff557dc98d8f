"""Subject and site numbers in the study's form, whatever the sender's habits; nothing else is guessed.

Understood (study design 4.5, dirt 13): another or no separator (``101 001``, ``101001``) and lost leading
zeros, which are restored only if the site then exists in the site master. Anything else has no number.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

_OTHER_SEPARATORS = r"[-_/. ]"


@dataclass(frozen=True)
class SubjectForm:
    """How a study writes a subject: site digits, separator, digits within the site."""

    site_digits: int
    subject_digits: int
    separator: str = "-"

    @property
    def digits(self) -> int:
        """Digits of the whole number."""
        return self.site_digits + self.subject_digits

    @property
    def pattern(self) -> str:
        """Regular expression of a number in the study's form; group 1 is the site."""
        separator = re.escape(self.separator)
        return rf"^([0-9]{{{self.site_digits}}}){separator}[0-9]{{{self.subject_digits}}}$"


def site_number(text: pl.Expr, form: SubjectForm, sites: Collection[str]) -> pl.Expr:
    """Site number of full length (String); null if null, no number, or padded to a site not in ``sites``."""
    digits = text.str.extract(rf"^([0-9]{{1,{form.site_digits}}})$")
    return _padded(digits, form.site_digits, pl.lit(value=True), sites)


def subject_number(text: pl.Expr, form: SubjectForm, sites: Collection[str]) -> pl.Expr:
    """Subject number in the study's form (String); null if null or not understood.

    With a separator each part gets its own lost zeros back, without one the whole number does.
    """
    cut = text.str.extract_groups(
        rf"^([0-9]{{1,{form.site_digits}}}){_OTHER_SEPARATORS}([0-9]{{1,{form.subject_digits}}})$"
    )
    whole = text.str.extract(rf"^([0-9]{{1,{form.digits}}})$").str.zfill(form.digits)
    site_text = pl.coalesce(cut.struct.field("1"), whole.str.slice(0, form.site_digits))
    within = pl.coalesce(
        cut.struct.field("2").str.zfill(form.subject_digits), whole.str.slice(form.site_digits)
    )
    complete = text.str.replace_all(r"[^0-9]", "").str.len_bytes() == form.digits
    site = _padded(site_text, form.site_digits, complete, sites)
    return pl.concat_str(site, within, separator=form.separator)


def _padded(digits: pl.Expr, length: int, complete: pl.Expr, sites: Collection[str]) -> pl.Expr:
    padded = digits.str.zfill(length)
    untouched = complete & (digits.str.len_bytes() == length)
    return pl.when(untouched | padded.is_in(sorted(sites))).then(padded)
