"""Dirt of the study's senders: what goes wrong in their files, and what it must lead to (design 4.5)."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import inserted, noted, notes_of, rewritten

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
_LAST_SUBJECT: Final = "999"
_BY_TEST: Final = (
    "LABTESTCD"  # defects of one row of the laboratory keep out of the way of those of its test only
)


def _in_several(
    ground: Ground, places: tuple[tuple[str, str, pl.Expr], ...]
) -> list[tuple[str, str, pl.DataFrame, int]]:
    """Rows for a defect that may sit in any of ``places`` (source, column, condition), shared out evenly, each with
    the number of its first defect."""
    drawn, first = [], 1
    for number, (source, column, where) in enumerate(places):
        share = ground.count // len(places) + (number < ground.count % len(places))
        rows = ground.picked(source, where, count=share)
        drawn.append((source, column, rows, first))
        first += rows.height
    return drawn


def _partial_date(ground: Ground) -> Planted:
    """The day of a condition's start, or the day and the month of a medication's, is unknown: the date is truncated."""
    unlinked = pl.col("CMSTDAT").str.contains(_FULL_DATE) & pl.col("CMAENO").is_null()
    other = ~pl.col("CMINDC").str.contains("PREMEDICATION", literal=True)
    places = (
        ("edc_mh", "MHSTDAT", pl.col("MHSTDAT").str.contains(_FULL_DATE)),
        ("edc_cm", "CMSTDAT", unlinked & other),
    )
    notes, result = [], {}
    for source, column, rows, first in _in_several(ground, places):
        text = pl.col(column)
        year, month = text.str.slice(7), text.str.slice(3, 3).replace_strict(_MONTHS)
        whole_year = source == "edc_cm"
        unknown = "UN-UNK-" + year if whole_year else "UN" + text.str.slice(2)
        changed = rows.with_columns(unknown.alias(column), _left=year if whole_year else year + "-" + month)
        result[source] = rewritten(ground.tables[source], changed, [column])
        variable = f"{column[:2]}STDTC"
        notes.append(noted(source, changed, first=first, variable=variable, value=pl.col("_left")))
    return Planted(result, notes_of(*notes))


def _impossible_date(ground: Ground) -> Planted:
    """A day that no calendar has, or a year of two digits, alternately."""
    rows = ground.picked("edc_vs", _EASY_VISIT & pl.col("VSDAT").is_not_null())
    text = pl.col("VSDAT")
    short_year = text.str.slice(0, 7) + text.str.slice(9)
    wrong = pl.when(pl.int_range(pl.len()) % 2 == 0).then("31-APR-" + text.str.slice(7)).otherwise(short_year)
    changed = rows.with_columns(VSDAT=wrong)
    table = rewritten(ground.tables["edc_vs"], changed, ["VSDAT"])
    return Planted({"edc_vs": table}, noted("edc_vs", changed, fate="quarantined", rule="edc_vs.VSDAT.date"))


def _unit_spelling(ground: Ground) -> Planted:
    """A known unit in another spelling: it is converted as the catalogue's own."""
    rows = ground.picked(_LAB, pl.col("UNIT").is_in(list(_SPELLINGS)), by=_BY_TEST)
    place = ground.rng.random(rows.height)
    chosen = [
        _SPELLINGS[unit][int(luck * len(_SPELLINGS[unit]))]
        for unit, luck in zip(rows["UNIT"], place, strict=True)
    ]
    changed = rows.with_columns(pl.Series("UNIT", chosen, dtype=pl.String))
    table = rewritten(ground.tables[_LAB], changed, ["UNIT"])
    return Planted({_LAB: table}, noted(_LAB, changed, note="the spelling is known"))


def _censored_result(ground: Ground) -> Planted:
    """A result below the limit of quantitation of its test; within a range that has no lower limit."""
    limits = {"BILDIR": "0.1", "DDIMER": "100"}
    rows = ground.picked(
        _LAB, pl.col("LABTESTCD").is_in(list(limits)) & (pl.col("SPECIMEN") != "UR"), by=_BY_TEST
    )
    space = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("<")).otherwise(pl.lit("< "))
    limit = pl.col("LABTESTCD").replace_strict(limits)
    changed = rows.with_columns(RESULT=space + limit, LLOQ=limit, ABNFL=pl.lit("N"))
    table = rewritten(ground.tables[_LAB], changed, ["RESULT", "LLOQ", "ABNFL"])
    return Planted({_LAB: table}, noted(_LAB, changed, variable="LBSTRESN", note="the sign is kept"))


