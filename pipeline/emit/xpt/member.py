"""What a transport file says about itself: one dataset (a "member" in the layout's words) and its columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["Num", "Char"]


@dataclass(frozen=True, slots=True)
class Column:
    """One variable; ``length`` is in bytes, 8 for every ``Num``, 1 to 200 for a ``Char``."""

    name: str
    label: str
    kind: Kind
    length: int = 8


@dataclass(frozen=True, slots=True)
class Member:
    """One dataset; ``created`` is the data cut, never the clock, so that equal input gives equal bytes.

    The layout keeps ``created`` to the second, without a time zone: the reading of the clock that it shows.
    ``mark`` (None: none) stands where the headers tell the system that made the file: whoever opens a draft
    reads that it is one, before any value, and every reader passes over it.
    """

    name: str
    label: str
    columns: tuple[Column, ...]
    created: datetime
    mark: str | None = None

    @property
    def record_bytes(self) -> int:
        """Bytes of one record: records follow each other without a gap."""
        return sum(column.length for column in self.columns)

    @property
    def file_name(self) -> str:
        """The only name that the file may have: the dataset's, in lower case."""
        return f"{self.name.lower()}.xpt"
