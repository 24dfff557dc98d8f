"""Who enters: sites, numbers, demography, cohort, arm, and the part each subject plays.

Person ``i`` of the screened people is the same whatever the size of the trial; site, number and calendar
follow from the size, because the trial always recruits in the same weeks.
"""

# ruff: noqa: PLR2004 - shares and sizes of an invented population stand where they are drawn

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.arrays import DAY, Array, before_friday, on_workday
from pipeline.simulate import Streams

SCREENED_FOR_FIVE: Final = 6  # one screen failure, at a random place, among six people: 17 %
PEOPLE_PER_SITE: Final = 100
FEWEST_SITES: Final = 3
FIRST_SITE: Final = 101
ZONES: Final = ("America/New_York", "America/Chicago", "America/Los_Angeles")
BEHIND_UTC: Final = np.array((300, 360, 480))  # minutes in winter, when everybody is randomized
BLOCK: Final = 8
PLACEBO_IN_BLOCK: Final = 2
ARMS: Final = ("PBO", "BXU075", "BXU150")  # 0 placebo, otherwise the number of the cohort
FAILURES: Final = ("INCL08", "EXCL05", "INCL06", "EXCL01", "INCL09", "EXCL04")
# The parts of the first sixteen randomized subjects: a small trial holds every case (study design 8.1.4).
ROLES: Final = (
    "", "rescued", "incomplete", "not_rescued", "missed_week_12", "re_entered", "unblinded", "",
    "never_infused", "death", "withdrawal", "restart", "lost", "", "liver", "",
)  # fmt: skip
# Share of later subjects for whom the same happens.
RARE: Final = {
    "incomplete": 0.02, "missed_week_12": 0.02, "re_entered": 0.02, "unblinded": 0.005,
    "never_infused": 0.005,
    "death": 0.006, "withdrawal": 0.05, "restart": 0.01, "lost": 0.02, "liver": 0.02,
}  # fmt: skip
_RACES = ("WHITE", "BLACK", "ASIAN", "AIAN", "NHPI", "OTHER", "UNK")
_RACE_SHARES = (0.70, 0.14, 0.09, 0.02, 0.01, 0.02, 0.02)


@dataclass(frozen=True)
class People:
    """One entry per screened person, in the order of screening. Days count from 1970-01-01."""

    subject: Array  # SSS-NNN
    site: Array
    zone: Array  # place in ZONES
    randomized: Array
    order: Array  # 0.. among the randomized; a screen failure carries the order before it
    failure: Array  # place in FAILURES, -1 for the randomized
    role: Array
    cohort: Array
    arm: Array  # place in ARMS; restricted
    number: Array  # randomization number, 0 for screen failures
    bag: Array
    consent: Array
    day1: Array
    randomized_at: Array  # minute of the day, local
    female: Array
    age: Array
    birth: Array
    races: Array  # [person, race]
    hispanic: Array
    childbearing: Array
    weight: Array  # kg
    height: Array  # cm

    @property
    def size(self) -> int:
        """Number of screened people."""
        return int(self.subject.size)


