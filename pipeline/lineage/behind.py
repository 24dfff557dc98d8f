"""What a derived value was measured against: reference moments of the subject, and other records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from pipeline.lineage.columns_behind import moment_columns
from pipeline.lineage.ledger import Ledger, text
from pipeline.lineage.rows import delivered_row
from pipeline.lineage.told import From, Known, Moment
from pipeline.specs.models import Dataset

REFERENCE = "RFXSTDTC"  # the moment that study days and baselines count from
_AGE = {"AGE": "RFICDTC"}


def moments_behind(
    ledger: Ledger, dataset: Dataset, subject: str | None, variable: str
) -> tuple[Moment, ...]:
    """The reference moment that a study day, a baseline flag or an age was measured against, with its row."""
    if subject is None:
        return ()
    counted = variable.endswith("DY") and variable != "VISITDY"
    if counted or variable == f"{dataset.dataset}LOBXFL":
        return (_moment(ledger, subject, REFERENCE, "first exposure"),)
    if variable in _AGE:
        return (_moment(ledger, subject, _AGE[variable], "age is counted at this moment"),)
    return ()


def _moment(ledger: Ledger, subject: str, name: str, why: str) -> Moment:
    row = ledger.people().filter(pl.col("USUBJID") == subject).select(name, f"{name}_line").collect().row(0)
    value, line = row
    if line is None:
        return Moment(name, value, None, f"{why}; the subject has none")
    source, columns = moment_columns(ledger.spec.study, name)
    found = delivered_row(ledger, source, line, name)
    cell = next(cell for cell in found.cells if cell.column == columns[0])
    return Moment(name, value, From(found.place, cell, "moment"), why)


def records_behind(
    ledger: Ledger, dataset: Dataset, subject: str | None, seq: int, variable: str, record: Mapping[str, Any]
) -> tuple[Known, ...]:
    """Other records that the value came from, was placed by, or names."""
    if subject is None:
        return ()
    return (
        *_named(ledger, subject, variable, record),
        *_placed(ledger, dataset, subject, variable, record),
        *_last(ledger, subject, variable),
        *_siblings(ledger, dataset, subject, seq, variable, record),
    )


def _named(ledger: Ledger, subject: str, variable: str, record: Mapping[str, Any]) -> Iterator[Known]:
    """The record that a qualifier, a comment or a relation names."""
    if variable not in ("QVAL", "IDVARVAL", "RELID", "COVAL"):
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


def _last(ledger: Ledger, subject: str, variable: str) -> Iterator[Known]:
    """The record with the latest date of the subject."""
    if variable == "RFPENDTC":
        rows = ledger.read("derived", "last_dates").filter(pl.col("USUBJID") == subject).collect()
        for row in rows.drop_nulls("_last_seq").iter_rows(named=True):
            yield Known(
                row["_last_dataset"],
                subject,
                row["_last_seq"],
                f"latest date of any record, {row['_last_date']}",
            )


def _siblings(
    ledger: Ledger, dataset: Dataset, subject: str, seq: int, variable: str, record: Mapping[str, Any]
) -> Iterator[Known]:
    """Of a record that the pipeline computed: the collected records of the same rows, which it was computed from."""
    prefix, table = dataset.dataset, dataset.dataset.lower()
    if record.get(f"{prefix}DRVFL") != "Y" or variable not in (f"{prefix}STRESC", f"{prefix}STRESN"):
        return
    scores = ledger.spec.study.scores
    if scores is not None and scores.dataset == prefix:
        return
    links = ledger.read("ops", f"links_{table}").filter(
        pl.col("subject") == subject, pl.col("role") == "record"
    )
    own = links.filter(pl.col("seq") == seq).select("source", "line")
    numbers = links.join(own, on=["source", "line"], how="semi").select("seq").collect().to_series()
    sequence = pl.col(f"{prefix}SEQ").cast(pl.Int64)
    rows = (
        ledger.read("sdtm", table)
        .filter(
            pl.col("USUBJID") == subject,
            sequence.is_in(numbers.implode()),
            pl.col(f"{prefix}DRVFL").is_null(),
        )
        .select(seq=sequence, test=f"{prefix}TESTCD", value=f"{prefix}STRESC")
        .collect()
    )
    for row in rows.drop_nulls("value").iter_rows(named=True):
        yield Known(prefix, subject, row["seq"], f"{row['test']} of the same row: {text(row['value'])}")
