"""Defects of randomization and the blind (BX-ARM, BX-BL), each with what it must lead to."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Final

import polars as pl

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.simulation.defects.bags import clock_after
from data_contracts.bxu001_ra.simulation.defects.chosen import (
    ACTIVE,
    SUBJECT,
    changed,
    day,
    free_rows,
    one_each,
    with_days,
    written,
)
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import ROW, Tables, appended, noted, notes_of, rewritten, stated

_ASSIGN, _RAND, _END, _UNB = "rtsm_assign", "edc_rand", "edc_dseos", "edc_unb"
_KEY, _SCHEDULE, _REVEALED = "rtsm_unblinding_key", "rtsm_schedule", "rtsm_emergency_unblind"
_LAB = "lab_results"
_CONTROL: Final = "PBO"
_OTHER_COHORT: Final = {"BXU075": "BXU150", "BXU150": "BXU075"}
_FULL, _CONTROLS = 8, 2  # subjects of a cohort
_ADDED_NUMBER: Final = 5  # what a wrong randomization number differs by
# What people write who think that they know; the form and the column in which they do.
_GUESSES: Final = (
    ("edc_dv", "DVTERM", "BAG OF BX-U001 SEEN UNCOVERED BY THE SUBJECT", pl.col("DVCAT") == "MINOR"),
    ("edc_sv", "SVUPDES", "ASKED WHETHER IT WAS PBO", pl.col("VISITOID") == "UNS"),
    (_LAB, "COMMENT", "SUBJECT MAY HAVE HAD PLACEBO", pl.col("LABTESTCD").is_in(["MG", "PHOS", "GGT"])),
)


def _assigned(ground: Ground) -> pl.DataFrame:
    """Standing assignments in the order of randomization, with ``_place`` in their cohort."""
    rows = ground.tables[_ASSIGN].filter(pl.col("STATUS") == "ASSIGNED").sort("RANDDT", ROW)
    return rows.with_columns(_place=pl.int_range(1, pl.len() + 1).over("COHORT"))


def _with_cohort(ground: Ground, rows: pl.DataFrame, cohort: pl.Expr) -> Tables:
    return {
        _ASSIGN: rewritten(ground.tables[_ASSIGN], rows.with_columns(COHORT=cohort).sort(ROW), ["COHORT"])
    }


def _ninth_subject(ground: Ground) -> Planted:
    """A subject of the second cohort is in the first one, which was full."""
    rows = _assigned(ground)
    extra = rows.filter(pl.col("COHORT") == "2").head(1)
    if rows.filter(pl.col("COHORT") == "1").height != _FULL or extra.is_empty():
        return Planted({}, notes_of())
    return Planted(_with_cohort(ground, extra, pl.lit("1")), noted(_ASSIGN, extra, rule="BX-ARM-02"))


def _early_cohort(ground: Ground) -> Planted:
    """Two subjects have each other's cohort, so that the second one opens with the third subject of the first."""
    rows = _assigned(ground)
    early = rows.filter((pl.col("COHORT") == "1") & (pl.col("_place") == 3))  # noqa: PLR2004 - long before it is full
    late = rows.filter(pl.col("COHORT") == "2").tail(1)
    if early.is_empty() or late.is_empty():
        return Planted({}, notes_of())
    swapped = pl.concat([early, late])
    other = pl.col("COHORT").replace({"1": "2", "2": "1"})
    return Planted(_with_cohort(ground, swapped, other), noted(_ASSIGN, early, rule="BX-ARM-04"))


def _other_confirmation(ground: Ground) -> Planted:
    """A randomization number with a slip, or a time of another time zone, in turn."""
    rows = free_rows(ground, _RAND, pl.col("RANDYN") == "Y")
    rows = one_each(ground, rows, (f"{_RAND}/BX-ARM-05", f"{_ASSIGN}/BX-ARM-05"))
    number = (pl.col("RANDNO").cast(pl.Int64) + _ADDED_NUMBER * 100).cast(pl.String)
    slip = (pl.int_range(pl.len()) + int(ground.rng.integers(2))) % 2 == 0
    tables, new = changed(
        ground,
        _RAND,
        rows.with_columns(_slip=slip),
        RANDNO=pl.when("_slip").then(number).otherwise("RANDNO"),
        RANDTIM=pl.when("_slip").then("RANDTIM").otherwise(clock_after("RANDTIM", 60)),
    )
    return Planted(tables, noted(_RAND, new, rule="BX-ARM-05"))


