"""Dirt of single laboratory rows: results, units, revisions and identities (design 4.5, numbers 3 to 9)."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import inserted, noted, notes_of, rewritten

LAB: Final = "lab_results"
BY_TEST: Final = "LABTESTCD"
# Tests on which no score, eligibility or safety rule rests: a row that is set aside leaves no further trace.
PLAIN: Final = ("SODIUM", "CL", "PHOS", "MG", "URATE", "LDH", "GGT", "CK", "ALB", "UREAN")
_WHOLE_NUMBERS: Final = ("SODIUM", "CL", "PLAT", "LDH", "GGT", "CK", "ALP")
_WORDS: Final = ("Hemolyzed", "QNS", "TNP")


def _plain(ground: Ground, where: pl.Expr | bool = True) -> pl.DataFrame:
    condition = pl.lit(value=where) if isinstance(where, bool) else where
    plain = pl.col("LABTESTCD").is_in(PLAIN) & (pl.col("SPECIMEN") != "UR") & (pl.col("RSTAT") == "F")
    return ground.picked(LAB, plain & condition, by=BY_TEST)


def _lab_date_form(ground: Ground) -> Planted:
    """The day of collection as a spreadsheet's serial number, in the order of the United States, or with hyphens."""
    rows = _plain(ground)
    day = pl.col("COLLDT").str.to_date("%Y%m%d", strict=False)
    serial = (day.to_physical() + 25569).cast(pl.String)  # days since 1899-12-30
    forms = (serial, day.dt.strftime("%m/%d/%Y"), day.dt.strftime("%Y-%m-%d"))
    turn = pl.int_range(pl.len()) % len(forms)
    wrong = pl.when(turn == 0).then(forms[0]).when(turn == 1).then(forms[1]).otherwise(forms[2])
    changed = rows.with_columns(COLLDT=wrong)
    table = rewritten(ground.tables[LAB], changed, ["COLLDT"])
    return Planted({LAB: table}, noted(LAB, changed, fate="quarantined", rule=f"{LAB}.COLLDT.date"))


def _unit_missing(ground: Ground) -> Planted:
    """A number without its unit."""
    rows = _plain(ground, pl.col("UNIT").is_not_null())
    changed = rows.with_columns(UNIT=pl.lit(None, pl.String))
    table = rewritten(ground.tables[LAB], changed, ["UNIT"])
    rule = f"{LAB}.RESULT.unit_missing"
    return Planted({LAB: table}, noted(LAB, changed, fate="quarantined", rule=rule))


def _unit_case(ground: Ground) -> Planted:
    """Grams a litre written as a spelling of the count a litre: G/L is no unit of a mass."""
    rows = ground.picked(LAB, (pl.col("LABTESTCD") == "ALB") & pl.col("UNIT").is_not_null(), by=BY_TEST)
    changed = rows.with_columns(UNIT=pl.lit("G/L"))
    table = rewritten(ground.tables[LAB], changed, ["UNIT"])
    rule = f"{LAB}.RESULT.unit_unknown"
    return Planted({LAB: table}, noted(LAB, changed, fate="quarantined", rule=rule))


def _not_done_word(ground: Ground) -> Planted:
    """A word instead of a result says that the test could not be done."""
    rows = _plain(ground)
    words = pl.Series("RESULT", [_WORDS[n % len(_WORDS)] for n in range(rows.height)], dtype=pl.String)
    blank = pl.lit(None, pl.String)
    changed = rows.with_columns(words, UNIT=blank, ABNFL=blank, LLOQ=blank)
    table = rewritten(ground.tables[LAB], changed, ["RESULT", "UNIT", "ABNFL", "LLOQ"])
    return Planted({LAB: table}, noted(LAB, changed, variable="LBSTAT", value="NOT DONE"))


def _unknown_text(ground: Ground) -> Planted:
    """A result that is neither a number nor a known word."""
    rows = _plain(ground, pl.col("UNIT").is_not_null())
    texts = ("see comment", "+++", "ca. 12")
    wrong = pl.Series("RESULT", [texts[n % len(texts)] for n in range(rows.height)], dtype=pl.String)
    changed = rows.with_columns(wrong)
    table = rewritten(ground.tables[LAB], changed, ["RESULT"])
    return Planted({LAB: table}, noted(LAB, changed, fate="quarantined", rule=f"{LAB}.RESULT.text"))


