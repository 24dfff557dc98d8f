"""Terms and drugs that the trial's people report, with invented dictionary entries.

The real dictionaries are licensed. Codes begin with 9 and were made up here; class names are our own words.
ATC codes keep their public form, because the study asks for classes (blood products, corticosteroids).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import polars as pl

DICTIONARY: Final = "INVENTED 1.0"
_LEVELS: Final = {
    "LLT": 90_100_000,
    "PT": 90_200_000,
    "HLT": 90_300_000,
    "HLGT": 90_400_000,
    "SOC": 90_500_000,
}
_FIRST_DRUG: Final = 90_000_101


@cache
def terms() -> pl.DataFrame:
    """Events and conditions: ``use``, ``verbatim``, ``variant``, five levels with codes, ``drug``."""
    table = pl.read_csv(Path(__file__).with_name("terms.csv"), infer_schema=False)
    upper = table.rename({name: name.upper() for name in table.columns if name.upper() in _LEVELS})
    return upper.with_columns(
        (pl.lit(first) + pl.col(level).rank("dense")).cast(pl.String).alias(f"{level}CD")
        for level, first in _LEVELS.items()
    )


@cache
def drugs() -> pl.DataFrame:
    """Drugs by ``name`` with their usual dose and invented dictionary entry."""
    table = pl.read_csv(Path(__file__).with_name("drugs.csv"), infer_schema=False)
    return table.with_columns(code=(pl.int_range(pl.len()) * 100 + _FIRST_DRUG).cast(pl.String))


def drug_facts(column: str) -> list[str | None]:
    """One column of ``drugs`` as a list."""
    return drugs()[column].to_list()


def drug(name: str) -> int:
    """Row of a drug in ``drugs``."""
    return drug_facts("name").index(name)


def terms_for(use: str) -> tuple[str, ...]:
    """Verbatim terms of one use."""
    return tuple(terms().filter(pl.col("use") == use)["verbatim"])


def history_terms() -> tuple[str, ...]:
    """Conditions of the medical history log."""
    return terms_for("MH")
