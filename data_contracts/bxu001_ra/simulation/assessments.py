"""Forms of disease activity: joints, global scales, HAQ. Nothing is missing at screening and baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.arrays import MISSING, Array, clock, edc_date, one_of, yes_no
from data_contracts.bxu001_ra.simulation.edc import entered
from data_contracts.bxu001_ra.simulation.trial import Trial, efficacy_done

JOINTS: Final = tuple(
    f"{side}{joint}"
    for joint in (
        "SH", "EL", "WR", "MCP1", "MCP2", "MCP3", "MCP4", "MCP5", "IP1", "PIP2", "PIP3", "PIP4", "PIP5", "KN",
    )
    for side in "RL"
)  # fmt: skip
# Items of the HAQ by category (Fries 1980): activities, and the aids and help that raise the category.
CATEGORIES: Final = {
    "DRESSING": ((1, 2), (14, 19)),
    "ARISING": ((3, 4), (16, 20)),
    "EATING": ((5, 6, 7), (15, 21)),
    "WALKING": ((8, 9), (10, 11, 12, 13, 22)),
    "HYGIENE": ((23, 24, 25), (34, 35, 37, 39, 42)),
    "REACH": ((26, 27), (38, 43)),
    "GRIP": ((28, 29, 30), (36, 44)),
    "ACTIVITIES": ((31, 32, 33), (45,)),
}
_ACTIVITIES: Final = (*range(1, 10), *range(23, 34))
_BOXES: Final = (*range(10, 18), *range(19, 23), *range(34, 41), *range(42, 46))
_OTHER_AIDS: Final = {17: 18, 40: 41}
_PAIN: Final = 46
_OTHER_AID_TEXTS: Final = ("LONG SHOE HORN", "KEY TURNER", "ELASTIC LACES")
_WEEK24, _WEEK36, _WEEK8 = 5, 6, 3  # places in EFFICACY where an assessment may be missing


@dataclass(frozen=True)
class Performed:
    """Whether each assessment was made [person, efficacy visit]."""

    joints: Array
    patient: Array
    physician: Array
    questionnaire: Array


def performed(trial: Trial) -> Performed:
    """All assessments are made at screening, baseline and Week 12; later one is sometimes left out."""
    done = efficacy_done(trial)
    luck = trial.streams.uniform("assessment/left_out", *done.shape, 4)
    may = np.isin(np.arange(done.shape[1]), (_WEEK8, _WEEK24, _WEEK36))[:, None]
    kept = done[:, :, None] & ~(may & (luck < (0.004, 0.006, 0.006, 0.010)))
    return Performed(kept[:, :, 0], kept[:, :, 1], kept[:, :, 2], kept[:, :, 3])


def _where(trial: Trial) -> tuple[Array, Array, pl.Series, pl.Series, Array]:
    """Person, place of the efficacy visit, its name, its date, and when it was entered."""
    person, place = np.nonzero(efficacy_done(trial))
    slot = np.array(c.EFFICACY)[place]
    day = edc_date(trial.course.visit[person, slot])
    return person, place, one_of(c.VISITS, slot), day, trial.entered[person, slot]


def _only(series: pl.Series, condition: Array) -> pl.Series:
    return series.set(pl.Series(~condition), None)


def joint_assessment(trial: Trial) -> pl.DataFrame:
    """JC28: per joint tender and swollen (1, 0, NE), reasons, totals."""
    person, place, oid, day, created = _where(trial)
    made = performed(trial).joints[person, place]
    evaluable = trial.activity.evaluable[person]
    fields: dict[str, pl.Series | pl.Expr] = {}
    for number, joint in enumerate(JOINTS):
        for sign, found in (("T", trial.activity.tender), ("S", trial.activity.swollen)):
            code = np.where(evaluable[:, number], found[person, place, number].astype(np.int64), 2)
            fields[f"{joint}_{sign}"] = one_of(("0", "1", "NE"), np.where(made, code, -1))
        reason = np.where(made & ~evaluable[:, number], 0, -1)
        fields[f"{joint}_NER"] = one_of(("JOINT REPLACED",), reason)
    totals = {
        f"{name}28": _only(pl.Series(count[person, place]).cast(pl.String), made)
        for name, count in (("TJC", trial.activity.tender_count), ("SJC", trial.activity.swollen_count))
    }
    head = {
        "JCPERF": yes_no(made),
        "JCREASND": one_of(("ASSESSOR NOT AVAILABLE",), -made.astype(np.int64)),
        "JCDAT": _only(day, made),
        "JCASSR": _only(assessor(trial, person, "J"), made),
    }
    return entered(person, oid, created, {**head, **fields, **totals})


def assessor(trial: Trial, person: Array, role: str) -> pl.Series:
    """Code of the site's masked assessor: the same one at every visit of a subject."""
    return pl.Series(trial.people.site[person]).cast(pl.String) + f"-{role}1"


