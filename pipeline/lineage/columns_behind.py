"""Which delivered columns are behind one variable of one record, as the specification that drove the build says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from pipeline.lineage.ledger import Ledger, text
from pipeline.lineage.rows import LINE, delivered_row
from pipeline.lineage.told import From, Row
from pipeline.specs.models import Dataset, Part, Study

Record = Mapping[str, Any]
_WHOLE = ("record", "joined")
QUALIFIER = "QVAL"  # role of the rows of a qualifier's parent, and the variable that holds it
_VISIT = ("VISITNUM", "VISIT", "VISITDY")
_READS = ("fills", "derives", "decides")
_MOMENTS = {
    "RFSTDTC": "exposure_start",
    "RFXSTDTC": "exposure_start",
    "RFXENDTC": "exposure_end",
    "RFICDTC": "consent",
    "RFENDTC": "end_of_participation",
    "ENDDTC": "end_of_participation",
    "LASTDTC": "last_contact",
    "DTHDTC": "death",
    "RESCUEDTC": "rescue",
}
# Variable suffix -> the variables of the same record that it is made of.
PARENTS: Mapping[str, tuple[str, ...]] = {
    "STRESC": ("ORRES", "ORRESU"),
    "STRESN": ("STRESC",),
    "STRESU": ("ORRESU",),
    "STNRLO": ("ORNRLO",),
    "STNRHI": ("ORNRHI",),
    "NRIND": ("ORRES", "ORNRLO", "ORNRHI"),
}


def parents(dataset: Dataset, variable: str) -> list[str]:
    """Variables of the same record that the variable is made of, [] for one that has delivered columns of its own."""
    prefix = dataset.dataset
    if variable.endswith("DY") and variable != "VISITDY":
        named = [f"{variable.removesuffix('DY')}DTC"]
    elif variable == "EPOCH":
        named = [f"{prefix}STDTC", f"{prefix}DTC"]
    elif variable == f"{prefix}LOBXFL":
        named = [f"{prefix}DTC", f"{prefix}STRESC"]
    else:
        named = [f"{prefix}{suffix}" for suffix in PARENTS.get(variable.removeprefix(prefix), ())]
    return [name for name in named if name in dataset.variables]


def columns_behind(
    ledger: Ledger, dataset: Dataset, part: Part | None, variable: str, record: Record, rows: tuple[Row, ...]
) -> tuple[From, ...]:
    """The delivered values that the variable was made of, each once, in the order of the specification.

    A variable that is made of others has the columns of those.
    """
    own = [row for row in rows if row.role in (*_WHOLE, QUALIFIER)]
    found = list(_by_role(ledger.spec.study, variable, rows)) or [
        *_by_use(ledger, dataset, part, variable, record, own),
        *_collection_form(ledger, variable, own),
    ]
    if not found:
        found = [
            each
            for name in parents(dataset, variable)
            for each in columns_behind(ledger, dataset, part, name, record, rows)
        ]
    found += _named_in_method(dataset, variable, own)
    return tuple({(each.place, each.cell.column): each for each in reversed(found)}.values())[::-1]


def item_of(
    ledger: Ledger, dataset: Dataset, part: Part | None, record: Record
) -> dict[str, str | None] | None:
    """The row of the part's items table that the record unfolds, None for records of other kinds."""
    if part is None or part.items is None:
        return None
    table = ledger.spec.table(part.items)
    facts = [name for name in table.columns if name in dataset.variables]
    same = [pl.col(name).eq_missing(pl.lit(text(record.get(name)), dtype=pl.String)) for name in facts]
    rows = table.filter(pl.col("source") == part.source, *same)
    return rows.row(0, named=True) if rows.height else None


def moment_columns(study: Study, name: str) -> tuple[str, list[str]]:
    """Source and columns (date, time) of a reference moment."""
    moment = getattr(study.reference, _MOMENTS[name])
    return moment.source, [column for column in (moment.date, moment.time) if column]


