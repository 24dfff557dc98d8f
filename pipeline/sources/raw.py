"""A delivered file as a frame: ``_line`` and every column as String, exactly as delivered (blank is "")."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from pipeline.sources.blocks import Block, blocks_of, doubled_quotes
from pipeline.sources.header import checked_head
from pipeline.sources.refusals import refused
from pipeline.specs.layout import SourceLayout

LINE = "_line"
_CONTROLS = [*range(0x1F, 0x1B, -1), *range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x1C), 0x7F]
_LF, _CR = 10, 13


def read_raw(path: Path, layout: SourceLayout) -> pl.LazyFrame:
    """``_line`` (UInt32, header = 1) and the layout's columns as String, one row a record, no value changed.

    The header is checked now (Refused), the rest while the frame is collected, about 16 MiB at a time.
    Bytes that are not UTF-8 are read as Windows-1252; ``inspect_file`` tells their lines.
    """
    checked_head(path, layout)

    def frames(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch: int | None
    ) -> Iterator[pl.DataFrame]:
        for frame in raw_frames(path, layout, with_columns):
            chosen = frame if n_rows is None else frame.head(n_rows)
            n_rows = None if n_rows is None else n_rows - chosen.height
            yield chosen if predicate is None else chosen.filter(predicate)
            if n_rows == 0:
                return

    return register_io_source(frames, schema=raw_schema(layout), is_pure=True)


def raw_schema(layout: SourceLayout) -> pl.Schema:
    """Names and types of a raw frame."""
    return pl.Schema({LINE: pl.UInt32, **dict.fromkeys(layout.columns, pl.String)})


def raw_frames(
    path: Path, layout: SourceLayout, columns: Collection[str] | None = None
) -> Iterator[pl.DataFrame]:
    """The same rows as ``read_raw`` in pieces; only ``columns`` (of ``_line`` and the layout's) if given."""
    head = checked_head(path, layout)
    wanted = list(columns if columns is not None else raw_schema(layout))
    yield raw_schema(layout).to_frame().select(wanted)
    for block in blocks_of(path, layout, head):
        yield block_frame(block, path, layout, wanted)


def block_frame(block: Block, path: Path, layout: SourceLayout, wanted: list[str]) -> pl.DataFrame:
    """The records of one block, ``wanted`` columns in that order."""
    lines = pl.Series(LINE, block.lines, dtype=pl.UInt32)
    chosen = [name for name in layout.columns if name in wanted]
    if not chosen:
        return lines.to_frame().select(wanted)
    spare = [bytes([byte]) for byte in _CONTROLS if bytes([byte]) not in block.text][:3]
    if len(spare) < 3:  # noqa: PLR2004 - one for fields, one for records, one for carriage returns
        raise refused(path, layout, "it is full of control characters: not a text file")
    field, record, carriage = spare
    text = _rewritten(block, layout.separator.encode(), field, record, carriage)
    frame = pl.read_csv(
        field.join(name.encode() for name in layout.columns) + record + text,
        columns=chosen,
        separator=field.decode(),
        eol_char=record.decode(),
        quote_char=None,
        schema=dict.fromkeys(layout.columns, pl.String()),
        empty_string_is_null=False,
    )
    if carriage in text:
        frame = frame.with_columns(pl.all().str.replace_all(carriage.decode(), "\r", literal=True))
    return frame.with_columns(lines).select(wanted)


def _rewritten(block: Block, separator: bytes, field: bytes, record: bytes, carriage: bytes) -> bytes:
    """The block with a control byte behind each field and record as its only syntax, absent from the data."""
    stray = block.text.count(b"\r") - _ends_with_carriage(block)
    if not block.quotes.size and not stray and block.text.count(b"\n") == len(block.ends):
        return block.text.translate(bytes.maketrans(separator + b"\n", field + record), b"\r")
    body = np.frombuffer(block.text, np.uint8).copy()
    keep = np.ones(len(body), bool)
    before = block.ends[body[block.ends - 1] == _CR] - 1
    keep[before] = False
    keep[block.quotes] = False
    keep[block.quotes[0::2][doubled_quotes(block)]] = True
    body[body == _CR] = ord(carriage)
    body[block.separators] = ord(field)
    body[block.ends] = ord(record)
    return body[keep].tobytes()


def _ends_with_carriage(block: Block) -> int:
    body = np.frombuffer(block.text, np.uint8)
    return int(np.count_nonzero(body[block.ends - 1] == _CR))
