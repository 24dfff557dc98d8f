"""Forms of every visit: the visit itself, vital signs, samples, urine pregnancy test, infusion."""

# ruff: noqa: PLR2004 - shares and sizes of an invented population stand where they are drawn

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.arrays import (
    DAY,
    MISSING,
    Array,
    clock,
    edc_date,
    fixed,
    one_of,
    yes_no,
)  # fmt: skip
from data_contracts.bxu001_ra.simulation.course import BAG_ML
from data_contracts.bxu001_ra.simulation.edc import entered
from data_contracts.bxu001_ra.simulation.lab_file import (
    accession,
    accession_text,
    drawn_at,
    fasting,
    unscheduled_reason,
)  # fmt: skip
from data_contracts.bxu001_ra.simulation.lab_values import SLOTS
from data_contracts.bxu001_ra.simulation.trial import Trial

_OIDS: Final = (*c.VISITS, c.UNSCHEDULED)
_NO_VISIT: Final = ("SUBJECT WAS TRAVELLING", "SUBJECT WAS ILL", "SITE CLOSED BY WEATHER")
_LATE: Final = 0.01  # share of vital signs that are corrected later
_AFTER_START: Final = (15, 30, 60, 120, 240)
# A site that measures in pounds, inches and Fahrenheit.
_IMPERIAL_SITES: Final = 3
_POUND, _INCH = 0.45359237, 2.54


def visits(trial: Trial) -> pl.DataFrame:
    """SV: done, missed, and unplanned contacts."""
    course = trial.course
    person, slot = np.nonzero(course.done | course.missed)
    done = course.done[person, slot]
    day = np.where(done, course.visit[person, slot], MISSING)
    phone = (slot == c.UNS) & course.phone[person]
    reason = (person + slot) % len(_NO_VISIT)
    unplanned = unscheduled_reason(course).gather(person)
    fields = {
        "SVPERF": yes_no(done),
        "SVDAT": edc_date(day),
        "SVENDAT": edc_date(day),
        "SVMODE": one_of(("CLINIC", "PHONE"), np.where(done, phone.astype(np.int64), -1)),
        "SVREASND": one_of(_NO_VISIT, np.where(done, -1, reason)),
        "SVUPDES": unplanned.set(pl.Series(slot != c.UNS), None),
    }
    return entered(person, one_of(_OIDS, slot), trial.entered[person, slot], fields)


