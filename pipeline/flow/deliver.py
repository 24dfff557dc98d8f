"""Landing a delivery, and writing a synthetic one: the first and the zeroth step of a night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib import import_module
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.flow.context import study_parts
from pipeline.settings import Settings
from pipeline.simulate.entry import DEFECTS_PER_SUBJECT, Simulated, simulate
from pipeline.simulate.study import StudyModel
from pipeline.sources.landing import Landed, land
from pipeline.sources.refusals import StopDelivery


def load_delivery(
    settings: Settings, folder: Path, *, cut: date | None = None, released: Sequence[str] = ()
) -> Landed:
    """Lands ``folder`` for the settings' study; see ``pipeline.sources.landing.land`` for what is refused."""
    parts = study_parts(settings)
    rules = parts.spec.study.delivery
    try:
        return land(
            folder,
            settings.landing,
            parts.layouts,
            restricted_columns=(*rules.deny_columns, *rules.deny_patterns),
            cut=cut,
            shrink_limit_percent=rules.expected.shrink_limit_percent,
            released=released,
        )
    except (
        StopDelivery
    ) as stop:  # nothing lands, so no finding can ever say it: the line itself names the rule
        rule = f"{rules.deny_rule}: " if rules.deny_rule else ""
        raise StopDelivery(stop.what, f"{rule}{stop.culprit}", stop.fix) from None


def study_model(settings: Settings) -> StudyModel:
    """The study's synthetic trial and its kinds of defects; UsageError if it has none."""
    name = f"data_contracts.{settings.study}.simulation"
    try:
        model: StudyModel = import_module(name).MODEL
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise UsageError(settings.study, "has no simulated trial", "deliver real files") from None
    return model


def simulate_delivery(
    settings: Settings,
    out: Path,
    restricted: Path | None,
    *,
    subjects: int,
    seed: int,
    as_of: date,
    defects: str | Sequence[str],
    rate: float | None = None,
) -> Simulated:
    """One night of the study's synthetic trial in ``out``; UsageError if the study has no simulation."""
    layouts = study_parts(settings).all_layouts
    return simulate(
        study_model(settings),
        layouts,
        out,
        restricted,
        subjects=subjects,
        seed=seed,
        as_of=as_of,
        defects=defects,
        defects_per_subject=DEFECTS_PER_SUBJECT if rate is None else rate,
    )
