"""What the own checks look at: a finished package as plain facts, read from its files by others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FINAL = "FINAL"


@dataclass(frozen=True)
class FileFacts:
    """One file; ``path`` is relative to the release and has slashes."""

    path: str
    bytes: int

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class ColumnFacts:
    """One variable of a transport file; ``longest`` is its longest value in bytes, None for a number."""

    name: str
    label: str
    length: int
    longest: int | None
    printable: bool = True


@dataclass(frozen=True)
class DatasetFacts:
    """One transport file as other software reads it.

    ``order`` names the variables of the dataset in the order of the standard, whether the file has them or not;
    ``unsorted`` and ``repeated`` are the first records that come before their turn, and that have the keys of the
    record before; None if there is none, or no keys are known. ``studies`` are the distinct values of STUDYID.
    """

    path: str
    name: str
    label: str
    columns: tuple[ColumnFacts, ...]
    records: int
    studies: tuple[str, ...]
    order: tuple[str, ...] = ()
    unsorted: int | None = None
    repeated: int | None = None


@dataclass(frozen=True)
class DefineFacts:
    """What define.xml names: dataset -> file, and every other file that it links to.

    ``problem`` is the first thing in which it does not agree with itself or with the data.
    """

    datasets: Mapping[str, str]
    documents: tuple[str, ...]
    problem: str | None = None


@dataclass(frozen=True)
class TaggedFacts:
    """A study tagging file: the study that it names, and the tags of the files that it lists."""

    path: str
    study: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class PackageFacts:
    """A package: ``files`` are those of the eCTD tree, ``data`` the folder of the datasets (below it, if split).

    ``unreadable`` are transport files that could not be read, ``starts`` the values of SSTDTC in TS.
    """

    study: str
    mode: str
    data: str
    files: tuple[FileFacts, ...]
    datasets: tuple[DatasetFacts, ...]
    unreadable: tuple[str, ...] = ()
    define: DefineFacts | None = None
    tagged: TaggedFacts | None = None
    starts: tuple[str, ...] = ()

    def whole(self) -> tuple[DatasetFacts, ...]:
        """The datasets that lie in the data folder itself; the parts of split ones lie below it."""
        return tuple(each for each in self.datasets if each.path.rsplit("/", 1)[0] == self.data)

    def dataset(self, name: str) -> DatasetFacts | None:
        """The dataset of that name, None if the package has none."""
        return next((each for each in self.whole() if each.name == name), None)
