"""Where the specification says how a variable is filled, and which rows of its tables were looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from pipeline.lineage.ledger import Ledger
from pipeline.lineage.told import SpecLine, TableRow
from pipeline.specs.load import verb_of
from pipeline.specs.models import Dataset, Part, Verb
from pipeline.specs.text_yaml import line_of

_FIRST_ROW = 2  # line 1 of a table is its header


def part_of(dataset: Dataset, sources: list[str]) -> Part | None:
    """The part of the dataset that reads the first of ``sources`` with one; None for derived datasets."""
    named = {part.source: part for part in reversed(dataset.parts)}
    return next((named[source] for source in sources if source in named), None)


def verb_behind(dataset: Dataset, part: Part | None, variable: str) -> Verb:
    """How the variable is filled for rows of ``part``."""
    return dataset.variables[variable] if part is None else verb_of(dataset, part, variable)


def spec_line(ledger: Ledger, dataset: Dataset, variable: str, part: Part | None) -> SpecLine:
    """File, line and sentence of a variable; the part's own verb before the dataset's."""
    own = part is not None and variable in part.set
    keys = ["variables", variable]
    if own and part is not None:
        keys = ["parts", str(dataset.parts.index(part)), "set", variable]
    path = _file(ledger, dataset, keys)
    sentence = ledger.words(verb_behind(dataset, part, variable), part, dataset)
    name = path.relative_to(ledger.spec.folder).as_posix()
    return SpecLine(name, line_of(path, keys), dataset.variables[variable].origin, sentence)


def qualifier_line(ledger: Ledger, dataset: Dataset, name: str, sources: list[str]) -> SpecLine | None:
    """The same of a supplemental qualifier, which the parent dataset specifies; None if it does not."""
    parent = ledger.spec.dataset(dataset.derived_from[0])
    facts = parent.supplements.get(name)
    if facts is None:
        return None
    keys = ["supplements", name]
    path = _file(ledger, parent, keys)
    said = ledger.words(facts, part_of(parent, sources), parent)
    relative = path.relative_to(ledger.spec.folder).as_posix()
    by_verb = any((facts.const, facts.take, facts.code, facts.lookup, facts.date, facts.derived))
    sentence = f"{facts.content}: {said}" if by_verb else facts.content  # what code makes has no other words
    return SpecLine(relative, line_of(path, keys), facts.origin, sentence)


def value_method(ledger: Ledger, dataset: Dataset, variable: str, record: Mapping[str, object]) -> str:
    """What the study's methods say of the variable for this very test, parameter or qualifier; "" if nothing."""
    names = ("QNAM", f"{dataset.dataset}PARMCD", f"{dataset.dataset}TESTCD")
    test = next((record[name] for name in names if record.get(name) is not None), None)
    place = f"{dataset.dataset}.{variable}.{test}"
    return next((each.says or "" for each in ledger.spec.methods if place in each.of), "")


def _file(ledger: Ledger, dataset: Dataset, keys: list[str]) -> Path:
    """The file of the overlay if that has the entry, else the dataset's own."""
    name = f"{dataset.dataset.lower()}.yaml"
    own = ledger.spec.folder / "domains" / name
    over = ledger.spec.folder / ledger.overlay / name if ledger.overlay else own
    return over if over.is_file() and (line_of(over, keys) or not own.is_file()) else own


def table_rows(ledger: Ledger, table: str, wanted: Mapping[str, str | None]) -> Iterator[TableRow]:
    """Rows of a table whose cells are ``wanted``, with their lines."""
    if table not in ledger.spec.tables:
        return
    rows = ledger.spec.table(table).with_row_index("_at", offset=_FIRST_ROW)
    same = [
        pl.col(name).eq_missing(pl.lit(value, dtype=pl.String))
        for name, value in wanted.items()
        if name in rows.columns
    ]
    for row in rows.filter(pl.all_horizontal(same)).iter_rows(named=True) if same else ():
        line = row.pop("_at")
        yield TableRow(
            f"tables/{table}.csv", line, {name: cell for name, cell in row.items() if cell is not None}
        )