def people(streams: Streams, subjects: int) -> People:
    """Everyone who is screened until ``subjects`` are randomized."""
    randomized = _randomized(streams, subjects)
    size = randomized.size
    order = np.maximum(np.cumsum(randomized) - 1, 0)
    first_cohort = min(subjects, BLOCK * -(-subjects // (2 * BLOCK)))
    cohort = np.where(order < first_cohort, 1, 2)
    day1 = _day1(order, cohort, first_cohort, subjects)
    consent = _consent(streams, day1)
    site = FIRST_SITE + (streams.uniform("people/site", size) * _sites(subjects)).astype(np.int64)
    zone = (site - FIRST_SITE) % len(ZONES)
    at = (480 + 90 * streams.uniform("people/randomized", size)).astype(np.int64)
    place = _place_in_cohort(order, cohort, first_cohort, randomized, day1 * DAY + at + BEHIND_UTC[zone])
    age = 25 + (43 * streams.uniform("people/age", size)).astype(np.int64)
    female = streams.uniform("people/sex", size) < 0.78
    fertile = streams.uniform("people/childbearing", size) < 0.8
    height = np.where(female, 163, 176) + 6.5 * streams.normal("people/height", size)
    index = np.clip(27 + 4.5 * streams.normal("people/mass", size), 18.5, 42)
    return People(
        subject=_subject_numbers(site, consent),
        site=site,
        zone=zone,
        randomized=randomized,
        order=order,
        failure=np.where(randomized, -1, (np.cumsum(~randomized) - 1) % len(FAILURES)),
        role=_roles(streams, randomized, order),
        cohort=cohort,
        arm=np.where(randomized, _arms(streams, cohort, place), 0),
        number=np.where(randomized, cohort * _number_width(subjects) + place + 1, 0),
        bag=np.where(randomized, _bags(streams, subjects)[order], 0),
        consent=consent,
        day1=day1,
        randomized_at=at,
        female=female,
        age=age,
        birth=consent
        - (age * 365.25).astype(np.int64)
        - 3
        - (355 * streams.uniform("people/birth", size)).astype(int),
        races=_races(streams, size),
        hispanic=streams.uniform("people/ethnicity", size) < 0.15,
        childbearing=female & (age < 50) & fertile,
        weight=np.rint(np.clip(index * (height / 100) ** 2, 45, 130) * 10) / 10,
        height=np.rint(height),
    )


def block_arms(streams: Streams, cohort: int, blocks: int) -> Array:
    """Arms of one cohort's schedule: permuted blocks of 8 with 2 placebos, [block, place]."""
    active = np.where(np.arange(BLOCK) < PLACEBO_IN_BLOCK, 0, cohort)
    return active[np.argsort(streams.uniform(f"schedule/{cohort}", blocks, BLOCK), axis=1)]


def schedule_width(subjects: int) -> int:
    """Distance between the randomization numbers of the two cohorts."""
    return _number_width(subjects)


def _number_width(subjects: int) -> int:
    return 1000 if subjects < 1000 else 10_000 * (1 + subjects // 10_000)


def _sites(subjects: int) -> int:
    return max(FEWEST_SITES, -(-subjects // PEOPLE_PER_SITE))


def _randomized(streams: Streams, subjects: int) -> Array:
    groups = -(-subjects // (SCREENED_FOR_FIVE - 1))
    fails = (streams.uniform("people/failure", groups) * SCREENED_FOR_FIVE).astype(np.int64)
    passed: Array = (np.arange(SCREENED_FOR_FIVE) != fails[:, None]).ravel()
    return passed[: int(np.searchsorted(np.cumsum(passed), subjects)) + 1]


def _day1(order: Array, cohort: Array, first_cohort: int, subjects: int) -> Array:
    place = np.where(cohort == 1, order, order - first_cohort)
    size = np.where(cohort == 1, first_cohort, max(subjects - first_cohort, 1))
    start, length = (np.array(part)[cohort - 1] for part in zip(*c.RECRUITMENT, strict=True))
    return before_friday(start + place * length // size)


def _consent(streams: Streams, day1: Array) -> Array:
    length = 14 + (12 * streams.uniform("people/screening", day1.size)).astype(np.int64)
    consent = np.maximum(on_workday(day1 - length), c.FIRST_CONSENT)
    consent[0] = c.FIRST_CONSENT
    return consent


def _place_in_cohort(
    order: Array, cohort: Array, first_cohort: int, randomized: Array, moment: Array
) -> Array:
    """Numbers are handed out in the order of randomization, across sites and time zones."""
    ranked = np.lexsort((order, np.where(randomized, moment, moment.max() + 1), ~randomized))
    place = np.empty_like(ranked)
    place[ranked] = np.arange(ranked.size)
    return np.where(cohort == 1, place, place - first_cohort)


def _arms(streams: Streams, cohort: Array, place: Array) -> Array:
    blocks = int(place.max()) // BLOCK + 1
    schedules = np.stack([block_arms(streams, number, blocks).ravel() for number in (1, 2)])
    arms: Array = schedules[cohort - 1, place]
    return arms


def _bags(streams: Streams, subjects: int) -> Array:
    """Bag numbers in an order that knows nothing of arms."""
    numbers = 9000 if subjects <= 4000 else 10 * subjects
    return numbers // 9 + streams.generator("supply/bag").permutation(numbers)[:subjects]


def _subject_numbers(site: Array, consent: Array) -> Array:
    numbers = np.empty(site.size, dtype="U7")
    for own in np.unique(site):
        members = np.flatnonzero(site == own)
        ranked = members[np.argsort(consent[members], kind="stable")]
        numbers[ranked] = [f"{own}-{place:03}" for place in range(1, ranked.size + 1)]
    return numbers


def _roles(streams: Streams, randomized: Array, order: Array) -> Array:
    edges = np.cumsum(list(RARE.values()))
    place = np.searchsorted(edges, streams.uniform("people/role", randomized.size), side="right")
    rare = np.array([*RARE, ""])[place]
    first = np.array(ROLES)[np.minimum(order, len(ROLES) - 1)]
    small = randomized.sum() < len(ROLES)
    roles = np.where(order < len(ROLES), first, rare)
    return np.where(randomized & ~(small & (roles == "never_infused")), roles, "")


def _races(streams: Streams, size: int) -> Array:
    main = np.searchsorted(np.cumsum(_RACE_SHARES)[:-1], streams.uniform("people/race", size), side="right")
    ticks: Array = main[:, None] == np.arange(len(_RACES))
    second = (streams.uniform("people/second_race", size) < 0.03) & (main < 3)
    ticks[second, (main[second] + 1) % 3] = True
    return ticks


def race_names() -> tuple[str, ...]:
    """Names of the columns of ``People.races``."""
    return _RACES
