"""Disease activity: one latent course per subject drives joints, global scales, HAQ, CRP and ESR.

This is the only place where the arm changes collected data: through the size of the response.
"""

# ruff: noqa: PLR2004 - shares and sizes of an invented population stand where they are drawn

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.arrays import MISSING, Array, scaled
from data_contracts.bxu001_ra.simulation.course import Course
from data_contracts.bxu001_ra.simulation.people import FAILURES, People
from pipeline.simulate import Streams

JOINTS: Final = 28
FEWEST_JOINTS: Final = 5  # at screening and baseline; the criteria ask for 4
MOST_JOINTS: Final = 26
CRP_LIMIT: Final = 5  # in tenths of mg/L: below it the laboratory reports "<0.5"
CRP_ULN: Final = 5.0
ACTIVITIES: Final = 20
REACHED: Final = np.array(
    (0, 0, 0.55, 0.85, 1, 1.05, 1.05, 1, 0.9)
)  # share of the response, by efficacy visit
AFTER_RESCUE: Final = 0.5  # rescue halves what activity is left
_RESPONSE: Final = {"active": (0.48, 0.22), "placebo": (0.20, 0.18)}  # mean and spread
_IMPROVED: Final = 5  # 20 % is one fifth


@dataclass(frozen=True)
class Activity:
    """Arrays [person, efficacy visit]; meaningful where the visit was done."""

    tender: Array  # [person, visit, joint]
    swollen: Array
    evaluable: Array  # [person, joint]
    tender_count: Array
    swollen_count: Array
    patient: Array  # mm
    physician: Array
    pain: Array
    crp: Array  # tenths of mg/L
    esr: Array  # mm/h
    difficulty: Array  # [person, visit, activity], -1 = not answered
    improved: (
        Array  # [person]: both counts fell by at least 20 % at Week 12; False also when Week 12 was missed
    )
    rescued: Array


@dataclass(frozen=True)
class _Latent:
    joints: Array
    feelings: Array
    inflammation: Array
    noise: Array  # [person, 1]: 0 where the part a subject plays must come out exactly


def activity(streams: Streams, people: People, course: Course) -> Activity:
    """Everything that follows from the latent course; rescue follows from the counts at Week 12."""
    latent = _latent(streams, people)
    base = _base_counts(streams, people)
    wobble = streams.normal("activity/counts", people.size, len(c.EFFICACY), 2) * latent.noise[:, :, None]
    counts = _counts(base, latent.joints, wobble)
    improved = _improved(counts) & course.done[:, c.W12]
    rescued = ~improved & course.done[:, c.W12] & course.done[:, c.W14]
    latent = _relieved(latent, rescued)
    counts = _counts(base, latent.joints, wobble)
    counts[:, 0] = _screening_counts(streams, people, base)
    tender, swollen, evaluable = _joints(streams, people, counts)
    patient, physician, pain = _scales(streams, latent)
    crp = _crp(streams, people, latent)
    return Activity(
        tender, swollen, evaluable, counts[:, :, 0], counts[:, :, 1], patient, physician, pain,
        crp, _esr(streams, crp), _difficulty(streams, latent), improved, rescued,
    )  # fmt: skip


def _latent(streams: Streams, people: People) -> _Latent:
    draws = streams.normal("activity/response", people.size, 3)
    mean, spread = (
        np.where(people.arm > 0, on, off)
        for on, off in zip(_RESPONSE["active"], _RESPONSE["placebo"], strict=True)
    )
    joints = np.clip(mean + spread * draws[:, 0], -0.1, 0.95)
    feelings = np.clip(joints + 0.10 * draws[:, 1], -0.1, 0.95)
    inflammation = np.clip(joints + 0.15 * draws[:, 2], -0.2, 0.98)
    plays = (people.role == "rescued") | (people.role == "not_rescued")
    joints = np.select([people.role == "rescued", people.role == "not_rescued"], [0.0, 0.45], joints)
    feelings, inflammation = np.where(plays, 0.02, feelings), np.where(plays, 0.02, inflammation)
    left = [1 - response[:, None] * REACHED for response in (joints, feelings, inflammation)]
    return _Latent(left[0], left[1], left[2], np.where(plays, 0.0, 1.0)[:, None])


def _relieved(latent: _Latent, rescued: Array) -> _Latent:
    later = np.arange(len(c.EFFICACY)) >= c.AFTER_RESCUE_PLACE
    factor = np.where(rescued[:, None] & later, AFTER_RESCUE, 1.0)
    return _Latent(
        latent.joints * factor, latent.feelings * factor, latent.inflammation * factor, latent.noise
    )


def _base_counts(streams: Streams, people: People) -> Array:
    draws = streams.normal("activity/base", people.size, 2)
    tender = np.clip(np.rint(13 + 4.5 * draws[:, 0]), FEWEST_JOINTS + 1, MOST_JOINTS)
    swollen = np.clip(np.rint(0.72 * tender + 2 * draws[:, 1]), FEWEST_JOINTS, MOST_JOINTS)
    return np.stack([tender, swollen], axis=-1).astype(np.int64)


