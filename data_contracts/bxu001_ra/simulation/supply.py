"""Randomization and supply: two open files, and the restricted ones that tell the treatment."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import Final

import numpy as np
import polars as pl

from data_contracts.bxu001_ra.simulation import people as who
from data_contracts.bxu001_ra.simulation.arrays import DAY, Array, fixed, moments, one_of
from data_contracts.bxu001_ra.simulation.course import BAG_ML, local_to_utc
from data_contracts.bxu001_ra.simulation.disposition import unblinded
from data_contracts.bxu001_ra.simulation.edc import STUDY
from data_contracts.bxu001_ra.simulation.trial import Trial
from data_contracts.bxu001_ra.simulation.visit_forms import bag_text
from pipeline.simulate import Tables
from pipeline.simulate.records import end_of

LEVELS: Final = (0.0, 0.75, 1.5)  # 10^6 cells/kg by place in ARMS
_FIRST_NAMES: Final = (
    "ALEX",
    "BLAIR",
    "CASEY",
    "DANA",
    "ELLIS",
    "FRANKIE",
    "GRAY",
    "HARPER",
    "INDIGO",
    "JORDAN",
)
_LAST_NAMES: Final = ("ARLEN", "BROOK", "COLE", "DREW", "EMERY", "FINCH", "GALE")
_RELEASED_AFTER: Final = 45  # minutes from randomization to the release of the fresh bag


def supply_tables(trial: Trial, as_of: date) -> Tables:
    """All sources of randomization and supply as known at the end of ``as_of``."""
    people = trial.people
    moment = end_of(as_of)
    randomized_at = local_to_utc(people.zone, people.day1 * DAY + people.randomized_at)
    own = np.flatnonzero(people.randomized)
    own = own[np.argsort(people.number[own])]
    known = own[_known(randomized_at[own], moment)]
    return {
        "rtsm_assign": _assignments(trial, known, randomized_at[known]),
        "rtsm_sites": _sites(trial),
        "rtsm_schedule": _schedule(trial),
        "rtsm_product_release": _releases(trial, own, randomized_at[own] + _RELEASED_AFTER, moment),
        "rtsm_unblinding_key": _key(trial, known, moment),
        "rtsm_emergency_unblind": _revealed(trial, moment),
    }


def _known(minutes: Array, moment: datetime) -> Array:
    known: Array = (moments(minutes) <= moment).to_numpy()
    return known


def _stamp(minutes: Array) -> pl.Series:
    return moments(minutes).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _assignments(trial: Trial, own: Array, at: Array) -> pl.DataFrame:
    people = trial.people
    return pl.DataFrame(
        {
            "STUDYID": pl.repeat(STUDY, own.size, eager=True),
            "SITEID": pl.Series(people.site[own]).cast(pl.String),
            "SUBJID": pl.Series(people.subject).gather(own),
            "COHORT": pl.Series(people.cohort[own]).cast(pl.String),
            "RANDNO": pl.Series(people.number[own]).cast(pl.String),
            "RANDDT": _stamp(at),
            "BAGNO": bag_text(people.bag[own]),
            "STATUS": pl.repeat("ASSIGNED", own.size, eager=True),
        }
    )


def _sites(trial: Trial) -> pl.DataFrame:
    count = max(int(trial.people.site.max()) - who.FIRST_SITE + 1, who.FEWEST_SITES)
    place = np.arange(count)
    number = pl.Series(place + who.FIRST_SITE).cast(pl.String)
    first, last = (
        one_of(_FIRST_NAMES, place % len(_FIRST_NAMES)),
        one_of(_LAST_NAMES, place % len(_LAST_NAMES)),
    )
    return pl.DataFrame(
        {
            "SITEID": number,
            "COUNTRY": pl.repeat("USA", count, eager=True),
            "INVID": "INV" + number,
            "INVNAM": last + ", " + first,
            "TZ": one_of(who.ZONES, place % len(who.ZONES)),
        }
    )


def _schedule(trial: Trial) -> pl.DataFrame:
    """The whole list, used or not: permuted blocks of 8 within each cohort."""
    people = trial.people
    parts = []
    for cohort in (1, 2):
        members = int(((people.cohort == cohort) & people.randomized).sum())
        arms = who.block_arms(trial.streams, cohort, -(-members // who.BLOCK))
        block, place = np.indices(arms.shape).reshape(2, -1)
        number = cohort * who.schedule_width(int(people.randomized.sum())) + 1 + np.arange(arms.size)
        parts.append(
            pl.DataFrame(
                {
                    "RANDNO": pl.Series(number).cast(pl.String),
                    "COHORT": pl.repeat(str(cohort), arms.size, eager=True),
                    "BLOCK": pl.Series(block + 1).cast(pl.String),
                    "SEQ": pl.Series(place + 1).cast(pl.String),
                    "ARMCD": one_of(who.ARMS, arms.ravel()),
                }
            )
        )
    return pl.concat(parts)


def _releases(trial: Trial, own: Array, at: Array, moment: datetime) -> pl.DataFrame:
    people = trial.people
    luck = trial.streams.uniform("supply/release", people.size, 2)[own]
    arm = people.arm[own]
    cells = np.rint(1000 * np.array(LEVELS)[arm] * people.weight[own] * (0.95 + 0.1 * luck[:, 0])).astype(
        np.int64
    )
    viability = np.rint(10 * (86 + 11 * luck[:, 1])).astype(np.int64)
    lot = 1 + (people.day1[own] - people.day1.min()) // 7
    table = pl.DataFrame(
        {
            "BAGNO": bag_text(people.bag[own]),
            "LOTNO": one_of(("P", "U", "U"), arm) + pl.Series(lot).cast(pl.String).str.zfill(4),
            "PRODUCT": one_of(("PLACEBO", "BX-U001", "BX-U001"), arm),
            "CELLS_1E6": fixed(cells, 3),
            "CONC_1E6_ML": fixed(np.rint(cells / BAG_ML).astype(np.int64), 3),
            "VIABILITY_PCT": fixed(viability, 1).set(pl.Series(arm == 0), None),
            "VOL_ML": pl.repeat(str(BAG_ML), own.size, eager=True),
            "RELEASEDT": _stamp(at),
        }
    )
    return table.filter(pl.Series(_known(at, moment))).sort("BAGNO")


def _key(trial: Trial, own: Array, moment: datetime) -> pl.DataFrame:
    """The key of everybody randomized so far; SHA256 of its lines ``SUBJID,RANDNO,ARMCD`` (LF)."""
    people = trial.people
    key = pl.DataFrame(
        {
            "SUBJID": pl.Series(people.subject).gather(own),
            "RANDNO": pl.Series(people.number[own]).cast(pl.String),
            "ARMCD": one_of(who.ARMS, people.arm[own]),
        }
    ).sort("SUBJID")
    lines = key.select(pl.concat_str("SUBJID", "RANDNO", "ARMCD", separator=",")).to_series()
    fingerprint = sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
    return key.with_columns(
        RELEASED_BY=pl.lit("UNBLINDED STATISTICIAN"),
        RELEASED_AT=pl.lit(moment.strftime("%Y-%m-%dT%H:%M:%SZ")),
        SHA256=pl.lit(fingerprint),
    )


def _revealed(trial: Trial, moment: datetime) -> pl.DataFrame:
    own, minute = unblinded(trial)
    at = local_to_utc(trial.people.zone[own], minute)
    table = pl.DataFrame(
        {
            "SUBJID": pl.Series(trial.people.subject).gather(own),
            "TS": _stamp(at),
            "ARMCD": one_of(who.ARMS, trial.people.arm[own]),
        }
    )
    return table.filter(pl.Series(_known(at, moment)))