def laboratory_collection(trial: Trial) -> pl.DataFrame:
    """LBC: one row a visit with samples, also when they could not be taken."""
    course = trial.course
    planned = np.isin(np.arange(SLOTS), (*c.LABORATORY, c.UNS))
    person, slot = np.nonzero(course.done & planned & ~((np.arange(SLOTS) == c.UNS) & course.phone[:, None]))
    drawn = course.drawn[person, slot]
    minute = drawn_at(trial.streams, trial.people, course)[person, slot]
    numbers = accession_text(accession(trial.people.size)[person, slot])
    fields = {
        "LBPERF": yes_no(drawn),
        "LBREASND": one_of(("VEIN COULD NOT BE FOUND",), -drawn.astype(np.int64)),
        "LBDAT": edc_date(np.where(drawn, minute // DAY, MISSING)),
        "LBTIM": clock(minute),
        "ACCESSN": numbers.set(pl.Series(~drawn), None),
        "LBFAST": fasting(trial.streams, trial.people)
        .gather(person * SLOTS + slot)
        .set(pl.Series(~drawn), None),
    }
    # Entered before the laboratory can report, so that a result never precedes its collection form.
    created = np.minimum(trial.entered[person, slot], course.visit[person, slot] * DAY + 2 * DAY)
    return entered(person, one_of(_OIDS, slot), created, fields)


def pregnancy_test(trial: Trial) -> pl.DataFrame:
    """UPT: women of child-bearing potential, on Day 1 before the infusion."""
    course = trial.course
    person, place = np.nonzero(course.done[:, c.URINE_HCG] & trial.people.childbearing[:, None])
    slot = np.array(c.URINE_HCG)[place]
    minute = np.where(slot == c.D1, trial.people.randomized_at[person] + 10, 9 * 60 + 20)
    fields = {
        "UPTYN": "Y",
        "UPTDAT": edc_date(course.visit[person, slot]),
        "UPTTIM": clock(minute),
        "UPTRES": "NEG",
    }
    return entered(person, one_of(_OIDS, slot), trial.entered[person, slot], fields)


def infusion(trial: Trial) -> pl.DataFrame:
    """EC: a restart is the second repeat of the form; randomized without infusion has ECYN N."""
    people, course = trial.people, trial.course
    own = np.flatnonzero(people.randomized)
    infused = course.infused[own]
    restarted = infused & (people.role[own] == "restart")
    start, length = course.infusion[own], course.minutes[own]
    first_end = start + np.where(restarted, length // 2, length)
    first = np.where(restarted, BAG_ML * 2 // 5, course.volume[own])
    stopped = course.interrupted[own]
    whole = _interval(trial, own, start, first_end, first, interrupted=stopped)
    again = own[restarted]
    second_start = first_end[restarted] + 20
    second = _interval(
        trial,
        again,
        second_start,
        second_start + length[restarted] // 2,
        np.full(again.size, BAG_ML - BAG_ML * 2 // 5),
        interrupted=np.zeros(again.size, dtype=bool),
    )
    return pl.concat([whole, second.with_columns(FORMREPEAT=pl.lit(2, pl.Int64))])


def _interval(
    trial: Trial, own: Array, start: Array, end: Array, volume: Array, *, interrupted: Array
) -> pl.DataFrame:
    people, infused = trial.people, trial.course.infused[own]
    given = {
        "ECSTDAT": edc_date(np.where(infused, start // DAY, MISSING)),
        "ECSTTIM": clock(np.where(infused, start, MISSING)),
        "ECENDAT": edc_date(np.where(infused, end // DAY, MISSING)),
        "ECENTIM": clock(np.where(infused, end, MISSING)),
        "ECWT": fixed(np.where(infused, np.rint(10 * people.weight[own]), MISSING), 1),
        "ECVOLPRP": fixed(np.where(infused, BAG_ML, MISSING), 0),
        "ECVOL": fixed(np.where(infused, volume, MISSING), 0),
        "ECINTRP": yes_no(interrupted).set(pl.Series(~infused), None),
        "ECADJ": one_of(("INFUSION REACTION",), interrupted.astype(np.int64) - 1),
    }
    fields: dict[str, Any] = {
        "ECYN": yes_no(infused),
        "ECREASN": one_of(("SUBJECT DECLINED THE INFUSION",), -infused.astype(np.int64)),
        "ECBAGNO": bag_text(people.bag[own]).set(pl.Series(~infused), None),
        **given,
    }
    return entered(own, "D1", trial.entered[own, c.D1], fields)


def bag_text(numbers: Array) -> pl.Series:
    """Bag numbers as printed."""
    return "B" + pl.Series(numbers).cast(pl.String)


def vital_signs(trial: Trial) -> pl.DataFrame:
    """VS: one row a visit, six on Day 1 (one if there was no infusion)."""
    course = trial.course
    planned = np.where(np.arange(SLOTS) == c.UNS, ~course.phone[:, None], True)
    person, slot = np.nonzero(course.done & planned)
    point = np.where(slot == c.D1, 0, -1)
    treated = np.flatnonzero(course.infused)
    person = np.concatenate([person, np.repeat(treated, len(_AFTER_START))])
    slot = np.concatenate([slot, np.full(treated.size * len(_AFTER_START), c.D1)])
    point = np.concatenate([point, np.tile(np.arange(1, len(_AFTER_START) + 1), treated.size)])
    return _measured(trial, person, slot, point)


def _measured(trial: Trial, person: Array, slot: Array, point: Array) -> pl.DataFrame:
    size = trial.people.size
    cell = slot + np.where(point > 0, SLOTS + point - 1 - c.D1, 0)
    own = trial.streams.normal("vitals/own", size, 6)[person]
    day = trial.streams.normal("vitals/day", size, SLOTS + len(_AFTER_START), 6)[person, cell]
    luck = trial.streams.uniform("vitals/luck", size, SLOTS + len(_AFTER_START), 4)[person, cell]
    optional = np.isin(slot, c.MAY_BE_MISSED)
    none = optional & (luck[:, 0] < 0.003)
    no_oxygen = ~none & (luck[:, 1] < 0.005) & (point <= 0)
    values = (
        np.array((126, 78, 72, 15, 367, 97.5))
        + np.array((11, 7, 8, 1.5, 2, 0.9)) * own
        + np.array((5, 4, 4, 1, 2, 0.5)) * day
    )
    values = np.rint(values).astype(np.int64)
    values[:, 5] = np.clip(values[:, 5], 94, 100)
    shown = np.where(none[:, None], MISSING, values)
    wrong = np.where(none, MISSING, shown[:, 2] + 30)
    imperial = (trial.people.site[person] % _IMPERIAL_SITES == 0) & ~none
    late = ~none & (luck[:, 2] < _LATE)
    created = trial.entered[person, slot] + np.maximum(point, 0)
    fields = {
        "VSPERF": yes_no(~none),
        "VSREASND": one_of(
            ("STAFF NOT AVAILABLE", "OXIMETER BROKEN"), np.select([none, no_oxygen], [0, 1], -1)
        ),
        "VSDAT": edc_date(np.where(none, MISSING, trial.course.visit[person, slot])),
        "VSTPT": one_of(("PRE", *(str(minute) for minute in _AFTER_START)), point),
        "VSTIM": clock(np.where(none, MISSING, _minute_of(trial, person, slot, point, luck[:, 3]))),
        **{name: fixed(shown[:, place], 0) for place, name in enumerate(("SYSBP", "DIABP", "PULSE", "RESP"))},
        "PULSE__before": fixed(np.where(late, wrong, shown[:, 2]), 0),
        "TEMP": fixed(np.where(imperial, np.rint(shown[:, 4] * 1.8 + 320), shown[:, 4]), 1),
        "TEMPU": one_of(("C", "F"), np.where(none, -1, imperial.astype(np.int64))),
        "OXYSAT": fixed(np.where(no_oxygen, MISSING, shown[:, 5]), 0),
        "VSPOS": one_of(("SITTING", "SUPINE"), np.where(none, -1, (point > 0).astype(np.int64))),
        **_body(trial, person, slot, planned=(point <= 0) & ~none, imperial=imperial),
    }
    amended = np.where(late, created + (10 + (20 * luck[:, 3]).astype(np.int64)) * DAY, MISSING)
    return entered(
        person, one_of(_OIDS, slot), created, fields, group=np.maximum(point, 0) + 1, amended=amended
    )


def _minute_of(trial: Trial, person: Array, slot: Array, point: Array, luck: Array) -> Array:
    after = np.array((0, *_AFTER_START))[np.maximum(point, 0)]
    usual = trial.course.visit[person, slot] * DAY + 9 * 60 + (20 * luck).astype(np.int64)
    day1 = trial.people.day1[person] * DAY + trial.people.randomized_at[person] + 40
    infused = np.where(point > 0, trial.course.infusion[person] + after, day1)
    return np.where(slot == c.D1, infused, usual)


def _body(
    trial: Trial, person: Array, slot: Array, *, planned: Array, imperial: Array
) -> dict[str, pl.Series]:
    """Weight where it is planned (on Day 1 the dosing weight), height once."""
    weighed = np.isin(slot, c.WEIGHT) & planned
    drift = np.rint(8 * trial.streams.normal("vitals/weight", trial.people.size, SLOTS))[person, slot]
    tenths = np.rint(10 * trial.people.weight[person]) + np.where(slot > c.D1, drift, 0)
    weight = np.where(imperial, np.rint(tenths / _POUND), tenths)
    once = (slot == c.SCR) & planned
    tall = np.where(
        imperial, np.rint(10 * trial.people.height[person] / _INCH), 10 * trial.people.height[person]
    )
    unit = imperial.astype(np.int64)
    return {
        "WEIGHT": fixed(np.where(weighed, weight, MISSING), 1),
        "WEIGHTU": one_of(("kg", "lb"), np.where(weighed, unit, -1)),
        "HEIGHT": fixed(np.where(once, tall, MISSING), 1),
        "HEIGHTU": one_of(("cm", "in"), np.where(once, unit, -1)),
    }
