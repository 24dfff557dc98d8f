"""Where the engine finds what a study's subjects are measured against: their moments, elements, visits and samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pipeline.specs.frozen import Frozen
from pipeline.specs.row_models import Where

# What the engine knows of a subject by itself, and where the study's reference says it is collected.
MOMENTS: Final[Mapping[str, str]] = {
    "RFICDTC": "consent",
    "RFXSTDTC": "exposure_start",
    "RFXENDTC": "exposure_end",
    "ENDDTC": "end_of_participation",
    "LASTDTC": "last_contact",
    "DTHDTC": "death",
    "RESCUEDTC": "rescue",
    "RANDOMIZED": "assignment",
}


class Moment(Frozen):
    """Where a date (and time) is collected, and which rows count."""

    source: str
    date: str
    time: str | None = None
    where: tuple[Where, ...] = ()


class Element(Frozen):
    """One element of the subject's path; ``starts`` names the rule (consent, infusion, rescue, follow_up)."""

    etcd: str
    element: str
    epoch: str
    order: int
    starts: Literal["consent", "infusion", "rescue", "follow_up"]


class FollowUp(Frozen):
    """When extended follow-up begins: at a visit, or a number of days after infusion if that visit was missed."""

    visitnum: str
    days: int
    window_days: int


class VisitDates(Frozen):
    """A source whose rows belong to visits, with the date that places them."""

    source: str
    date: str
    end: str | None = None


class Identity(Frozen):
    """What the laboratory knows of the person whose sample it has, and what the roster knows of the subject.

    A sample on which the two differ is set aside under ``rule``, a check of the study that tells of it.
    """

    rule: str
    sex: str
    birth_year: str
    roster_sex: str
    roster_birth: str
    unknown_sex: str


class Laboratory(Frozen):
    """Which column of the laboratory's file plays which part, and the form that says what was drawn."""

    source: str
    subject: str
    visit_label: str
    accession: str
    date: str
    time: str
    test: str
    specimen: str
    loinc: str
    method: str
    result: str
    unit: str
    low: str
    high: str
    reference_text: str
    status: str
    revision: str
    reported: str
    comment: str
    name: str
    fasting: str
    quantitation: str
    preliminary: str
    cancelled: str
    panel_not_done: str
    panel_name: str
    form: str
    form_accession: str
    form_performed: str
    form_reason: str
    local: str
    local_result: str
    local_performed: str
    local_test: str
    local_specimen: str
    local_invalid: str
    planned: str
    identity: Identity | None = None


class Reference(Frozen):
    """Where the engine finds a subject's reference moments."""

    roster: str
    consent: Moment
    assignment: Moment
    exposure_start: Moment
    exposure_end: Moment
    end_of_participation: Moment
    last_contact: Moment
    death: Moment
    rescue: Moment
    sites: str
    elements: tuple[Element, ...]
    follow_up: FollowUp
    visit_dates: tuple[VisitDates, ...]
    visits: str
    unscheduled: str
    visit_column: str
    repeat_column: str
    record_column: str
