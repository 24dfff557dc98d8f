"""What a trace may ask: finished tables, delivered files, contracts and the specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from pipeline.errors import UsageError
from pipeline.lineage.told import Place
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Dataset, Part, Verb


@dataclass(frozen=True)
class Delivered:
    """One delivered file as the build knows it."""

    source: str
    file: str
    delivery: str
    sha256: str


@dataclass(frozen=True)
class Column:
    """What the contract says of one delivered column."""

    label: str
    kind: str
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """The contract of one source."""

    model: str
    columns: Mapping[str, Column]


@dataclass(frozen=True)
class Ledger:
    """A published build and what it was made by. ``read`` gives a table, ``words`` a verb as a sentence.

    ``score_parts`` names the components of each index and response (by test code, and of each index by its name in
    the engine), ``indices`` the column of ``derived.scores`` that holds each index, ``judged_against`` the baseline
    values of a response; ``overlay`` is the folder of the study whose files lie over the specification; ``notes`` are
    said with every trace.
    """

    spec: StudySpec
    read: Callable[[str, str], pl.LazyFrame]
    tables: frozenset[tuple[str, str]]
    files: Mapping[str, Delivered]
    contract: Callable[[str], Contract]
    words: Callable[[Verb, Part | None, Dataset], str]
    score_parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    indices: Mapping[str, str] = field(default_factory=dict)
    judged_against: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    overlay: str | None = None
    notes: tuple[str, ...] = ()
    _contracts: dict[str, Contract] = field(default_factory=dict)

    def has(self, layer: str, table: str) -> bool:
        """Whether the build wrote the table."""
        return (layer, table) in self.tables

    def contract_of(self, source: str) -> Contract:
        """The contract of ``source``, made once."""
        if source not in self._contracts:
            self._contracts[source] = self.contract(source)
        return self._contracts[source]

    @cached_property
    def uses(self) -> pl.DataFrame:
        """``ops.column_uses``: which delivered column serves which variable."""
        return self.read("ops", "column_uses").collect()

    @property
    def datasets(self) -> tuple[str, ...]:
        """Datasets of the build, in the order of the study."""
        return tuple(name for name in self.spec.datasets if self.has("sdtm", name.lower()))

    def dataset(self, name: str) -> Dataset:
        """The dataset of that name, in any case; UsageError if the build has none."""
        wanted = name.upper()
        if wanted not in self.datasets:
            raise UsageError(
                f"dataset {wanted}",
                "is not in the published build",
                f"choose from {', '.join(self.datasets)}",
            )
        return self.spec.dataset(wanted)

    def place(self, source: str, line: int) -> Place:
        """The physical line; files that were never delivered have no name."""
        known = self.files.get(source)
        if known is None:
            return Place(source, source, "", "", line)
        return Place(source, known.file, known.delivery, known.sha256, line)

    def people(self) -> pl.LazyFrame:
        """USUBJID, SUBJID and the reference moments of the roster."""
        return self.read("derived", "subjects")

    def subject(self, name: str) -> str:
        """USUBJID of a subject named by USUBJID or SUBJID; UsageError if it is not on the roster."""
        found = (
            self.people()
            .filter((pl.col("USUBJID") == name) | (pl.col("SUBJID") == name))
            .select("USUBJID")
            .collect()
        )
        if found.is_empty():
            raise UsageError(
                "subject", "is not on the roster of the published build", "give USUBJID or SUBJID as in DM"
            )
        return str(found["USUBJID"][0])


def text(value: object) -> str | None:
    """A value of a table as a person reads it: whole numbers without a point, null as None."""
    if value is None:
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
