"""What the engine asks of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import polars as pl

from pipeline.simulate.defects import DefectKind
from pipeline.simulate.ground import Tables
from pipeline.simulate.streams import Streams


@dataclass(frozen=True)
class FileForm:
    """How one source becomes bytes: path below the delivery, line end, quoting where needed."""

    name: str
    line_end: str = "\n"
    quoted: bool = True


@dataclass(frozen=True)
class Generated:
    """Every source as known at one moment: text columns, blank = null, rows in delivered order."""

    tables: Tables
    files: Mapping[str, FileForm]


class StudyModel(Protocol):
    """A trial that can be grown from random streams, and the defects its senders are known for."""

    @property
    def defects(self) -> Mapping[str, DefectKind]:
        """Kinds by name, in the order in which they are planted."""

    def by_chance(self, tables: Tables) -> pl.DataFrame:
        """Notes (NOTE, one a finding) on what rules of chance find in ``tables``, planted or not; restricted sources
        are among them."""

    def generate(self, streams: Streams, subjects: int, as_of: date) -> Generated:
        """The deliveries of the night of ``as_of`` for a trial of ``subjects`` randomized subjects."""
