"""Defects of results, flags and reference ranges (BX-LB-05, 05L to -08; dirt 14)."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra.simulation.defects.shown import DRAWN, LAB, own_places
from data_contracts.bxu001_ra.simulation.lab_values import tests
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import PLANTED, ROW, noted, notes_of, rewritten

_TEST: Final = "LABTESTCD"
_CHANGING: Final = "RDW"  # nothing else is planted in its results
_PERCENTS: Final = ("NEUTLE", "LYMLE", "MONOLE", "EOSLE", "BASOLE")
_CELLS: Final = ("NEUT", "LYM", "MONO", "EOS", "BASO")
# Tests whose range depends on the sex, and tests of both sexes; no rule of the trial rests on them.
_BY_SEX: Final = ("HGB", "HCT", "RBC", "ALP", "GGT", "CK", "URATE")
_OF_BOTH: Final = ("CL", "K", "CA", "PHOS", "MG", "BICARB")
_APART: Final = 4  # results of one test and sex between two planted ones, so that each stands alone
_NUMBER: Final = "^[0-9]+(\\.[0-9]+)?$"
_EXACT: Final = pl.Decimal(18, 4)


def number(column: str) -> pl.Expr:
    """A result or limit as a number; null if it is none."""
    return pl.col(column).cast(_EXACT, strict=False)


def _flag(low: pl.Expr, high: pl.Expr) -> pl.Expr:
    result = number("RESULT")
    return (
        pl.when(result < low).then(pl.lit("L")).when(result > high).then(pl.lit("H")).otherwise(pl.lit("N"))
    )


def _of_tests(names: tuple[str, ...]) -> pl.Expr:
    return (
        pl.col(_TEST).is_in(names) & DRAWN & pl.col("RESULT").str.contains(_NUMBER) & (pl.col("RSTAT") == "F")
    )


def _topic(row: dict[str, str]) -> list[str]:
    return [f"{LAB}/{row[_TEST]}"]


def _standing_apart(ground: Ground, names: tuple[str, ...]) -> pl.DataFrame:
    """Results of ``names`` with results of the same test and sex well before and behind them."""
    sexes = ground.tables["edc_dm"].select("SUBJID", _sex="SEX").unique("SUBJID", keep="first")
    rows = (
        ground.tables[LAB]
        .filter(_of_tests(names))
        .join(sexes, on="SUBJID", how="inner", maintain_order="left")
    )
    group = [_TEST, "_sex"]
    place = pl.int_range(pl.len()).over(group)
    inside = (place >= _APART) & (place < pl.len().over(group) - _APART) & (place % _APART == 0)
    return rows.filter(inside)


def _wrong_range(ground: Ground) -> Planted:
    """The reference range of the other sex, with the flag that it gives."""
    facts = (
        tests()
        .filter(pl.col("panel") != "UA")
        .select(pl.col("code").alias(_TEST), "places", "low_m", "high_m", "low_f", "high_f")
    )
    drawn = own_places(ground, _standing_apart(ground, _BY_SEX), _topic)
    rows = drawn.join(facts, on=_TEST, how="left", maintain_order="left")
    female = pl.col("_sex") == "F"
    other = {
        limit: pl.when(female).then(f"{bound}_m").otherwise(f"{bound}_f")
        for limit, bound in (("REFLO", "low"), ("REFHI", "high"))
    }
    changed = rows.with_columns(**other).with_columns(ABNFL=_flag(number("REFLO"), number("REFHI")))
    table = rewritten(ground.tables[LAB], changed, ["REFLO", "REFHI", "ABNFL"])
    return Planted({LAB: table}, noted(LAB, changed, rule="BX-LB-07"))


def _no_range(ground: Ground) -> Planted:
    """A result without its reference range."""
    rows = own_places(ground, _standing_apart(ground, _OF_BOTH), _topic)
    changed = rows.with_columns(REFLO=pl.lit(None, pl.String), REFHI=pl.lit(None, pl.String))
    table = rewritten(ground.tables[LAB], changed, ["REFLO", "REFHI"])
    return Planted({LAB: table}, noted(LAB, changed, rule="BX-LB-07", variable="LBNRIND"))


def _new_range(ground: Ground) -> Planted:
    """From a day on the laboratory uses another range for a test: the range of each result counts, nothing is asked."""
    rows = ground.tables[LAB].filter((pl.col(_TEST) == _CHANGING) & (pl.col("RSTAT") == "F")).sort(ROW)
    if rows.is_empty() or rows[PLANTED].any():
        return Planted({}, notes_of())
    subjects = rows["SUBJID"].unique()
    if len(ground.people(subjects, [f"{LAB}/{_CHANGING}"], count=len(subjects))) < len(subjects):
        return Planted({}, notes_of())
    since = rows["RPTDT"][rows.height * 2 // 3]
    later = rows.filter(pl.col("RPTDT") >= since).with_columns(REFLO=pl.lit("11.0"), REFHI=pl.lit("15.0"))
    changed = later.with_columns(ABNFL=_flag(number("REFLO"), number("REFHI")))
    table = rewritten(ground.tables[LAB], changed, ["REFLO", "REFHI", "ABNFL"])
    notes = noted(LAB, changed, variable="LBORNRHI", value="15.0", note="the range of the result counts")
    return Planted({LAB: table}, notes.with_columns(defect=pl.lit(1, pl.Int64)))


def _other_flag(ground: Ground) -> Planted:
    """The laboratory flags a normal result as high or abnormal, or an abnormal one as normal."""
    numeric = pl.col("RESULT").str.contains(_NUMBER) & (
        pl.col("REFLO").is_not_null() | pl.col("REFHI").is_not_null()
    )
    word = pl.col("REFTXT").is_not_null() & pl.col("RESULT").is_not_null()
    lb_panel = ~pl.col("PANEL").is_in(["SERO", "AUTOIMM", "HLA"])
    wanted = (numeric | word) & (pl.col("RSTAT") == "F") & lb_panel & (pl.col(_TEST) != _CHANGING)
    rows = ground.picked(LAB, wanted & pl.col("ABNFL").is_in(["N", "L", "H", "A"]), by=_TEST)
    wrong = (
        pl.when(pl.col("ABNFL") != "N").then(pl.lit("N")).when(word).then(pl.lit("A")).otherwise(pl.lit("HH"))
    )
    changed = rows.with_columns(ABNFL=wrong)
    return Planted(
        {LAB: rewritten(ground.tables[LAB], changed, ["ABNFL"])}, noted(LAB, changed, rule="BX-LB-05")
    )


def _unusable_limit(ground: Ground) -> Planted:
    """A lower limit with a decimal comma, or above the upper one: the flag beside it cannot be compared."""
    rows = _standing_apart(ground, _OF_BOTH).filter(
        pl.col("REFLO").is_not_null() & pl.col("REFHI").is_not_null()
    )
    rows = own_places(ground, rows, _topic)
    comma = pl.int_range(pl.len()) % 2 == 0
    above = (number("REFHI") + 1).cast(pl.Decimal(18, 1)).cast(pl.String)
    changed = rows.with_columns(REFLO=pl.when(comma).then(pl.col("REFLO") + ",0").otherwise(above))
    table = rewritten(ground.tables[LAB], changed, ["REFLO"])
    told = [noted(LAB, changed, rule=rule) for rule in ("BX-LB-05L", "BX-LB-05", "BX-LB-07")]
    return Planted({LAB: table}, notes_of(*told))


def _differential(ground: Ground) -> Planted:
    """A percentage or a count of one kind of cells is off, within its own range."""
    share = ground.count // 2
    parts = [
        _moved(ground, "LYMLE", _PERCENTS, "NEUTLE", ground.count - share),
        _moved(ground, "NEUT", (*_CELLS, "WBC"), "WBC", share),
    ]
    table, notes, first = ground.tables[LAB], [], 1
    for moved, at in parts:
        table = rewritten(rewritten(table, moved, ["RESULT"]), at, ())
        notes.append(noted(LAB, at, rule="BX-LB-06", first=first))
        first += at.height
    return Planted({LAB: table}, notes_of(*notes))


def _moved(
    ground: Ground, test: str, needed: tuple[str, ...], at: str, count: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of ``test`` with another normal result, and the rows of ``at`` of the same draws."""
    table = ground.tables[LAB]
    step = pl.when(pl.col(_TEST) == "LYMLE").then(pl.lit("6.0")).otherwise(pl.lit("1.20")).cast(_EXACT)
    up = number("RESULT") + step <= number("REFHI")
    down = number("RESULT") - step >= number("REFLO")
    normal = table.filter(_of_tests((test,)) & (pl.col("ABNFL") == "N") & (up | down))
    whole = table.filter(
        pl.col(_TEST).is_in(needed) & DRAWN & ~pl.col(PLANTED) & pl.col("RESULT").str.contains(_NUMBER)
    )
    complete = whole.group_by("ACCESSN").len().filter(pl.col("len") == len(needed))
    free = normal.join(complete, on="ACCESSN", how="semi", maintain_order="left")
    rows = own_places(ground, free, lambda _: [f"{LAB}/{name}" for name in needed], count=count)
    decimals = pl.Decimal(18, 1) if test == "LYMLE" else pl.Decimal(18, 2)
    other = pl.when(up).then(number("RESULT") + step).otherwise(number("RESULT") - step)
    moved = rows.with_columns(RESULT=other.cast(decimals).cast(pl.String))
    places = table.filter((pl.col(_TEST) == at) & DRAWN).join(
        rows, on="ACCESSN", how="semi", maintain_order="left"
    )
    return moved, places


