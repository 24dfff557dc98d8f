"""Lifting the blind: restricted files land, a key is checked and approved, and the same graph runs with it elsewhere.

Only the commands of unblinded people import this module. It reads the blinded root and writes to the restricted one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import polars as pl

from pipeline.blinding.events import Event, Request, append_event, checked_request, events, latest
from pipeline.blinding.key_checks import check_fingerprint, check_key
from pipeline.blinding.lock_record import read_lock_record
from pipeline.blinding.modes import UNBLINDED, Mode
from pipeline.contracts.catalog import contract_models, subject_form
from pipeline.contracts.check import check
from pipeline.domains.mapping import kept
from pipeline.domains.records import Inputs
from pipeline.domains.unblinded import Unblinded
from pipeline.errors import Refused, SpecError, UsageError
from pipeline.files import sha256_of
from pipeline.flow.context import Context, StudyParts, build_id, study_parts
from pipeline.flow.run import OnStep, Ran, run_context
from pipeline.restricted import RestrictedSettings
from pipeline.settings import Settings
from pipeline.sources.delivery import Delivery, LandedFile, deliveries, resolve
from pipeline.sources.landing import Landed, land
from pipeline.sources.raw import read_raw
from pipeline.specs.blinding import Blinding
from pipeline.specs.checks import Check
from pipeline.specs.layout import SourceLayout
from pipeline.specs.load import load_study
from pipeline.warehouse.builds import published
from pipeline.warehouse.store import Store

OVERLAY = "unblinded"
_ID_LENGTH = 12
_LOAD = "load it with './sdtm load-restricted'"
Files = Mapping[str, LandedFile | None]


class UnblindedParts(StudyParts):
    """A study with its unblinded overlay, whose restricted sources are sources like any other."""

    @cached_property
    def layouts(self) -> dict[str, SourceLayout]:
        """Every source of the study."""
        return self.all_layouts

    @property
    def checks(self) -> dict[str, Check]:
        """Every check of the study that is a query."""
        return {name: check.unblinded for name, check in self.spec.checks.items() if check.sql}

    @property
    def blinding(self) -> Blinding:
        """What is behind the mask; SpecError if the study is not blinded."""
        if self.spec.blinding is None:
            raise SpecError(
                self.spec.name, "has no blinding.yaml", "a study without it has no mode to change"
            )
        return self.spec.blinding


@dataclass(frozen=True)
class UnblindedContext(Context):
    """One unblinded build; ``event`` is the approval that it rests on."""

    event: Event
    blinding: Blinding

    @property
    def inputs(self) -> Inputs:
        """The inputs of a blinded build, and what lifts the mask."""
        return replace(super().inputs, unblinded=Unblinded(self.blinding))

    @property
    def more_facts(self) -> dict[str, str]:
        """Mode and approval."""
        return {"mode": str(self.event.request.mode), "event": self.event.hash}


def unblinded_parts(settings: Settings) -> UnblindedParts:
    """Specification with overlay, and all contracts of the settings' study."""
    spec = load_study(settings.specs, settings.study, OVERLAY)
    return UnblindedParts(spec, contract_models(settings.study), subject_form(settings.study))


def load_restricted(
    settings: Settings, restricted: RestrictedSettings, folder: Path, *, cut: date | None = None
) -> Landed:
    """Lands the restricted files of ``folder`` below the restricted root, and nothing else.

    Without ``cut`` they belong to the data cut of the newest blinded delivery, as their names hold no date.
    """
    layouts = {name: each for name, each in study_parts(settings).all_layouts.items() if each.restricted}
    if folder.resolve().is_relative_to(settings.home.resolve()):
        raise UsageError(str(folder), "restricted files lie in the blinded root", "move them out of it first")
    newest = deliveries(settings.landing)[-1:]
    day = cut or (newest[0].cut if newest else None)
    return land(folder, restricted.prepared().landing, layouts, cut=day)


def unblind(
    settings: Settings,
    restricted: RestrictedSettings,
    lock_record: Path,
    *,
    mode: Mode,
    who: str,
    approvers: tuple[str, ...],
    why: str,
    when: str,
) -> Event:
    """Checks the lock record and the key, and records that ``mode`` may be built; Refused if anything is amiss."""
    lock = read_lock_record(lock_record, study_parts(settings).spec.study.study)
    request = checked_request(
        Request(settings.study, mode, lock.delivery, who, approvers, why, when, key="", lock=lock.sha256)
    )
    delivery = _delivery(settings, lock.delivery)
    parts = unblinded_parts(settings)
    files = _files(delivery, restricted)
    _check(parts, delivery, files, mode)
    return append_event(restricted.events, replace(request, key=_key_file(parts, files).sha256))


