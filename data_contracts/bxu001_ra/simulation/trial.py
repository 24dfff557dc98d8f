"""The grown trial: what happened to everybody, before anybody writes it down."""

# ruff: noqa: PLR2004 - shares and sizes of an invented population stand where they are drawn

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.activity import Activity, activity
from data_contracts.bxu001_ra.simulation.arrays import DAY, MISSING, Array
from data_contracts.bxu001_ra.simulation.course import Course, course
from data_contracts.bxu001_ra.simulation.lab_file import reported_at
from data_contracts.bxu001_ra.simulation.lab_values import SLOTS, lab_values
from data_contracts.bxu001_ra.simulation.people import People, people
from pipeline.simulate import Streams

_OFFICE_OPENS = 13 * 60  # UTC


@dataclass(frozen=True)
class Trial:
    """``values`` [person, slot, test]: laboratory; ``entered``, ``reported`` [person, slot]: minutes."""

    streams: Streams
    people: People
    course: Course
    activity: Activity
    values: Array
    entered: Array
    reported: Array


def grown(streams: Streams, subjects: int) -> Trial:
    """The whole trial, from the first consent to the last visit."""
    return grown_from(streams, people(streams, subjects))


def grown_from(streams: Streams, who: People) -> Trial:
    """What happens to these people."""
    how = course(streams, who)
    disease = activity(streams, who, how)
    return Trial(
        streams,
        who,
        how,
        disease,
        lab_values(streams, who, how, disease),
        _entered(streams, how),
        reported_at(streams, who, how),
    )


def _entered(streams: Streams, how: Course) -> Array:
    """Visits are entered on one of the next two days, a visit that was missed ten days later."""
    luck = streams.uniform("entry/visit", len(how.visit), SLOTS, 2)
    later = 1 + (luck[..., 0] < 0.3) + np.where(how.missed, 10, 0)
    minute = (how.visit + later) * DAY + _OFFICE_OPENS + (240 * luck[..., 1]).astype(np.int64)
    return np.where(how.visit == MISSING, MISSING, minute)


def efficacy_done(trial: Trial) -> Array:
    """Whether the efficacy visits [person, efficacy visit] took place."""
    done: Array = trial.course.done[:, c.EFFICACY]
    return done
