"""Delivered columns as the fields that a site fills in: how each is answered, and with which printed choices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pipeline.documents.acrf.facts import Choice, Entry, Field
from pipeline.flow.acrf_notes import Notes
from pipeline.review.delivered import Column, Source
from pipeline.review.usage_parts import item_rows
from pipeline.specs.load import StudySpec

_ENTRIES: Mapping[str, Entry] = {
    "code": "choice",
    "flag": "tick",
    "edc_date": "date",
    "compact_date": "date",
    "edc_time": "time",
    "compact_time": "time",
    "integer": "integer",
    "decimal": "decimal",
    "text": "text",
}


def fields_of(spec: StudySpec, source: Source, names: Iterable[str], notes: Notes) -> tuple[Field, ...]:
    """One field a column of ``names``; the printed text of a code has none of its own, it is named with the code."""
    texts = {each.decodes: each.name for each in source.columns.values() if each.decodes}
    return tuple(
        Field(
            name=name,
            label=column.label,
            entry=_ENTRIES.get(column.kind, "identifier"),
            notes=notes.of(name),
            choices=tuple(_choices(spec, source, column)),
            required=column.required,
            text=texts.get(name, ""),
        )
        for name in names
        if not (column := source.columns[name]).decodes
    )


def _choices(spec: StudySpec, source: Source, column: Column) -> Iterator[Choice]:
    """The codes of the contract; for a number that the study maps to words, those."""
    if column.kind == "flag" or column.name == source.study_column:
        return
    codes = column.codes or _mapped(spec, source, column.name)
    yield from (Choice(code, text) for code, text in codes.items())


def _mapped(spec: StudySpec, source: Source, name: str) -> Mapping[str, str]:
    for dataset in spec.datasets.values():
        for part in dataset.parts:
            if part.source == source.source:
                for row in item_rows(spec, part):
                    _, colon, codemap = (row.get("result") or "").partition(":")
                    if row["column"] == name and colon:
                        return spec.codemap(codemap)
    return {}
