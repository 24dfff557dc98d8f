"""Defects of adverse events (BX-AE), each with what it must lead to."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import polars as pl

from data_contracts.bxu001_ra.simulation.defects.chosen import (
    ACTIVE,
    BLANK,
    SUBJECT,
    TICK,
    changed,
    day,
    days_after,
    decoded,
    entered_anew,
    free_rows,
    one_each,
    reads,
    spread,
    written,
)
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import PLANTED, ROW, noted, notes_of, rewritten

_LOG: Final = "edc_ae"
_NOBODY: Final = "77"  # number that no event has
_NO_SAMPLE: Final = "K0000077"  # accession that no sample has
_ONGOING: Final = {"AEENDAT": BLANK, "AEENTIM": BLANK, "AEONGO": TICK, **decoded(AEOUT="NR")}
# An event that nothing else hangs on: no medication, no sample, no infusion, no death, not serious.
_PLAIN: Final = (
    pl.all_horizontal(pl.col(name) == "N" for name in ("AECONTRT", "AEINFR", "AEPRE", "AESER"))
    & (pl.col("AEACN") == "NA")
    & pl.col("AEACCESSN").is_null()
    & pl.col("AETOXGR").is_in(["1", "2", "3"])
    & (day("AESTDAT") > pl.col("infused_until"))
)
_TIMES: Final = ("edc_ec", "edc_dsic")


def _one_of_plain(ground: Ground, kind: str, where: pl.Expr, *sources: str) -> pl.DataFrame:
    rows = free_rows(ground, _LOG, _PLAIN & where)
    return one_each(ground, rows, reads(kind, _LOG, *sources))


def _after_the_end(ground: Ground) -> Planted:
    """An event that starts two to five days after the end of participation."""
    usual = ~pl.col("end_reason").is_in(["DEATH", "LOST TO FOLLOW-UP"])
    late = pl.col("ended") + timedelta(days=5) <= pl.lit(ground.as_of)
    rows = _one_of_plain(ground, "BX-AE-01", usual & late, "edc_dseos")
    start = days_after("ended", spread(ground, rows, 2, 5))
    tables, new = changed(ground, _LOG, rows, AESTDAT=start, AESTTIM=BLANK, **_ONGOING)
    return Planted(tables, noted(_LOG, new, rule="BX-AE-01"))


def _unclear_start(ground: Ground) -> Planted:
    """An answer that an event began before the infusion when its date lies after it, or a reaction without a time."""
    timed = (
        (pl.col("AEINFR") == "Y") & pl.col("AESTTIM").is_not_null() & (day("AESTDAT") == pl.col("infusion"))
    )
    rows = free_rows(ground, _LOG, _PLAIN | timed)
    rows = one_each(ground, rows, reads("BX-AE-02", _LOG, *_TIMES))
    reaction = pl.col("AEINFR") == "Y"
    answer = {
        name: pl.when(reaction).then(name).otherwise(value) for name, value in decoded(AEPRE="Y").items()
    }
    tables, new = changed(
        ground, _LOG, rows, AESTTIM=pl.when(reaction).then(BLANK).otherwise("AESTTIM"), **answer
    )
    return Planted(tables, noted(_LOG, new, rule="BX-AE-02"))


def _inconsistent_seriousness(ground: Ground) -> Planted:
    """Serious without a reason, a reason without serious, grade 5 that is not fatal, grade 4 not life-threatening."""
    ways = (
        decoded(AESER="Y"),
        {"AESHOSP": TICK},
        {"AESMIE": TICK},
        decoded(AETOXGR="5"),
        decoded(AETOXGR="4"),
    )
    rows = _one_of_plain(ground, "BX-AE-03", pl.lit(value=True))
    way = pl.lit(spread(ground, rows, 0, len(ways) - 1))
    values = {
        name: pl.coalesce(
            *(pl.when(way == number).then(each[name]) for number, each in enumerate(ways) if name in each),
            pl.col(name),
        )
        for name in dict.fromkeys(name for each in ways for name in each)
    }
    tables, new = changed(ground, _LOG, rows, **values)
    return Planted(tables, noted(_LOG, new, rule="BX-AE-03"))


def _inconsistent_death(ground: Ground) -> Planted:
    """A death form without a date or of the day after, and an event serious by a death that nothing else tells."""
    topics = (*reads("BX-AE-04", _LOG, "edc_dm", "edc_dseos"), "edc_dth")
    died = one_each(ground, free_rows(ground, "edc_dth", pl.lit(value=True)), topics, count=ground.count // 2)
    next_day = pl.lit(spread(ground, died, 0, 1)) == 1
    moved = pl.when(next_day).then(written(day("DTHDAT") + timedelta(days=1))).otherwise(BLANK)
    alive = _PLAIN & ~pl.col(SUBJECT).is_in(ground.tables["edc_dth"][SUBJECT].implode())
    rows = one_each(ground, free_rows(ground, _LOG, alive), topics, count=ground.count - died.height)
    forms, _ = changed(ground, "edc_dth", died, DTHDAT=moved)
    events, new = changed(ground, _LOG, rows, AESDTH=TICK, **decoded(AESER="Y"))
    people = ground.tables["edc_dm"].unique(SUBJECT, keep="first", maintain_order=True)
    told = [people.filter(pl.col(SUBJECT).is_in(each[SUBJECT].implode())).sort(ROW) for each in (new, died)]
    return Planted(
        {**forms, **events},
        notes_of(
            noted("edc_dm", told[0], rule="BX-AE-04"),
            noted("edc_dm", told[1], rule="BX-AE-04", first=new.height + 1),
        ),
    )


def _outcome_against_dates(ground: Ground) -> Planted:
    """Recovered without an end, not recovered with one, or an end before the start."""
    over = (pl.col("AEOUT") == "RR") & pl.col("AEENDAT").is_not_null()
    rows = _one_of_plain(ground, "BX-AE-05", over)
    way = pl.lit(spread(ground, rows, 0, 2))
    earlier = written(day("AESTDAT") - timedelta(days=2))
    end = pl.when(way == 0).then(BLANK).when(way == 1).then("AEENDAT").otherwise(earlier)
    outcome = {
        name: pl.when(way == 1).then(value).otherwise(name) for name, value in decoded(AEOUT="NR").items()
    }
    tables, new = changed(ground, _LOG, rows, AEENDAT=end, **outcome)
    return Planted(tables, noted(_LOG, new, rule="BX-AE-05"))


def _action_against_infusion(ground: Ground) -> Planted:
    """An interruption by an event long after the infusion, or a reaction that interrupted it and does not say so."""
    acted = pl.col("AEACN").is_in(["INT", "WD"]) & (pl.col("AEINFR") == "Y")
    rows = one_each(ground, free_rows(ground, _LOG, _PLAIN | acted), reads("BX-AE-06", _LOG, "edc_ec"))
    reaction = pl.col("AEINFR") == "Y"
    values = {
        name: pl.when(reaction).then(value).otherwise(other)
        for (name, value), other in zip(
            decoded(AEACN="NC").items(), decoded(AEACN="INT").values(), strict=True
        )
    }
    tables, new = changed(ground, _LOG, rows, **values)
    return Planted(tables, noted(_LOG, new, rule="BX-AE-06"))


def _loose_treatment(ground: Ground) -> Planted:
    """Treated without a medication, a medication for an event that is not treated, or for one that is not there."""
    treated = pl.col("AECONTRT") == "Y"
    rows = free_rows(ground, _LOG, (_PLAIN | treated) & pl.col("AEACCESSN").is_null())
    links = ground.tables["edc_cm"].filter(ACTIVE & ~pl.col(PLANTED))
    named = links.select(SUBJECT, "CMAENO", _link=ROW).unique([SUBJECT, "CMAENO"], keep="none")
    rows = rows.join(
        named, left_on=[SUBJECT, "AENO"], right_on=[SUBJECT, "CMAENO"], how="left", maintain_order="left"
    ).filter(pl.col("_link").is_not_null() == treated)
    rows = one_each(ground, rows, reads("BX-AE-07", _LOG, "edc_cm", "edc_cmra"))
    moved = treated & (pl.lit(spread(ground, rows, 0, 1)) == 1)
    rows = rows.with_columns(_moved=moved, _number=pl.int_range(1, pl.len() + 1))
    answer = {
        name: pl.when("_moved").then(name).when(treated).then(no).otherwise(yes)
        for (name, no), yes in zip(decoded(AECONTRT="N").items(), decoded(AECONTRT="Y").values(), strict=True)
    }
    tables, new = changed(ground, _LOG, rows, **answer)
    away = new.filter("_moved").select(ROW=pl.col("_link"), _number="_number").rename({"ROW": ROW})
    loose = links.join(away, on=ROW, how="inner", maintain_order="left").with_columns(CMAENO=pl.lit(_NOBODY))
    tables["edc_cm"] = rewritten(ground.tables["edc_cm"], loose, ["CMAENO"])
    others = [
        noted("edc_cm", each, rule="BX-AE-07", first=each["_number"][0]) for each in loose.partition_by(ROW)
    ]
    return Planted(tables, notes_of(noted(_LOG, new, rule="BX-AE-07"), *others))


def _late_reaction(ground: Ground) -> Planted:
    """An event of later days ticked as a reaction to the infusion."""
    late = day("AESTDAT") > pl.col("infused_until") + timedelta(days=1)
    rows = _one_of_plain(ground, "BX-AE-08", late, "edc_ec")
    tables, new = changed(ground, _LOG, rows, **decoded(AEINFR="Y"))
    return Planted(tables, noted(_LOG, new, rule="BX-AE-08"))


def _twice(ground: Ground) -> Planted:
    """The same event entered again under a new number, or another event under a number that is taken."""
    later = pl.col("AENO").cast(pl.Int64) > pl.col("AENO").cast(pl.Int64).min().over(SUBJECT)
    plain = free_rows(ground, _LOG, _PLAIN)
    rows = one_each(ground, plain.with_columns(_later=later), reads("BX-AE-09", _LOG, "coding_meddra"))
    renumbered = rows.filter("_later").with_row_index("_n").filter(pl.col("_n") % 2 == 1)
    again = rows.join(renumbered, on=ROW, how="anti", maintain_order="left")
    first = plain.select(SUBJECT, _taken="AENO", _place=ROW)
    numbered = (
        renumbered.join(first, on=SUBJECT, how="inner", maintain_order="left")
        .filter(pl.col("_place") < pl.col(ROW))
        .unique(ROW, keep="first", maintain_order=True)
    )
    tables, one = changed(ground, _LOG, numbered, AENO=pl.col("_taken"))
    tables[_LOG] = rewritten(tables[_LOG], again, ())
    tables, two = entered_anew(ground, tables, _LOG, again)
    return Planted(
        tables,
        notes_of(noted(_LOG, one, rule="BX-AE-09"), noted(_LOG, two, rule="BX-AE-09", first=one.height + 1)),
    )


def _before_consent(ground: Ground) -> Planted:
    """An event that began some days before consent."""
    rows = _one_of_plain(ground, "BX-AE-10", pl.lit(value=True), *_TIMES)
    start = days_after("consent", -spread(ground, rows, 1, 30))
    tables, new = changed(ground, _LOG, rows, AESTDAT=start, AESTTIM=BLANK, **decoded(AEPRE="Y"))
    return Planted(tables, noted(_LOG, new, rule="BX-AE-10"))


def _unknown_sample(ground: Ground) -> Planted:
    """An event names a sample that nobody has."""
    rows = _one_of_plain(ground, "BX-LB-02A", pl.lit(value=True))
    tables, new = changed(ground, _LOG, rows, AEACCESSN=pl.lit(_NO_SAMPLE))
    return Planted(tables, noted(_LOG, new, rule="BX-LB-02A"))


KINDS: Final = (
    DefectKind("BX-AE-01", _after_the_end),
    DefectKind("BX-AE-02", _unclear_start),
    DefectKind("BX-AE-03", _inconsistent_seriousness),
    DefectKind("BX-AE-04", _inconsistent_death),
    DefectKind("BX-AE-05", _outcome_against_dates),
    DefectKind("BX-AE-06", _action_against_infusion),
    DefectKind("BX-AE-07", _loose_treatment),
    DefectKind("BX-AE-08", _late_reaction),
    DefectKind("BX-AE-09", _twice),
    DefectKind("BX-AE-10", _before_consent),
    DefectKind("BX-LB-02A", _unknown_sample),
)