def _failed_and_randomized(ground: Ground) -> Planted:
    """The end of participation of a randomized subject is entered as a screen failure."""
    ended = pl.col("DSEOSSTAT").is_in(["COMPLETED", "WITHDRAWAL BY SUBJECT"])
    rows = free_rows(ground, _END, ended & pl.col("randomized").is_not_null())
    rows = one_each(ground, rows, (_END, f"{_ASSIGN}/BX-ARM-07"))
    failed = "SCREEN FAILURE"
    tables, new = changed(
        ground,
        _END,
        rows,
        DSEOSSTAT=pl.lit(failed),
        DSEOSSTAT_DEC=pl.lit(codes.END_REASON[failed]),
        DSEOSTERM=pl.lit("PARTICIPATION ENDED"),
    )
    return Planted(tables, noted(_END, new, rule="BX-ARM-07"))


def _with_arms(ground: Ground, arms: dict[str, str]) -> Tables:
    """Key, with the fingerprint of its new rows, and randomization list with other ``arms`` by randomization number."""
    arm = pl.col("RANDNO").replace_strict(arms, default=pl.col("ARMCD"), return_dtype=pl.String)
    key = ground.tables[_KEY].with_columns(ARMCD=arm)
    lines = key.sort(SUBJECT).select(pl.concat_str(SUBJECT, "RANDNO", "ARMCD", separator=",")).to_series()
    fingerprint = sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    schedule = ground.tables[_SCHEDULE]
    return {
        _KEY: rewritten(key, key.with_columns(SHA256=pl.lit(fingerprint)), ["ARMCD", "SHA256"]),
        _SCHEDULE: rewritten(schedule, schedule.with_columns(ARMCD=arm), ["ARMCD"]),
    }


def _unbalanced_key(ground: Ground) -> Planted:
    """A control of a full cohort has an active arm in key and list: nothing is unblinded."""
    cohorts = _assigned(ground).select(SUBJECT, "COHORT")
    key = ground.tables[_KEY].join(cohorts, on=SUBJECT).filter(pl.len().over("COHORT") == _FULL)
    controls = key.filter(pl.col("ARMCD") == _CONTROL)
    if controls.is_empty():
        return Planted({}, notes_of())
    chosen = controls.row(int(ground.rng.integers(controls.height)), named=True)
    active = {"1": "BXU075", "2": "BXU150"}[chosen["COHORT"]]
    stop = stated(_KEY, fate="stopped", rule="BX-ARM-01", builds="unblinded")
    return Planted(_with_arms(ground, {chosen["RANDNO"]: active}), stop)


def _dose_of_other_cohort(ground: Ground) -> Planted:
    """A subject has the dose of the other cohort in key and list: nothing is unblinded."""
    active = ground.tables[_KEY].filter(pl.col("ARMCD") != _CONTROL)
    if active.is_empty():
        return Planted({}, notes_of())
    chosen = active.row(int(ground.rng.integers(active.height)), named=True)
    stop = stated(_KEY, fate="stopped", rule="BX-ARM-03", builds="unblinded")
    return Planted(_with_arms(ground, {chosen["RANDNO"]: _OTHER_COHORT[chosen["ARMCD"]]}), stop)


def _forbidden_column(ground: Ground) -> Planted:
    """A file has the column of the arms: the delivery does not land."""
    source = ("edc_ec", "edc_dm", "rtsm_assign", "lab_results")[int(ground.rng.integers(4))]
    separator = b"|" if source == "lab_results" else b","

    def spoil(whole: bytes) -> bytes:
        head, *rest = whole.splitlines(keepends=True)
        end = head[len(head.rstrip(b"\r\n")) :]
        more = [line.rstrip(b"\r\n") + separator + end for line in rest]
        return b"".join([head.rstrip(b"\r\n") + separator + b"ARMCD" + end, *more])

    return Planted({}, stated(source, fate="stopped", rule="BX-BL-01"), {source: spoil})


