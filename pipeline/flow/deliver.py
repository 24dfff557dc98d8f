"""Landing a delivery, and writing a synthetic one: the first and the zeroth step of a night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib import import_module
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.flow.context import study_parts
from pipeline.settings import Settings
from pipeline.simulate.entry import Simulated, simulate
from pipeline.sources.landing import Landed, land


def load_delivery(settings: Settings, folder: Path, *, cut: date | None = None) -> Landed:
    """Lands ``folder`` for the settings' study; see ``pipeline.sources.landing.land`` for what is refused."""
    parts = study_parts(settings)
    rules = parts.spec.study.delivery
    return land(
        folder,
        settings.landing,
        parts.layouts,
        restricted_columns=(*rules.deny_columns, *rules.deny_patterns),
        cut=cut,
    )


def simulate_delivery(
    settings: Settings,
    out: Path,
    restricted: Path | None,
    *,
    subjects: int,
    seed: int,
    as_of: date,
    defects: str | Sequence[str],
) -> Simulated:
    """One night of the study's synthetic trial in ``out``; UsageError if the study has no simulation."""
    name = f"data_contracts.{settings.study}.simulation"
    try:
        model = import_module(name).MODEL
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise UsageError(settings.study, "has no simulated trial", "deliver real files") from None
    layouts = study_parts(settings).all_layouts
    return simulate(
        model, layouts, out, restricted, subjects=subjects, seed=seed, as_of=as_of, defects=defects
    )
