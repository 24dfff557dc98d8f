"""Defects of concomitant and rescue medication (BX-CM), each with what it must lead to."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from data_contracts.bxu001_ra.simulation.defects.chosen import (
    BLANK,
    OTHER_LOG,
    PAST,
    PRESENT,
    RA_LOG,
    RESCUE,
    SUBJECT,
    changed,
    day,
    days_after,
    decoded,
    drug_fields,
    entered_anew,
    free_rows,
    medication,
    one_each,
    reads,
    spread,
    written,
)
from data_contracts.bxu001_ra.simulation.defects.rescue import unfounded_rescue
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import ROW, Tables, noted, notes_of, rewritten

_TREATED: Final = pl.col("infusion").is_not_null()
_TAKEN: Final = (pl.col("CMONGO") == "1") & ~RESCUE.fill_null(value=False)
_CSDMARD: Final = pl.col("CMSCATC") == "CSDMARD"
_TIMES: Final = ("edc_ec", "edc_dsic", "edc_rand")
# A dose above the limit of the drug, and one below the trial's usual dose.
_ABOVE: Final = {"SULFASALAZINE": "2000", "HYDROXYCHLOROQUINE": "400", "LEFLUNOMIDE": "40"}
_LOWER: Final = {
    "METHOTREXATE": "7.5", "LEFLUNOMIDE": "10", "HYDROXYCHLOROQUINE": "100", "SULFASALAZINE": "500",
    "NAPROXEN": "250", "CELECOXIB": "100", "MELOXICAM": "7.5",
}  # fmt: skip


def _of_drug(name: str) -> pl.Expr:
    return pl.col("CMTRT") == name


def _one_record_each(
    ground: Ground, kind: str, where: pl.Expr, *sources: str, alone: bool = False
) -> pl.DataFrame:
    """One record of the RA log a subject; ``alone``: no other defect touches the subject's log."""
    topics = (RA_LOG,) if alone else reads(kind, RA_LOG)
    return one_each(ground, free_rows(ground, RA_LOG, where), (*topics, *reads(kind, *sources)))


def _unstable_background(ground: Ground) -> Planted:
    """The only csDMARD began two months before screening, or its dose changed three weeks before."""
    single = _CSDMARD & _TAKEN & (pl.len().over(SUBJECT) == 1)
    rows = free_rows(ground, RA_LOG, _CSDMARD & _TAKEN & _TREATED).filter(single)
    rows = one_each(ground, rows, (RA_LOG, *reads("BX-CM-01", *_TIMES)))
    late, altered = rows.gather_every(2), rows.gather_every(2, 1)
    ended = {**PAST, "CMENDAT": written(pl.col("consent") - timedelta(days=21))}
    both = pl.concat([late, altered]).with_columns(_late=pl.int_range(pl.len()) < late.height)
    start = pl.when("_late").then(days_after("consent", -spread(ground, both, 50, 70))).otherwise("CMSTDAT")
    values = {
        name: pl.when("_late").then(name).otherwise(value)
        for name, value in ended.items()
        if name != "CMSTDAT"
    }
    both = both.sort(ROW)
    tables, new = changed(ground, RA_LOG, both, CMSTDAT=start, **values)
    dose = pl.col("CMTRT").replace_strict(_LOWER, return_dtype=pl.String)
    begun = written(pl.col("consent") - timedelta(days=20))
    tables, again = entered_anew(
        ground, tables, RA_LOG, new.filter(~pl.col("_late")), CMSTDAT=begun, CMDOSE=dose, **PRESENT
    )
    first = noted(RA_LOG, new.filter("_late"), rule="BX-CM-01")
    return Planted(tables, notes_of(first, noted(RA_LOG, again, rule="BX-CM-01", first=first.height + 1)))


def _changed_background(ground: Ground) -> Planted:
    """A csDMARD or NSAID stopped after the infusion, or taken in another dose."""
    kept = pl.col("CMSCATC").is_in(["CSDMARD", "NSAID"]) & _TAKEN & pl.col("week4").is_not_null()
    rows = _one_record_each(ground, "BX-CM-06", kept, *_TIMES, "edc_sv", "edc_dseos", alone=True)
    end = spread(ground, rows, 5, 20)
    tables, new = changed(ground, RA_LOG, rows, **PAST, CMENDAT=days_after("infusion", end))
    dose = pl.col("CMTRT").replace_strict(_LOWER, return_dtype=pl.String)
    start = written(day("CMENDAT") + timedelta(days=1))
    tables, _ = entered_anew(
        ground, tables, RA_LOG, new.gather_every(2), CMSTDAT=start, CMDOSE=dose, **PRESENT
    )
    return Planted(tables, noted(RA_LOG, new, rule="BX-CM-06"))


