"""Writes a dataset as Dataset-JSON 1.1: streamed, read back, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.emit.dataset_json.header import JsonHeader
from pipeline.emit.dataset_json.readback import END, ROWS, read_json_back
from pipeline.emit.dataset_json.rows import BETWEEN, json_rows
from pipeline.emit.submitted import Submitted
from pipeline.errors import BuildFailed
from pipeline.files import written_aside


def file_name(dataset: str) -> str:
    """The name of a dataset's file."""
    return f"{dataset.lower()}.json"


def write_dataset_json(path: Path, found: Submitted, header: JsonHeader) -> int:
    """The number of records written to ``path``, whose bytes depend on records and header only.

    The file appears after a JSON reader has found in it what ``found`` has; memory holds one batch. Raises
    BuildFailed if define.xml describes the dataset otherwise, or if the file does not say what it should.
    """
    attributes = header.of(found.name, found.count)
    _require_columns(found, attributes)
    with written_aside(path) as aside:
        with aside.open("wb") as file:
            count = _write(file, found, attributes)
        if count != found.count:
            raise BuildFailed(found.name, "has another number of records than it was said to", "build again")
        read_json_back(aside, found, attributes)
    return count


def _require_columns(found: Submitted, attributes: dict[str, Any]) -> None:
    described = [column["name"] for column in attributes["columns"]]
    if described != [variable.name for variable in found.variables]:
        raise BuildFailed(found.name, "define.xml has other variables", "describe what is submitted")


def _write(file: BinaryIO, found: Submitted, attributes: dict[str, Any]) -> int:
    file.write(_opening(attributes).encode("ascii"))
    numbers = {variable.name for variable in found.variables if variable.kind == "Num"}
    count = 0
    for frame in found.frames():
        if frame.height:
            file.write((BETWEEN if count else "\n").encode())
            file.write(json_rows(frame, numbers, found.name, count + 1).encode())
        count += frame.height
    file.write(f"\n{END}".encode())
    return count


def _opening(attributes: dict[str, Any]) -> str:
    """All attributes, a column a line, up to the bracket of the rows."""
    columns = attributes["columns"]
    told = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in attributes.items()]
    lines = ",\n".join(f"    {json.dumps(column)}" for column in columns)
    told[-1] = f'  "columns": [\n{lines}\n  ]'
    return "{\n" + ",\n".join(told) + f",\n{ROWS}"
