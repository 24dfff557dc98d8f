"""Runs the whole graph for one delivery and publishes the result in one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import polars as pl

from pipeline.errors import BuildFailed, SdtmError
from pipeline.files import machine_errors
from pipeline.flow.context import Context, open_context
from pipeline.flow.plan import plan
from pipeline.flow.queries import keep_queries, kept_queries
from pipeline.flow.steps import Outcome, Step
from pipeline.settings import Settings
from pipeline.sources.delivery import deliveries
from pipeline.stopping import stop_if_asked
from pipeline.warehouse.builds import Build, build_lock, publish, published
from pipeline.warehouse.catalog import catalog_build, write_catalog
from pipeline.warehouse.documents import KINDS, documents_of, folder_digest
from pipeline.warehouse.prune import prune
from pipeline.warehouse.states import QUERIES, forget_others

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
        if last is not None and not _complete(last):  # a run died between publishing and what belongs to it
            _complete_published(context, last)
        if last is not None and last.build == store.build and not again:
            _clear_away(context)  # a run that died may not have come to it
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
            outcome = step.run(context)
            stop_if_asked()  # before a step that a library carried on with half an answer is taken for done
            return outcome
    except SdtmError:
        raise
    except pl.exceptions.PolarsError as error:
        raise BuildFailed(step.name, f"failed ({type(error).__name__})", "report this as a bug") from None


def publish_build(context: Context) -> Build:
    """Makes the finished build the one that every reader sees, then clears away old ones."""
    store = context.store
    publish(store, build_facts(context))
    _settle(context)
    _clear_away(context)
    build = published(store.root, store.study, store.mode)
    if build is None:
        raise BuildFailed(store.build, "was published but cannot be found", "check the warehouse folder")
    return build


def _clear_away(context: Context) -> None:
    """Removes what nobody needs any more once the context's build is the published one."""
    store = context.store
    forget_others(store, QUERIES)
    prune(store.root, store.study, store.mode, keep=KEPT_BUILDS)


def _settle(context: Context) -> None:
    """What belongs to a published build and is made from it: the query list, then the catalog that shows both."""
    store = context.store
    keep_queries(context)
    write_catalog(store.root, store.study, store.mode)
    forget_others(store, QUERIES)


def _complete(build: Build) -> bool:
    """Whether the published build has its query list and its catalog."""
    kept = kept_queries(build.place, build.delivery, build.build)
    return kept and catalog_build(build.place) == build.build


def _complete_published(context: Context, last: Build) -> None:
    """Settles a build that another run published, whichever delivery it is of, as long as that delivery is here."""
    landed = {one.delivery_id: one for one in deliveries(context.settings.landing)}
    if last.delivery in landed:
        store = replace(context.store, delivery=last.delivery, build=last.build)
        _settle(replace(context, delivery=landed[last.delivery], store=store))


def build_facts(context: Context) -> dict[str, Any]:
    """What the manifest tells about the build: cut, delivered files, standards."""
    files = {
        source: {"delivery": file.delivery_id, "file": file.file, "sha256": file.sha256, "rows": file.rows}
        for source, file in sorted(context.files.items())
        if file is not None
    }
    standards, place = context.parts.spec.study.standards.model_dump(), context.store.place
    return {
        "cut": context.delivery.cut.isoformat(),
        "files": files,
        "standards": standards,
        "study": context.parts.spec.study.study,
        "pages": {kind: folder_digest(documents_of(place, kind, context.store.build)) for kind in KINDS},
        **context.more_facts,
    }
