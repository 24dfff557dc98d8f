"""How participation goes: the infusion, visits kept and missed, unplanned contacts, and how it ends."""

# ruff: noqa: PLR2004 - shares and sizes of an invented population stand where they are drawn

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.arrays import DAY, MISSING, Array, on_workday
from data_contracts.bxu001_ra.simulation.people import BEHIND_UTC, People
from pipeline.simulate import Streams

MISSED: Final = 0.012
NO_DRAW: Final = 0.005
UNPLANNED: Final = 0.15
BY_PHONE: Final = 0.3
BAG_ML: Final = 100
_DEATH_GAP, _LEAVING_GAPS = 1, (0, 1, 1, 2, 2, 3)
_RESULTS_SEEN = 6  # days from consent to the decision that a person is not eligible


@dataclass(frozen=True)
class Course:
    """Arrays [person] or [person, visit] (the planned visits, then one unplanned contact)."""

    infused: Array
    infusion: Array  # minute since 1970, local, of the start; MISSING if never infused
    minutes: Array  # length of the infusion
    interrupted: Array
    volume: Array  # mL infused
    visit: Array  # day, MISSING if neither done nor missed
    done: Array
    missed: Array
    drawn: Array  # samples for the central laboratory were taken
    phone: Array  # the unplanned contact was a call
    end: Array  # day on which participation ends
    ending: Array  # codes of the end-of-study form
    left_early: Array  # with an early termination visit

    def minute(self, visit: int, start: int, spread: Array) -> Array:
        """A moment on the day of ``visit``: ``start`` minutes after midnight plus ``spread``."""
        return np.where(self.done[:, visit], self.visit[:, visit] * DAY + start + spread, MISSING)


def course(streams: Streams, people: People) -> Course:
    """The course of every person; Day 2 and later only for those who were infused."""
    infused = people.randomized & (people.role != "never_infused")
    wait = 150 + (60 * streams.uniform("course/wait", people.size)).astype(np.int64)
    planned = _planned(streams, people)
    end, ending = _ends(streams, people, infused, planned[:, c.W52])
    left = np.isin(ending, ["WITHDRAWAL BY SUBJECT", "PHYSICIAN DECISION"]) & infused
    due = _due(planned, infused, people.randomized, end)
    missed = due & _missed(streams, people)
    unplanned, phone = _unplanned(streams, people, infused, end)
    visit = np.column_stack([planned[:, :-1], end, unplanned])
    done = np.column_stack([(due & ~missed)[:, :-1], left, unplanned != MISSING])
    missed = np.column_stack([missed, np.zeros(people.size, dtype=bool)])
    share = np.where(
        people.role == "incomplete", 0.955 + 0.035 * streams.uniform("course/share", people.size), 1.0
    )  # ended before the bag was empty, but not so early that the study asks why (BX-EX-09)
    return Course(
        infused=infused,
        infusion=np.where(infused, people.day1 * DAY + people.randomized_at + wait, MISSING),
        minutes=40 + (40 * streams.uniform("course/minutes", people.size)).astype(np.int64),
        interrupted=infused & np.isin(people.role, ["incomplete", "restart"]),
        volume=np.rint(BAG_ML * share).astype(np.int64),
        visit=np.where(done | missed, visit, MISSING),
        done=done,
        missed=missed,
        drawn=_drawn(streams, people, done, phone),
        phone=phone,
        end=end,
        ending=ending,
        left_early=left,
    )


def local_to_utc(zone: Array, minute: Array) -> Array:
    """Minutes of the winter months in UTC; ``zone`` is the place in ZONES."""
    utc: Array = minute + BEHIND_UTC[zone]
    return utc


def _planned(streams: Streams, people: People) -> Array:
    spread = np.maximum(np.array(c.WINDOW) - 1, 0)
    jitter = np.floor(streams.uniform("course/visit", people.size, len(c.VISITS)) * (2 * spread + 1)) - spread
    day = on_workday(people.day1[:, None] + np.array(c.STUDY_DAY) - 1 + jitter.astype(np.int64))
    day[:, c.SCR], day[:, c.D1], day[:, c.D2] = people.consent, people.day1, people.day1 + 1
    return day


def _gap_day(people: People, gap: Array, place: Array) -> Array:
    first, last = (np.array(part)[gap] for part in zip(*c.GAPS, strict=True))
    return on_workday(people.day1 - 1 + first + 1 + (place * (last - first - 2)).astype(np.int64))


def _ends(streams: Streams, people: People, infused: Array, week52: Array) -> tuple[Array, Array]:
    luck = streams.uniform("course/end", people.size, 3)
    leaving = np.array(_LEAVING_GAPS)[(luck[:, 0] * len(_LEAVING_GAPS)).astype(np.int64)]
    dead, lost = people.role == "death", people.role == "lost"
    gap = np.where(dead, _DEATH_GAP, leaving)
    early = dead | lost | (people.role == "withdrawal")
    doctor = luck[:, 2] < 0.2
    left = np.where(doctor & (people.order >= 16), "PHYSICIAN DECISION", "WITHDRAWAL BY SUBJECT")
    ending = np.select(
        [~people.randomized, ~infused, dead, lost, early],
        ["SCREEN FAILURE", "WITHDRAWAL BY SUBJECT", "DEATH", "LOST TO FOLLOW-UP", left],
        "COMPLETED",
    )
    day = np.select(
        [~people.randomized, ~infused, early],
        [on_workday(people.consent + _RESULTS_SEEN), people.day1, _gap_day(people, gap, luck[:, 1])],
        week52,
    )
    return day, ending


def _due(planned: Array, infused: Array, randomized: Array, end: Array) -> Array:
    due = infused[:, None] & (planned <= end[:, None])
    due[:, c.SCR], due[:, c.D1], due[:, c.ET] = True, randomized, False
    return due


def _missed(streams: Streams, people: People) -> Array:
    may = np.isin(np.arange(len(c.VISITS)), c.MAY_BE_MISSED)
    missed = (streams.uniform("course/missed", people.size, len(c.VISITS)) < MISSED) & may
    missed[:, c.W12] = people.role == "missed_week_12"
    return missed


def _unplanned(streams: Streams, people: People, infused: Array, end: Array) -> tuple[Array, Array]:
    luck = streams.uniform("course/unplanned", people.size, 4)
    day = _gap_day(people, (luck[:, 1] * len(c.GAPS)).astype(np.int64), luck[:, 2])
    happens = infused & (luck[:, 0] < UNPLANNED) & (day < end - 1)
    return np.where(happens, day, MISSING), happens & (luck[:, 3] < BY_PHONE)


def _drawn(streams: Streams, people: People, done: Array, phone: Array) -> Array:
    may = np.isin(np.arange(len(c.VISITS) + 1), c.MAY_BE_MISSED)
    failed = (streams.uniform("course/draw", people.size, len(c.VISITS) + 1) < NO_DRAW) & may
    planned = np.isin(np.arange(len(c.VISITS) + 1), (*c.LABORATORY, c.UNS))
    drawn = done & planned & ~failed
    drawn[:, c.UNS] &= ~phone
    return drawn