def _other_rate(ground: Ground) -> Planted:
    """The laboratory's filtration rate is an eighth higher than its creatinine gives."""
    normal = (
        (pl.col(_TEST) == "GFRE") & (number("RESULT") >= pl.lit("60").cast(_EXACT)) & (pl.col("RSTAT") == "F")
    )
    needed = (f"{LAB}/GFRE", f"{LAB}/CREAT", "edc_dm/BX-LB-08")  # age, sex and race are in the formula
    rows = own_places(ground, ground.tables[LAB].filter(normal), lambda _: needed)
    more = (number("RESULT") * pl.lit("1.125").cast(_EXACT)).round(1).cast(pl.Decimal(18, 1))
    changed = rows.with_columns(RESULT=more.cast(pl.String))
    return Planted(
        {LAB: rewritten(ground.tables[LAB], changed, ["RESULT"])}, noted(LAB, changed, rule="BX-LB-08")
    )


KINDS: Final = (
    DefectKind("range_change", _new_range),
    DefectKind("BX-LB-07", _wrong_range),
    DefectKind("range_missing", _no_range),
    DefectKind("BX-LB-05L", _unusable_limit),
    DefectKind("BX-LB-06", _differential),
    DefectKind("BX-LB-08", _other_rate),
    DefectKind("BX-LB-05", _other_flag),
)
