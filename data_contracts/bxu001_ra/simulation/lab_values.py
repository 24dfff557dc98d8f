"""Laboratory values: integers in units of the last decimal, coherent within a sample and over time."""

# ruff: noqa: PLR2004 - shares and sizes of an invented population stand where they are drawn

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.activity import Activity
from data_contracts.bxu001_ra.simulation.arrays import MISSING, Array, completed_years, scaled
from data_contracts.bxu001_ra.simulation.course import Course
from data_contracts.bxu001_ra.simulation.people import FAILURES, People, race_names
from pipeline.simulate import Streams

SLOTS: Final = len(c.VISITS) + 1  # planned visits and one unplanned draw
_PERCENTS: Final = ("NEUTLE", "LYMLE", "MONOLE", "EOSLE", "BASOLE")
_COUNTS: Final = ("NEUT", "LYM", "MONO", "EOS", "BASO")
# MDRD with four variables, IDMS-traceable creatinine (Levey 2006)
_MDRD, _MDRD_FEMALE, _MDRD_BLACK, _MDRD_CREATININE, _MDRD_AGE = 175, 0.742, 1.212, -1.154, -0.203
_MOST_CREATININE: Final = (1.0, 1.25)  # mg/dL, female and male: above 45 mL/min at every age of the trial
_ESR_AGE: Final = 50  # the upper limit of the ESR rises by this age
ESR_RISE: Final = (5, 10)  # mm/h, male and female
_POSITIVE: Final = 1


@cache
def tests() -> pl.DataFrame:
    """The laboratory's tests in the order of its report, every column as text, blank = null."""
    return pl.read_csv(Path(__file__).with_name("lab_tests.csv"), infer_schema=False)


def place(code: str, panel: str | None = None) -> int:
    """Row of a test in ``tests``; the first one, or the one of ``panel``."""
    rows = tests().with_row_index().filter(pl.col("code") == code)
    return int((rows if panel is None else rows.filter(pl.col("panel") == panel))["index"][0])


def places() -> Array:
    """Decimals by test; 0 for character tests."""
    return tests()["places"].cast(pl.Int64).fill_null(0).to_numpy()


def limits(bound: str) -> Array:
    """Reference limit (``low`` or ``high``) as a number [test, sex, age group]; NaN if there is none."""
    table = tests()
    both = np.stack([table[f"{bound}_{sex}"].cast(pl.Float64).to_numpy() for sex in ("m", "f")], axis=1)
    grouped = np.repeat(both[:, :, None], 2, axis=2)
    if bound == "high":
        grouped[place("ESR"), :, 1] += ESR_RISE
    return grouped


def lab_values(streams: Streams, people: People, course: Course, activity: Activity) -> Array:
    """Values [person, slot, test] in units of the last decimal, or the place of the outcome."""
    values = _drawn_values(streams, people)
    _failures(values, people)
    _liver(values, people)
    _disease(values, activity)
    _blood_count(values)
    _filtration(values, people, _ages(people, course))
    _antibodies(streams, values, people)
    result = np.rint(values * 10.0 ** places()).astype(np.int64)
    _outcomes(streams, result, people)
    return result


def older(people: People, course: Course) -> Array:
    """Age group [person, slot] that decides the reference range of the ESR: 1 from 50 years."""
    group: Array = (_ages(people, course) >= _ESR_AGE).astype(np.int64)
    return group


def _ages(people: People, course: Course) -> Array:
    """Completed years of age [person, slot]; at consent where there was no visit."""
    day = np.maximum(course.visit, people.consent[:, None])
    return completed_years(np.repeat(people.birth, SLOTS), day.ravel()).reshape(-1, SLOTS)


def _drawn_values(streams: Streams, people: People) -> Array:
    facts = {
        name: tests()[name].cast(pl.Float64).fill_null(0.0).to_numpy()
        for name in ("middle_m", "middle_f", "between", "within", "least", "most")
    }
    middle = np.where(people.female[:, None], facts["middle_f"], facts["middle_m"])
    own = facts["between"] * streams.normal("lab/own", people.size, tests().height)
    day = facts["within"] * streams.normal("lab/day", people.size, SLOTS, tests().height)
    values: Array = np.clip((middle + own)[:, None, :] + day, facts["least"], facts["most"])
    return values


def _failures(values: Array, people: People) -> None:
    """Screening values of those who fail on one of them."""
    values[:, :, place("CREAT")] = np.minimum(
        values[:, :, place("CREAT")], np.where(people.female, *_MOST_CREATININE)[:, None]
    )
    kidney = people.failure == FAILURES.index("EXCL05")
    values[kidney, c.SCR, place("CREAT")] = 2.4
    liver = people.failure == FAILURES.index("EXCL04")
    values[liver, c.SCR, place("ALT")] = 148
    values[liver, c.SCR, place("AST")] = 121