def _counts(base: Array, left: Array, wobble: Array) -> Array:
    counts = np.clip(np.rint(base[:, None, :] * left[:, :, None] + 0.8 * wobble), 0, MOST_JOINTS).astype(
        np.int64
    )
    counts[:, c.BASELINE_PLACE] = base
    return counts


def _improved(counts: Array) -> Array:
    before, after = counts[:, c.BASELINE_PLACE], counts[:, c.WEEK12_PLACE]
    improved: Array = np.all(_IMPROVED * (before - after) >= before, axis=1)
    return improved


def _screening_counts(streams: Streams, people: People, base: Array) -> Array:
    change = np.floor(3 * streams.uniform("activity/screening", people.size, 2)).astype(np.int64) - 1
    counts: Array = np.clip(base + change, FEWEST_JOINTS, MOST_JOINTS)
    few = people.failure == FAILURES.index("INCL06")
    counts[few, 1] = counts[few, 1] % 4
    many = people.failure == FAILURES.index("INCL09")  # seronegative: only many joints make 6 of 10 points
    counts[many, 0] = np.maximum(counts[many, 0], 12)
    return counts


def _joints(streams: Streams, people: People, counts: Array) -> tuple[Array, Array, Array]:
    """The most prone joints are affected first; a replaced joint is never evaluable."""
    prone = streams.uniform("activity/joint", people.size, 1, JOINTS)
    day = streams.uniform("activity/joint_day", people.size, len(c.EFFICACY), JOINTS, 2)
    replaced = streams.uniform("activity/replaced", people.size) < 0.03
    gone = replaced[:, None] & (np.arange(JOINTS) == (people.age % 2 + JOINTS - 2)[:, None])
    signs = []
    for sign in range(2):
        likely = prone + 0.25 * day[..., sign] + 9 * gone[:, None, :]
        ranks = np.argsort(np.argsort(likely, axis=2), axis=2)
        signs.append(ranks < counts[:, :, sign, None])
    return signs[0], signs[1], ~gone


def _scales(streams: Streams, latent: _Latent) -> tuple[Array, Array, Array]:
    size, visits = latent.feelings.shape
    own = 7 * streams.normal("activity/scale", size, 1, 3)
    day = 5 * streams.normal("activity/scale_day", size, visits, 3) * latent.noise[:, :, None]
    level = np.stack([latent.feelings, 0.5 * (latent.feelings + latent.joints), latent.feelings], axis=-1)
    # A subject whose part is "no response but in the joints" feels no better to the physician either.
    level[:, :, 1] = np.where(latent.noise == 0, latent.feelings, level[:, :, 1])
    values = np.rint(np.clip(8 + 58 * level + own + day, 1, 100)).astype(np.int64)
    return values[..., 0], values[..., 1], values[..., 2]


def _crp(streams: Streams, people: People, latent: _Latent) -> Array:
    base = np.clip(np.exp(2.8 + 0.6 * streams.normal("activity/crp", people.size, 1)), 6.5, 120)
    day = np.exp(0.2 * streams.normal("activity/crp_day", *latent.inflammation.shape) * latent.noise)
    crp = base * np.maximum(latent.inflammation, 0.01) ** 1.5 * day
    crp[:, : c.BASELINE_PLACE + 1] = np.maximum(crp[:, : c.BASELINE_PLACE + 1], CRP_ULN + 0.4)
    calm = people.failure == FAILURES.index("INCL08")
    crp[calm, 0] = 1.0 + base[calm, 0] % 3
    return scaled(crp, 1)


def _esr(streams: Streams, crp: Array) -> Array:
    own, day = streams.normal("activity/esr", len(crp), 1), streams.normal("activity/esr_day", *crp.shape)
    esr = np.clip(np.rint(11 + 1.6 * (crp / 10) ** 0.8 + 5 * own + 2 * day), 2, 110)
    whole: Array = esr.astype(np.int64)
    return whole


def _difficulty(streams: Streams, latent: _Latent) -> Array:
    size, visits = latent.feelings.shape
    able = np.clip(1.6 + 0.5 * streams.normal("activity/haq", size, 1, 1), 0.7, 2.8)
    item = 0.5 * streams.normal("activity/haq_item", size, 1, ACTIVITIES)
    day = 0.2 * streams.normal("activity/haq_day", size, visits, ACTIVITIES) * latent.noise[:, :, None]
    left = np.where(latent.noise[:, :, None] == 0, 1.0, 0.3 + 0.7 * latent.feelings[:, :, None])
    score = np.clip(np.floor(able * left + item + day), 0, 3).astype(np.int64)
    blank = streams.uniform("activity/haq_blank", size, visits, ACTIVITIES) < 0.002
    return np.where(blank & (latent.noise[:, :, None] > 0), -1, score)


def missing_crp(course: Course, crp: Array) -> Array:
    """CRP by efficacy visit, MISSING where no sample was drawn."""
    return np.where(course.drawn[:, c.EFFICACY], crp, MISSING)
