"""What a delivered file is, or why it may not land. One pass over its bytes, memory bounded."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.sources.blocks import blocks_of
from pipeline.sources.header import checked_head
from pipeline.sources.raw import LINE, block_frame
from pipeline.sources.refusals import refused
from pipeline.specs.layout import SourceLayout

FOREIGN_LINES_KEPT = 10_000  # a file that is Windows-1252 throughout needs no list of every line


@dataclass(frozen=True)
class FileFacts:
    """Fingerprint, size in bytes and data records of a file that may land.

    ``foreign_lines``: the first 10 000 physical lines with bytes that are not UTF-8 (read as Windows-1252),
    ``foreign_count``: how many there are in all; ``bom``: the file opens with a byte order mark.
    """

    sha256: str
    size: int
    rows: int
    foreign_lines: tuple[int, ...] = ()
    foreign_count: int = 0
    bom: bool = False


def inspect_file(
    path: Path,
    layout: SourceLayout,
    *,
    restricted_columns: Collection[str] = (),
    last_rows: int | None = None,
) -> FileFacts:
    """The facts of ``path`` if every byte of it fits ``layout``.

    ``last_rows``: data records of the last good file of the same source, None if there was none.
    Raises StopDelivery for a restricted column in a blinded source; Refused for an empty file, other
    columns, another separator, a truncated or misshapen record, NUL bytes, another study, or no data where
    data belong.
    """
    head = checked_head(path, layout, restricted_columns)
    digest, rows, foreign, size = hashlib.sha256(), 0, _Foreign(), 0

    def see(piece: bytes) -> None:
        nonlocal size
        digest.update(piece)
        size += len(piece)

    for block in blocks_of(path, layout, head, see):
        rows += len(block.ends)
        foreign.add(block.foreign)
        if layout.study_column:
            _check_study(block_frame(block, path, layout, [LINE, layout.study_column]), path, layout)
    if rows == 0:
        _check_empty(path, layout, last_rows)
    return FileFacts(digest.hexdigest(), size, rows, tuple(foreign.lines), foreign.count, head.bom)


class _Foreign:
    """Counts lines and keeps the first of them."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.count = 0

    def add(self, lines: list[int]) -> None:
        self.count += len(lines)
        self.lines += lines[: FOREIGN_LINES_KEPT - len(self.lines)]


def _check_study(frame: pl.DataFrame, path: Path, layout: SourceLayout) -> None:
    """A blank name is a row's own fault, for the contract to judge; another name is another study's file."""
    column = layout.study_column or ""
    name = pl.col(column).str.strip_chars().str.to_lowercase()
    ours = [known.lower() for known in layout.study_names]
    other = frame.filter((name != "") & ~name.is_in(ours))
    if other.height:
        raise refused(path, layout, f"line {other[LINE][0]}: {column} names another study")


def _check_empty(path: Path, layout: SourceLayout, last_rows: int | None) -> None:
    if last_rows:
        raise refused(
            path, layout, f"it has a header and no data, but its last good file had {last_rows} records"
        )
    if not layout.may_be_empty:
        raise refused(path, layout, "it has a header and no data")
