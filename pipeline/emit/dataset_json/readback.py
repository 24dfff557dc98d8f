"""Reads a written Dataset-JSON file with Python's own JSON reader and compares it with what it should hold."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import polars as pl

from pipeline.emit.submitted import Submitted
from pipeline.emit.xpt.numbers import doubles
from pipeline.emit.xpt.place import Place
from pipeline.errors import BuildFailed
from pipeline.files import machine_errors

ROWS = '  "rows": ['  # the line after which every line is a record
_AT_A_TIME = 20_000  # a cell read back is an object of Python's and takes ten times the room of its text
_REWRITE = "the file is damaged or the writer is wrong; do not release it"
END = "  ]\n}\n"  # after the line of the last record


def read_json_back(path: Path, found: Submitted, attributes: dict[str, Any]) -> None:
    """Nothing if ``path`` says exactly what ``attributes`` and the records of ``found`` say.

    A number must be the double that the transport file holds, bit by bit. Raises BuildFailed naming the
    variable and the record that differ. Memory holds one batch of the records.
    """
    with machine_errors(str(path)), path.open(encoding="utf-8", newline="\n") as file:
        if _parsed("".join(_until_rows(file)) + "]}", found.name) != {**attributes, "rows": []}:
            _differs(found.name, "the description read back is not the one written")
        read = 0
        for frame in (piece for whole in found.frames() for piece in whole.iter_slices(_AT_A_TIME)):
            lines = [line.rstrip("\n") for line in islice(file, frame.height)]
            read += frame.height
            last = read == found.count
            _compare(_rows(lines, found.name, last=last), frame, found, read - frame.height + 1)
        if file.read() != END:
            _differs(found.name, f"the file does not end after record {read}")


def _until_rows(file: TextIO) -> list[str]:
    lines = []
    for line in file:
        lines.append(line)
        if line.rstrip("\n") == ROWS:
            break
    return lines


def _parsed(text: str, dataset: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        # not chained: the reader's own error may quote what it could not read
        raise BuildFailed(f"dataset {dataset}", "the file cannot be read back", _REWRITE) from None


def _rows(lines: list[str], dataset: str, *, last: bool) -> list[list[Any]]:
    """The records of some lines; all but the very last of the file end with a comma."""
    text = "".join(lines)
    if last == text.endswith(","):
        _differs(dataset, "the file cannot be read back")
    rows: list[list[Any]] = _parsed(f"[{text.removesuffix(',')}]", dataset)
    return rows


def _compare(rows: list[list[Any]], wanted: pl.DataFrame, found: Submitted, first: int) -> None:
    if len(rows) != wanted.height or {len(row) for row in rows} != {wanted.width}:
        _differs(found.name, f"the records from {first} on are not those written")
    for variable, seen in zip(found.variables, zip(*rows, strict=True), strict=True):
        place, series = Place(found.name, variable.name, first), wanted[variable.name]
        bad = _other_numbers(seen, series, place) if variable.kind == "Num" else _other_texts(seen, series)
        place.refuse_where(bad, "read back is not the one written", _REWRITE)


def _other_numbers(seen: tuple[Any, ...], wanted: pl.Series, place: Place) -> Any:
    kinds = {type(value) for value in seen} - {int, float, type(None)}
    if kinds:
        return np.ones(len(seen), np.bool_)
    missing = np.array([value is None for value in seen]) != wanted.is_null().to_numpy()
    numbers = np.array([0 if value is None else value for value in seen], np.float64)
    return missing | (numbers.view(np.uint64) != (doubles(wanted, place) + 0.0).view(np.uint64))


def _other_texts(seen: tuple[Any, ...], wanted: pl.Series) -> Any:
    texts = np.array([value is None or isinstance(value, str) for value in seen])
    if not texts.all():
        return ~texts
    return pl.Series(seen, dtype=pl.String).ne_missing(wanted.cast(pl.String)).to_numpy()


def _differs(dataset: str, culprit: str) -> None:
    raise BuildFailed(f"dataset {dataset}", culprit, _REWRITE)