def unblindings(restricted: RestrictedSettings) -> tuple[Event, ...]:
    """The verified record; Refused if it is broken, or lacks the approval of an unblinded build that was published."""
    found = events(restricted.events)
    known = {event.hash for event in found}
    for mode in UNBLINDED:
        build = published(restricted.warehouse, restricted.study, mode)
        if build is not None and build.facts.get("event") not in known:
            fix = "restore the record from the backup; nothing is unblinded with a broken record"
            raise Refused(restricted.events.name, f"the approval of the published {mode} build is gone", fix)
    return found


def open_unblinded(settings: Settings, restricted: RestrictedSettings, mode: Mode) -> UnblindedContext:
    """The context of the delivery that was locked when ``mode`` was approved last; Refused if nobody approved it.

    The key must be the one that was approved, and must still pass every check.
    """
    return open_approved(settings, restricted, latest(unblindings(restricted), mode))


def open_approved(
    settings: Settings, restricted: RestrictedSettings, event: Event, wanted: Mapping[str, str] | None = None
) -> UnblindedContext:
    """The same for one approval; ``wanted`` (source -> sha256) chooses restricted files that are not the newest."""
    parts, mode = unblinded_parts(settings), event.request.mode
    delivery = _delivery(settings, event.request.delivery)
    files = _files(delivery, restricted, wanted)
    if _key_file(parts, files).sha256 != event.request.key:
        raise Refused(
            parts.blinding.key.source, "is not the key that was approved", "approve it with './sdtm unblind'"
        )
    _check(parts, delivery, files, mode)
    plain = build_id(parts.spec, delivery, files)
    build = hashlib.sha256(f"{plain}:{mode}:{event.hash}".encode()).hexdigest()[:_ID_LENGTH]
    store = Store(restricted.warehouse, settings.study, mode, delivery.delivery_id, build)
    return UnblindedContext(settings, parts, delivery, files, store, event, parts.blinding)


def run_unblinded(
    settings: Settings,
    restricted: RestrictedSettings,
    mode: Mode,
    *,
    again: bool = False,
    on_step: OnStep | None = None,
) -> Ran:
    """Builds and publishes ``mode`` below the restricted root; the blinded build stays as it is."""
    return run_context(open_unblinded(settings, restricted, mode), again=again, on_step=on_step)


def _delivery(settings: Settings, delivery_id: str) -> Delivery:
    for delivery in deliveries(settings.landing):
        if delivery.delivery_id == delivery_id:
            return delivery
    raise Refused(
        f"delivery {delivery_id}", "is locked but has not landed here", "load the locked delivery first"
    )


def _files(
    delivery: Delivery, restricted: RestrictedSettings, wanted: Mapping[str, str] | None = None
) -> dict[str, LandedFile | None]:
    """The files of the locked delivery and the newest restricted ones, or the newest that are as ``wanted``."""
    landed = [resolve(each) for each in reversed(deliveries(restricted.landing))]
    fitting = [files for files in landed if wanted is None or _fit(files, wanted)]
    return {**resolve(delivery), **next(iter([*fitting, *landed]), {})}


def _fit(files: Files, wanted: Mapping[str, str]) -> bool:
    return all(file is None or wanted.get(source) == file.sha256 for source, file in files.items())


def _key_file(parts: UnblindedParts, files: Files) -> LandedFile:
    """The landed key, whose bytes are those that landed; Refused if there is none."""
    source = parts.blinding.key.source
    file = files.get(source)
    if file is None:
        raise Refused(source, "there is no unblinding key", _LOAD)
    if sha256_of(file.path) != file.sha256:
        raise Refused(source, "its landed file was changed", "restore it from the backup")
    return file


def _check(parts: UnblindedParts, delivery: Delivery, files: Files, mode: Mode) -> None:
    """Refused unless the key has its fingerprint, fits the assignments and the list, and is complete for the mode."""
    blinding, reference = parts.blinding, parts.spec.study.reference
    key = _key_file(parts, files)
    check_fingerprint(blinding, read_raw(key.path, parts.layouts[key.source]).collect())
    assigned = _typed(parts, delivery, files, reference.assignment.source)
    if assigned is None:
        raise Refused(reference.assignment.source, "was never delivered", "load the delivery that holds it")
    for where in reference.assignment.where:
        assigned = assigned.filter(kept(where))
    rows = _typed(parts, delivery, files, key.source)
    assert rows is not None
    check_key(blinding, rows, assigned, mode, _typed(parts, delivery, files, blinding.schedule.source))


def _typed(parts: UnblindedParts, delivery: Delivery, files: Files, source: str) -> pl.DataFrame | None:
    """Accepted rows of a landed source that the sender has not marked as deleted; None if it never landed."""
    file = files.get(source)
    if file is None:
        return None
    raw = read_raw(file.path, parts.layouts[source]).collect()
    checked = check(raw, parts.models[source], file=file.file, cut=delivery.cut, form=parts.form)
    marked = parts.spec.study.delivery.deleted
    if marked.column not in checked.accepted.columns:
        return checked.accepted
    return checked.accepted.filter(pl.col(marked.column).ne_missing(marked.value))
