"""Medication: RA therapy (prior, background, rescue) and everything else, as eligibility asks for."""

# ruff: noqa: PLR2004 - shares and sizes of an invented population stand where they are drawn

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.arrays import DAY, MISSING, Array, edc_date, one_of
from data_contracts.bxu001_ra.simulation.edc import PERSON, entered
from data_contracts.bxu001_ra.simulation.screening import medical_history, partly_known
from data_contracts.bxu001_ra.simulation.terms import drug, drug_facts, terms
from data_contracts.bxu001_ra.simulation.trial import Trial
from pipeline.simulate.records import CREATED

_MTX_DOSES: Final = ("10", "12.5", "15", "20", "25")  # mg a week
_TNF: Final = ("ADALIMUMAB", "ETANERCEPT", "INFLIXIMAB")
_OTHER_BIOLOGICS: Final = ("RITUXIMAB", "ABATACEPT")
_RESCUE: Final = ("ADALIMUMAB", "ETANERCEPT", "ABATACEPT", "TOFACITINIB")
_NSAIDS: Final = ("NAPROXEN", "CELECOXIB", "MELOXICAM")
_CSDMARDS: Final = ("METHOTREXATE", "LEFLUNOMIDE", "HYDROXYCHLOROQUINE", "SULFASALAZINE")
_BACKGROUND_EDGES: Final = (0.65, 0.77, 0.90)
# Days before consent: background is stable for 4 months or more, biologics were stopped 3 months ago or
# earlier, rituximab a year ago or earlier.
_STABLE, _WASHED_OUT, _RITUXIMAB = 130, 95, 380


@dataclass(frozen=True)
class _Course:
    """One possible course of RA therapy: who takes what, from when to when (MISSING: ongoing)."""

    person: Array
    drug: Array  # rows of ``drugs``
    start: Array
    end: Array
    old: bool = False
    rescue: bool = False


def ra_therapy(trial: Trial) -> pl.DataFrame:
    """CMRA: prior and background therapy entered at screening, rescue at Week 14."""
    parts = [_background(trial), _second_background(trial), _steroid(trial), _nsaid(trial), *_prior(trial)]
    known = [_ra_records(trial, part) for part in parts]
    frame = pl.concat([*known, _ra_records(trial, _rescue(trial))])
    return frame.with_columns(FORMREPEAT=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(PERSON))


def on_methotrexate(trial: Trial) -> Array:
    """Who takes methotrexate as background."""
    takes: Array = _background_choice(trial) == 0
    return takes


def _luck(trial: Trial, topic: str, numbers: int) -> Array:
    return trial.streams.uniform(f"medication/{topic}", trial.people.size, numbers)


def _background_choice(trial: Trial) -> Array:
    return np.searchsorted(_BACKGROUND_EDGES, _luck(trial, "background", 2)[:, 0], side="right")


def _rows(names: tuple[str, ...], place: Array) -> Array:
    return np.array([drug(name) for name in names])[place]


def _since(trial: Trial, luck: Array, least: int, spread: int) -> Array:
    days: Array = trial.people.consent - least - (spread * luck).astype(np.int64)
    return days


def _ongoing(takes: Array, rows: Array, start: Array) -> _Course:
    own = np.flatnonzero(takes)
    return _Course(own, rows[own], start[own], np.full(own.size, MISSING))


def _background(trial: Trial) -> _Course:
    luck = _luck(trial, "background", 2)
    rows = _rows(_CSDMARDS, _background_choice(trial))
    everybody = np.ones(trial.people.size, dtype=bool)
    return _ongoing(everybody, rows, _since(trial, luck[:, 1], _STABLE, 1400))


def _second_background(trial: Trial) -> _Course:
    """Hydroxychloroquine with methotrexate; never leflunomide."""
    luck = _luck(trial, "second", 2)
    takes = on_methotrexate(trial) & (luck[:, 0] < 0.2)
    rows = np.full(trial.people.size, drug("HYDROXYCHLOROQUINE"))
    return _ongoing(takes, rows, _since(trial, luck[:, 1], _STABLE, 900))


