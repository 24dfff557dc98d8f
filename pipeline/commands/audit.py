"""The command that plants and looks whether all was found."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from pipeline.commands import show, show_trials
from pipeline.errors import EXIT_BUILD, UsageError
from pipeline.flow.audit import Seed, audit_ledger, audit_seeds, merged
from pipeline.settings import Settings
from pipeline.simulate.audit import Audit


def of_ledger(settings: Settings, ledger: Path, restricted: Path | None) -> dict[str, Any]:
    """Recall and false alarms of one planted delivery, unblinded too if its restricted files are named."""
    return _result(audit_ledger(settings, ledger, restricted), studies=1)


def of_seeds(
    settings: Settings, seeds: int, subjects: int, as_of: date, defects: str, *, quiet: bool
) -> dict[str, Any]:
    """The same over seeds 1 to ``seeds``, added up."""
    if seeds < 1:
        raise UsageError(
            "audit", "there is neither a ledger nor a number of seeds", "give LEDGER or --seeds N"
        )
    audits = []
    for seed, audit in audit_seeds(
        settings, [Seed(n, subjects, as_of, defects) for n in range(1, seeds + 1)]
    ):
        audits.append(audit)
        if not quiet:
            show.stage(f"seed {seed.seed}: {'passed' if audit.passed else 'FAILED'}")
    return _result(merged(audits), studies=seeds)


def _result(audit: Audit, studies: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "studies": studies,
        "kinds": audit.kinds.to_dicts(),
        "missed": audit.missed.drop("subject", "value").to_dicts(),
        "false_alarms": audit.alarms.drop("subject").to_dicts(),
    }
    return {
        **result,
        "exit_code": 0 if audit.passed else EXIT_BUILD,
        "show": lambda: show_trials.audited(result),
    }
