"""How it ended, and what was written beside: deaths, unblinding, deviations, comments."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.arrays import DAY, MISSING, Array, clock, edc_date, one_of, yes_no
from data_contracts.bxu001_ra.simulation.edc import PERSON, entered, identified
from data_contracts.bxu001_ra.simulation.trial import Trial

_ENTRY: Final = 16 * 60  # minute of the day (UTC), as for adverse events
UNBLINDED_AT: Final = 14 * 60 + 30
_COMMENTED: Final = 0.06
_WORDS: Final = {
    "COMPLETED": "COMPLETED",
    "SCREEN FAILURE": "DID NOT MEET THE ELIGIBILITY CRITERIA",
    "WITHDRAWAL BY SUBJECT": "SUBJECT DID NOT WANT TO CONTINUE",
    "PHYSICIAN DECISION": "INVESTIGATOR DECIDED TO END PARTICIPATION",
    "LOST TO FOLLOW-UP": "SUBJECT COULD NOT BE REACHED ANY MORE",
    "DEATH": "SUBJECT DIED",
}


def _event_number(trial: Trial, events: pl.DataFrame, where: pl.Expr) -> pl.Series:
    """Number of a subject's first event that satisfies ``where``, by person; null if there is none."""
    first = events.filter(where).group_by(PERSON).agg(pl.col("AENO").min())
    everybody = pl.DataFrame({PERSON: np.arange(trial.people.size)})
    return everybody.join(first, on=PERSON, how="left", maintain_order="left")["AENO"]


def end_of_treatment(trial: Trial, events: pl.DataFrame) -> pl.DataFrame:
    """DSTRT: completed means that the whole bag was infused."""
    own = np.flatnonzero(trial.people.randomized)
    stopped = trial.people.role[own] == "incomplete"
    never = ~trial.course.infused[own]
    reason = np.select([stopped, never], [0, 1], -1)
    cause = _event_number(trial, events, pl.col("AEACN") == "WD").gather(own)
    fields = {
        "DSTRTYN": yes_no(reason < 0),
        "DSTRTREAS": one_of(("ADVERSE EVENT", "NEVER DOSED"), reason),
        "DSTRTDAT": edc_date(trial.people.day1[own]),
        "DSTRTTERM": one_of(("INFUSION REACTION", "NEVER DOSED"), reason),
        "DSAENO": cause,
    }
    return entered(own, "D1", trial.entered[own, c.D1] + 20, fields)


def end_of_study(trial: Trial, events: pl.DataFrame) -> pl.DataFrame:
    """DSEOS: one record a subject, also for screen failures."""
    course = trial.course
    everybody = np.arange(trial.people.size)
    dead = course.ending == "DEATH"
    lost = course.ending == "LOST TO FOLLOW-UP"
    seen = np.where(course.done, course.visit, MISSING).max(axis=1)
    fields = {
        "DSEOSSTAT": course.ending,
        "DSEOSDAT": edc_date(course.end),
        "DSEOSTERM": pl.Series(course.ending).replace_strict(_WORDS),
        "DSLASTCONT": edc_date(np.where(lost, seen, course.end)),
        "DSAENO": _event_number(trial, events, pl.col("AESDTH")).set(pl.Series(~dead), None),
    }
    return entered(everybody, "LOG", (course.end + 1) * DAY + _ENTRY, fields)


def death(trial: Trial, events: pl.DataFrame) -> pl.DataFrame:
    """DTH: on the same evening as the fatal outcome and the end of study."""
    own = np.flatnonzero(trial.course.ending == "DEATH")
    day = trial.course.end[own]
    fields = {
        "DTHDAT": edc_date(day),
        "DTHCAUSE": "ACUTE MYOCARDIAL INFARCTION",
        "DTHAENO": _event_number(trial, events, pl.col("AESDTH")).gather(own),
    }
    return entered(own, "LOG", (day + 1) * DAY + _ENTRY, fields)


def unblinded(trial: Trial) -> tuple[Array, Array]:
    """Who was unblinded in an emergency, and the local minute: the day after the serious event began."""
    own = np.flatnonzero(trial.people.role == "unblinded")
    return own, (trial.people.day1[own] + 20 + own % 7) * DAY + UNBLINDED_AT


def emergency_unblinding(trial: Trial) -> pl.DataFrame:
    """UNB: the form has no field for the arm."""
    own, minute = unblinded(trial)
    fields = {
        "UNBDAT": edc_date(minute // DAY),
        "UNBTIM": clock(minute),
        "UNBREAS": "TREATMENT OF A SERIOUS ADVERSE EVENT",
        "UNBWHO": pl.Series(trial.people.site[own]).cast(pl.String) + "-PI",
    }
    return entered(own, "LOG", (minute // DAY + 1) * DAY + _ENTRY, fields)


def deviations(trial: Trial) -> pl.DataFrame:
    """DV: missed visits and infusions that were not completed."""
    person, slot = np.nonzero(trial.course.missed)
    week12 = slot == c.W12
    planned = trial.people.day1[person] + np.array(c.STUDY_DAY)[np.minimum(slot, c.ET)] - 1
    visits = _deviation(
        person, one_of(("PLANNED VISIT NOT DONE", "WEEK 12 VISIT NOT DONE"), week12.astype(np.int64)), week12,
        planned,
        trial.entered[person, slot] + 30,
    )  # fmt: skip
    own = np.flatnonzero(trial.people.role == "incomplete")
    infusions = _deviation(
        own, "INFUSION ENDED BEFORE THE WHOLE VOLUME WAS GIVEN", np.ones(own.size, dtype=bool),
        trial.people.day1[own],
        trial.entered[own, c.D1] + 60,
    )  # fmt: skip
    rows = pl.concat([infusions, visits]).sort(PERSON, "_created", "DVTERM")
    return rows.with_columns(FORMREPEAT=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(PERSON))


def _deviation(
    person: Array, term: str | pl.Series, major: Array, day: Array, created: Array
) -> pl.DataFrame:
    fields = {
        "DVTERM": term,
        "DVCAT": one_of(("MINOR", "MAJOR"), major.astype(np.int64)),
        "DVSTDAT": edc_date(day),
        "DVENDAT": edc_date(day),
    }
    return entered(person, "LOG", created, fields)


def comments(trial: Trial, events: pl.DataFrame, event_records: pl.DataFrame) -> pl.DataFrame:
    """CO: a remark on some adverse events that stay in the data."""
    named = identified("AE", event_records, trial.people).select(PERSON, "AENO", "RECORDID")
    luck = trial.streams.uniform("comments/event", trial.people.size)
    kept = events.filter((pl.col("deleted") == MISSING) & (pl.col("AENO") == 1))
    kept = kept.filter(pl.Series(luck[kept[PERSON].to_numpy()] < _COMMENTED)).join(
        named, on=[PERSON, "AENO"], maintain_order="left"
    )
    day = kept["created"].to_numpy() // DAY
    fields = {
        "COVAL": "SUBJECT REPORTED THE EVENT BY TELEPHONE BEFORE THE VISIT",
        "COFORM": "AE",
        "CORECORDID": kept["RECORDID"],
        "CODAT": edc_date(day),
    }
    return entered(kept[PERSON].to_numpy(), "LOG", kept["created"].to_numpy() + 15, fields)
