"""What a derived value was measured against: reference moments of the subject, and other records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from pipeline.lineage.columns_behind import RELATED, moment_columns
from pipeline.lineage.ledger import Ledger, text
from pipeline.lineage.parents import QUALIFIER, behind_verb, computed_from
from pipeline.lineage.rows import LINE, delivered_row
from pipeline.lineage.told import From, Known, Moment, Row
from pipeline.specs.models import Dataset, Part
from pipeline.specs.reference_models import MOMENTS

REFERENCE = "RFXSTDTC"  # the moment that study days and baselines count from
# Computed parameter of the trial -> dataset, variable and value of the records behind it, and what these say.
_COUNTED = {
    "ACTSUB": ("DS", "DSDECOD", "RANDOMIZED", "was randomized"),
    "ONGOSIND": ("DS", "DSDECOD", "RANDOMIZED", "was randomized"),
    "SENDTC": ("DS", "DSSCAT", "STUDY PARTICIPATION", "ended participation"),
    "SSTDTC": ("DM", "RFICDTC", None, "consented first"),
}
RANDOMIZED = "RANDOMIZED"  # the only moment of which the roster keeps no date
_AGE = {"AGE": "RFICDTC"}
# Variable -> columns of ``derived.last_dates`` that name a record, and what this record says.
_TELLING = {
    "RFPENDTC": ("_last", "latest date of any record"),
    "DTHFL": ("_died", "reports the death"),
    "ARMNRS": ("_failed_screening", "says that screening failed"),
}


def moments_behind(
    ledger: Ledger,
    dataset: Dataset,
    part: Part | None,
    subject: str | None,
    variable: str,
    record: Mapping[str, Any],
) -> tuple[Moment, ...]:
    """The moments of the subject that the value was measured against, each with its row."""
    if subject is None:
        return ()
    counted = variable.endswith("DY") and variable != "VISITDY"
    names = [REFERENCE] if counted or variable == f"{dataset.dataset}LOBXFL" else []
    names += [_AGE[variable]] if variable in _AGE else []
    names += [name for name in behind_verb(ledger, dataset, part, variable, record).of if name in MOMENTS]
    return tuple(_moment(ledger, subject, name) for name in dict.fromkeys(names))


def _moment(ledger: Ledger, subject: str, name: str) -> Moment:
    why = MOMENTS[name].replace("_", " ")
    people = ledger.people().filter(pl.col("USUBJID") == subject).collect()
    value = people[name][0]
    if name == RANDOMIZED:
        value = "yes" if value else None
        place = _assignment(ledger, people["SUBJID"][0]) if value else None
    else:
        place = _dated(ledger, name, people[f"{name}_line"][0])
    if place is None:
        return Moment(name, value, (), f"{why}; the subject has none")
    row, columns = place
    cells = [cell for name in columns for cell in row.cells if cell.column == name]
    return Moment(name, value, tuple(From(row.place, cell, "moment") for cell in cells), why)


def _dated(ledger: Ledger, name: str, line: int | None) -> tuple[Row, list[str]] | None:
    """The row that gave the moment, and its columns of date and time."""
    source, columns = moment_columns(ledger.spec.study, name)
    return None if line is None else (delivered_row(ledger, source, line, name), columns)


def _assignment(ledger: Ledger, number: str) -> tuple[Row, list[str]] | None:
    """The row that says that the subject was randomized."""
    moment = ledger.spec.study.reference.assignment
    rows = ledger.read("typed", moment.source).filter(pl.col("SUBJID") == number)
    for where in moment.where:
        rows = rows.filter(
            pl.col(where.column).is_in(list(where.values)) if where.values else pl.lit(value=True)
        )
    lines = rows.select(LINE).head(1).collect().to_series()
    columns = [moment.date, *(where.column for where in moment.where)]
    return (delivered_row(ledger, moment.source, lines[0], RANDOMIZED), columns) if len(lines) else None


def records_behind(
    ledger: Ledger, dataset: Dataset, subject: str | None, seq: int, variable: str, record: Mapping[str, Any]
) -> tuple[Known, ...]:
    """Other records that the value came from, was placed by, or names."""
    if subject is None:
        return tuple(_of_trial(ledger, dataset, variable, record))
    return (
        *_named(ledger, subject, variable, record),
        *_placed(ledger, dataset, subject, variable, record),
        *_told_by(ledger, subject, variable),
        *_siblings(ledger, dataset, subject, seq, variable, record),
    )


def _named(ledger: Ledger, subject: str, variable: str, record: Mapping[str, Any]) -> Iterator[Known]:
    """The record that a qualifier, a comment or a relation names."""
    if variable not in (QUALIFIER, *RELATED, "COVAL"):
        return
    name, identifier, value = record.get("RDOMAIN"), record.get("IDVAR"), record.get("IDVARVAL")
    if name is None or name not in ledger.datasets:
        return
    if identifier is None:
        yield Known(str(name), subject, 1, "the subject's record")
        return
    sequence = f"{name}SEQ"
    column = pl.col(str(identifier))
    same = column.cast(pl.Int64).cast(pl.String) if identifier == sequence else column.cast(pl.String)
    records = ledger.read("sdtm", str(name).lower()).filter(pl.col("USUBJID") == subject, same == value)
    for number in records.select(pl.col(sequence).cast(pl.Int64)).collect().to_series():
        yield Known(str(name), subject, number, f"named by {identifier}")


def _of_trial(ledger: Ledger, dataset: Dataset, variable: str, record: Mapping[str, Any]) -> Iterator[Known]:
    """Records of all subjects that a computed parameter of the trial was counted or taken from."""
    if dataset.dataset != "TS" or variable != "TSVAL" or record["TSPARMCD"] not in _COUNTED:
        return
    name, column, value, why = _COUNTED[record["TSPARMCD"]]
    rows = ledger.read("sdtm", name.lower()).with_columns(
        _seq=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("USUBJID")
    )
    told = pl.col(column) == value if value else pl.col(column).str.starts_with(record["TSVAL"] or "-")
    for row in rows.filter(told).collect().iter_rows(named=True):
        yield Known(name, row["USUBJID"], int(row.get(f"{name}SEQ") or row["_seq"]), why)


def _placed(
    ledger: Ledger, dataset: Dataset, subject: str, variable: str, record: Mapping[str, Any]
) -> Iterator[Known]:
    """The visit or the element that holds the record."""
    if (
        variable in ("VISITNUM", "VISIT", "VISITDY")
        and dataset.build != "visits"
        and record.get("VISITNUM") is not None
    ):
        yield from _of_build(ledger, "visits", subject, pl.col("VISITNUM") == record["VISITNUM"], "the visit")
    if variable == "EPOCH" and dataset.build != "elements" and record.get("EPOCH") is not None:
        yield from _of_build(
            ledger, "elements", subject, pl.col("EPOCH") == record["EPOCH"], "element of the epoch"
        )


def _of_build(ledger: Ledger, build: str, subject: str, where: pl.Expr, why: str) -> Iterator[Known]:
    for name in ledger.datasets:
        if ledger.spec.dataset(name).build == build:
            rows = ledger.read("sdtm", name.lower()).filter(pl.col("USUBJID") == subject).collect()
            for number in rows.with_row_index("_seq", offset=1).filter(where)["_seq"]:
                yield Known(name, subject, number, why)


def _told_by(ledger: Ledger, subject: str, variable: str) -> Iterator[Known]:
    """The record of the subject that says it: the one with the latest date, a death, a failed screening."""
    if variable not in _TELLING:
        return
    kind, why = _TELLING[variable]
    rows = ledger.read("derived", "last_dates").filter(pl.col("USUBJID") == subject).collect()
    for row in rows.drop_nulls(f"{kind}_seq").iter_rows(named=True):
        when = f", {row['_last_date']}" if kind == "_last" else ""
        yield Known(row[f"{kind}_dataset"], subject, row[f"{kind}_seq"], f"{why}{when}")


def _siblings(
    ledger: Ledger, dataset: Dataset, subject: str, seq: int, variable: str, record: Mapping[str, Any]
) -> Iterator[Known]:
    """Of a record that the pipeline computed: the records which it was computed from."""
    prefix = dataset.dataset
    if variable not in (f"{prefix}STRESC", f"{prefix}STRESN", f"{prefix}DRVFL"):
        return
    rows = computed_from(ledger, dataset, subject, seq, record)
    for row in rows.drop_nulls(f"{prefix}STRESC").iter_rows(named=True) if rows.height else ():
        test, value = row[f"{prefix}TESTCD"], text(row[f"{prefix}STRESC"])
        yield Known(prefix, subject, int(row[f"{prefix}SEQ"]), f"{test} of the same row: {value}")
    formula = ledger.spec.study.filtration
    if (
        rows.height
        and formula is not None
        and (formula.dataset, formula.test) == (prefix, record[f"{prefix}TESTCD"])
    ):
        yield Known("DM", subject, 1, "age, sex and race of the formula")
