"""Rows in pieces that fit into memory, whatever they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

BATCH_ROWS = 1 << 16  # measured: smaller batches cost time, larger ones leave the processor's caches

Rows = pl.DataFrame | pl.LazyFrame | Iterable[pl.DataFrame]


def batches(rows: Rows) -> Iterator[pl.DataFrame]:
    """Frames of at most ``BATCH_ROWS`` rows, all rows in their order; a frame without rows gives none."""
    if isinstance(rows, pl.DataFrame):
        yield from rows.iter_slices(BATCH_ROWS)
        return
    if isinstance(rows, pl.LazyFrame):
        rows = rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
    for frame in rows:
        yield from frame.iter_slices(BATCH_ROWS)


def parquet_batches(path: Path) -> Iterator[pl.DataFrame]:
    """The rows of a Parquet file in their order, in frames of at most ``BATCH_ROWS``, in constant memory."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH_ROWS):
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            yield frame


def char_lengths(rows: pl.DataFrame | pl.LazyFrame | Path) -> dict[str, int]:
    """Text column -> bytes of its longest value, at least 1, for a column of nulls too.

    A Path is a Parquet file. This is the first of two passes: a length is the longest value of the whole
    dataset (SD1082). It may exceed 200, which ``check_member`` refuses.
    """
    lazy = pl.scan_parquet(rows) if isinstance(rows, Path) else rows.lazy()
    longest = lazy.select(pl.col(pl.String).str.len_bytes().max()).collect(engine="streaming")
    return {name: max(longest[name].item() or 0, 1) for name in longest.columns}
