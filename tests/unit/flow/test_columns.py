"""Where every delivered column went: each has a fate, its values are all in rows with a fate, or the build fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import BuildFailed
from pipeline.flow.columns import column_accounts, counted, decisions, uses_table
from pipeline.flow.context import StudyParts, study_parts
from pipeline.settings import Settings
from tests.unit.flow.test_accounting import SOURCE, context

PARTS = study_parts(Settings(home=Path("unused")))
FATES = ("mapped", "quarantined", "superseded", "deleted", "not_submitted")


def without_declarations() -> StudyParts:
    study = PARTS.spec.study.model_copy(update={"not_submitted": ()})
    return replace(PARTS, spec=replace(PARTS.spec, study=study))


def frame(*rows: tuple[int, str | None, str | None], **more: str) -> pl.DataFrame:
    schema = {"_line": pl.UInt32, "AETERM": pl.String, "VISITNAME": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        pl.lit(text).alias(name) for name, text in more.items()
    )


def account(folder: Path, accepted: pl.DataFrame) -> pl.DataFrame:
    """Three delivered rows: 2 is mapped, 3 superseded, 4 quarantined by its contract."""
    made = context(folder)
    made.store.write("raw", SOURCE, frame((2, "HEADACHE", "Y"), (3, " \u00a0", "N"), (4, "RASH", "")))
    made.store.write("typed", SOURCE, accepted)
    made.store.write("quarantine", SOURCE, frame((4, "RASH", ""), _reasons="edc_ae.VISITNAME.required"))
    fates = pl.DataFrame(
        {"line": [2, 3, 4], "fate": ["mapped", "superseded", "quarantined"]},
        schema={"line": pl.UInt32, "fate": pl.String},
    )
    return column_accounts(made, SOURCE, decisions(made.parts, [SOURCE]), fates)


def test_values_are_counted_by_the_fate_of_their_row_and_blanks_are_not(tmp_path: Path) -> None:
    table = account(tmp_path, frame((2, "HEADACHE", "Y"), (3, None, "N")))
    counts = table.select("column", "delivered", *FATES).rows()
    assert counts == [("AETERM", 2, 1, 1, 0, 0, 0), ("VISITNAME", 2, 1, 0, 1, 0, 0)]


def test_a_value_that_got_lost_between_two_tables_fails_the_build_by_name(tmp_path: Path) -> None:
    with pytest.raises(
        BuildFailed, match=r"^edc_ae\.AETERM: 2 values were delivered, but 1 lie in rows with a fate"
    ):
        account(tmp_path, frame((2, None, "Y"), (3, None, "N")))


def test_each_column_names_the_variables_that_hold_it_or_the_reason_why_none_does(tmp_path: Path) -> None:
    table = account(tmp_path, frame((2, "HEADACHE", "Y"), (3, None, "N")))
    term, happened = table.select("fate", "fills", "reason").rows()
    assert term == ("submitted", "AE.AETERM", None)
    assert happened[:2] == ("not submitted", None)
    assert happened[2].endswith("(the contract)")


def test_a_column_that_nobody_uses_or_declares_fails_the_build_with_the_way_out() -> None:
    with pytest.raises(BuildFailed, match=r"^edc_dm\.AGEU: .*declared nowhere; map it, or state") as failed:
        decisions(without_declarations(), ["edc_dm"])
    assert failed.value.exit_code == 4


def test_a_use_tells_dataset_variable_and_verb() -> None:
    uses = uses_table(decisions(PARTS, ["edc_ae", "lab_results", "edc_dm"]))
    found = set(uses.select("source", "column", "dataset", "variable", "by").iter_rows())
    assert {
        ("edc_ae", "AETERM", "AE", "AETERM", "take"),
        ("edc_ae", "AEREL", "AE", "AEREL", "code"),
        ("edc_ae", "AESTDAT", "AE", "AESTDTC", "date"),
        ("edc_dm", "CHILDPOT", "SUPPDM", "CHILDPOT", "supplement"),
        ("lab_results", "RSTAT", "LB", "LBSTAT", "status"),
        ("edc_ae", "SUBJID", None, None, "identity"),
    } <= found


def test_every_column_of_the_study_is_counted_once() -> None:
    sources = list(PARTS.layouts)
    fates = decisions(PARTS, sources).fates
    table = pl.DataFrame(
        {"source": [s for s, _ in fates], "fate": [str(each.fate) for each in fates.values()]}
    )
    told = counted(table)
    assert told["columns"] == sum(len(layout.columns) for layout in PARTS.layouts.values())
    assert told["columns"] == told["submitted"] + told["deciding"] + told["not_submitted"]
