"""Reads a written transport file with software that is not ours and compares it with what it should hold.

The judge is pyreadstat: every name, label, length and value of every record is compared. What no reader
shows, such as the spare bits behind a fraction, is compared byte by byte afterwards.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyreadstat

from pipeline.emit.xpt.batches import Rows, batches
from pipeline.emit.xpt.header import CARD, header_bytes, padding, variable_at
from pipeline.emit.xpt.member import Column, Member
from pipeline.emit.xpt.numbers import doubles
from pipeline.emit.xpt.place import Place
from pipeline.emit.xpt.rows import check_columns, records
from pipeline.errors import BuildFailed
from pipeline.files import machine_errors

_REWRITE = "the file is damaged or the writer is wrong; do not release it"
_NO_DATES_FROM = (
    2038  # the reader counts seconds in 32 bits; the comparison of header bytes holds the date anyway
)
_READER_KIND = {"Num": "double", "Char": "string"}


def read_back(path: Path, member: Member, expected: Rows) -> None:
    """Nothing if ``path`` says exactly what ``member`` and ``expected`` say.

    Null and "" are the same text, 0 and -0 the same number; every other number must be equal bit by bit.
    Raises ``BuildFailed`` naming the variable and the record that differ, ``MachineError`` if the disk fails.
    """
    with machine_errors(str(path)), path.open("rb") as file:
        _compare_descriptions(path, member)
        header = _checked_header(file, member)
        read = 0
        for batch in batches(expected):
            check_columns(batch, member)
            octets = _octets(file, batch.height, member, read)
            with _window(path, header, octets) as window:
                _compare_records(_decoded(window, member), batch, member, read + 1)
            _compare_octets(octets, batch, member, read + 1)
            read += batch.height
        _check_end(file, member, read)


def _compare_descriptions(path: Path, member: Member) -> None:
    _, seen = _reading(path, member, metadataonly=True, output_format="dict")
    whole = f"dataset {member.name}"
    _equal(whole, "dataset name", seen.table_name, member.name)
    _equal(whole, "dataset label", seen.file_label, member.label)
    if member.created.year < _NO_DATES_FROM:
        _equal(whole, "date", seen.creation_time, member.created.replace(microsecond=0, tzinfo=None))
    _equal(whole, "order of variables", seen.column_names, [column.name for column in member.columns])
    for column in member.columns:
        what = f"{member.name}.{column.name}"
        _equal(what, "label", seen.column_names_to_labels[column.name], column.label)
        _equal(what, "type", seen.readstat_variable_types[column.name], _READER_KIND[column.kind])
        _equal(what, "length", seen.variable_storage_width[column.name], column.length)
        _equal(what, "format", seen.original_variable_types[column.name], None)


def _equal(what: str, fact: str, seen: object, wanted: object) -> None:
    if seen != wanted:
        raise BuildFailed(what, f"the {fact} read back is not the one written", _REWRITE)


def _checked_header(file: io.BufferedReader, member: Member) -> bytes:
    """The header as the file has it, if it is the right one to the last byte."""
    wanted = header_bytes(member)
    seen = file.read(len(wanted))
    if seen == wanted:
        return seen
    at = next(
        (at for at, (left, right) in enumerate(zip(seen, wanted, strict=False)) if left != right), len(seen)
    )
    variable = variable_at(member, at)
    what = f"{member.name}.{variable}" if variable else f"dataset {member.name}"
    raise BuildFailed(what, f"byte {at} of the header is not the one written", _REWRITE)


def _octets(file: io.BufferedReader, count: int, member: Member, read: int) -> bytes:
    octets = file.read(count * member.record_bytes)
    if len(octets) < count * member.record_bytes:
        record = read + len(octets) // member.record_bytes + 1
        raise BuildFailed(f"dataset {member.name}", f"the file ends before record {record} does", _REWRITE)
    return octets


@contextmanager
def _window(path: Path, header: bytes, octets: bytes) -> Iterator[Path]:
    """A file of its own for some records: a reader told to skip the earlier ones would walk through them."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as window:
            window.write(header)
            window.write(octets + padding(len(octets)))
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _decoded(window: Path, member: Member) -> pl.DataFrame:
    frame, _ = _reading(window, member, output_format="polars", disable_datetime_conversion=True)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _reading(path: Path, member: Member, **how: Any) -> tuple[Any, Any]:
    try:
        frame, seen = pyreadstat.read_xport(path, **how)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError):
        # not chained: the reader's own error may quote the bytes that it could not read
        raise BuildFailed(f"dataset {member.name}", "the file cannot be read back", _REWRITE) from None
    return frame, seen


def _compare_records(seen: pl.DataFrame, wanted: pl.DataFrame, member: Member, first: int) -> None:
    if seen.height != wanted.height:
        culprit = f"{seen.height} records are read back from record {first} on, not {wanted.height}"
        raise BuildFailed(f"dataset {member.name}", culprit, _REWRITE)
    for column in member.columns:
        place = Place(member.name, column.name, first)
        differs = _differs(seen[column.name], wanted[column.name], column, place)
        place.refuse_where(differs, "read back is not the one written", _REWRITE)


def _differs(seen: pl.Series, wanted: pl.Series, column: Column, place: Place) -> Any:
    if column.kind == "Char":
        return (seen.cast(pl.String).fill_null("") != wanted.cast(pl.String).fill_null("")).to_numpy()
    missing = seen.is_null().to_numpy() != wanted.is_null().to_numpy()
    return missing | (_bits(seen.cast(pl.Float64).fill_null(0.0).to_numpy()) != _bits(doubles(wanted, place)))


def _bits(values: Any) -> Any:
    return (values + 0.0).view(np.uint64)  # adding 0 turns -0 into 0 and leaves every other number as it is


def _compare_octets(seen: bytes, wanted: pl.DataFrame, member: Member, first: int) -> None:
    octets = records(wanted, member, first)
    differs = np.frombuffer(seen, np.uint8) != octets
    if differs.any():
        record = first + int(differs.argmax()) // member.record_bytes
        culprit = f"record {record} has a byte that was not written, though its values are right"
        raise BuildFailed(f"dataset {member.name}", culprit, _REWRITE)


def _check_end(file: io.BufferedReader, member: Member, count: int) -> None:
    rest = file.read(CARD)
    if rest != padding(len(header_bytes(member)) + count * member.record_bytes):
        culprit = f"the file does not end after record {count}"
        raise BuildFailed(f"dataset {member.name}", culprit, _REWRITE)