# What is begun too early: drug, dose, frequency, route.
_EARLY: Final = (
    ("ADALIMUMAB", "40", "Q2W", "SC"),
    ("TOFACITINIB", "5", "BID", "PO"),
    ("SULFASALAZINE", "500", "BID", "PO"),
    ("PREDNISONE", "40", "QD", "PO"),
    ("METHYLPREDNISOLONE", "125", "QD", "IV"),
)


def _early_rescue(ground: Ground) -> Planted:
    """A biologic, a targeted DMARD, a new csDMARD or a burst of a steroid soon after the infusion."""
    fresh = ~(_of_drug("SULFASALAZINE") & _TAKEN).any().over(SUBJECT)
    rows = free_rows(ground, RA_LOG, pl.col("week4").is_not_null()).filter(fresh)
    topics = (RA_LOG, *reads("BX-CM-07", *_TIMES, "edc_sv"))
    rows = one_each(ground, rows, topics)
    tables: Tables = {}
    notes: list[pl.DataFrame] = []
    turn = int(ground.rng.integers(len(_EARLY)))
    for number, row in enumerate(rows.partition_by(ROW)):
        begun = spread(ground, row, 5, 15)
        dates = {"CMSTDAT": days_after("infusion", begun), "CMENDAT": days_after("infusion", begun + 5)}
        drug = medication(*_EARLY[(turn + number) % len(_EARLY)])
        tables, new = entered_anew(ground, tables, RA_LOG, row, **drug, **{**PAST, **dates})
        notes.append(noted(RA_LOG, new, rule="BX-CM-07", first=number + 1))
    return Planted(tables, notes_of(*notes))


def _undocumented_failure(ground: Ground) -> Planted:
    """An earlier therapy that ended for another reason than failure, or a biologic after Week 14 that is no rescue."""
    failed = (pl.col("CMENDAT").is_not_null()) & pl.col("CMSCATC").is_in(["CSDMARD", "TNFI"])
    only = pl.len().over(SUBJECT, "CMSCATC") == 1
    ended = free_rows(ground, RA_LOG, failed & pl.col("randomized").is_not_null()).filter(only)
    still = ~(RESCUE.fill_null(value=False)).any().over(SUBJECT)
    open_ = pl.min_horizontal("ended", pl.lit(ground.as_of)) > pl.col("week14") + timedelta(days=40)
    later = (
        free_rows(ground, RA_LOG, pl.lit(value=True))
        .filter(still & open_)
        .unique(SUBJECT, maintain_order=True)
    )
    topics = (RA_LOG, *reads("BX-CM-09", *_TIMES, "edc_sv", "edc_dseos"))
    half = ground.count // 2
    added = one_each(ground, later, topics, count=half)
    rows = one_each(ground, ended, topics, count=ground.count - added.height)
    reason = {**decoded(CMREAS="OTH"), "CMREASOTH": pl.lit("SUPPLY ENDED")}
    tables, new = changed(ground, RA_LOG, rows, **reason)
    begun = {**PRESENT, "CMSTDAT": written(pl.col("week14") + timedelta(days=30))}
    drug = medication("ABATACEPT", "125", "QW", "SC")
    tables, biologic = entered_anew(ground, tables, RA_LOG, added, **drug, **begun)
    first = noted(RA_LOG, new, rule="BX-CM-09")
    return Planted(tables, notes_of(first, noted(RA_LOG, biologic, rule="BX-CM-09", first=first.height + 1)))


def _daily_methotrexate(ground: Ground) -> Planted:
    """Methotrexate once a day, or 30 mg a week."""
    rows = _one_record_each(ground, "BX-CM-02", _of_drug("METHOTREXATE"))
    daily = pl.lit(spread(ground, rows, 0, 1)) == 1
    values = {
        name: pl.when(daily).then(value).otherwise(name) for name, value in decoded(CMDOSFRQ="QD").items()
    }
    dose = pl.when(daily).then("CMDOSE").otherwise(pl.lit("30"))
    tables, new = changed(ground, RA_LOG, rows, CMDOSE=dose, **values)
    return Planted(tables, noted(RA_LOG, new, rule="BX-CM-02"))


def _forbidden_background(ground: Ground) -> Planted:
    """A csDMARD above its daily limit, or leflunomide together with methotrexate."""
    drugs = pl.col("CMTRT").is_in([*_ABOVE, "METHOTREXATE"])
    rows = _one_record_each(ground, "BX-CM-03", drugs & _TAKEN & pl.col("consent").is_not_null(), "edc_dsic")
    alone = rows.filter(~_of_drug("METHOTREXATE"))
    dose = pl.col("CMTRT").replace_strict(_ABOVE, return_dtype=pl.String)
    tables, above = changed(ground, RA_LOG, alone, CMDOSE=dose)
    start = written(pl.col("consent") - timedelta(days=110))
    pairs = rows.filter(_of_drug("METHOTREXATE"))
    tables[RA_LOG] = rewritten(tables[RA_LOG], pairs, ())
    tables, second = entered_anew(
        ground, tables, RA_LOG, pairs, **drug_fields("LEFLUNOMIDE"), **{**PRESENT, "CMSTDAT": start}
    )
    first = noted(RA_LOG, above, rule="BX-CM-03")
    return Planted(tables, notes_of(first, noted(RA_LOG, second, rule="BX-CM-03", first=first.height + 1)))


