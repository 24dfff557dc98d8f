"""What every asset of a run shares: the folders, the delivery's context, and the lock on the warehouse."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TypeAlias

import dagster as dg
from pydantic import PrivateAttr

from pipeline.flow.context import BLINDED, Context, open_context
from pipeline.orchestrate.failures import loud
from pipeline.settings import Settings
from pipeline.warehouse.builds import build_lock

Materialized: TypeAlias = dg.MaterializeResult[
    None
]  # its table lies in the warehouse, none passes through Dagster


class Builds(dg.ConfigurableResource["Builds"]):
    """The blinded builds of one study.

    In one process the lock is held for the whole run, as the command line holds it for a whole build. Where
    each step is a process of its own (``lock_whole_run`` off), none outlives the run, and only publishing is
    locked. Then nobody may start the command line's build beside it: that clears away half-written files.
    """

    home: str
    study: str
    specs: str
    lock_whole_run: bool = True
    _contexts: dict[str, Context] = PrivateAttr(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The same settings that the command line reads."""
        return Settings(home=Path(self.home), study=self.study, specs=Path(self.specs))

    def context(self, delivery: str) -> Context:
        """The build of ``delivery``, looked up once a run."""
        if delivery not in self._contexts:
            self._contexts[delivery] = open_context(self.settings, delivery)
        return self._contexts[delivery]

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Holds the lock while the build is published, unless the run holds it anyway."""
        with nullcontext() if self.lock_whole_run else self._lock():
            yield

    @contextmanager
    def yield_for_execution(
        self,
        context: dg.InitResourceContext,  # noqa: ARG002 - Dagster's signature
    ) -> Generator[Builds, None, None]:
        """The resource while a run lasts; a failure if another build holds the lock."""
        self._contexts.clear()
        with self._lock() if self.lock_whole_run else nullcontext():
            yield self

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with loud(), build_lock(self.settings.warehouse, self.study, BLINDED):
            yield
