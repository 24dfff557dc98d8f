"""Records must hold nothing but the mask."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.blinding.leak_rules import LeakRules
from pipeline.blinding.leak_tables import COLUMN, QUALIFIER, VALUE, WORD, leaks_in_table

SUBJECT = "BXU001-RA-101-001"


def found(rules: LeakRules, **columns: list[object]) -> set[tuple[str, str]]:
    return set(leaks_in_table(pl.LazyFrame(columns, strict=False), rules))


def test_a_masked_subject_leaks_nothing(rules: LeakRules) -> None:
    assert not found(
        rules,
        STUDYID=["BXU001-RA", "BXU001RA"],
        USUBJID=[SUBJECT, SUBJECT],
        ARMCD=["MASKED", None],
        ARM=["Masked", ""],
        ARMNRS=[None, "SCREEN FAILURE"],
        EXTRT=["MASKED", "MASKED"],
        EXDOSE=pl.Series([None, None], dtype=pl.Float64).to_list(),
        ETCD=["SCRN", "MASKED"],
        ELEMENT=["Screening", "MASKED"],
        COMMENT=["taken from the PBOX, placeboed", "concentration not told"],
    )


@pytest.mark.parametrize(
    "column", ["ARMCD", "ARM", "ACTARMCD", "ACTARM", "ACTARMUD", "EXTRT", "ECTRT", "ETCD"]
)
@pytest.mark.parametrize("value", ["A", "masked ", "7"])
def test_only_the_mask_may_stand_in_a_masked_column(rules: LeakRules, column: str, value: str) -> None:
    assert found(rules, USUBJID=[SUBJECT], **{column: [value]}) == {(column, VALUE)}


def test_a_dose_is_a_leak_even_as_a_number(rules: LeakRules) -> None:
    assert found(rules, EXDOSE=[None, 0.0]) == {("EXDOSE", VALUE)}


def test_carried_and_joined_columns_count_as_the_columns_they_are(rules: LeakRules) -> None:
    assert found(rules, **{"_q.EXVIAB": [None], "assignment.ARMCD": ["1"], "_lot": ["x"]}) == {
        ("_q.EXVIAB", QUALIFIER),
        ("assignment.ARMCD", VALUE),
        ("_lot", COLUMN),
    }


@pytest.mark.parametrize(
    "column",
    ["EXLOT", "LOTNO", "CELLS_1E6", "VIABILITY_PCT", "CONC_1E6_ML", "PRODUCT", "BLOCK", "TRT", "pbo"],
)
def test_columns_about_the_product_may_not_exist_even_if_empty(rules: LeakRules, column: str) -> None:
    assert (column, COLUMN) in found(rules, **{column: [None]})


@pytest.mark.parametrize("name", ["RANDNO", "EXCELLS", "EXVIAB"])
def test_qualifiers_of_unblinded_builds_may_not_exist(rules: LeakRules, name: str) -> None:
    assert found(rules, QNAM=["COHORT", name], QVAL=["COHORT 1", "1"]) == {("QNAM", QUALIFIER)}


@pytest.mark.parametrize(
    "text",
    [
        "PBO", "pbo", "was given placebo.", "(BXU150)", "BX075/BX150", "bag of BX-U001", "BXU001 cells",
        "BXU001-RA: BXU075", "BX-U001 0.75 x 10^6 cells/kg", "a_PBO_b",
    ],
)  # fmt: skip
def test_a_treatment_word_in_any_cell_is_a_leak(rules: LeakRules, text: str) -> None:
    assert found(rules, USUBJID=[SUBJECT, SUBJECT], AETERM=["HEADACHE", text]) == {("AETERM", WORD)}


def test_words_are_found_in_lists_structs_and_categories(rules: LeakRules) -> None:
    table = pl.LazyFrame({"a": [["x", "PBO"]], "b": [{"c": "PBO"}], "d": ["PBO"], "e": [["x"]]})
    table = table.with_columns(pl.col("d").cast(pl.Categorical))
    assert set(leaks_in_table(table, rules)) == {("a", WORD), ("b", WORD), ("d", WORD)}


def test_trial_design_may_name_the_arms_but_a_table_that_only_claims_to_be_may_not(rules: LeakRules) -> None:
    arms = {"STUDYID": ["BXU001-RA"], "DOMAIN": ["TA"], "ARMCD": ["PBO"], "ARM": ["Placebo"]}
    assert not found(rules, **arms)
    assert found(rules, **arms, USUBJID=[SUBJECT])
    assert found(rules, **{**arms, "DOMAIN": ["DM"]})
    assert found(rules, ARMCD=["PBO"], ARM=["Placebo"])


def test_a_table_without_columns_or_rows_is_no_leak(rules: LeakRules) -> None:
    assert not found(rules)
    assert not set(leaks_in_table(pl.LazyFrame(schema={"ARMCD": pl.String, "DOMAIN": pl.String}), rules))
