"""Writes a dataset as a SAS V5 transport file: streamed, checked value by value, whole or not at all.

The doors of the writer are all here: describe a ``Member``, ask ``char_lengths``, call ``write_xpt``.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from io import FileIO
from pathlib import Path

import polars as pl

from pipeline.emit.xpt.batches import Rows, batches, char_lengths
from pipeline.emit.xpt.header import header_bytes, padding, transport_bytes
from pipeline.emit.xpt.limits import MAX_FILE_BYTES, check_member, check_target
from pipeline.emit.xpt.member import Column, Kind, Member
from pipeline.emit.xpt.rows import records
from pipeline.errors import BuildFailed
from pipeline.files import written_aside

__all__ = ["Column", "Kind", "Member", "char_lengths", "write_xpt"]

_WORKERS = min(os.cpu_count() or 1, 4)  # each holds one batch; how many there are leaves no trace in the file


def write_xpt(
    target: Path,
    member: Member,
    rows: Rows,
    *,
    may_be_empty: bool = False,
    max_bytes: int | None = MAX_FILE_BYTES,
) -> int:
    """The number of records written to ``target``, whose bytes depend on member and values only.

    ``rows`` has the member's columns in the member's order; memory holds a few batches, so a Parquet file (a
    Path) or an iterator of frames may be of any length. ``max_bytes=None`` is for the unsplit copy of a
    dataset that is submitted in parts. Raises ``BuildFailed`` for what the file could not hold exactly and
    for a dataset without records, ``MachineError`` if the disk refuses; a file that was there before stays.
    """
    check_member(member)
    check_target(target, member)
    with written_aside(target) as aside, aside.open("wb", buffering=0) as file:
        count = _write(file, member, rows, max_bytes)
        if not count and not may_be_empty:
            raise BuildFailed(
                f"dataset {member.name}", "has no records", "leave an empty dataset out of the package"
            )
    return count


def _write(file: FileIO, member: Member, rows: Rows, max_bytes: int | None) -> int:
    header, count, running = header_bytes(member), 0, deque[Future[None]]()
    _put(file, header, 0)
    with ThreadPoolExecutor(_WORKERS) as pool:
        for batch in batches(rows):
            at = len(header) + count * member.record_bytes
            running.append(pool.submit(_put_records, file, batch, member, count + 1, at))
            count += batch.height
            _check_size(transport_bytes(member, count), member, max_bytes)
            if len(running) > _WORKERS:
                running.popleft().result()
        while running:  # in the order of the batches, so that the first fault is the one that is told
            running.popleft().result()
    size = len(header) + count * member.record_bytes
    _put(file, padding(size), size)
    return count


def _put_records(file: FileIO, batch: pl.DataFrame, member: Member, first: int, at: int) -> None:
    _put(file, records(batch, member, first).data, at)


def _put(file: FileIO, octets: bytes | memoryview, at: int) -> None:
    """All of ``octets`` from byte ``at`` of the file on; every record has its place, whoever is first."""
    left = memoryview(octets)
    while left:
        done = os.pwrite(file.fileno(), left, at)
        left, at = left[done:], at + done


def _check_size(size: int, member: Member, max_bytes: int | None) -> None:
    if max_bytes is not None and size > max_bytes:
        fix = "split it by category and keep the whole beside the parts"
        raise BuildFailed(f"dataset {member.name}", f"is larger than {max_bytes} bytes", fix)