def _liver(values: Array, people: People) -> None:
    """A passing rise of ALT and AST below three times their limits, found at Week 4."""
    ill = people.role == "liver"
    values[ill, c.W4, place("ALT")] = 96
    values[ill, c.W4, place("AST")] = 78


def _disease(values: Array, activity: Activity) -> None:
    values[:, c.EFFICACY, place("CRP")] = activity.crp / 10
    values[:, c.EFFICACY, place("ESR")] = activity.esr


def _blood_count(values: Array) -> None:
    """Derived indices from what is reported, so that a sample is consistent with itself."""
    at = {
        code: place(code) for code in ("WBC", "RBC", "MCV", "MCHC", "HCT", "HGB", "MCH", *_PERCENTS, *_COUNTS)
    }
    values[:, :, at["HCT"]] = values[:, :, at["RBC"]] * values[:, :, at["MCV"]] / 10
    values[:, :, at["HGB"]] = values[:, :, at["HCT"]] * values[:, :, at["MCHC"]] / 100
    values[:, :, at["MCH"]] = values[:, :, at["HGB"]] / values[:, :, at["RBC"]] * 10
    percents = [at[code] for code in _PERCENTS]
    shares = values[:, :, percents] / values[:, :, percents].sum(axis=2, keepdims=True)
    values[:, :, percents] = 100 * shares
    values[:, :, [at[code] for code in _COUNTS]] = np.rint(1000 * shares) / 1000 * values[:, :, [at["WBC"]]]


def _filtration(values: Array, people: People, age: Array) -> None:
    reported = scaled(values[:, :, place("CREAT")], 2) / 100
    black = people.races[:, race_names().index("BLACK")]
    factor = np.where(people.female, _MDRD_FEMALE, 1.0) * np.where(black, _MDRD_BLACK, 1.0)
    values[:, :, place("GFRE")] = _MDRD * reported**_MDRD_CREATININE * age**_MDRD_AGE * factor[:, None]


def _antibodies(streams: Streams, values: Array, people: People) -> None:
    """RF and anti-CCP: at least one of them positive, except in those who fail on it."""
    luck = streams.uniform("lab/antibodies", people.size, 4)
    rf = (luck[:, 0] < 0.8) | (luck[:, 1] >= 0.75)
    ccp = luck[:, 1] < 0.75
    negative = people.failure == FAILURES.index("INCL09")
    level = np.where((rf & ~negative)[:, None], 16 + 140 * luck[:, [2]] ** 2, 8 + 5 * luck[:, [2]])
    values[:, :, place("RF")] = level * np.linspace(1, 0.9, SLOTS)
    values[:, :, place("RF")] = np.where(
        level > 16, np.maximum(values[:, :, place("RF")], 14.6), np.minimum(level, 13)
    )
    level = np.where((ccp & ~negative)[:, None], 24 + 220 * luck[:, [3]] ** 2, 3 + 12 * luck[:, [3]])
    values[:, :, place("CCP")] = level + 0 * values[:, :, place("CCP")]


def _outcomes(streams: Streams, result: Array, people: People) -> None:
    luck = streams.uniform("lab/outcome", people.size, SLOTS, tests().height)
    for index, outcomes in enumerate(tests()["outcomes"]):
        if outcomes is not None:
            edges = np.cumsum([float(part.split(":")[1]) for part in outcomes.split(";")])[:-1]
            result[:, :, index] = np.searchsorted(edges, luck[:, :, index], side="right")
    infected = people.failure == FAILURES.index("EXCL01")
    result[infected, c.SCR, place("HBSAG")] = _POSITIVE


def reported(values: Array, visit: int, code: str) -> Array:
    """Values of one test at one visit, in units of the last decimal."""
    column: Array = values[:, visit, place(code)]
    return column


def crp_text(crp: Array) -> pl.Series:
    """CRP (tenths of mg/L) as the laboratory reports it: ``<0.5`` below its limit, null where MISSING."""
    tenths = pl.Series("t", crp, dtype=pl.Int64)
    text = pl.concat_str((pl.col("t") // 10).cast(pl.String), pl.lit("."), (pl.col("t") % 10).cast(pl.String))
    shown = (
        pl.when(pl.col("t") == MISSING).then(None).when(pl.col("t") < 5).then(pl.lit("<0.5")).otherwise(text)
    )
    return tenths.to_frame().select(shown).to_series()