def _by_role(study: Study, variable: str, rows: tuple[Row, ...]) -> Iterator[From]:
    """Dates of the rows that gave this very variable its value."""
    for row in rows:
        if row.role == variable and variable.endswith(("DTC", "VISITNUM")):
            names = _date_columns(study, variable, row.place.source)
            yield from (
                From(row.place, cell, "date of the row") for cell in row.cells if cell.column in names
            )


def _date_columns(study: Study, variable: str, source: str) -> list[str]:
    reference, lab = study.reference, study.laboratory
    if variable in _MOMENTS:
        return moment_columns(study, variable)[1]
    if not variable.startswith("SV"):
        for moment in (
            reference.consent,
            reference.exposure_start,
            reference.rescue,
            reference.end_of_participation,
        ):
            if moment.source == source:
                return [column for column in (moment.date, moment.time) if column]
    if source == lab.source:
        return [lab.date]
    return [
        (each.end if variable.endswith("ENDTC") and each.end else each.date)
        for each in reference.visit_dates
        if each.source == source
    ]


def _by_use(
    ledger: Ledger, dataset: Dataset, part: Part | None, variable: str, record: Record, rows: list[Row]
) -> Iterator[From]:
    item = item_of(ledger, dataset, part, record)
    asked = None if item is None else {item["column"], item.get("unit_from"), item.get("reason_from")}
    for use in _uses(ledger, dataset, variable, record).iter_rows(named=True):
        if use["by"] == "item" and asked is not None and use["column"] not in asked:
            continue
        for row in rows:
            if row.place.source == use["source"]:
                for cell in row.cells:
                    if cell.column == use["column"]:
                        yield From(row.place, cell, use["by"], use["how"])


def _collection_form(ledger: Ledger, variable: str, rows: list[Row]) -> Iterator[From]:
    """The row of the collection form that places a draw, found by the accession as the build finds it."""
    roles, reference = ledger.spec.study.laboratory, ledger.spec.study.reference
    draws = [row for row in rows if row.place.source == roles.source] if variable in _VISIT else []
    for draw in draws:
        typed = {cell.column: cell.typed for cell in draw.cells}
        form = ledger.read("typed", roles.form).filter(
            pl.col(roles.form_accession) == typed.get(roles.accession),
            pl.col("SUBJID") == typed.get(roles.subject),
        )
        for line in form.select(LINE).head(1).collect().to_series():
            found = delivered_row(ledger, roles.form, line, "collection form")
            for cell in found.cells:
                if cell.column in (reference.visit_column, reference.repeat_column):
                    yield From(found.place, cell, "collection form", f"same {roles.form_accession}")


def _named_in_method(dataset: Dataset, variable: str, rows: list[Row]) -> Iterator[From]:
    """Columns that the dataset's own code reads, for the variables whose method names the part they play."""
    method = (dataset.variables[variable].derived or "").lower()
    for role, column in dataset.uses.items():
        if f" {role.replace('_', ' ')}" in method:
            for row in rows:
                cells = (cell for cell in row.cells if cell.column == column.rpartition(".")[2])
                yield from (From(row.place, cell, "derived", f"as {role}") for cell in cells)


def _uses(ledger: Ledger, dataset: Dataset, variable: str, record: Record) -> pl.DataFrame:
    """Rows of ``ops.column_uses`` for the variable; those of every record for what every record has."""
    named = record.get("QNAM") if variable == QUALIFIER else variable
    own = (
        (pl.col("dataset") == dataset.dataset)
        & (pl.col("variable") == named)
        & pl.col("role").is_in(list(_READS))
    )
    reference = ledger.spec.study.reference
    every: list[str] = []
    if variable in _VISIT:
        every = [reference.visit_column, reference.repeat_column]
    subject = (pl.col("how") == "every record: subject (USUBJID)") & pl.lit(value=variable == "USUBJID")
    general = (pl.col("by") == "identity") & pl.col("column").is_in(every)
    return ledger.uses.filter(own | subject | general)