def _steroid(trial: Trial) -> _Course:
    luck = _luck(trial, "steroid", 2)
    rows = np.full(trial.people.size, drug("PREDNISONE"))
    return _ongoing(luck[:, 0] < 0.35, rows, _since(trial, luck[:, 1], _STABLE, 600))


def _nsaid(trial: Trial) -> _Course:
    luck = _luck(trial, "nsaid", 3)
    rows = _rows(_NSAIDS, (luck[:, 2] * len(_NSAIDS)).astype(np.int64))
    return _ongoing(luck[:, 0] < 0.5, rows, _since(trial, luck[:, 1], _STABLE, 700))


def _prior(trial: Trial) -> list[_Course]:
    """A csDMARD and a TNF blocker that failed everybody, and another biologic that failed a quarter."""
    luck = _luck(trial, "prior", 7)
    everybody = np.arange(trial.people.size)
    tnf_end = _since(trial, luck[:, 0], _WASHED_OUT, 600)
    tnf = _rows(_TNF, (luck[:, 1] * len(_TNF)).astype(np.int64))
    other = _rows(_OTHER_BIOLOGICS, (luck[:, 2] * len(_OTHER_BIOLOGICS)).astype(np.int64))
    once = other == drug("RITUXIMAB")
    other_end = np.where(
        once, _since(trial, luck[:, 3], _RITUXIMAB, 500), _since(trial, luck[:, 3], _WASHED_OUT, 500)
    )
    failed = (_background_choice(trial) + 1 + (luck[:, 4] * 2).astype(np.int64)) % len(_CSDMARDS)
    failed_end = tnf_end - 950 - (300 * luck[:, 4]).astype(np.int64)
    own = np.flatnonzero(luck[:, 5] < 0.25)
    length = 120 + (700 * luck[:, 6]).astype(np.int64)
    return [
        _Course(everybody, _rows(_CSDMARDS, failed), failed_end - length, failed_end, old=True),
        _Course(everybody, tnf, tnf_end - length, tnf_end, old=True),
        _Course(
            own, other[own], np.where(once, other_end, other_end - length)[own], other_end[own], old=True
        ),
    ]


def _rescue(trial: Trial) -> _Course:
    own = np.flatnonzero(trial.activity.rescued)
    place = (_luck(trial, "rescue", 1)[own, 0] * len(_RESCUE)).astype(np.int64)
    return _Course(
        own, _rows(_RESCUE, place), trial.course.visit[own, c.W14], np.full(own.size, MISSING), rescue=True
    )


def _ra_records(trial: Trial, part: _Course) -> pl.DataFrame:
    luck = _luck(trial, "details", 3)[part.person]
    ended = part.end != MISSING
    methotrexate = part.drug == drug("METHOTREXATE")
    dose = _facts("dose", part.drug).zip_with(
        pl.Series(~methotrexate), one_of(_MTX_DOSES, (luck[:, 0] * len(_MTX_DOSES)).astype(np.int64))
    )
    route = _facts("route", part.drug).set(pl.Series(methotrexate & (luck[:, 1] < 0.3)), "SC")
    fields: dict[str, Any] = {
        "CMTRT": _facts("name", part.drug),
        "CMSCATC": _facts("kind", part.drug),
        "CMDOSE": dose,
        "CMDOSU": _facts("unit", part.drug),
        "CMDOSFRQ": _facts("frequency", part.drug),
        "CMFRQOTH": _facts("other_frequency", part.drug),
        "CMROUTE": route,
        "CMSTDAT": partly_known(edc_date(part.start), luck[:, 2] if part.old else np.ones(len(luck))),
        "CMENDAT": edc_date(part.end),
        "CMONGO": one_of(("1",), -ended.astype(np.int64)),
        "CMRESC": "1" if part.rescue else None,
        "CMREAS": one_of(("IR", "INTOL"), np.where(ended, (luck[:, 0] < 0.2).astype(np.int64), -1)),
        "CMREASOTH": None,
        "CMAENO": pl.Series([None] * len(luck), dtype=pl.Int64),
    }
    slot = c.W14 if part.rescue else c.SCR
    return entered(part.person, "LOG", trial.entered[part.person, slot], fields)


def _facts(column: str, rows: Array) -> pl.Series:
    return pl.Series(drug_facts(column), dtype=pl.String).gather(rows)


