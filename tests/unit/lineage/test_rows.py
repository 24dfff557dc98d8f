"""A delivered cell tells what the text rules did to it, and a value its steps."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.errors import UsageError
from pipeline.lineage.ledger import Column, Contract, Delivered, Ledger
from pipeline.lineage.parents import Holder
from pipeline.lineage.reverse import source_named, trace_row
from pipeline.lineage.rows import delivered_rows
from pipeline.lineage.steps import steps_of
from pipeline.lineage.told import Step, TableRow
from tests.unit.domains.trial import spec

KINDS = {"SUBJID": "subject", "TEXT": "text", "COUNT": "integer", "PAD": "text"}
RAW = [(2, "1-1", "5\u00b5g  x", "7", " "), (3, "101-001", "plain", "8", ""), (9, "101-001", "bad", "x", "")]
TYPED = [(2, "101-001", "5ug x", 7, None), (3, "101-001", "plain", 8, None)]


def ledger() -> Ledger:
    names = ["_line", *KINDS]
    raw = pl.DataFrame(RAW, schema=dict.fromkeys(names, pl.String) | {"_line": pl.UInt32}, orient="row")
    types = dict.fromkeys(names, pl.String) | {"_line": pl.UInt32, "COUNT": pl.Int64}
    typed = pl.DataFrame(TYPED, schema=types, orient="row")
    tables = {("raw", "edc_ae"): raw, ("typed", "edc_ae"): typed}
    return Ledger(
        spec=spec(),
        read=lambda layer, table: tables[layer, table].lazy(),
        tables=frozenset(tables),
        files={"edc_ae": Delivered("edc_ae", "edc/AE.csv", "d1", "0" * 64)},
        contract=lambda _: Contract("AE", {name: Column(name, kind, ()) for name, kind in KINDS.items()}),
        words=lambda *_: "",
    )


def changes(line: int) -> dict[str, tuple[str | None, str]]:
    row = delivered_rows(ledger(), "edc_ae", [line], "record")[line]
    return {cell.column: (cell.typed, cell.change) for cell in row.cells}


def test_a_text_is_unchanged_normalised_renumbered_a_number_or_blank() -> None:
    assert changes(2) == {
        "SUBJID": ("101-001", "renumbered"),
        "TEXT": ("5ug x", "normalised"),
        "COUNT": ("7", "unchanged"),
        "PAD": (None, "blank"),
    }
    assert changes(3) == {
        "SUBJID": ("101-001", "unchanged"),
        "TEXT": ("plain", "unchanged"),
        "COUNT": ("8", "unchanged"),
    }


def test_a_row_that_broke_its_contract_shows_what_was_delivered() -> None:
    assert set(changes(9).values()) == {(None, "set aside")}


@pytest.mark.parametrize("name", ["edc_ae", "edc/AE.csv", "AE.csv"])
def test_a_file_is_known_by_its_source_its_path_and_its_name(name: str) -> None:
    assert source_named(ledger(), name) == "edc_ae"


def test_a_line_inside_a_row_names_the_line_on_which_the_row_begins() -> None:
    with pytest.raises(UsageError, match="rows lie on lines 2 to 9; the row before it begins on line 3"):
        trace_row(ledger(), "edc_ae", 5)


def results(record: dict[str, str]) -> tuple[tuple[Holder, str], ...]:
    """The variables that a standard result is made of."""
    return tuple((Holder(spec().dataset("LB"), None, record), name) for name in ("LBORRES", "LBORRESU"))


def test_a_conversion_tells_factor_rounding_and_the_line_of_the_table() -> None:
    record = {"LBORRES": "0.9", "LBORRESU": "mg/dL", "LBSTRESU": "umol/L", "LBSTRESC": "80"}
    tables = (
        TableRow("tables/lab_tests.csv", 5, {"places": "0"}),
        TableRow("tables/lab_units.csv", 7, {"factor": "88.4"}),
    )
    steps = steps_of(spec().dataset("LB"), "LBSTRESC", record, (), tables, results(record))
    assert steps == (
        Step("LBORRES", "0.9"),
        Step("LBORRESU", "mg/dL"),
        Step(
            "mg/dL to umol/L",
            "x 88.4",
            "exact, then rounded half up to 0 decimals (tables/lab_units.csv line 7)",
        ),
        Step("LBSTRESC", "80"),
    )


def test_equal_units_leave_the_text_as_it_is() -> None:
    record = {"LBORRES": "4.20", "LBORRESU": "g/L", "LBSTRESU": "g/L", "LBSTRESC": "4.20"}
    assert (
        "equal units" in steps_of(spec().dataset("LB"), "LBSTRESC", record, (), (), results(record))[2].note
    )
