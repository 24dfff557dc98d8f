"""Everything Dagster shows, made from the study that SDTM_STUDY names, in the home that SDTM_HOME names.

A run is one process. ``SDTM_EXECUTOR=multiprocess`` gives every step its own process; ``resources`` tells
what that means for the warehouse's lock.
"""

from __future__ import annotations

import os

import dagster as dg

from pipeline.errors import UsageError
from pipeline.flow.context import code_digest, study_parts
from pipeline.flow.plan import plan
from pipeline.orchestrate.delivery_asset import delivery_asset
from pipeline.orchestrate.nights import load_job, nightly, schedule, sensor
from pipeline.orchestrate.release_assets import published_asset, release_assets
from pipeline.orchestrate.resources import Builds
from pipeline.orchestrate.step_assets import step_asset
from pipeline.settings import Settings

IN_PROCESS = "in_process"
EXECUTORS = {
    IN_PROCESS: dg.in_process_executor,
    "multiprocess": dg.multiprocess_executor.configured(
        {"start_method": {"forkserver": {}}}, name="multiprocess"
    ),
}
_VERSION_LENGTH = 12


def definitions(settings: Settings, executor: str = IN_PROCESS) -> dg.Definitions:
    """All assets, checks, jobs, the schedule and the sensor; needs no landed delivery."""
    if executor not in EXECUTORS:
        raise UsageError(
            "SDTM_EXECUTOR", "is none of Dagster's executors here", f"choose from {', '.join(EXECUTORS)}"
        )
    parts, load = study_parts(settings), load_job(settings)
    return dg.Definitions(
        assets=assets(settings),
        jobs=[nightly, load],
        schedules=[schedule(settings)],
        sensors=[sensor(settings, load)],
        executor=EXECUTORS[executor],
        resources={"builds": builds(settings, executor)},
        metadata={"study": parts.spec.study.study, "home": dg.MetadataValue.path(settings.home)},
    )


def assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The delivery, the steps of the plan in its order, the published build and the package."""
    parts = study_parts(settings)
    code, steps = code_digest(settings.study, settings.specs)[:_VERSION_LENGTH], plan(parts)
    return [
        delivery_asset(parts.spec.study.study),
        *(step_asset(parts, step, code) for step in steps),
        published_asset(steps, code),
        release_assets(parts, code),
    ]


def builds(settings: Settings, executor: str = IN_PROCESS) -> Builds:
    """The shared resource, with the lock that the executor allows."""
    return Builds(
        home=str(settings.home),
        study=settings.study,
        specs=str(settings.specs),
        lock_whole_run=executor == IN_PROCESS,
    )


defs = definitions(Settings.from_environment(), os.environ.get("SDTM_EXECUTOR") or IN_PROCESS)
