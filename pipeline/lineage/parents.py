"""What a variable is made of beside its own columns: variables of the record, and the record that it qualifies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.lineage.ledger import Ledger
from pipeline.lineage.spec_lines import part_of, verb_behind
from pipeline.lineage.told import Row
from pipeline.specs.models import Dataset, Part, Verb

Record = Mapping[str, Any]
QUALIFIER = "QVAL"  # role of the rows of a qualifier's parent, and the variable that holds it
# Variable suffix -> the variables of the same record that it is made of.
PARENTS: Mapping[str, tuple[str, ...]] = {
    "STRESC": ("ORRES", "ORRESU"),
    "STRESN": ("STRESC",),
    "STRESU": ("ORRESU",),
    "STNRLO": ("ORNRLO", "ORRESU"),
    "STNRHI": ("ORNRHI", "ORRESU"),
    "LLOQ": ("ORRESU",),
    "NRIND": ("ORRES", "ORNRLO", "ORNRHI", "STNRC"),
}


@dataclass(frozen=True)
class Holder:
    """A record with the part of the specification that made it."""

    dataset: Dataset
    part: Part | None
    record: Record


def parents(dataset: Dataset, variable: str) -> list[str]:
    """Variables of the same record that the variable is made of."""
    prefix = dataset.dataset
    if variable.endswith("DY") and variable != "VISITDY":
        named = [f"{variable.removesuffix('DY')}DTC"]
    elif variable == "EPOCH":
        named = [f"{prefix}STDTC", f"{prefix}DTC"]
    elif variable in ("VISIT", "VISITDY"):
        named = ["VISITNUM"]
    elif variable == f"{prefix}LOBXFL":
        named = [f"{prefix}DTC", f"{prefix}STRESC"]
    else:
        named = [f"{prefix}{suffix}" for suffix in PARENTS.get(variable.removeprefix(prefix), ())]
    declared = dataset.variables[variable].of if variable in dataset.variables else ()
    return [name for name in dict.fromkeys((*named, *declared)) if name in dataset.variables]


def behind_verb(ledger: Ledger, dataset: Dataset, part: Part | None, variable: str, record: Record) -> Verb:
    """How the variable is filled; of a qualifier as its parent dataset says."""
    if variable == QUALIFIER and dataset.derived_from:
        parent = ledger.spec.dataset(dataset.derived_from[0])
        if (found := parent.supplements.get(str(record.get("QNAM")))) is not None:
            return found
    return verb_behind(dataset, part, variable)


def qualified(ledger: Ledger, dataset: Dataset, record: Record, rows: tuple[Row, ...]) -> Holder | None:
    """The record that a qualifier belongs to; None for records of other kinds."""
    if "QNAM" not in record or not dataset.derived_from:
        return None
    parent = ledger.spec.dataset(dataset.derived_from[0])
    records = ledger.read("sdtm", parent.dataset.lower()).filter(pl.col("USUBJID") == record["USUBJID"])
    if record.get("IDVAR") is not None:
        number = pl.col(str(record["IDVAR"])).cast(pl.Int64).cast(pl.String)
        records = records.filter(number == record["IDVARVAL"])
    found = records.head(1).collect()
    if found.is_empty():
        return None
    return Holder(parent, part_of(parent, [row.place.source for row in rows]), found.row(0, named=True))


def lines_of_parents(
    ledger: Ledger, dataset: Dataset, part: Part | None, variable: str, record: Record, rows: tuple[Row, ...]
) -> Iterator[tuple[Holder, str]]:
    """Each variable that the variable is made of, with the record that holds it."""
    if variable != QUALIFIER:
        own = Holder(dataset, part, record)
        yield from ((own, name) for name in parents(dataset, variable))
        return
    holder = qualified(ledger, dataset, record, rows)
    if holder is not None:
        verb = behind_verb(ledger, dataset, part, variable, record)
        yield from ((holder, name) for name in verb.of if name in holder.dataset.variables)


def computed_from(ledger: Ledger, dataset: Dataset, subject: str, seq: int, record: Record) -> pl.DataFrame:
    """Of a record that the pipeline computed: the collected records of the same rows that it was computed from."""
    prefix, table = dataset.dataset, dataset.dataset.lower()
    tests = dataset.computed.get(str(record.get(f"{prefix}TESTCD")), ())
    if record.get(f"{prefix}DRVFL") != "Y" or not tests:
        return pl.DataFrame()
    links = ledger.read("ops", f"links_{table}").filter(
        pl.col("subject") == subject, pl.col("role") == "record"
    )
    own = links.filter(pl.col("seq") == seq).select("source", "line")
    numbers = links.join(own, on=["source", "line"], how="semi").select("seq").collect().to_series()
    return (
        ledger.read("sdtm", table)
        .filter(
            pl.col("USUBJID") == subject,
            pl.col(f"{prefix}SEQ").cast(pl.Int64).is_in(numbers.implode()),
            pl.col(f"{prefix}TESTCD").is_in(list(tests)),
            pl.col(f"{prefix}DRVFL").is_null(),
        )
        .collect()
    )
