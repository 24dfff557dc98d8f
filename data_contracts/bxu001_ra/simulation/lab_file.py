"""The laboratory's file: who was drawn when, and one row for every result."""

# ruff: noqa: PLR2004 - shares and sizes of an invented population stand where they are drawn

from __future__ import annotations

from datetime import date
from typing import Final

import numpy as np
import polars as pl

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation import lab_values as lv
from data_contracts.bxu001_ra.simulation.arrays import (
    DAY,
    MISSING,
    Array,
    clock,
    compact_date,
    day_number,
    moments,
    one_of,
)  # fmt: skip
from data_contracts.bxu001_ra.simulation.course import Course
from data_contracts.bxu001_ra.simulation.people import People
from pipeline.simulate import Streams

LABELS: Final = (
    "SCREENING", "DAY 1", "DAY 2", "WEEK 1", "WEEK 2", "WEEK 4", "WEEK 8", "WEEK 12", "WEEK 14", "WEEK 24",
    "WEEK 36", "WEEK 52", "ET", "UNSCH",
)  # fmt: skip
LABORATORY: Final = "CENTRAL LABORATORY"
_PANELS: Final = {
    "HEM": c.LABORATORY, "CHEM": c.LABORATORY, "ACTIVITY": c.EFFICACY, "COAG": c.COAGULATION,
    "UA": c.URINALYSIS,
    "AUTOIMM": c.AUTOIMMUNITY, "SERO": (c.SCR,), "PREG": (c.SCR,),
}  # fmt: skip
_UNPLANNED: Final = ("HEM", "CHEM")
# Accession numbers are scrambled modulo a prime, so that they say nothing about the subject.
_PRIME, _FACTOR = 9_999_991, 4_567_891
_FLAGS: Final = ("L", "N", "H", "A")
_LOW, _NORMAL, _HIGH, _ABNORMAL = range(len(_FLAGS))


def accession(size: int) -> Array:
    """Accession numbers [person, slot]."""
    return ((np.arange(size)[:, None] * 16 + np.arange(lv.SLOTS) + 1) * _FACTOR) % _PRIME


def drawn_at(streams: Streams, people: People, course: Course) -> Array:
    """Minute of collection [person, slot], local time; on Day 1 before the infusion. MISSING if not drawn."""
    spread = (75 * streams.uniform("lab/minute", people.size, lv.SLOTS)).astype(np.int64)
    start = np.full((people.size, lv.SLOTS), 9 * 60 + 30)
    start[:, c.D1] = people.randomized_at + 20
    return np.where(course.drawn, course.visit * DAY + start + spread, MISSING)


def fasting(streams: Streams, people: People) -> pl.Series:
    """Y, N or U for every draw, person by person."""
    luck = streams.uniform("lab/fasting", people.size, lv.SLOTS).ravel()
    return one_of(("Y", "N", "U"), np.searchsorted((0.75, 0.97), luck, side="right"))


def reported_at(streams: Streams, people: People, course: Course) -> Array:
    """Minute of the report [person, slot]: the second or third evening. MISSING if not drawn."""
    luck = streams.uniform("lab/report", people.size, lv.SLOTS, 2)
    later = (2 + (luck[..., 0] < 0.2)) * DAY + 18 * 60 + (240 * luck[..., 1]).astype(np.int64)
    return np.where(course.drawn, course.visit * DAY + later, MISSING)


def lab_file(streams: Streams, people: People, course: Course, values: Array, as_of: date) -> pl.DataFrame:
    """All results reported by the end of ``as_of``, oldest report first, tests in the laboratory's order."""
    report = reported_at(streams, people, course)
    person, slot = np.nonzero(course.drawn & (report < (day_number(as_of) + 1) * DAY))
    order = np.lexsort((accession(people.size)[person, slot], report[person, slot]))
    person, slot = person[order], slot[order]
    draw, test = _planned_results(people, person, slot)
    return pl.concat(
        [
            _draws(streams, people, course, person, slot)[draw],
            _test_facts()[test],
            _results(
                people=people, course=course, values=values, person=person[draw], slot=slot[draw], test=test
            ),
        ],
        how="horizontal",
    )


def _planned_results(people: People, person: Array, slot: Array) -> tuple[Array, Array]:
    """Which tests each draw has, as (place of the draw, place of the test)."""
    planned = np.zeros((lv.SLOTS, lv.tests().height), dtype=bool)
    for index, panel in enumerate(lv.tests()["panel"]):
        planned[[*_PANELS[panel]], index] = True
        planned[c.UNS, index] = panel in _UNPLANNED
    wanted = planned[slot]
    wanted[:, lv.place("HCG")] &= people.childbearing[person]
    draw, test = np.nonzero(wanted)
    return draw, test


