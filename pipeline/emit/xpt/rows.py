"""A batch of rows as the records of a transport file: cells side by side, in the member's order."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.emit.xpt.member import Member
from pipeline.emit.xpt.numbers import number_cells
from pipeline.emit.xpt.place import Place
from pipeline.emit.xpt.text import text_cells
from pipeline.errors import BuildFailed

_BLANK = ord(" ")


def records(batch: pl.DataFrame, member: Member, first: int) -> NDArray[np.uint8]:
    """The bytes of every record, end to end; ``first`` is the number of the batch's first record (from 1).

    Raises ``BuildFailed`` naming variable and record if a value or a column is not what ``member`` says.
    """
    check_columns(batch, member)
    table = np.empty(batch.height, _record_type(member))
    for column in member.columns:
        place = Place(member.name, column.name, first)
        series = batch[column.name]
        if column.kind == "Num":
            table[column.name] = number_cells(series, place)
        else:
            table[column.name] = text_cells(series, column.length, place)
    octets = table.view(np.uint8)
    _refuse_blank_records(octets, member, first)
    return octets


def check_columns(batch: pl.DataFrame, member: Member) -> None:
    """Nothing, or ``BuildFailed`` naming a column that is missing, too many or out of order."""
    wanted = [column.name for column in member.columns]
    if batch.columns == wanted:
        return
    what = f"dataset {member.name}"
    for name in wanted:
        if name not in batch.columns:
            raise BuildFailed(
                what, f"the frame has no column {name}", "derive it or take it out of the specification"
            )
    for name in batch.columns:
        if name not in wanted:
            raise BuildFailed(
                what, f"the frame has a column {name} that is not specified", "drop or specify it"
            )
    raise BuildFailed(what, "the columns are not in the specification's order", "select them in that order")


def _record_type(member: Member) -> np.dtype[np.void]:
    cells = [
        (column.name, ">u8" if column.kind == "Num" else f"V{column.length}") for column in member.columns
    ]
    return np.dtype(cells)


def _refuse_blank_records(octets: NDArray[np.uint8], member: Member, first: int) -> None:
    """Readers take blank records at the end for padding; a record with STUDYID is never one of them."""
    rows = octets.reshape(-1, member.record_bytes)
    suspects = np.flatnonzero((rows[:, 0] == _BLANK) & (rows[:, -1] == _BLANK))
    blank = (rows[suspects] == _BLANK).all(axis=1)
    if blank.any():
        record = first + int(suspects[blank.argmax()])
        raise BuildFailed(
            f"dataset {member.name}", f"record {record} is all blank", "every record has a STUDYID"
        )
