"""Leaks in texts: JSON, Markdown tables within it, XML and HTML documents, logs, and whatever else can be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Any

import polars as pl

from pipeline.blinding.leak_rules import LeakRules, one_line
from pipeline.blinding.leak_tables import COLUMN, VALUE, WORD, leaks_in_table

_LIST_ITEM = re.compile(r'^•?\s*"(?P<code>[^"]*)"\s*=\s*"(?P<decode>[^"]*)"$')
_ROW = re.compile(r"(?<!\\)\|")
_DEEPEST = 40  # texts within texts: Dagster keeps JSON in JSON
Found = Iterator[tuple[str, str]]


def leaks_in_text(text: str, rules: LeakRules, place: str = "text") -> Found:
    """Leaks of a free text, whose Markdown tables are read as tables; sentences of the specification tell nothing."""
    rest = []
    for block, is_table in _blocks(text):
        if is_table:
            yield from ((f"{place}, column {column}", rule) for column, rule in _in_markdown(block, rules))
        else:
            rest.append(block)
    told = "\n".join(rest)
    if rules.tells(told) and rules.tells(_without_sentences(told, rules)):
        yield place, WORD


def leaks_in_json(value: Any, rules: LeakRules, place: str = "") -> Found:
    """Leaks of parsed JSON: a key in capitals is a column, a list of objects is a table, a text may be JSON itself.

    A file of Dataset-JSON is the table that it holds, with whatever else it says.
    """
    depth = place.count("/")
    if isinstance(value, dict) and (table := _as_table(value)) is not None:
        rest = {key: each for key, each in value.items() if key != "rows"}
        yield from ((f"{place}/rows, column {column}", rule) for column, rule in leaks_in_table(table, rules))
        yield from leaks_in_json(rest, rules, place)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _in_entry(
                str(key), each, rules, f"{place}/{key}" if _is_plain(key) else f"{place}/..."
            )
    elif isinstance(value, list):
        for each in value:
            yield from leaks_in_json(each, rules, f"{place}/-")
    elif isinstance(value, str):
        inner = _as_json(value) if depth < _DEEPEST else None
        if inner is None:
            yield from leaks_in_text(value, rules, place or "/")
        else:
            yield from leaks_in_json(inner, rules, f"{place}/text")


def leaks_in_document(text: str, rules: LeakRules) -> Found:
    """Leaks of an XML or HTML document about data: it may list the trial's terms, but not beside a subject."""
    reader = _Segments()
    reader.feed(text)
    reader.close()
    subjects = any(rules.subject.search(segment) for segment in reader.segments)
    for number, segment in enumerate(reader.segments, start=1):
        if rules.tells(segment) and (subjects or not _is_term(segment, rules)):
            yield from leaks_in_text(segment, rules, f"segment {number}")


def leaks_in_pages(pages: Iterable[str], rules: LeakRules) -> Found:
    """Leaks of a document by pages: its prose may name the trial's treatments, but on no page with a subject."""
    for number, text in enumerate(pages, start=1):
        if rules.subject.search(text) and rules.tells(text):
            yield f"page {number}", WORD


class _Segments(HTMLParser):
    """Collects the texts between tags and the values of attributes, white space collapsed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.segments: list[str] = []

    def handle_data(self, data: str) -> None:
        """A text between tags."""
        self._keep(data)

    def handle_comment(self, data: str) -> None:
        """A comment is read by people too."""
        self._keep(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - as inherited
        """The values of the tag's attributes."""
        for _, value in attrs:
            self._keep(value or "")

    def _keep(self, text: str) -> None:
        if found := one_line(text):
            self.segments.append(found)


def _is_term(segment: str, rules: LeakRules) -> bool:
    listed = _LIST_ITEM.match(segment)
    return {*listed.groups()} <= rules.terms if listed else segment in rules.terms


def _as_table(value: dict[str, Any]) -> pl.LazyFrame | None:
    """The records of a file of Dataset-JSON 1.1 as texts; None for any other object."""
    columns, rows = value.get("columns"), value.get("rows")
    if not (isinstance(columns, list) and isinstance(rows, list)):
        return None
    names = [str(each.get("name")) for each in columns if isinstance(each, dict)]
    named = len(names) == len(columns) == len(set(names))
    if not named or not all(isinstance(row, list) and len(row) == len(names) for row in rows):
        return None
    texts = [[None if cell is None else str(cell) for cell in row] for row in rows]
    return pl.LazyFrame(texts, schema=dict.fromkeys(names, pl.String), orient="row")


def _in_entry(key: str, value: Any, rules: LeakRules, place: str) -> Found:
    if key.isupper() and not isinstance(value, dict | list):
        cell = pl.LazyFrame({key: [None if value is None else str(value)]})
        yield from ((place, rule) for _, rule in leaks_in_table(cell, rules) if rule in (COLUMN, VALUE))
    elif rules.tells(key):
        yield place, WORD
    yield from leaks_in_json(value, rules, place)


def _is_plain(key: object) -> bool:
    """True for a key that is a name and so no value of a subject."""
    return bool(re.fullmatch(r"[A-Za-z_][A-Za-z_ ]{0,40}", str(key)))


def _as_json(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _without_sentences(text: str, rules: LeakRules) -> str:
    """The text without what the specification says by itself; beside a subject even that would tell something."""
    text = one_line(text)
    if rules.subject.search(text):
        return text
    for sentence in rules.sentences:
        text = text.replace(sentence, " ")
    return text


def _blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Consecutive lines of a Markdown table (True) and everything else (False)."""
    held: list[str] = []
    in_table = False
    for line in text.split("\n"):
        is_row = line.startswith("|")
        if is_row != in_table and held:
            yield "\n".join(held), in_table
            held = []
        in_table = is_row
        held.append(line)
    yield "\n".join(held), in_table


def _in_markdown(block: str, rules: LeakRules) -> Found:
    rows = [[cell.strip() for cell in _ROW.split(line)[1:-1]] for line in block.split("\n")]
    names = rows[0] if len(set(rows[0])) == len(rows[0]) else [f"{number}" for number in range(len(rows[0]))]
    body = [
        row for row in rows[1:] if len(row) == len(names) and not all(set(cell) <= set("-: ") for cell in row)
    ]
    schema = dict.fromkeys(names, pl.String())
    cells = pl.DataFrame([[cell or None for cell in row] for row in body], schema=schema, orient="row")
    yield from leaks_in_table(cells.lazy(), rules)
    if any(len(row) != len(names) for row in rows) and rules.tells(block):
        yield "?", WORD
