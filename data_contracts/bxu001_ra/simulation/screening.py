"""Forms of the screening visit: who the subject is, consent, eligibility, history; and randomization."""

# ruff: noqa: PLR2004 - shares and sizes of an invented population stand where they are drawn

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from data_contracts.bxu001_ra.codes import CONDITIONS
from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.arrays import (
    DAY,
    MISSING,
    Array,
    clock,
    edc_date,
    one_of,
    ticked,
    yes_no,
)  # fmt: skip
from data_contracts.bxu001_ra.simulation.edc import entered
from data_contracts.bxu001_ra.simulation.lab_values import reported
from data_contracts.bxu001_ra.simulation.people import BEHIND_UTC, FAILURES, race_names
from data_contracts.bxu001_ra.simulation.terms import history_terms
from data_contracts.bxu001_ra.simulation.trial import Trial

_CONSENT_MINUTE: Final = 8 * 60
_DECISION: Final = 5  # days from consent to the eligibility decision of a person who is not eligible
_SLOTS_OF_HISTORY: Final = 4
_RF_ULN, _CCP_ULN = 14.0, 20.0
_MANY_JOINTS, _HIGH_POSITIVE = 10, 3


def demographics(trial: Trial) -> pl.DataFrame:
    """DM."""
    people = trial.people
    names = race_names()
    fields = {
        "BRTHDAT": edc_date(people.birth),
        "AGE": people.age,
        "AGEU": "YEARS",
        "SEX": one_of(("M", "F"), people.female.astype(np.int64)),
        **{f"RACE_{name}": ticked(people.races[:, names.index(name)]) for name in _form_order(names)},
        "RACEOTH": one_of(("MIXED HERITAGE",), people.races[:, names.index("OTHER")].astype(np.int64) - 1),
        "ETHNIC": one_of(("NH", "H"), people.hispanic.astype(np.int64)),
        "CHILDPOT": np.select([~people.female, people.childbearing], ["NA", "Y"], "N"),
        "DMDAT": edc_date(people.consent),
    }
    return entered(_all(trial), "SCR", trial.entered[:, c.SCR], fields)


def _form_order(names: tuple[str, ...]) -> list[str]:
    return [*sorted(set(names) - {"OTHER", "UNK"}), "OTHER", "UNK"]


def _all(trial: Trial) -> Array:
    return np.arange(trial.people.size)


def consent(trial: Trial) -> pl.DataFrame:
    """DSIC; a withdrawal of consent is added when it happens."""
    people, course = trial.people, trial.course
    spread = (50 * trial.streams.uniform("screening/consent", people.size)).astype(np.int64)
    withdrawn = np.where(course.left_early & (course.ending == "WITHDRAWAL BY SUBJECT"), course.end, MISSING)
    fields = {
        "ICDAT": edc_date(people.consent),
        "ICTIM": clock(_CONSENT_MINUTE + spread),
        "ICVERS": "1.0",
        "ICWITHDAT": edc_date(withdrawn),
        "ICWITHDAT__before": None,
    }
    amended = np.where(withdrawn == MISSING, MISSING, (withdrawn + 1) * DAY + 900)
    return entered(_all(trial), "SCR", trial.entered[:, c.SCR] - 20, fields, amended=amended)


def eligibility(trial: Trial) -> pl.DataFrame:
    """IE: one row a visit for those who are eligible, at screening the criterion not met for the others."""
    people, course = trial.people, trial.course
    failed = people.failure >= 0
    decided = np.where(failed, (people.consent + _DECISION) * DAY + 900, trial.entered[:, c.SCR])
    screening = entered(
        _all(trial),
        "SCR",
        decided,
        {
            "IEYN": yes_no(~failed),
            "IEDAT": edc_date(people.consent),
            "IETESTCD": one_of(FAILURES, people.failure),
        },
    )
    again = np.flatnonzero(course.done[:, c.D1])
    day1 = entered(
        again,
        "D1",
        trial.entered[again, c.D1],
        {"IEYN": "Y", "IEDAT": edc_date(people.day1[again]), "IETESTCD": None},
    )
    return pl.concat([screening, day1])


