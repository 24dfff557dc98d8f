"""Defects of rescue (BX-CM-08): against the joint counts or the decision, missing, too early or too late."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from data_contracts.bxu001_ra.simulation.defects.chosen import (
    ACTIVE,
    PRESENT,
    RA_LOG,
    RESCUE,
    SUBJECT,
    TICK,
    changed,
    decoded,
    entered_anew,
    free_rows,
    medication,
    one_each,
    reads,
    with_days,
    written,
)
from pipeline.simulate import Ground, Planted
from pipeline.simulate.ground import ROW, noted, notes_of, removed, rewritten

_WAYS = ("none", "late", "early", "undecided")  # of a rescue that was due; without one: "unfounded"


def unfounded_rescue(ground: Ground) -> Planted:
    """Rescue against the joint counts or the decision, none where it is due, and rescue too early or too late."""
    decisions = (
        free_rows(ground, "edc_resc", pl.col("infusion").is_not_null())
        .sort("VISITOID")
        .unique(SUBJECT, keep="last", maintain_order=True)
    )
    rescued = free_rows(ground, RA_LOG, RESCUE & pl.col("infusion").is_not_null())
    given = decisions.join(rescued.select(SUBJECT, _drug=ROW), on=SUBJECT, how="left", maintain_order="left")
    answered = (pl.col("RESTJSJ") == "Y") & (pl.col("VISITOID") == "W14") & pl.col("week14").is_not_null()
    candidates = given.filter(pl.col("_drug").is_not_null() | answered).sort(ROW)
    topics = (RA_LOG, "edc_resc", *reads("BX-CM-08", "edc_ec", "edc_sv", "edc_dseos", "edc_jc28"))
    chosen = one_each(ground, candidates, topics)
    over = pl.min_horizontal("ended", pl.lit(ground.as_of))
    due = over > pl.col("infusion") + timedelta(days=110)
    later = over > pl.col("week14") + timedelta(days=45)
    wanted = pl.Series(ground.rng.choice(_WAYS, size=chosen.height), dtype=pl.String)
    possible = (
        pl.when(wanted == "none").then(due).when(wanted == "late").then(later).otherwise(pl.lit(value=True))
    )
    chosen = chosen.with_columns(
        _way=pl.when(pl.col("_drug").is_null())
        .then(pl.lit("unfounded"))
        .when(possible)
        .then(wanted)
        .otherwise(pl.lit("undecided")),
        _number=pl.int_range(1, pl.len() + 1),
    )
    return _with_rescues(ground, chosen, rescued)


def _with_rescues(ground: Ground, chosen: pl.DataFrame, rescued: pl.DataFrame) -> Planted:
    def drug_of(way: str) -> pl.DataFrame:
        wanted = chosen.filter(pl.col("_way") == way).select(_drug="_drug", _number="_number")
        return rescued.join(wanted, left_on=ROW, right_on="_drug", how="inner", maintain_order="left")

    late, early = drug_of("late"), drug_of("early")
    moved = pl.concat([late, early]).sort(ROW)
    start = (
        pl.when(pl.col(ROW).is_in(late[ROW].implode()))
        .then(pl.col("week14") + timedelta(days=40))
        .otherwise(pl.col("infusion") + timedelta(days=91))
    )
    tables, shifted = changed(ground, RA_LOG, moved, CMSTDAT=written(start))
    tables[RA_LOG] = removed(tables[RA_LOG], drug_of("none"))
    template = _templates(ground, chosen.filter(pl.col("_way") == "unfounded"))
    drug = medication("ADALIMUMAB", "40", "Q2W", "SC")
    begun = {**PRESENT, "CMRESC": TICK, "CMSTDAT": written(pl.col("week14"))}
    tables, new = entered_anew(ground, tables, RA_LOG, template, **drug, **begun)
    undecided = chosen.filter(pl.col("_way") == "undecided").with_columns(**decoded(RESCUE="N"))
    tables["edc_resc"] = rewritten(ground.tables["edc_resc"], undecided, ["RESCUE", "RESCUE_DEC"])
    asked = chosen.filter(pl.col("_way").is_in(["none", "undecided"]))
    too_early = shifted.filter(pl.col(ROW).is_in(early[ROW].implode()))
    told = [
        *_each_noted("edc_resc", asked, "BX-CM-08"),
        *_each_noted(RA_LOG, pl.concat([shifted, new], how="diagonal"), "BX-CM-08"),
        *_each_noted(RA_LOG, too_early, "BX-CM-07"),
    ]
    return Planted(tables, notes_of(*told))


def _templates(ground: Ground, people: pl.DataFrame) -> pl.DataFrame:
    """A record of the RA log of each of ``people`` to make a new one from, with their ``_number``."""
    log = ground.tables[RA_LOG].filter(ACTIVE).sort(ROW).unique(SUBJECT, keep="last", maintain_order=True)
    numbers = people.select(SUBJECT, "_number")
    return with_days(ground, log.join(numbers, on=SUBJECT, how="inner", maintain_order="left"))


def _each_noted(source: str, rows: pl.DataFrame, rule: str) -> list[pl.DataFrame]:
    return [noted(source, row, rule=rule, first=row["_number"][0]) for row in rows.partition_by(ROW)]