def _duplicate_lab(ground: Ground) -> Planted:
    """The same row twice; the ledger names the second one."""
    table, new = inserted(ground.tables[_LAB], ground.picked(_LAB, by=_BY_TEST))
    return Planted({_LAB: table}, noted(_LAB, new, fate="superseded"))


def _revised_lab(ground: Ground) -> Planted:
    """A corrected result follows a final one as the next revision; the ledger names both, the old one superseded."""
    stable = pl.col("LABTESTCD").is_in(["SODIUM", "CL", "GLUC", "PLAT"]) & (pl.col("SPECIMEN") != "UR")
    inside = (pl.col("ABNFL") == "N") & (
        pl.col("RESULT").cast(pl.Int64, strict=False) < pl.col("REFHI").cast(pl.Int64, strict=False)
    )
    rows = ground.picked(_LAB, stable & inside, by=_BY_TEST)
    corrected = rows.with_columns(
        RESULT=(pl.col("RESULT").cast(pl.Int64) + 1).cast(pl.String),
        RSTAT=pl.lit("C"),
        REVNO=pl.lit("1"),
        RPTDT=pl.col("RPTDT").str.head(9) + "2359",
        COMMENT=pl.lit("CORRECTED REPORT"),
    )
    table, new = inserted(ground.tables[_LAB], corrected)
    mapped = noted(_LAB, new, variable="LBORRES", value=pl.col("RESULT"))
    return Planted({_LAB: table}, notes_of(mapped, noted(_LAB, rows, fate="superseded")))


def _unknown_subject(ground: Ground) -> Planted:
    """A sample of somebody whom the EDC does not know, under an accession number of its own."""
    rows = ground.picked(_LAB, pl.col("LABTESTCD").is_in(["ALB", "PHOS", "MG"]), by=_BY_TEST)
    number = pl.lit(int(_LAST_SUBJECT)) - pl.int_range(pl.len())
    stranger = rows.with_columns(
        SUBJID=pl.col("SITEID") + "-" + number.cast(pl.String), ACCESSN="X" + pl.col("ACCESSN")
    )
    stranger = stranger.with_columns(SCRNNO="S" + pl.col("SUBJID").str.replace("-", "", literal=True))
    table, new = inserted(ground.tables[_LAB], stranger)
    return Planted({_LAB: table}, noted(_LAB, new, fate="quarantined", rule="LB.subject"))


def _unmapped_visit(ground: Ground) -> Planted:
    """A visit label that the map does not have."""
    rows = ground.picked(_LAB, pl.col("LABTESTCD").is_in(["URATE", "LDH", "GGT", "CK"]), by=_BY_TEST)
    number = (pl.int_range(pl.len()) % 9 + 1).cast(pl.String)
    changed = rows.with_columns(VISITLBL=pl.lit("FOLLOW-UP ") + number)
    table = rewritten(ground.tables[_LAB], changed, ["VISITLBL"])
    return Planted({_LAB: table}, noted(_LAB, changed, fate="quarantined", rule="lab_results.visit_label"))


def _unknown_code(ground: Ground) -> Planted:
    """A code that its list does not have."""
    places = (
        ("edc_vs", "TEMPU", _EASY_VISIT & pl.col("TEMPU").is_not_null()),
        ("edc_mhpre", "MHOCCUR", pl.col("MHOCCUR") == "N"),
    )
    notes, result = [], {}
    for source, column, rows, first in _in_several(ground, places):
        changed = rows.with_columns(
            pl.lit("ZZ").alias(column), pl.lit(None, pl.String).alias(f"{column}_DEC")
        )
        result[source] = rewritten(ground.tables[source], changed, [column, f"{column}_DEC"])
        rule = f"{source}.{column}.code"
        notes.append(noted(source, changed, first=first, fate="quarantined", rule=rule))
    return Planted(result, notes_of(*notes))


KINDS: Final = (
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
