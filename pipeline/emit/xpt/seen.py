"""What other software sees in a finished transport file: its description and its records."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyreadstat

from pipeline.emit.xpt.limits import PRINTABLE
from pipeline.emit.xpt.member import Column, Kind


@dataclass(frozen=True)
class Seen:
    """One transport file; ``records`` has texts without their padding, blank texts as null, numbers as Float64."""

    name: str
    label: str
    columns: tuple[Column, ...]
    records: pl.DataFrame

    @property
    def longest(self) -> dict[str, int]:
        """Text variable -> bytes of its longest value, 0 if it has none."""
        texts = [column.name for column in self.columns if column.kind == "Char"]
        sizes = self.records.select(pl.col(texts).str.len_bytes().max().fill_null(0))
        return dict(zip(texts, sizes.row(0), strict=True)) if texts else {}

    @property
    def unprintable(self) -> set[str]:
        """Text variables with a value that is not printable ASCII."""
        texts = [column.name for column in self.columns if column.kind == "Char"]
        whole = f"^{PRINTABLE.pattern}$"
        return {name for name in texts if not self.records[name].drop_nulls().str.contains(whole).all()}


def seen_in(path: Path) -> Seen | None:
    """What pyreadstat reads in ``path``; None if it cannot read it."""
    try:
        frame, told = pyreadstat.read_xport(path, output_format="polars", disable_datetime_conversion=True)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError):
        return None
    assert isinstance(frame, pl.DataFrame)
    columns = tuple(
        Column(
            name, told.column_names_to_labels[name] or "", _kind(told.readstat_variable_types[name]), width
        )
        for name, width in told.variable_storage_width.items()
    )
    return Seen(told.table_name or "", told.file_label or "", columns, _typed(frame, columns))


def _kind(storage: str) -> Kind:
    return "Char" if storage == "string" else "Num"


def _typed(frame: pl.DataFrame, columns: tuple[Column, ...]) -> pl.DataFrame:
    """A column without any value has no type for the reader."""
    return frame.select(
        pl.col(each.name).cast(pl.String).replace("", None)
        if each.kind == "Char"
        else pl.col(each.name).cast(pl.Float64)
        for each in columns
    )
