"""Defects of the infusion (BX-EX), each with what it must lead to."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from data_contracts.bxu001_ra.simulation.defects.bags import (
    BAG_KINDS,
    EC,
    INFUSED,
    clock_after,
    new_bags,
    single_infusions,
)
from data_contracts.bxu001_ra.simulation.defects.chosen import (
    SUBJECT,
    changed,
    one_each,
    reads,
    spread,
    with_days,
    written,
)
from data_contracts.bxu001_ra.simulation.defects.shown import own_places
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import ROW, appended, noted, notes_of, rewritten

_RAND, _ASSIGN, _LAB = "edc_rand", "rtsm_assign", "lab_results"
_DECIDING: Final = ("CRP", "RF", "CCP", "ALT", "AST", "CREAT", "HBSAG", "HIV", "HCVAB", "IGRA")
_UTC: Final = "%Y-%m-%dT%H:%M:%SZ"


def _second_infusion(ground: Ground) -> Planted:
    """An hour after the first infusion a second bag is given, which nobody assigned or released."""
    rows = one_each(ground, single_infusions(ground), (EC, "edc_ae/BX-EX-01", f"{_ASSIGN}/bag"))
    later = rows.with_columns(
        FORMREPEAT=pl.lit("2"),
        RECORDID=pl.format("{}-EC-D1-2-1", SUBJECT),
        ECBAGNO=new_bags(ground, rows),
        ECSTTIM=clock_after("ECENTIM", 60),
        ECENTIM=clock_after("ECENTIM", 100),
    )
    table, new = appended(ground.tables[EC], later)
    second, wrong = noted(EC, new, rule="BX-EX-01"), noted(EC, new, rule="BX-EX-08")
    unknown = noted(EC, new, rule="BX-EX-08", builds="unblinded")
    return Planted({EC: table}, notes_of(second, wrong, unknown))


def _early_infusion(ground: Ground) -> Planted:
    """Randomized when the infusion was running already, or two days before it; both systems say so."""
    rows = one_each(ground, single_infusions(ground), (_RAND, _ASSIGN, *reads("BX-EX-02", EC)))
    subjects = rows[SUBJECT]
    moved = rows.select(
        SUBJECT,
        _late=pl.int_range(pl.len()) % 2 == 0,
        _start=(pl.col("ECSTDAT") + " " + pl.col("ECSTTIM")).str.to_datetime("%d-%b-%Y %H:%M"),
    )
    minutes = spread(ground, moved, 5, 30)
    forms = ground.tables[_RAND].filter(pl.col(SUBJECT).is_in(subjects.implode()))
    forms = forms.join(moved, on=SUBJECT, maintain_order="left").with_columns(_minutes=minutes)
    told = (pl.col("RANDDAT") + " " + pl.col("RANDTIM")).str.to_datetime("%d-%b-%Y %H:%M")
    late = pl.col("_start") + pl.duration(minutes="_minutes")
    moment = pl.when("_late").then(late).otherwise(told - timedelta(days=2))
    forms = forms.with_columns(_by=moment - told)
    both = forms.with_columns(RANDDAT=written(moment.dt.date()), RANDTIM=moment.dt.strftime("%H:%M"))
    assigned = ground.tables[_ASSIGN].filter(pl.col(SUBJECT).is_in(subjects.implode()))
    assigned = assigned.join(forms.select(SUBJECT, "_by"), on=SUBJECT, maintain_order="left").with_columns(
        RANDDT=(pl.col("RANDDT").str.to_datetime(_UTC) + pl.col("_by")).dt.strftime(_UTC)
    )
    tables = {
        _RAND: rewritten(ground.tables[_RAND], both, ["RANDDAT", "RANDTIM"]),
        _ASSIGN: rewritten(ground.tables[_ASSIGN], assigned, ["RANDDT"]),
    }
    return Planted(tables, noted(EC, rows, rule="BX-EX-02"))


def _late_result(ground: Ground) -> Planted:
    """A screening result that decides on eligibility was reported the day after the infusion."""
    drawn = ground.tables["edc_lbc"].filter(pl.col("VISITOID") == "SCR")["ACCESSN"]
    where = pl.col("ACCESSN").is_in(drawn.implode()) & pl.col("LABTESTCD").is_in(list(_DECIDING))
    labs = ground.tables[_LAB].filter(where & (pl.col("RSTAT") == "F"))
    labs = with_days(ground, labs).filter(pl.col("infusion") + timedelta(days=2) <= ground.as_of)
    labs = labs.filter(pl.len().over(SUBJECT, "LABTESTCD") == 1)
    tests = pl.Series("_luck", ground.rng.random(labs.height), dtype=pl.Float64)
    labs = labs.with_columns(tests).sort("_luck").unique(SUBJECT, keep="first", maintain_order=True).sort(ROW)
    rows = own_places(
        ground, labs, lambda row: [f"{_LAB}/{row['LABTESTCD']}", *reads("BX-EX-03", EC, "edc_dsic")]
    )
    late = rows.with_columns(RPTDT=(pl.col("infusion") + timedelta(days=1)).dt.strftime("%Y%m%dT1200"))
    table = rewritten(ground.tables[_LAB], late, ["RPTDT"])
    given = ground.tables[EC].filter(INFUSED & pl.col(SUBJECT).is_in(rows[SUBJECT].implode()))
    first = given.unique(SUBJECT, keep="first", maintain_order=True)
    return Planted({_LAB: table}, noted(EC, first, rule="BX-EX-03"))


def _other_weight(ground: Ground) -> Planted:
    """The dosing weight is 3 to 4 percent off: too much for the rule, too little for the dose in the bag."""
    rows = one_each(ground, single_infusions(ground), (f"{EC}/weight", "edc_vs/weight"))
    percent = spread(ground, rows, 30, 40) * pl.Series([1, -1] * rows.height, dtype=pl.Int64).head(
        rows.height
    )
    tenths = (pl.col("ECWT").cast(pl.Decimal(20, 1)) * 10).cast(pl.Int64)
    other = (tenths * (1000 + pl.lit(percent)) / 1000).round().cast(pl.Int64)
    text = pl.format("{}.{}", other // 10, other % 10)
    tables, new = changed(ground, EC, rows, ECWT=text)
    return Planted(tables, noted(EC, new, rule="BX-EX-04"))


def _implausible(ground: Ground) -> Planted:
    """More infused than prepared, an end before the start, or an infusion of five hours or five minutes, in turn."""
    ways = 4
    rows = one_each(ground, single_infusions(ground), (EC,)).with_columns(
        _way=(pl.int_range(pl.len()) + int(ground.rng.integers(ways))) % ways
    )
    volume = pl.when(pl.col("_way") == 0).then(pl.lit("118")).otherwise("ECVOL")
    end = (
        pl.when(pl.col("_way") == 1)
        .then(clock_after("ECSTTIM", -12))
        .when(pl.col("_way") == 2)  # noqa: PLR2004 - one of the four
        .then(clock_after("ECSTTIM", 300))
        .when(pl.col("_way") == 3)  # noqa: PLR2004 - one of the four
        .then(clock_after("ECSTTIM", 5))
        .otherwise("ECENTIM")
    )
    tables, new = changed(ground, EC, rows, ECVOL=volume, ECENTIM=end)
    return Planted(tables, noted(EC, new, rule="BX-EX-07"))


def _wrong_bag(ground: Ground) -> Planted:
    """The site wrote another number than that of the assigned bag, or the system shows another bag, in turn."""
    rows = one_each(ground, single_infusions(ground), (f"{EC}/bag", f"{_ASSIGN}/bag"))
    at_site, in_system = rows.gather_every(2), rows.gather_every(2, 1)
    tables, site = changed(ground, EC, at_site, ECBAGNO=pl.lit(new_bags(ground, at_site)))
    assigned = ground.tables[_ASSIGN].filter(pl.col(SUBJECT).is_in(in_system[SUBJECT].implode()))
    other = assigned.with_columns(BAGNO=new_bags(ground, assigned))
    tables[_ASSIGN] = rewritten(ground.tables[_ASSIGN], other, ["BAGNO"])
    first = noted(EC, site, rule="BX-EX-08")
    more = noted(EC, in_system, rule="BX-EX-08", first=site.height + 1)
    return Planted(tables, notes_of(first, more, noted(EC, site, rule="BX-EX-08", builds="unblinded")))


def _incomplete(ground: Ground) -> Planted:
    """Part of the bag was not infused."""
    rows = one_each(ground, single_infusions(ground), (f"{EC}/volume",))
    tables, new = changed(ground, EC, rows, ECVOL=pl.lit(spread(ground, rows, 50, 94)).cast(pl.String))
    return Planted(tables, noted(EC, new, rule="BX-EX-09"))


KINDS: Final[tuple[DefectKind, ...]] = (
    DefectKind("BX-EX-01", _second_infusion),
    DefectKind("BX-EX-02", _early_infusion),
    DefectKind("BX-EX-03", _late_result),
    DefectKind("BX-EX-04", _other_weight),
    DefectKind("BX-EX-07", _implausible),
    DefectKind("BX-EX-08", _wrong_bag),
    DefectKind("BX-EX-09", _incomplete),
    *BAG_KINDS,
)
