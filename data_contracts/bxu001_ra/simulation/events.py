"""Adverse events: ordinary ones, infusion reactions, and the rare serious, fatal and laboratory ones."""

# ruff: noqa: PLR2004 - shares and sizes of an invented population stand where they are drawn

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from data_contracts.bxu001_ra.simulation import calendar as c
from data_contracts.bxu001_ra.simulation.arrays import DAY, MISSING, Array, clock, edc_date, moments, one_of
from data_contracts.bxu001_ra.simulation.edc import PERSON, entered
from data_contracts.bxu001_ra.simulation.lab_file import accession, accession_text
from data_contracts.bxu001_ra.simulation.terms import terms, terms_for
from data_contracts.bxu001_ra.simulation.trial import Trial
from pipeline.simulate.records import DELETED

_CHANCES: Final = (0.85, 0.65, 0.45, 0.30, 0.15)  # of one, two .. five ordinary events after the infusion
_BEFORE_INFUSION: Final = 0.06
_REACTION: Final = 0.08
_UNRESOLVED: Final = 0.06
_MISSPELT: Final = 0.04
_TREATED: Final = 0.35
_INTERRUPTING: Final = ("incomplete", "restart")
_REPORTED: Final = 9 * 60 + 7 * 60  # minute of the day (UTC) of an entry
_NEVER: Final = pl.lit(MISSING, pl.Int64)
_BOXES: Final = ("AEPRE", "AESHOSP", "AESLIFE", "AESDTH", "AECONTRT", "AEINFR", "AESI")
_CAUSALITY: Final = ("NR", "UL", "PO", "RE")


def adverse_events(trial: Trial) -> pl.DataFrame:
    """AE: every event of the trial with its number, changes and deletions; sorted by person and number."""
    parts = [
        _ordinary(trial),
        _before_infusion(trial),
        _reactions(trial),
        _serious(trial),
        _fatal(trial),
        _liver(trial),
    ]
    events = _with_entry(trial, pl.concat(parts, how="diagonal"))
    return _numbered(_with_reentered(trial, events))


def _frame(person: Array, term: Array | list[str], start: Array, end: Array, **more: object) -> pl.DataFrame:
    """Events with start and end in minutes (whole days at midnight, times then unknown)."""
    return pl.DataFrame(
        {PERSON: person, "AETERM": pl.Series(term, dtype=pl.String), "start": start, "end": end}
    ).with_columns(
        pl.Series(name, value) if isinstance(value, np.ndarray | pl.Series) else pl.lit(value).alias(name)
        for name, value in more.items()
    )


def _ordinary(trial: Trial) -> pl.DataFrame:
    size, names = trial.people.size, terms_for("AE")
    luck = trial.streams.uniform("events/ordinary", size, len(_CHANCES), 6)
    which = np.argsort(trial.streams.uniform("events/term", size, len(names)), axis=1)
    happens = trial.course.infused[:, None] & (luck[..., 0] < _CHANCES)
    happens[:, 0] |= trial.people.role == "re_entered"
    person, slot = np.nonzero(happens)
    chance = luck[person, slot]
    day1, last = trial.people.day1[person], trial.course.end[person]
    start = day1 + 1 + (chance[:, 1] * np.maximum(last - day1 - 3, 1)).astype(np.int64)
    end = start + 2 + (40 * chance[:, 2] ** 3).astype(np.int64)
    end = np.where((end > last) | (chance[:, 3] < _UNRESOLVED), MISSING, end)
    grade = np.searchsorted((0.60, 0.93), chance[:, 4], side="right") + 1
    serious = (grade == 3) & (chance[:, 5] < 0.2)
    treated = np.array([drug is not None for drug in _drugs_of(names)])[which[person, slot]]
    return _frame(
        person,
        one_of(names, which[person, slot]).to_list(),
        start * DAY,
        np.where(end == MISSING, MISSING, end * DAY),
        AETOXGR=grade,
        AESHOSP=serious,
        AEREL=np.array(_CAUSALITY)[np.searchsorted((0.55, 0.82, 0.98), chance[:, 5], side="right")],
        AECONTRT=treated & (chance[:, 3] < _TREATED),
        slot=slot,
    )


def _drugs_of(names: tuple[str, ...]) -> list[str | None]:
    known: dict[str, str | None] = dict(terms().select("verbatim", "drug").iter_rows())
    return [known[name] for name in names]


def _before_infusion(trial: Trial) -> pl.DataFrame:
    """Events between consent and infusion, over before the infusion."""
    people = trial.people
    luck = trial.streams.uniform("events/before", people.size, 3)
    own = np.flatnonzero(trial.course.infused & (luck[:, 0] < _BEFORE_INFUSION))
    names = terms_for("AE")
    which = np.argsort(trial.streams.uniform("events/term", people.size, len(names)), axis=1)[
        own, len(_CHANCES)
    ]
    span = people.day1[own] - people.consent[own]
    start = people.consent[own] + 1 + (luck[own, 1] * (span - 6)).astype(np.int64)
    end = np.minimum(start + 3, people.day1[own] - 1)
    return _frame(
        own, one_of(names, which).to_list(), start * DAY, end * DAY, AEPRE=True, AETOXGR=np.ones_like(own)
    )