def _short_washout(ground: Ground) -> Planted:
    """A biologic whose last dose was given days before the infusion, rituximab some months before."""
    ended = pl.col("CMSCATC").is_in(["TNFI", "OBDMARD"]) & pl.col("CMENDAT").is_not_null() & _TREATED
    rows = _one_record_each(ground, "BX-CM-04", ended, *_TIMES)
    once = _of_drug("RITUXIMAB")
    last = (
        pl.when(once)
        .then(days_after("infusion", -spread(ground, rows, 60, 170)))
        .otherwise(days_after("infusion", -spread(ground, rows, 3, 25)))
    )
    start = pl.when(once).then(last).otherwise("CMSTDAT")
    tables, new = changed(ground, RA_LOG, rows, CMSTDAT=start, CMENDAT=last)
    return Planted(tables, noted(RA_LOG, new, rule="BX-CM-04"))


def _steroid_before_randomization(ground: Ground) -> Planted:
    """Prednisone in a high dose or begun late, a steroid into the muscle, or one without an equivalent."""
    known = pl.col("randomized").is_not_null()
    prednisone = _of_drug("PREDNISONE") & _TAKEN
    rows = free_rows(ground, RA_LOG, known).sort(ROW)
    rows = rows.filter(
        prednisone | (~prednisone.any().over(SUBJECT) & (pl.int_range(pl.len()).over(SUBJECT) == 0))
    )
    rows = one_each(ground, rows, reads("BX-CM-05", RA_LOG, "edc_rand"))
    users, others = rows.filter(prednisone), rows.filter(~prednisone)
    way = pl.lit(spread(ground, users, 0, 1))
    begun = days_after("randomized", -spread(ground, users, 3, 25))
    tables, new = changed(
        ground,
        RA_LOG,
        users,
        CMDOSE=pl.when(way == 0).then(pl.lit("15")).otherwise("CMDOSE"),
        CMSTDAT=pl.when(way == 1).then(begun).otherwise("CMSTDAT"),
    )
    notes = [noted(RA_LOG, new, rule="BX-CM-05")]
    turn = int(ground.rng.integers(2))
    for number, row in enumerate(others.partition_by(ROW), start=turn):
        shot = days_after("randomized", -spread(ground, row, 3, 25))
        old = written(pl.col("randomized") - timedelta(days=200))
        if number % 2:
            values = {**drug_fields("METHYLPREDNISOLONE"), **PAST, "CMSTDAT": shot, "CMENDAT": shot}
        else:
            values = {**drug_fields("DEFLAZACORT"), **PRESENT, "CMSTDAT": old}
        tables, added = entered_anew(ground, tables, RA_LOG, row, **values)
        notes.append(noted(RA_LOG, added, rule="BX-CM-05", first=users.height + 1 + number - turn))
    return Planted(tables, notes_of(*notes))


def _blood_product(ground: Ground) -> Planted:
    """Red blood cells some weeks before the infusion."""
    early = pl.col("CREATEDTS").str.head(10).str.to_date() < pl.col("infusion")  # long enough ago to be coded
    log = free_rows(ground, OTHER_LOG, early & pl.col("CMAENO").is_null())
    rows = one_each(ground, log, reads("BX-CM-10", OTHER_LOG, "edc_ec", "coding_whodrug"))
    given = days_after("infusion", -spread(ground, rows, 5, 45))
    values = {**drug_fields("RED BLOOD CELLS"), "CMSTDAT": given, "CMENDAT": given, "CMONGO": BLANK}
    tables, new = entered_anew(ground, {}, OTHER_LOG, rows, **values, CMINDC=pl.lit("ANAEMIA"))
    return Planted(tables, noted(OTHER_LOG, new, rule="BX-CM-10"))


# First those that need the subject's whole log.
KINDS: Final = (
    DefectKind("BX-CM-08", unfounded_rescue),
    DefectKind("BX-CM-01", _unstable_background),
    DefectKind("BX-CM-06", _changed_background),
    DefectKind("BX-CM-07", _early_rescue),
    DefectKind("BX-CM-09", _undocumented_failure),
    DefectKind("BX-CM-02", _daily_methotrexate),
    DefectKind("BX-CM-03", _forbidden_background),
    DefectKind("BX-CM-04", _short_washout),
    DefectKind("BX-CM-05", _steroid_before_randomization),
    DefectKind("BX-CM-10", _blood_product),
)
