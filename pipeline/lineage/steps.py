"""The way of one value through the build: delivered, accepted, and every treatment up to the variable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.lineage.columns_behind import JOINING
from pipeline.lineage.ledger import text
from pipeline.lineage.parents import Holder, parents
from pipeline.lineage.told import From, Step, TableRow
from pipeline.specs.models import Dataset

_CONVERTED = ("STRESC", "STNRLO", "STNRHI")


def steps_of(
    dataset: Dataset,
    variable: str,
    record: Mapping[str, Any],
    sources: tuple[From, ...],
    tables: tuple[TableRow, ...],
    above: tuple[tuple[Holder, str], ...],
) -> tuple[Step, ...]:
    """Delivered and accepted texts, the variables on the way (first those ``above``), conversions, the value itself."""
    return (
        *_delivered(sources),
        *_passed(above, tables),
        *_converted(dataset, variable, record, tables),
        Step(variable, text(record.get(variable))),
    )


def _delivered(sources: tuple[From, ...]) -> Iterator[Step]:
    for each in sources:
        if each.by in JOINING:
            continue
        where = f"{each.place.file} line {each.place.line}"
        yield Step(f"{each.cell.column} as delivered", each.cell.raw, where)
        yield Step(f"{each.cell.column} as accepted", each.cell.typed, each.cell.change)


def _passed(above: tuple[tuple[Holder, str], ...], tables: tuple[TableRow, ...]) -> Iterator[Step]:
    for holder, name in above:
        further = tuple((holder, each) for each in parents(holder.dataset, name))
        yield from _passed(further, tables)
        yield from _converted(holder.dataset, name, holder.record, tables)
        yield Step(name, text(holder.record.get(name)))


def _converted(
    dataset: Dataset, variable: str, record: Mapping[str, Any], tables: tuple[TableRow, ...]
) -> Iterator[Step]:
    if variable.removeprefix(dataset.dataset) in _CONVERTED:
        yield from _conversion(dataset, record, tables)


def _conversion(dataset: Dataset, record: Mapping[str, Any], tables: tuple[TableRow, ...]) -> Iterator[Step]:
    unit, standard = record.get(f"{dataset.dataset}ORRESU"), record.get(f"{dataset.dataset}STRESU")
    if unit is None and standard is None:
        return
    if unit == standard:
        yield Step("units", f"{unit} = {standard}", "equal units: the text stays as it is")
        return
    for row in tables:
        if formula := _formula(row.cells):
            places = next((each.cells["places"] for each in tables if "places" in each.cells), None)
            rounded = f"exact, then rounded half up to {places} decimals" if places else "exact"
            yield Step(f"{unit} to {standard}", formula, f"{rounded} ({row.table} line {row.line})")


def _formula(cells: Mapping[str, str]) -> str | None:
    if "factor" in cells:
        return f"x {cells['factor']}"
    if "multiply" in cells:
        return f"(value + {cells['add']}) x {cells['multiply']} / {cells['divide']}"
    return None