def _guess_in_words(ground: Ground) -> Planted:
    """Somebody writes a treatment into a free text: of a form, where there is one, and of the laboratory."""
    result: Tables = {}
    notes: list[pl.DataFrame] = []
    left = ground.count
    for source, column, words, where in _GUESSES:
        last = source == _LAB
        share = left if last else int(ground.rng.integers(left // 2 + 1))
        kept, by = (where, "LABTESTCD") if last else (ACTIVE & where, None)
        new = ground.picked(source, kept, count=share, by=by).with_columns(pl.lit(words).alias(column))
        result[source] = rewritten(ground.tables[source], new, [column])
        notes.append(noted(source, new, rule="BX-BL-02", first=ground.count - left + 1))
        left -= new.height
    return Planted(result, notes_of(*notes))


def _second_unblinding(ground: Ground) -> Planted:
    """Another subject of a cohort is unblinded in an emergency, so that there are two; the form tells no arm."""
    cohorts = _assigned(ground).select(SUBJECT, "COHORT")
    known = ground.tables[_UNB].filter(ACTIVE).join(cohorts, on=SUBJECT)
    first = known.group_by("COHORT").agg(pl.len().alias("_known"), day("UNBDAT").max().alias("_last"))
    people = ground.tables["edc_dsic"].filter(ACTIVE).join(cohorts, on=SUBJECT, maintain_order="left")
    people = with_days(ground, people).join(first, on="COHORT", how="inner", maintain_order="left")
    after = pl.max_horizontal("_last", pl.col("infusion") + timedelta(days=5)) + timedelta(days=4)
    until = pl.min_horizontal("ended", pl.lit(ground.as_of) - timedelta(days=1))
    plain = pl.col("end_reason").is_null() | (pl.col("end_reason") == "COMPLETED")
    fitting = people.with_columns(_day=after).filter(
        (pl.col("_known") == 1) & plain & (pl.col("_day") < until)
    )
    fitting = fitting.filter(~pl.col(SUBJECT).is_in(ground.tables[_UNB][SUBJECT].implode()))
    rows = one_each(ground, fitting, (_UNB, "edc_dseos/BX-BL-03", f"{_ASSIGN}/BX-BL-03"))
    rows = rows.unique("COHORT", keep="first", maintain_order=True)
    table, new = appended(ground.tables[_UNB], _unblinding_forms(rows))
    return Planted({_UNB: table}, noted(_UNB, new, rule="BX-BL-03"))


def _unblinding_forms(rows: pl.DataFrame) -> pl.DataFrame:
    at = pl.col("_day").dt.strftime("%Y-%m-%dT18:00:00Z")
    return rows.with_columns(
        VISITOID=pl.lit("LOG"),
        VISITNAME=pl.lit(codes.VISITS["LOG"]),
        FORMOID=pl.lit("UNB"),
        RECORDID=pl.format("{}-UNB-LOG-1-1", SUBJECT),
        RECVERSION=pl.lit("1"),
        CREATEDTS=at,
        MODIFIEDTS=at,
        UNBDAT=written(pl.col("_day")),
        UNBTIM=pl.lit("11:15"),
        UNBREAS=pl.lit("TREATMENT OF A SERIOUS ADVERSE EVENT"),
        UNBWHO=pl.col("SITEID") + "-PI",
    )


def _revealed_controls(ground: Ground) -> Planted:
    """Both controls of a cohort were revealed, which gives away all the others."""
    cohorts = _assigned(ground).select(SUBJECT, "COHORT")
    controls = ground.tables[_KEY].filter(pl.col("ARMCD") == _CONTROL).join(cohorts, on=SUBJECT).sort(SUBJECT)
    table = ground.tables[_REVEALED]
    hidden = controls.filter(pl.len().over("COHORT") == _CONTROLS)
    hidden = hidden.filter(~pl.col(SUBJECT).is_in(table[SUBJECT].implode()))
    new = hidden.filter(pl.col("COHORT") == pl.col("COHORT").max())
    if new.is_empty():
        return Planted({}, notes_of())
    at = pl.format(f"{ground.as_of.isoformat()}T23:{{}}:00Z", pl.int_range(pl.len()) + 10)  # nothing is later
    table, rows = appended(table, new.select(SUBJECT, at.alias("TS"), "ARMCD"))
    return Planted({_REVEALED: table}, noted(_REVEALED, rows.tail(1), rule="BX-BL-03", builds="unblinded"))


KINDS: Final[tuple[DefectKind, ...]] = (
    DefectKind("BX-ARM-01", _unbalanced_key, secret=True, alone=True),
    DefectKind("BX-ARM-02", _ninth_subject, alone=True),
    DefectKind("BX-ARM-03", _dose_of_other_cohort, secret=True, alone=True),
    DefectKind("BX-ARM-04", _early_cohort, alone=True),
    DefectKind("BX-ARM-05", _other_confirmation),
    DefectKind("BX-ARM-07", _failed_and_randomized),
    DefectKind("BX-BL-01", _forbidden_column, alone=True),
    DefectKind("BX-BL-02", _guess_in_words),
    DefectKind("BX-BL-03", _second_unblinding),
    DefectKind("BX-BL-03R", _revealed_controls, secret=True),
)
