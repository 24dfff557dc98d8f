"""Dirt of the study's senders: what goes wrong in their files, and what it must lead to (design 4.5)."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from pipeline.simulate.defects import DefectKind, Planted, Tables, inserted, noted, picked, rewritten

_LAB: Final = "lab_results"
_FULL_DATE: Final = "^[0-9]{2}-[A-Z]{3}-[0-9]{4}$"
_MONTHS: Final = {
    name: f"{number:02}"
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), start=1
    )
}
# Spellings that the laboratory's systems use for the units of the catalogue (study design 3.1).
_SPELLINGS: Final = {
    "10^9/L": ("G/L", "GI/L", "10^3/uL", "K/cumm"),
    "10^12/L": ("M/uL",),
    "mm/h": ("mm/hr",),
    "s": ("sec",),
    "mL/min/1.73 m2": ("mL/min/1.73m2",),
}
# Rows that are set aside: no other record hangs on them, and their forms are long enough for the 2 % limit.
_EASY_VISIT: Final = pl.col("VISITOID").is_in(["W1", "W2", "W8"])
_RULE_DATES, _RULE_REVISIONS, _RULE_RESULTS = "R5", "4.2", "R11"
_LAST_SUBJECT: Final = "999"


def _planted(tables: Tables, source: str, table: pl.DataFrame, notes: pl.DataFrame) -> Planted:
    return Planted({**tables, source: table}, notes)


def _in_several(
    tables: Tables, places: tuple[tuple[str, str, pl.Expr], ...], rng: np.random.Generator, count: int
) -> list[tuple[str, str, pl.DataFrame]]:
    """Rows for a defect that may sit in any of ``places`` (source, column, condition), shared out evenly."""
    shares = [count // len(places) + (number < count % len(places)) for number in range(len(places))]
    return [
        (source, column, picked(tables[source], where, rng, share))
        for (source, column, where), share in zip(places, shares, strict=True)
    ]


def _partial_date(tables: Tables, rng: np.random.Generator, count: int) -> Planted:
    """The day of a condition's start, or the day and the month of a medication's, is unknown."""
    unlinked = pl.col("CMSTDAT").str.contains(_FULL_DATE) & pl.col("CMAENO").is_null()
    other = ~pl.col("CMINDC").str.contains("PREMEDICATION", literal=True)
    places = (
        ("edc_mh", "MHSTDAT", pl.col("MHSTDAT").str.contains(_FULL_DATE)),
        ("edc_cm", "CMSTDAT", unlinked & other),
    )
    notes, result = [], dict(tables)
    for source, column, rows in _in_several(tables, places, rng, count):
        text = pl.col(column)
        year, month = text.str.slice(7), text.str.slice(3, 3).replace_strict(_MONTHS)
        unknown, left = (
            ("UN-UNK-" + year, year) if source == "edc_cm" else ("UN" + text.str.slice(2), year + "-" + month)
        )
        changed = rows.with_columns(unknown.alias(column), _expected="truncate to " + left)
        result[source] = rewritten(tables[source], changed, [column])
        notes.append(noted(source, changed, pl.col("_expected"), _RULE_DATES))
    return Planted(result, pl.concat(notes))


def _impossible_date(tables: Tables, rng: np.random.Generator, count: int) -> Planted:
    """A day that no calendar has, or a year of two digits, alternately."""
    rows = picked(tables["edc_vs"], _EASY_VISIT & pl.col("VSDAT").is_not_null(), rng, count)
    text = pl.col("VSDAT")
    short_year = text.str.slice(0, 7) + text.str.slice(9)
    wrong = pl.when(pl.int_range(pl.len()) % 2 == 0).then("31-APR-" + text.str.slice(7)).otherwise(short_year)
    changed = rows.with_columns(VSDAT=wrong)
    table = rewritten(tables["edc_vs"], changed, ["VSDAT"])
    return _planted(tables, "edc_vs", table, noted("edc_vs", changed, "quarantine", _RULE_DATES))


def _unit_spelling(tables: Tables, rng: np.random.Generator, count: int) -> Planted:
    """A known unit in another spelling."""
    rows = picked(tables[_LAB], pl.col("UNIT").is_in(list(_SPELLINGS)), rng, count)
    place = rng.random(rows.height)
    chosen = [
        _SPELLINGS[unit][int(luck * len(_SPELLINGS[unit]))]
        for unit, luck in zip(rows["UNIT"], place, strict=True)
    ]
    changed = rows.with_columns(pl.Series("UNIT", chosen, dtype=pl.String))
    table = rewritten(tables[_LAB], changed, ["UNIT"])
    return _planted(tables, _LAB, table, noted(_LAB, changed, "convert", "3.1 units"))


def _censored_result(tables: Tables, rng: np.random.Generator, count: int) -> Planted:
    """A result below the limit of quantitation of its test; within a range that has no lower limit."""
    limits = {"BILDIR": "0.1", "DDIMER": "100"}
    rows = picked(
        tables[_LAB], pl.col("LABTESTCD").is_in(list(limits)) & (pl.col("SPECIMEN") != "UR"), rng, count
    )
    space = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("<")).otherwise(pl.lit("< "))
    changed = rows.with_columns(
        RESULT=space + pl.col("LABTESTCD").replace_strict(limits),
        LLOQ=pl.col("LABTESTCD").replace_strict(limits),
        ABNFL=pl.lit("N"),
    )  # fmt: skip
    table = rewritten(tables[_LAB], changed, ["RESULT", "LLOQ", "ABNFL"])
    return _planted(tables, _LAB, table, noted(_LAB, changed, "keep the sign, no number", _RULE_RESULTS))


def _duplicate_lab(tables: Tables, rng: np.random.Generator, count: int) -> Planted:
    """The same row twice; the ledger names the second one."""
    table, new = inserted(tables[_LAB], picked(tables[_LAB], pl.lit(value=True), rng, count))
    return _planted(tables, _LAB, table, noted(_LAB, new, "collapse", _RULE_REVISIONS))


def _revised_lab(tables: Tables, rng: np.random.Generator, count: int) -> Planted:
    """A corrected result follows a final one as the next revision; the ledger names the correction."""
    stable = pl.col("LABTESTCD").is_in(["SODIUM", "CL", "GLUC", "PLAT"]) & (pl.col("SPECIMEN") != "UR")
    inside = (pl.col("ABNFL") == "N") & (
        pl.col("RESULT").cast(pl.Int64, strict=False) < pl.col("REFHI").cast(pl.Int64, strict=False)
    )
    rows = picked(tables[_LAB], stable & inside, rng, count)
    next_value = (pl.col("RESULT").cast(pl.Int64) + 1).cast(pl.String)
    day, clock = pl.col("RPTDT").str.head(8), pl.col("RPTDT").str.slice(9).cast(pl.Int64)
    corrected = rows.with_columns(
        RESULT=next_value,
        RSTAT=pl.lit("C"),
        REVNO=pl.lit("1"),
        RPTDT=day + "T" + (clock + 1).clip(upper_bound=2359).cast(pl.String).str.zfill(4),
        COMMENT=pl.lit("CORRECTED REPORT"),
    )
    table, new = inserted(tables[_LAB], corrected)
    return _planted(tables, _LAB, table, noted(_LAB, new, "newest revision wins", _RULE_REVISIONS))


def _unknown_subject(tables: Tables, rng: np.random.Generator, count: int) -> Planted:
    """A sample of somebody whom the EDC does not know, under an accession number of its own."""
    rows = picked(tables[_LAB], pl.col("LABTESTCD").is_in(["ALB", "PHOS", "MG"]), rng, count)
    number = pl.lit(int(_LAST_SUBJECT)) - pl.int_range(pl.len())
    stranger = rows.with_columns(
        SUBJID=pl.col("SITEID") + "-" + number.cast(pl.String), ACCESSN="X" + pl.col("ACCESSN")
    )
    stranger = stranger.with_columns(SCRNNO="S" + pl.col("SUBJID").str.replace("-", "", literal=True))
    table, new = inserted(tables[_LAB], stranger)
    return _planted(tables, _LAB, table, noted(_LAB, new, "quarantine", "4.5 #8"))


def _unmapped_visit(tables: Tables, rng: np.random.Generator, count: int) -> Planted:
    """A visit label that the map does not have."""
    rows = picked(tables[_LAB], pl.col("LABTESTCD").is_in(["URATE", "LDH", "GGT", "CK"]), rng, count)
    changed = rows.with_columns(
        VISITLBL=pl.lit("FOLLOW-UP ") + (pl.int_range(pl.len()) % 9 + 1).cast(pl.String)
    )
    table = rewritten(tables[_LAB], changed, ["VISITLBL"])
    return _planted(tables, _LAB, table, noted(_LAB, changed, "quarantine", "4.4"))


def _unknown_code(tables: Tables, rng: np.random.Generator, count: int) -> Planted:
    """A code that its list does not have."""
    places = (
        ("edc_vs", "TEMPU", _EASY_VISIT & pl.col("TEMPU").is_not_null()),
        ("edc_mhpre", "MHOCCUR", pl.col("MHOCCUR") == "N"),
    )
    notes, result = [], dict(tables)
    for source, column, rows in _in_several(tables, places, rng, count):
        changed = rows.with_columns(
            pl.lit("ZZ").alias(column), pl.lit(None, pl.String).alias(f"{column}_DEC")
        )
        result[source] = rewritten(tables[source], changed, [column, f"{column}_DEC"])
        notes.append(noted(source, changed, "quarantine", "4.5 #17"))
    return Planted(result, pl.concat(notes))


KINDS: Final = {
    kind.name: kind
    for kind in (
        DefectKind("partial_date", _partial_date),
        DefectKind("impossible_date", _impossible_date),
        DefectKind("unit_spelling", _unit_spelling),
        DefectKind("censored_result", _censored_result),
        DefectKind("duplicate_lab", _duplicate_lab),
        DefectKind("revised_lab", _revised_lab),
        DefectKind("unknown_subject", _unknown_subject),
        DefectKind("unmapped_visit", _unmapped_visit),
        DefectKind("unknown_code", _unknown_code),
    )
}
