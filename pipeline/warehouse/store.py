"""The tables of one build: written once, whole, and read back lazily."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipeline.errors import BuildFailed
from pipeline.files import machine_errors, sha256_of, written_aside
from pipeline.warehouse.parquet import scan, write_parquet
from pipeline.warehouse.places import Place, checked


@dataclass(frozen=True)
class Store:
    """Reads and writes the tables of ``build``, made from ``delivery``; it holds no file open."""

    root: Path
    study: str
    mode: str
    delivery: str
    build: str

    def __post_init__(self) -> None:
        checked("delivery", self.delivery)
        checked("build", self.build)
        checked("study", self.study)
        checked("mode", self.mode)

    @property
    def place(self) -> Place:
        """The study and mode that this build belongs to."""
        return Place(self.root, self.study, self.mode)

    def path(self, layer: str, table: str) -> Path:
        """Where the table lies or will lie."""
        return self.place.table(layer, table, self.delivery, self.build)

    def exists(self, layer: str, table: str) -> bool:
        """True if this build has written the table."""
        return self.path(layer, table).is_file()

    def write(self, layer: str, table: str, frame: pl.DataFrame | pl.LazyFrame) -> Path:
        """The path of the table, which holds ``frame``; a LazyFrame is streamed to disk.

        Writing again is allowed until the build has its manifest; after that only the same bytes.
        Raises MachineError (disk), BuildFailed (frame cannot be computed, or a finished build would change).
        """
        target = self.path(layer, table)
        with written_aside(target) as aside:
            write_parquet(frame, aside)
            if self.place.manifest(self.build).exists() and not _same(aside, target):
                raise BuildFailed(
                    f"{layer}.{table}",
                    f"build {self.build} is finished and would change",
                    "give the new build its own id",
                )
        return target

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """A folder for pieces of a table on its way to this store; gone when the block ends."""
        folder = self.place.folder
        with machine_errors(str(folder)):
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".pieces-", suffix=".part", dir=folder) as name:
                yield Path(name)

    def read(self, layer: str, table: str) -> pl.LazyFrame:
        """The table as it was written. Raises BuildFailed if this build has not written it."""
        path = self.path(layer, table)
        if not path.is_file():
            raise BuildFailed(
                f"{layer}.{table}", f"build {self.build} has not written it", "run its step first"
            )
        return scan(path)


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and sha256_of(one) == sha256_of(other)
