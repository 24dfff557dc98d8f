"""Reads a transport file that somebody else may have written."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyreadstat

from pipeline.errors import BuildFailed


def read_transport(path: Path) -> pl.DataFrame:
    """All records of ``path``, dates as numbers; BuildFailed if it is no transport file."""
    try:
        frame, _ = pyreadstat.read_xport(path, output_format="polars", disable_datetime_conversion=True)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError):
        # not chained: the reader's own error may quote the bytes that it could not read
        raise BuildFailed(path.name, "cannot be read as a transport file", "write it again") from None
    assert isinstance(frame, pl.DataFrame)
    return frame
