"""Runs the whole graph for one delivery and publishes the result in one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import polars as pl

from pipeline.errors import BuildFailed, SdtmError
from pipeline.files import machine_errors
from pipeline.flow.context import Context, open_context
from pipeline.flow.plan import plan
from pipeline.flow.steps import Outcome, Step
from pipeline.settings import Settings
from pipeline.warehouse.builds import Build, build_lock, publish, published
from pipeline.warehouse.catalog import write_catalog
from pipeline.warehouse.prune import prune

KEPT_BUILDS = 5
OnStep = Callable[[Step, int, int], None]


@dataclass(frozen=True)
class Ran:
    """A published build and how long each step took (seconds, by step name); ``new`` is False if it was there
    before."""

    build: Build
    seconds: dict[str, float]
    new: bool


def run_build(
    settings: Settings, delivery_id: str | None = None, *, again: bool = False, on_step: OnStep | None = None
) -> Ran:
    """Builds the newest delivery, or ``delivery_id``, and publishes it.

    A build whose inputs, specification and code are those of the published one is already done, unless ``again``.
    Raises BuildFailed and the other SdtmErrors; then the published build is what it was.
    """
    return run_context(open_context(settings, delivery_id), again=again, on_step=on_step)


def run_context(context: Context, *, again: bool = False, on_step: OnStep | None = None) -> Ran:
    """The same for an opened context of any mode."""
    store = context.store
    with build_lock(store.root, store.study, store.mode):
        last = published(store.root, store.study, store.mode)
        if last is not None and last.build == store.build and not again:
            return Ran(last, {}, new=False)
        steps, seconds = plan(context.parts), {}
        for number, step in enumerate(steps):
            if on_step:
                on_step(step, number, len(steps))
            started = perf_counter()
            run_step(context, step)
            seconds[step.name] = perf_counter() - started
        return Ran(publish_build(context), seconds, new=True)


def run_step(context: Context, step: Step) -> Outcome:
    """One step; a failure of a library becomes one line that names the step and holds no value of the data."""
    try:
        with machine_errors(step.name):
            return step.run(context)
    except SdtmError:
        raise
    except pl.exceptions.PolarsError as error:
        raise BuildFailed(step.name, f"failed ({type(error).__name__})", "report this as a bug") from None


def publish_build(context: Context) -> Build:
    """Makes the finished build the one that every reader sees, then clears away old ones."""
    store = context.store
    publish(store, build_facts(context))
    write_catalog(store.root, store.study, store.mode)
    prune(store.root, store.study, store.mode, keep=KEPT_BUILDS)
    build = published(store.root, store.study, store.mode)
    if build is None:
        raise BuildFailed(store.build, "was published but cannot be found", "check the warehouse folder")
    return build


def build_facts(context: Context) -> dict[str, Any]:
    """What the manifest tells about the build: cut, delivered files, standards."""
    files = {
        source: {"delivery": file.delivery_id, "file": file.file, "sha256": file.sha256, "rows": file.rows}
        for source, file in sorted(context.files.items())
        if file is not None
    }
    standards = context.parts.spec.study.standards.model_dump()
    return {
        "cut": context.delivery.cut.isoformat(),
        "files": files,
        "standards": standards,
        "study": context.parts.spec.study.study,
        **context.more_facts,
    }