def _reactions(trial: Trial) -> pl.DataFrame:
    """Reactions to the infusion: during it where it was interrupted, otherwise soon after it."""
    course, role = trial.course, trial.people.role
    luck = trial.streams.uniform("events/reaction", trial.people.size, 3)
    stopped = np.isin(role, _INTERRUPTING)
    own = np.flatnonzero(course.infused & (stopped | (luck[:, 0] < _REACTION)))
    after = course.minutes[own] + 20 + (120 * luck[own, 1]).astype(np.int64)
    during = course.minutes[own] // 2 - 3
    start = course.infusion[own] + np.where(stopped[own], during, after)
    grade = np.where(stopped[own], 2, 1)
    return _frame(
        own,
        list(terms_for("REACTION")) * own.size,
        start,
        start + 60 + (120 * luck[own, 2]).astype(np.int64),
        AETOXGR=grade,
        AEREL="PO",
        AEACN=np.select([role[own] == "incomplete", role[own] == "restart"], ["WD", "INT"], "NA"),
        AEINFR=True,
        AESI=True,
        AECONTRT=stopped[own],
    )


def _serious(trial: Trial) -> pl.DataFrame:
    """The event behind an emergency unblinding: pneumonia in hospital, three weeks after the infusion."""
    own = np.flatnonzero(trial.people.role == "unblinded")
    start = (trial.people.day1[own] + 19 + own % 7) * DAY
    return _frame(
        own, list(terms_for("SERIOUS")) * own.size, start, start + 12 * DAY,
        AETOXGR=np.full_like(own, 3), AEREL="PO", AESHOSP=True, AESI=True, AECONTRT=True,
    )  # fmt: skip


def _fatal(trial: Trial) -> pl.DataFrame:
    """The cause of a death: starts three days before it, life-threatening when first reported."""
    own = np.flatnonzero(trial.people.role == "death")
    end = trial.course.end[own] * DAY
    return _frame(
        own, list(terms_for("FATAL")) * own.size, end - 3 * DAY, end,
        AETOXGR=np.full_like(own, 5), AEREL="UL", AESHOSP=True, AESLIFE=True, AESDTH=True,
    )  # fmt: skip


def _liver(trial: Trial) -> pl.DataFrame:
    """A laboratory finding at Week 4 that names the sample it was seen in."""
    own = np.flatnonzero(
        (trial.people.role == "liver") & trial.course.done[:, c.W4] & trial.course.done[:, c.W8]
    )
    start = trial.course.visit[own, c.W4] * DAY
    sample = accession_text(accession(trial.people.size)[own, c.W4])
    return _frame(
        own, list(terms_for("LIVER")) * own.size, start, trial.course.visit[own, c.W8] * DAY,
        AETOXGR=np.ones_like(own), AEREL="PO", AEACCESSN=sample, delay=np.full_like(own, 4),
    )  # fmt: skip


