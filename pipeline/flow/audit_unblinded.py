"""The unblinded half of an audit: restricted files land in a root of their own, and the locked delivery is built again.

Only the command that audits imports this module. Everything that it makes is synthetic, the approval too.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl

from pipeline.blinding.modes import Mode
from pipeline.errors import Refused
from pipeline.flow.audit_build import audit_build
from pipeline.flow.context import open_context, study_parts
from pipeline.flow.delta import Delta
from pipeline.flow.unblinding import (
    load_restricted,
    open_unblinded,
    run_unblinded,
    unblind,
    unblinded_parts,
)
from pipeline.restricted import RestrictedSettings
from pipeline.settings import Settings
from pipeline.simulate.audit import Audit, audited_stop, foresees_stop
from pipeline.sources.delivery import Delivery
from pipeline.sources.raw import read_raw

_APPROVERS = ("first auditor", "second auditor")
_WHO = "audit"


def audit_unblinded(
    settings: Settings, root: Path, secret: Path, ledger: pl.DataFrame, since: Delta | None
) -> Audit:
    """What an unblinded build of the newest delivery finds, against all that was planted for it.

    ``root`` becomes the restricted root, ``secret`` holds the restricted files. The mode is FINAL if the key is
    complete, else DSMB; the kinds carry it. Where the ledger foresees that nothing is unblinded, the refusal must name
    the rule. Raises Refused if nothing was to refuse.
    """
    restricted = RestrictedSettings.apart_from(settings, root).prepared()
    load_restricted(settings, restricted, secret)
    delivery = open_context(settings).delivery
    mode = _mode(settings, secret)
    try:
        _approve(settings, restricted, delivery, mode)
        build = run_unblinded(settings, restricted, mode).build
    except Refused as refusal:
        if not foresees_stop(ledger):
            raise
        return _in_mode(audited_stop(ledger, str(refusal)), mode)
    context = open_unblinded(settings, restricted, mode)
    return _in_mode(audit_build(context, build, ledger, since), mode)


def planned_subjects(settings: Settings) -> int | None:
    """How many subjects all cohorts together have; None for a study that is not blinded."""
    blinding = study_parts(settings).spec.blinding
    return sum(size.active + size.control for size in blinding.cohorts) if blinding else None


def _mode(settings: Settings, secret: Path) -> Mode:
    parts = unblinded_parts(settings)
    layout = parts.layouts[parts.blinding.key.source]
    paths = sorted(secret.glob(layout.pattern))
    rows = read_raw(paths[0], layout).select(pl.len()).collect().item() if paths else 0
    return Mode.FINAL if rows == planned_subjects(settings) else Mode.DSMB


def _approve(settings: Settings, restricted: RestrictedSettings, delivery: Delivery, mode: Mode) -> None:
    when = f"{delivery.cut.isoformat()}T00:00:00+00:00"
    study = study_parts(settings).spec.study.study
    lock = restricted.home / "lock.json"
    told = {"study": study, "delivery": delivery.delivery_id, "locked_by": _WHO, "locked_at": when}
    lock.write_text(json.dumps(told), encoding="utf-8")
    why = "audit of planted defects"
    unblind(settings, restricted, lock, mode=mode, who=_WHO, approvers=_APPROVERS, why=why, when=when)


def _in_mode(audit: Audit, mode: Mode) -> Audit:
    """The same with the mode behind every kind: a kind may be planted for blinded builds too."""
    kind = pl.format("{} ({})", "kind", pl.lit(str(mode)))
    return replace(
        audit,
        kinds=audit.kinds.with_columns(kind=kind),
        missed=audit.missed.with_columns(kind=kind),
        alarms=audit.alarms.with_columns(kind=kind),
    )