def randomization(trial: Trial) -> pl.DataFrame:
    """RAND: entered while the randomization system answers, so that the two never disagree for a night."""
    people = trial.people
    own = np.flatnonzero(people.randomized)
    moment = people.day1[own] * DAY + people.randomized_at[own]
    fields = {
        "RANDYN": "Y",
        "RANDDAT": edc_date(people.day1[own]),
        "RANDTIM": clock(moment),
        "RANDNO": people.number[own],
    }
    return entered(own, "D1", moment + BEHIND_UTC[people.zone[own]], fields)


def medical_history(trial: Trial) -> pl.DataFrame:
    """MH: up to four conditions a subject; the day of an old start is often unknown."""
    size, terms = trial.people.size, history_terms()
    luck = trial.streams.uniform("screening/history", size, _SLOTS_OF_HISTORY, 4)
    which = np.argsort(trial.streams.uniform("screening/condition", size, len(terms)), axis=1)[
        :, :_SLOTS_OF_HISTORY
    ]
    happened = luck[..., 0] < np.array((0.8, 0.6, 0.3, 0.15))
    person, slot = np.nonzero(happened)
    chance = luck[person, slot]
    consent = trial.people.consent[person]
    start = consent - 400 - (5000 * chance[:, 1]).astype(np.int64)
    ended = chance[:, 2] < 0.25
    end = np.where(ended, start + (0.8 * (consent - start)).astype(np.int64), MISSING)
    fields = {
        "MHTERM": one_of(terms, which[person, slot]),
        "MHSTDAT": partly_known(edc_date(start), chance[:, 3]),
        "MHENDAT": edc_date(end),
        "MHONGO": yes_no(~ended),
    }
    repeat = np.cumsum(happened, axis=1)[person, slot]
    return entered(person, "LOG", trial.entered[person, c.SCR], fields, repeat=repeat)


def partly_known(text: pl.Series, luck: Array) -> pl.Series:
    """Dates of long ago: the day of a third and the month of a tenth of them are unknown."""
    day_unknown, month_unknown = "UN" + text.str.slice(2), "UN-UNK" + text.str.slice(6)
    known = text.zip_with(pl.Series(luck >= 0.33), day_unknown)
    return known.zip_with(pl.Series(luck >= 0.10), month_unknown)


def conditions(trial: Trial) -> pl.DataFrame:
    """MHPRE: every pre-specified condition is asked for; who has one is not in the trial."""
    person = np.repeat(_all(trial), len(CONDITIONS))
    number = np.tile(np.arange(len(CONDITIONS)), trial.people.size)
    fields = {"MHPTERM": one_of(tuple(CONDITIONS), number), "MHOCCUR": "N", "MHSTDAT": None, "MHDETAIL": None}
    return entered(person, "SCR", trial.entered[person, c.SCR], fields, group=number + 1)


def ra_history(trial: Trial) -> pl.DataFrame:
    """MHRA: symptoms 2 to 20 years before consent, diagnosis within two years of them."""
    luck = trial.streams.uniform("screening/ra", trial.people.size, 3)
    onset = trial.people.consent - 1500 - (5500 * luck[:, 0]).astype(np.int64)
    diagnosis = onset + 60 + (650 * luck[:, 1]).astype(np.int64)
    fields = {"RASYMDAT": partly_known(edc_date(onset), luck[:, 2]), "RADXDAT": edc_date(diagnosis)}
    return entered(_all(trial), "SCR", trial.entered[:, c.SCR], fields)


def classification(trial: Trial) -> pl.DataFrame:
    """RACC: the 2010 criteria from the same joints, antibodies and CRP that are in the data."""
    joints = np.where(trial.activity.tender_count[:, 0] > _MANY_JOINTS, 5, 3)
    ratio = np.maximum(
        reported(trial.values, c.SCR, "RF") / 10 / _RF_ULN,
        reported(trial.values, c.SCR, "CCP") / 10 / _CCP_ULN,
    )
    serology = np.select([ratio <= 1, ratio <= _HIGH_POSITIVE], [0, 2], 3)
    reactants = (trial.activity.crp[:, 0] > 50).astype(np.int64)
    fields = {
        "RACCA": joints,
        "RACCB": serology,
        "RACCC": reactants,
        "RACCD": 1,
        "RACCTOT": joints + serology + reactants + 1,
        "RACCDAT": edc_date(trial.people.consent),
    }
    return entered(
        _all(trial), "SCR", np.maximum(trial.entered[:, c.SCR], trial.reported[:, c.SCR] + 600), fields
    )