def patient_global(trial: Trial) -> pl.DataFrame:
    """PTGA, in mm."""
    person, place, oid, day, created = _where(trial)
    made = performed(trial).patient[person, place]
    fields = {
        "PTGAPERF": yes_no(made),
        "PTGAREASND": one_of(("SUBJECT FORGOT",), -made.astype(np.int64)),
        "PTGADAT": _only(day, made),
        "PTGAVAS": _only(pl.Series(trial.activity.patient[person, place]), made),
        "PTGAU": one_of(("mm",), made.astype(np.int64) - 1),
    }
    return entered(person, oid, created, fields)


def physician_global(trial: Trial) -> pl.DataFrame:
    """PHGA, in mm."""
    person, place, oid, day, created = _where(trial)
    made = performed(trial).physician[person, place]
    fields = {
        "PHGAPERF": yes_no(made),
        "PHGAREASND": one_of(("ASSESSOR NOT AVAILABLE",), -made.astype(np.int64)),
        "PHGADAT": _only(day, made),
        "PHGAVAS": _only(pl.Series(trial.activity.physician[person, place]), made),
        "PHGAU": one_of(("mm",), made.astype(np.int64) - 1),
        "PHGAASSR": _only(assessor(trial, person, "P"), made),
    }
    return entered(person, oid, created, fields)


def answers(trial: Trial, person: Array, place: Array) -> dict[str, pl.Series]:
    """Answers of the HAQ by column, null where a question was not answered."""
    items = {}
    for index, number in enumerate(_ACTIVITIES):
        score = trial.activity.difficulty[person, place, index]
        items[f"HAQ{number:02}"] = _only(pl.Series(score), score >= 0)
    luck = trial.streams.uniform("assessment/aids", trial.people.size, len(_BOXES))[person]
    used = luck < np.where(np.isin(_BOXES, tuple(_OTHER_AIDS)), 0.02, 0.05)
    for index, number in enumerate(_BOXES):
        items[f"HAQ{number:02}"] = pl.Series(used[:, index].astype(np.int64))
        if number in _OTHER_AIDS:
            text = np.where(used[:, index], person % len(_OTHER_AID_TEXTS), -1)
            items[f"HAQ{_OTHER_AIDS[number]:02}"] = one_of(_OTHER_AID_TEXTS, text)
    items[f"HAQ{_PAIN}"] = pl.Series(trial.activity.pain[person, place])
    return items


def questionnaire(trial: Trial) -> pl.DataFrame:
    """HAQ; on Day 1 before the infusion."""
    person, place, oid, day, created = _where(trial)
    made = performed(trial).questionnaire[person, place]
    minute = np.where(place == c.BASELINE_PLACE, trial.people.randomized_at[person] + 5, 9 * 60 + 5)
    fields = {
        "HAQDAT": _only(day, made),
        "HAQTIM": clock(np.where(made, minute, MISSING)),
        **{name: _only(answer, made) for name, answer in answers(trial, person, place).items()},
        "HAQPERF": yes_no(made),
        "HAQREASND": one_of(("DEVICE NOT CHARGED",), -made.astype(np.int64)),
    }
    return entered(person, oid, created, fields)
