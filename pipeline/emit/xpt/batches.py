"""Rows in pieces that fit into memory, whatever they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

BATCH_ROWS = 1 << 15  # measured: smaller batches cost time, larger ones memory

Rows = pl.DataFrame | pl.LazyFrame | Path | Iterable[pl.DataFrame]


def batches(rows: Rows) -> Iterator[pl.DataFrame]:
    """Frames of at most ``BATCH_ROWS`` rows, all rows in their order; nothing if there are no rows.

    A Path is a Parquet file, of which memory holds one row group at a time. A LazyFrame over one needs more:
    polars reads ahead.
    """
    for frame in _frames(rows):
        yield from frame.iter_slices(BATCH_ROWS)


def _frames(rows: Rows) -> Iterable[pl.DataFrame]:
    match rows:
        case pl.DataFrame():
            return [rows]
        case pl.LazyFrame():
            return rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
        case Path():
            return _parquet_frames(rows)
        case _:
            return rows


def _parquet_frames(path: Path) -> Iterator[pl.DataFrame]:
    lazy, start = pl.scan_parquet(path), 0
    groups = pq.read_metadata(path)
    for group in range(groups.num_row_groups):
        rows = groups.row_group(group).num_rows
        yield lazy.slice(start, rows).collect()
        start += rows


def char_lengths(rows: pl.DataFrame | pl.LazyFrame | Path) -> dict[str, int]:
    """Text column -> bytes of its longest value, at least 1, for a column of nulls too.

    A Path is a Parquet file. This is the first of two passes: a length is the longest value of the whole
    dataset (SD1082). It may exceed 200, which ``check_member`` refuses.
    """
    lazy = pl.scan_parquet(rows) if isinstance(rows, Path) else rows.lazy()
    longest = lazy.select(pl.col(pl.String).str.len_bytes().max()).collect(engine="streaming")
    return {name: max(longest[name].item() or 0, 1) for name in longest.columns}