def other_medication(trial: Trial, events: pl.DataFrame) -> pl.DataFrame:
    """CM: with methotrexate, for conditions, before the infusion, and for adverse events."""
    parts = [_folic_acid(trial), _for_conditions(trial), _premedication(trial), _for_events(events)]
    frame = pl.concat(parts).sort(PERSON, CREATED, "CMTRT", "CMAENO", nulls_last=False)
    return frame.with_columns(FORMREPEAT=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(PERSON))


def _cm_records(
    person: Array, rows: Array, start: Array, end: Array, created: Array, *, number: pl.Series | None = None,
    later: Array | None = None, amended: Array | None = None, reason: pl.Series | None = None,
) -> pl.DataFrame:  # fmt: skip
    ongoing = end == MISSING
    unknown = ongoing if later is None else ongoing | later
    end_date = edc_date(end)
    fields = {
        "CMTRT": _facts("name", rows),
        "CMINDC": _facts("indication", rows) if reason is None else reason,
        "CMDOSE": _facts("dose", rows),
        "CMDOSU": _facts("unit", rows),
        "CMDOSFRQ": _facts("frequency", rows),
        "CMFRQOTH": _facts("other_frequency", rows),
        "CMROUTE": _facts("route", rows),
        "CMSTDAT": edc_date(start),
        "CMENDAT": end_date,
        "CMENDAT__before": end_date.set(pl.Series(unknown), None),
        "CMONGO": one_of(("1",), ongoing.astype(np.int64) - 1),
        "CMONGO__before": one_of(("1",), unknown.astype(np.int64) - 1),
        "CMAENO": pl.Series([None] * person.size, dtype=pl.Int64) if number is None else number,
    }
    change = np.full(person.size, MISSING) if amended is None else amended
    return entered(person, "LOG", created, fields, amended=change)


def _folic_acid(trial: Trial) -> pl.DataFrame:
    own = np.flatnonzero(on_methotrexate(trial))
    start = trial.people.consent[own] - _STABLE
    rows = np.full(own.size, drug("FOLIC ACID"))
    return _cm_records(own, rows, start, np.full(own.size, MISSING), trial.entered[own, c.SCR])


def _for_conditions(trial: Trial) -> pl.DataFrame:
    """Ongoing conditions of the medical history and what is taken for them."""
    known = (
        terms()
        .filter((pl.col("use") == "MH") & pl.col("drug").is_not_null())
        .select(MHTERM="verbatim", drug="drug")
    )
    ongoing = (
        medical_history(trial).filter(pl.col("MHONGO") == "Y").join(known, on="MHTERM", maintain_order="left")
    )
    own = ongoing[PERSON].to_numpy()
    rows = np.array([drug(name) for name in ongoing["drug"]], dtype=np.int64)
    start = trial.people.consent[own] - 200 - 11 * (own % 17)
    return _cm_records(own, rows, start, np.full(own.size, MISSING), trial.entered[own, c.SCR] + 5)


def _premedication(trial: Trial) -> pl.DataFrame:
    luck = _luck(trial, "premedication", 1)[:, 0]
    own = np.flatnonzero(trial.course.infused & (luck < 0.4))
    day = trial.people.day1[own]
    return _cm_records(
        own, np.full(own.size, drug("DIPHENHYDRAMINE")), day, day, trial.entered[own, c.D1] + 7
    )


def _for_events(events: pl.DataFrame) -> pl.DataFrame:
    """What was given for an adverse event, linked by its number, for as long as the event lasted."""
    treated = events.filter("AECONTRT")
    given = treated["AETERM"].replace_strict(
        dict(terms().select("verbatim", "drug").iter_rows()), return_dtype=pl.String
    )
    rows = np.array([drug(name) for name in given], dtype=np.int64)
    start, end = treated["start"].to_numpy(), treated["end"].to_numpy()
    later = treated["ends_later"].to_numpy()
    return _cm_records(
        treated[PERSON].to_numpy(),
        rows,
        start // DAY,
        np.where(end == MISSING, MISSING, end // DAY),
        treated["created"].to_numpy() + 10,
        number=treated["AENO"],
        reason=treated["AETERM"],
        later=later,
        amended=np.where(later, treated["amended"].to_numpy() + 10, MISSING),
    )