def _with_entry(trial: Trial, events: pl.DataFrame) -> pl.DataFrame:
    """Events with the minutes of entry and of the later change, if the end was not yet known at entry."""
    luck = trial.streams.uniform("events/entry", trial.people.size, 8, 3)
    filled = events.with_columns(
        pl.col(_BOXES).fill_null(value=False),
        pl.col("AEREL").fill_null("NR"),
        pl.col("AEACN").fill_null("NA"),
        pl.col("delay").fill_null(0),
    ).with_columns(pl.col("slot").fill_null(len(_CHANCES) + pl.col("AEINFR").cast(pl.Int64)))
    person, slot = filled[PERSON].to_numpy(), filled["slot"].to_numpy()
    chance = luck[person, slot]
    fatal = filled["AESDTH"].to_numpy()
    at_once = fatal | filled["AEINFR"].to_numpy()
    wait = np.where(at_once, 1, 1 + (6 * chance[:, 0]).astype(np.int64)) + filled["delay"].to_numpy()
    start, end = filled["start"].to_numpy() // DAY, filled["end"].to_numpy()
    created = (start + wait) * DAY + _REPORTED + slot
    ended = np.where(end == MISSING, MISSING, (end // DAY + 1) * DAY + _REPORTED)
    later = ended > created
    misspelt = ~later & (chance[:, 1] < _MISSPELT)
    amended = np.select([later, misspelt], [ended, created + 6 * DAY], MISSING)
    return filled.with_columns(
        pl.Series("created", created), pl.Series("amended", amended), pl.Series("ends_later", later),
        pl.Series("misspelt", misspelt), pl.Series("late", chance[:, 2]), deleted=_NEVER,
    )  # fmt: skip


def _with_reentered(trial: Trial, events: pl.DataFrame) -> pl.DataFrame:
    """The first event of some subjects is deleted a week after entry and entered again as a new record."""
    again = np.flatnonzero((trial.people.role == "re_entered") & trial.course.infused)
    first = pl.col(PERSON).is_in(again) & (pl.col("slot") == 0) & ~pl.col("AEINFR") & ~pl.col("AEPRE")
    moved = pl.col("created") + 7 * DAY + 30
    single = events.with_columns(pl.when(first).then(False).otherwise("AECONTRT").alias("AECONTRT"))
    gone = single.filter(first).with_columns(
        deleted=moved,
        end=pl.when("ends_later").then(_NEVER).otherwise("end"),
        amended=_NEVER,
        ends_later=pl.lit(value=False),
        misspelt=pl.lit(value=False),
    )
    known = pl.col("amended") <= moved
    new = single.filter(first).with_columns(
        created=moved,
        amended=pl.when(known).then(_NEVER).otherwise("amended"),
        ends_later=pl.col("ends_later") & ~known,
        misspelt=pl.lit(value=False),
    )
    return pl.concat([single.filter(~first), gone, new])


def _numbered(events: pl.DataFrame) -> pl.DataFrame:
    """AENO runs in the order of entry, so that a later night never renumbers an event."""
    ordered = events.sort(PERSON, "created", "slot", "AETERM")
    return ordered.with_columns(AENO=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(PERSON))


def event_form(events: pl.DataFrame) -> pl.DataFrame:
    """AE as records of the form: before its end was known an event is ongoing."""
    start, end = events["start"].to_numpy(), events["end"].to_numpy()
    timed = events["AEINFR"].to_numpy()
    ongoing, later, fatal = end == MISSING, events["ends_later"].to_numpy(), events["AESDTH"].to_numpy()
    end_date = edc_date(np.where(ongoing, MISSING, end // DAY))
    end_time = clock(np.where(timed & ~ongoing, end, MISSING))
    grade = events["AETOXGR"].to_numpy()
    outcome = np.select([fatal, ongoing], ["FA", "NR"], "RR")
    fields = {
        "AENO": events["AENO"],
        "AETERM": events["AETERM"],
        "AETERM__before": events["AETERM"].zip_with(~events["misspelt"], _variant(events["AETERM"])),
        "AESTDAT": edc_date(start // DAY),
        "AESTTIM": clock(np.where(timed, start, MISSING)),
        "AEENDAT": end_date,
        "AEENDAT__before": end_date.set(pl.Series(later), None),
        "AEENTIM": end_time,
        "AEENTIM__before": end_time.set(pl.Series(later), None),
        "AEONGO": one_of(("1",), ongoing.astype(np.int64) - 1),
        "AEONGO__before": one_of(("1",), (ongoing | later).astype(np.int64) - 1),
        "AETOXGR": grade,
        "AETOXGR__before": np.where(fatal & later, 4, grade),
        "AESER": one_of(("N", "Y"), _serious_boxes(events).astype(np.int64)),
        **{
            name: one_of(("1",), events[name].to_numpy().astype(np.int64) - 1)
            for name in ("AESLIFE", "AESHOSP")
        },
        **{f"AES{name}": None for name in ("DISAB", "CONG", "MIE", "CAN")},
        "AESDTH": one_of(("1",), fatal.astype(np.int64) - 1),
        "AESDTH__before": one_of(("1",), (fatal & ~later).astype(np.int64) - 1),
        "AEREL": events["AEREL"],
        "AEACN": events["AEACN"],
        "AEOUT": outcome,
        "AEOUT__before": np.where(later, "NR", outcome),
        **{
            name: one_of(("N", "Y"), events[name].to_numpy().astype(np.int64))
            for name in ("AEPRE", "AECONTRT", "AEINFR", "AESI")
        },
        "AEACCESSN": events["AEACCESSN"],
    }
    created, amended = events["created"].to_numpy(), events["amended"].to_numpy()
    records = entered(
        events[PERSON].to_numpy(), "LOG", created, fields, repeat=events["AENO"].to_numpy(), amended=amended
    )
    return records.with_columns(moments(events["deleted"].to_numpy()).alias(DELETED))


def _serious_boxes(events: pl.DataFrame) -> Array:
    boxes: Array = events.select(pl.any_horizontal("AESHOSP", "AESLIFE", "AESDTH")).to_series().to_numpy()
    return boxes


def _variant(term: pl.Series) -> pl.Series:
    known = dict(terms().select("verbatim", "variant").iter_rows())
    return term.replace_strict(known, return_dtype=pl.String)
