"""A planted delivery taken through a whole night of its own, and what was found there against its ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipeline.errors import Refused, UsageError
from pipeline.flow.audit_build import audit_build
from pipeline.flow.audit_unblinded import audit_unblinded, planned_subjects
from pipeline.flow.context import open_context
from pipeline.flow.deliver import load_delivery, simulate_delivery, study_model
from pipeline.flow.delta import Delta, delta
from pipeline.flow.run import run_context
from pipeline.settings import Settings
from pipeline.simulate.audit import Audit, audited_stop, foresees_stop, read_ledger
from pipeline.simulate.defects import LEDGER, chosen_kinds

_SUFFIX = ".ledger.csv"


@dataclass(frozen=True)
class Seed:
    """One simulated study of many: how it is grown and what is planted."""

    seed: int
    subjects: int
    as_of: date
    defects: str


@dataclass(frozen=True)
class _Night:
    """Kinds that are planted together, and whether restricted files belong to it."""

    kinds: tuple[str, ...]
    secret: bool
    subjects: int

    @property
    def defects(self) -> str:
        return ",".join(self.kinds) or "none"


def audit_ledger(settings: Settings, ledger: Path, restricted: Path | None = None) -> Audit:
    """The delivery beside ``ledger``, landed and built in a home of its own that is gone afterwards.

    With the folder of its ``restricted`` files it is built unblinded too, and both ledgers are compared. UsageError if
    ``ledger`` is none, or its delivery is not beside it.
    """
    folder = ledger.with_name(ledger.name.removesuffix(_SUFFIX))
    if not ledger.name.endswith(_SUFFIX) or not folder.is_dir():
        raise UsageError(str(ledger), "has no delivery beside it", "name the .ledger.csv that simulate wrote")
    if restricted is not None and not restricted.is_dir():
        raise UsageError(str(restricted), "there is no such folder", "name the one that simulate wrote")
    with TemporaryDirectory(prefix="audit-") as place:
        return _audited(settings, Path(place), folder, read_ledger(ledger), restricted)


def audit_seeds(settings: Settings, seeds: list[Seed]) -> Iterator[tuple[Seed, Audit]]:
    """The same for simulated studies, one after the other; nothing of them is kept.

    What lies in restricted sources is planted in a study of the planned size, which is built unblinded too, and what
    stops a night in one of its own. A kind that finds no place beside the others is planted in a further delivery of
    the same trial.
    """
    for seed in seeds:
        audits: list[Audit] = []
        for night in _nights(settings, seed):
            left = night.kinds
            while True:
                audit, without_place = _planted_night(settings, seed, replace(night, kinds=left))
                audits.append(audit)
                if not without_place or without_place == left:
                    break
                left = without_place
        yield seed, merged(audits)


def _nights(settings: Settings, seed: Seed) -> Iterator[_Night]:
    known = study_model(settings).defects
    kinds = list(known.values()) if seed.defects == "all" else chosen_kinds(known, seed.defects)
    whole = planned_subjects(settings) or seed.subjects

    def names(*, secret: bool) -> tuple[str, ...]:
        return tuple(kind.name for kind in kinds if kind.secret == secret and not kind.alone)

    if not kinds or names(secret=False):
        yield _Night(names(secret=False), secret=False, subjects=seed.subjects)
    if names(secret=True):
        yield _Night(names(secret=True), secret=True, subjects=whole)
    for kind in kinds:
        if kind.alone:
            yield _Night((kind.name,), kind.secret, whole)


def _planted_night(settings: Settings, seed: Seed, night: _Night) -> tuple[Audit, tuple[str, ...]]:
    """The audit of one simulated night, and the kinds that found no place in it."""
    with TemporaryDirectory(prefix="audit-") as place:
        made = simulate_delivery(
            settings,
            Path(place) / "night",
            Path(place) / "secret" if night.secret else None,
            subjects=night.subjects,
            seed=seed.seed,
            as_of=seed.as_of,
            defects=night.defects,
        )
        audit = _audited(settings, Path(place), made.folder, read_ledger(made.ledger), made.restricted)
    return audit, tuple(kind for kind, count in made.defects.items() if not count)


def _audited(
    settings: Settings, place: Path, folder: Path, ledger: pl.DataFrame, restricted: Path | None
) -> Audit:
    own = replace(settings, home=place / "home")
    earlier = folder.with_name(f"{folder.name}.earlier")
    if earlier.is_dir():
        load_delivery(own, earlier)
    try:
        landed = load_delivery(own, folder)
    except Refused as refusal:
        if not foresees_stop(ledger):
            raise
        return audited_stop(ledger, str(refusal))
    context = open_context(own, landed.delivery_id)
    build = run_context(context).build
    since = delta(own) if earlier.is_dir() else None
    audit = audit_build(context, build, ledger, since)
    return audit if restricted is None else merged([audit, _unblinded(own, place, ledger, restricted, since)])


def _unblinded(
    own: Settings, place: Path, ledger: pl.DataFrame, restricted: Path, since: Delta | None
) -> Audit:
    secret = restricted.with_name(f"{restricted.name}{_SUFFIX}")
    whole = pl.concat([ledger, read_ledger(secret)]) if secret.is_file() else ledger
    return audit_unblinded(own, place / "root", restricted, whole, since)


def merged(audits: list[Audit]) -> Audit:
    """Several audits as one: counts added by kind."""
    kinds = pl.concat([audit.kinds for audit in audits])
    counts = (
        kinds.group_by("kind").agg(pl.col("planted", "found", "missed", "false_alarms").sum()).sort("kind")
    )
    missed = pl.concat([audit.missed for audit in audits]) if audits else LEDGER.to_frame()
    return Audit(counts, missed, pl.concat([audit.alarms for audit in audits]))
