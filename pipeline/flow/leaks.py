"""The leak scan: every file below some folders against what no blinded file may hold (study design 5.3).

Each kind of file has its reader; a file of no known kind is searched as text, so that none is passed over.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
from pypdf import PageObject, PdfReader

from pipeline.blinding.leak_rules import Leak, LeakRules, leak_rules
from pipeline.blinding.leak_tables import WORD, is_trial_design, leaks_in_table
from pipeline.blinding.leak_texts import leaks_in_document, leaks_in_json, leaks_in_pages, leaks_in_text
from pipeline.emit.xpt.reading import read_transport
from pipeline.errors import UsageError
from pipeline.files import machine_errors
from pipeline.sources.pieces import is_quoted
from pipeline.specs.load import StudySpec
from pipeline.warehouse.contents import own_tables
from pipeline.warehouse.parquet import scan

Found = Iterator[tuple[str, str]]
UNREADABLE = "cannot be read, so nobody knows what it holds"
_SQLITE = b"SQLite format 3\x00"
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh", b"7z\xbc\xaf")  # archives
_SEPARATORS = (",", ";", "\t", "|")
_TABLES = (".csv", ".txt")


def scan_for_leaks(spec: StudySpec, *folders: Path) -> tuple[list[Leak], int]:
    """The leaks in all files below ``folders``, by file and place, and how many files were read.

    A leak tells file, place and rule, never a value. UsageError if a folder does not exist.
    """
    rules = leak_rules(spec)
    leaks, count = [], 0
    for folder in folders:
        if not folder.exists():
            raise UsageError(str(folder), "there is no such folder", "name a folder to scan")
        files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
        for path in files:
            leaks += [Leak(str(path), place, rule) for place, rule in dict.fromkeys(_in_file(path, rules))]
        count += len(files)
    return leaks, count


def _in_file(path: Path, rules: LeakRules) -> Found:
    if rules.tells(path.name):
        yield "file name", WORD
    with machine_errors(str(path)), path.open("rb") as file:
        head = file.read(len(_SQLITE))
    if head.startswith(_PACKED):
        yield "file", UNREADABLE
        return
    reader = _of_sqlite if head == _SQLITE else _READERS.get(path.suffix.lower(), _of_text)
    try:
        yield from reader(path, rules)
    except Exception:  # noqa: BLE001 - whatever is wrong with the file, a person must look at it
        yield "file", UNREADABLE


def _of_parquet(path: Path, rules: LeakRules) -> Found:
    yield from leaks_in_table(scan(path), rules)


def _of_transport(path: Path, rules: LeakRules) -> Found:
    yield from leaks_in_table(read_transport(path).lazy(), rules)


def _of_duckdb(path: Path, rules: LeakRules) -> Found:
    for name, table in own_tables(path):
        yield from ((f"{name}.{column}", rule) for column, rule in leaks_in_table(table.lazy(), rules))


def _of_json(path: Path, rules: LeakRules) -> Found:
    text = _text_of(path)
    try:
        content = json.loads(text)
    except ValueError:
        content = [
            json.loads(line) if line.lstrip()[:1] in ("{", "[") else line for line in text.splitlines()
        ]
    yield from leaks_in_json(content, rules)


def _of_document(path: Path, rules: LeakRules) -> Found:
    yield from leaks_in_document(_text_of(path), rules)


def _of_table_text(path: Path, rules: LeakRules) -> Found:
    """A delivered or written text file: as a table if its first line has columns, and always as text."""
    text = _text_of(path)
    head = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    if not head.count(separator):
        yield from leaks_in_text(text, rules)
        return
    quote = '"' if is_quoted(separator) else None
    table = pl.read_csv(
        text.encode(), separator=separator, infer_schema=False, truncate_ragged_lines=True, quote_char=quote
    ).lazy()
    yield from leaks_in_table(table, rules)
    if not is_trial_design(table, rules) and rules.tells(text):
        yield "text", WORD  # also what stands outside of every column


def _of_sqlite(path: Path, rules: LeakRules) -> Found:
    """Every cell of every table, as JSON where it is JSON: this is how Dagster keeps its metadata."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        connection.text_factory = lambda octets: octets.decode(errors="replace")
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1"
            )
        ]
        for name in names:
            for row in connection.execute(f'SELECT * FROM "{name}"'):  # noqa: S608 - names come from the file itself
                for cell in row:
                    text = cell.decode(errors="replace") if isinstance(cell, bytes) else cell
                    if isinstance(text, str):
                        yield from ((f"{name}{place}", rule) for place, rule in leaks_in_json(text, rules))


def _of_pdf(path: Path, rules: LeakRules) -> Found:
    """The pages of a PDF with their notes; a page of which nothing can be read cannot be vouched for."""
    reader = PdfReader(path, strict=True)
    pages = [f"{page.extract_text()}\n{_notes(page)}" for page in reader.pages]
    if not all(text.strip() for text in pages):
        yield "file", UNREADABLE
    yield from leaks_in_pages(pages, rules)


def _notes(page: PageObject) -> str:
    found = (each.get_object() for each in page.annotations or ())
    return "\n".join(str(each["/Contents"]) for each in found if "/Contents" in each)


def _of_text(path: Path, rules: LeakRules) -> Found:
    yield from leaks_in_text(_text_of(path), rules)


def _text_of(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


_READERS: dict[str, Callable[[Path, LeakRules], Found]] = {
    ".parquet": _of_parquet,
    ".xpt": _of_transport,
    ".duckdb": _of_duckdb,
    ".json": _of_json,
    ".jsonl": _of_json,
    ".xml": _of_document,
    ".xsl": _of_document,
    ".html": _of_document,
    ".pdf": _of_pdf,
    **dict.fromkeys(_TABLES, _of_table_text),
}
