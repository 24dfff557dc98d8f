"""A frame as Parquet bytes that depend on the frame only: not on threads, chunks or the time of day."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from pipeline.errors import BuildFailed, MachineError

ROW_GROUP = 100_000
_LEVEL = 3  # zstd's own default
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_CUT_OFF = "transport error"  # how polars tells that the disk refused the end of a file, without a number
# Their text names columns and types; every other kind of error may quote a value.
_TELLABLE = (
    pl.exceptions.ColumnNotFoundError,
    pl.exceptions.DuplicateError,
    pl.exceptions.SchemaError,
    pl.exceptions.SchemaFieldNotFoundError,
)


def write_parquet(frame: pl.DataFrame | pl.LazyFrame, target: Path) -> None:
    """Writes all rows of ``frame`` in their order; a LazyFrame is streamed with bounded memory."""
    # polars opens a path in the background and may still create it after it has reported an error
    with without_values(target), target.open("wb") as file:
        frame.lazy().sink_parquet(
            file,
            compression="zstd",
            compression_level=_LEVEL,
            row_group_size=ROW_GROUP,
            statistics=True,
            maintain_order=True,
        )


def scan(path: Path) -> pl.LazyFrame:
    """The rows of ``path``, columns as written (no column is made from the folder's name)."""
    return pl.scan_parquet(path, hive_partitioning=False, glob=False)


def rows_of(path: Path) -> int:
    """Number of rows, from the file's footer."""
    with without_values(path):
        return int(scan(path).select(pl.len()).collect().item())


@contextmanager
def without_values(path: Path) -> Iterator[None]:
    """Turns an error of polars into MachineError (disk) or BuildFailed (frame), without quoting values."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        number = _errno(error)
        if number is not None or _CUT_OFF in str(error):
            fix = "free some disk space or check permissions; the last good build is untouched"
            told = "the disk took only a part of it" if number is None else os.strerror(number)
            raise MachineError(str(path), told, fix) from None
        told = str(error).splitlines()[0] if isinstance(error, _TELLABLE) else "its frame cannot be computed"
        raise BuildFailed(str(path), f"{type(error).__name__}: {told}", "look at the step before") from None


def _errno(error: Exception) -> int | None:
    if isinstance(error, OSError) and error.errno:
        return error.errno
    found = _OS_ERROR.search(str(error))
    return int(found[1]) if found else None