def _draws(streams: Streams, people: People, course: Course, person: Array, slot: Array) -> pl.DataFrame:
    collected = drawn_at(streams, people, course)[person, slot]
    report = reported_at(streams, people, course)[person, slot]
    subject = pl.Series(people.subject)
    return pl.DataFrame(
        {
            "STUDYID": pl.repeat("BXU001-RA", person.size, eager=True),
            "SITEID": pl.Series(people.site[person]).cast(pl.String),
            "SUBJID": subject.gather(person),
            "SCRNNO": ("S" + subject.str.replace("-", "", literal=True)).gather(person),
            "SEX": one_of(("M", "F"), people.female[person].astype(np.int64)),
            "BRTHYR": compact_date(people.birth).str.head(4).gather(person),
            "VISITLBL": one_of(LABELS, slot),
            "ACCESSN": accession_text(accession(people.size)[person, slot]),
            "COLLDT": compact_date(collected // DAY),
            "COLLTM": clock(collected, ""),
            "RECVDT": compact_date(collected // DAY + 1),
            "RPTDT": moments(report).dt.strftime("%Y%m%dT%H%M"),
            "FAST": fasting(streams, people).gather(person * lv.SLOTS + slot),
        }
    )


def accession_text(numbers: Array) -> pl.Series:
    """Accession numbers as printed."""
    return "C" + pl.Series(numbers).cast(pl.String).str.zfill(7)


def _test_facts() -> pl.DataFrame:
    panel = (
        pl.when(pl.col("panel") != "ACTIVITY").then("panel").when(pl.col("code") == "ESR").then(pl.lit("HEM"))
    )
    return lv.tests().select(
        PANEL=panel.otherwise(pl.lit("CHEM")),
        LABTESTCD="code",
        LABTEST=pl.col("name").str.to_uppercase(),
        LOINC="loinc",
        SPECIMEN="specimen",
        METHOD="method",
        UNIT="unit",
        REFTXT="normal",
        RSTAT=pl.lit("F"),
        REVNO=pl.lit("0"),
        COMMENT=pl.lit(None, pl.String),
        LABNAM=pl.lit(LABORATORY),
        LLOQ="lloq",
    )


def _results(
    *, people: People, course: Course, values: Array, person: Array, slot: Array, test: Array
) -> pl.DataFrame:
    value = values[person, slot, test]
    group = (test * 2 + people.female[person]) * 2 + lv.older(people, course)[person, slot]
    low, high = (_limit_texts(bound).gather(group) for bound in ("low", "high"))
    return pl.DataFrame(
        {
            "RESULT": _texts(value, test),
            "REFLO": low,
            "REFHI": high,
            "ABNFL": one_of(_FLAGS, _flags(value, test, group)),
        }
    )


def _limit_texts(bound: str) -> pl.Series:
    flat = lv.limits(bound).reshape(-1)
    decimals = np.repeat(lv.places(), 4)
    return pl.Series(
        [
            None if np.isnan(limit) else f"{limit:.{place}f}"
            for limit, place in zip(flat, decimals, strict=True)
        ],
        dtype=pl.String,
    )


def _flags(value: Array, test: Array, group: Array) -> Array:
    scale = np.repeat(10.0 ** lv.places(), 4)
    low, high = (np.rint(lv.limits(bound).reshape(-1) * scale)[group] for bound in ("low", "high"))
    numeric = np.where(value < low, _LOW, np.where(value > high, _HIGH, _NORMAL))
    return np.where(
        _is_character()[test],
        np.where(_normal_outcome()[test, value * _is_character()[test]], _NORMAL, _ABNORMAL),
        numeric,
    )


def _is_character() -> Array:
    return lv.tests()["outcomes"].is_not_null().to_numpy()


def _outcome_lists() -> list[list[str]]:
    return [
        [part.split(":")[0] for part in outcomes.split(";")] if outcomes is not None else []
        for outcomes in _with_positive()
    ]


def _with_positive() -> list[str | None]:
    """HBsAg can be positive in a screen failure although its outcome is never drawn."""
    return [
        f"{outcomes};POSITIVE:0" if code == "HBSAG" else outcomes
        for code, outcomes in lv.tests().select("code", "outcomes").iter_rows()
    ]


def _normal_outcome() -> Array:
    lists, normal = _outcome_lists(), lv.tests()["normal"].to_list()
    table = np.zeros((len(lists), 1 + max(map(len, lists))), dtype=bool)
    for index, outcomes in enumerate(lists):
        for place, outcome in enumerate(outcomes):
            table[index, place] = outcome in normal[index].split(";")
    return table


def _texts(value: Array, test: Array) -> pl.Series:
    """Results as text through one table of all texts that occur, because there are millions of results."""
    decimals = np.where(_is_character(), -1 - np.arange(lv.tests().height), lv.places())[test]
    texts = pl.Series(dtype=pl.String)
    index = np.empty(value.size, dtype=np.int64)
    for kind in np.unique(decimals):
        own = decimals == kind
        first = int(value[own].min())
        index[own] = value[own] - first + texts.len()
        texts = texts.append(pl.Series(_table(int(kind), first, int(value[own].max())), dtype=pl.String))
    shown = texts.gather(index)
    return _censored(shown, value, test)


def _table(kind: int, first: int, last: int) -> list[str]:
    if kind < 0:
        return _outcome_lists()[-1 - kind][first : last + 1]
    return [f"{number / 10**kind:.{kind}f}" for number in range(first, last + 1)]


def _censored(shown: pl.Series, value: Array, test: Array) -> pl.Series:
    limit = lv.tests()["lloq"].cast(pl.Float64).fill_null(-1.0).to_numpy()
    below = (value < np.rint(limit * 10.0 ** lv.places())[test]) & ~_is_character()[test]
    texts = pl.Series([None if lloq is None else f"<{lloq}" for lloq in lv.tests()["lloq"]], dtype=pl.String)
    return shown.zip_with(~pl.Series(below), texts.gather(test))


def unscheduled_reason(course: Course) -> pl.Series:
    """Why an unplanned contact happened."""
    return one_of(
        ("REPEAT OF SAFETY LABORATORY TESTS", "FOLLOW-UP OF AN ADVERSE EVENT"), course.phone.astype(np.int64)
    )