def _decimal_comma(ground: Ground) -> Planted:
    """A decimal comma: what it means is not agreed with this sender."""
    rows = _plain(ground, pl.col("RESULT").str.contains(".", literal=True) & pl.col("UNIT").is_not_null())
    changed = rows.with_columns(pl.col("RESULT").str.replace(".", ",", literal=True))
    table = rewritten(ground.tables[LAB], changed, ["RESULT"])
    return Planted({LAB: table}, noted(LAB, changed, fate="quarantined", rule=f"{LAB}.RESULT.comma"))


def _exponent(ground: Ground) -> Planted:
    """The same number with an exponent."""
    whole = pl.col("LABTESTCD").is_in(_WHOLE_NUMBERS) & pl.col("RESULT").str.contains("^[1-9][0-9]{2}$")
    rows = ground.picked(LAB, whole & (pl.col("SPECIMEN") != "UR"), by=BY_TEST)
    text = pl.col("RESULT")
    written = text.str.slice(0, 1) + "." + text.str.slice(1) + "E2"
    changed = rows.with_columns(RESULT=written, _was=pl.concat_str(text, pl.lit(".0")))
    table = rewritten(ground.tables[LAB], changed, ["RESULT"])
    return Planted({LAB: table}, noted(LAB, changed, variable="LBSTRESN", value=pl.col("_was")))


def _preliminary(ground: Ground) -> Planted:
    """A preliminary result comes before the final one, and never counts."""
    rows = _plain(ground, pl.col("REVNO") == "0")
    early = rows.with_columns(RSTAT=pl.lit("P"), RPTDT=pl.col("RPTDT").str.head(9) + "0001")
    table, new = inserted(ground.tables[LAB], early)
    return Planted({LAB: table}, noted(LAB, new, fate="superseded"))


def _cancelled(ground: Ground) -> Planted:
    """The laboratory takes a final result back: the test counts as not done."""
    rows = _plain(ground, pl.col("REVNO") == "0")
    blank = pl.lit(None, pl.String)
    taken = rows.with_columns(
        RESULT=blank,
        UNIT=blank,
        ABNFL=blank,
        RSTAT=pl.lit("X"),
        REVNO=pl.lit("1"),
        RPTDT=pl.col("RPTDT").str.head(9) + "2358",
        COMMENT=pl.lit("CANCELLED AFTER REPORT"),
    )
    table, new = inserted(ground.tables[LAB], taken)
    told = noted(LAB, new, variable="LBREASND", value="CANCELLED AFTER REPORT")
    return Planted({LAB: table}, notes_of(told, noted(LAB, rows, fate="superseded")))


def _same_revision(ground: Ground) -> Planted:
    """Two different results of one revision: neither counts."""
    whole = pl.col("LABTESTCD").is_in(PLAIN) & pl.col("RESULT").str.contains("^[0-9]+$")
    rows = _plain(ground, whole & (pl.col("REVNO") == "0"))
    other = rows.with_columns(RESULT=(pl.col("RESULT").cast(pl.Int64) + 1).cast(pl.String))
    table, new = inserted(ground.tables[LAB], other)
    both = [
        noted(LAB, each, fate="quarantined", rule=f"{LAB}.contradiction", subject="SUBJID")
        for each in (rows, new)
    ]
    return Planted({LAB: table}, notes_of(*both))


KINDS: Final = (
    DefectKind("lab_date_form", _lab_date_form),
    DefectKind("unit_missing", _unit_missing),
    DefectKind("unit_case", _unit_case),
    DefectKind("not_done_word", _not_done_word),
    DefectKind("unknown_text", _unknown_text),
    DefectKind("decimal_comma", _decimal_comma),
    DefectKind("exponent", _exponent),
    DefectKind("preliminary", _preliminary),
    DefectKind("cancelled", _cancelled),
    DefectKind("same_revision", _same_revision),
)
