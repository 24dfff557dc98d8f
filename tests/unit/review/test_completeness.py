"""One spoiled thing gives one kind of problem, which names it."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.review.completeness import counts, undecided_columns
from pipeline.review.fates import Fate, fates
from pipeline.review.term_problems import closed_extensions
from pipeline.review.usage import usage
from pipeline.specs.models import Extension, Verb
from tests.unit.review.spoiled import (
    DELIVERED,
    SPEC,
    new_problems,
    with_column,
    with_dataset,
    with_not_submitted,
    with_study,
    with_table,
    with_variable,
    without_dataset,
    without_variables,
)

TOLD = fates(SPEC, DELIVERED, usage(SPEC, DELIVERED))
NOT_SUBMITTED = sorted(place for place, fate in TOLD.items() if fate.fate is Fate.NOT_SUBMITTED)


def told(found):
    return [(each.rule, each.what) for each in found]


def test_a_column_that_lost_its_variable_is_undecided():
    found = new_problems(without_variables("AE", "AECONTRT"))
    assert told(found) == [("undecided column", "edc_ae.AECONTRT")]
    assert "Treated" in found[0].culprit


def test_a_new_column_is_undecided_until_its_contract_says_why():
    kind = {"kind": "text", "label": "Shoe size", "not_submitted": None}
    assert told(new_problems(delivered=with_column("edc_dm", "SHOE", **kind))) == [
        ("undecided column", "edc_dm.SHOE")
    ]
    declared = kind | {"not_submitted": "nobody needs it"}
    assert new_problems(delivered=with_column("edc_dm", "SHOE", **declared)) == []


def test_a_new_column_may_be_declared_in_the_study_instead():
    delivered = with_column("edc_dm", "SHOE", kind="text", label="Shoe size", not_submitted=None)
    spec = with_not_submitted({"source": "edc_dm", "column": "SHOE", "reason": "nobody needs it"})
    assert new_problems(spec, delivered) == []


def test_a_file_that_no_dataset_reads_is_one_problem():
    found = new_problems(without_dataset("DV"))
    assert told(found) == [("undecided file", "edc_dv")]


def test_a_file_declared_as_a_whole_has_no_undecided_column():
    spec = without_dataset("DV")
    study = spec.study.model_copy(
        update={
            "not_submitted": with_not_submitted(
                {"source": "edc_dv", "reason": "kept elsewhere"}
            ).study.not_submitted
        }
    )
    assert new_problems(replace(spec, study=study)) == []


def test_a_file_that_becomes_records_cannot_be_declared_as_a_whole():
    found = new_problems(with_not_submitted({"source": "edc_dv", "reason": "kept elsewhere"}))
    assert ("contradiction", "edc_dv") in told(found)


DECLARED_IN_STUDY = {(each.source, each.column) for each in SPEC.study.not_submitted}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(set(NOT_SUBMITTED) - DECLARED_IN_STUDY)))
def test_without_its_declaration_a_column_steers_or_is_undecided(place):
    source, column = place
    delivered = with_column(source, column, not_submitted=None)
    uses = usage(SPEC, delivered)
    fate = fates(SPEC, delivered, uses)[place].fate
    assert fate in (Fate.STEERS, Fate.OPEN, Fate.RESTRICTED)
    named = {each.what for each in undecided_columns(SPEC, delivered, uses)}
    assert (fate is Fate.OPEN) == (f"{source}.{column}" in named)


@pytest.mark.parametrize("declared_in", ["contract", "study"])
def test_a_column_that_fills_a_variable_cannot_be_declared_as_not_submitted(declared_in):
    if declared_in == "contract":
        found = new_problems(delivered=with_column("edc_ae", "AETERM", not_submitted="private"))
    else:
        found = new_problems(
            with_not_submitted({"source": "edc_ae", "column": "AETERM", "reason": "private"})
        )
    assert told(found) == [("contradiction", "edc_ae.AETERM")]
    assert "AE.AETERM" in found[0].culprit


def test_a_column_that_only_decides_may_be_declared():
    assert [each for each in new_problems() if each.rule == "contradiction"] == []
    assert ("edc_rand", "RANDYN") in NOT_SUBMITTED


def test_a_misspelt_column_is_told_with_its_user():
    found = new_problems(with_variable("AE", "AECONTRT", code="AECONTRTT"))
    assert told(found) == [("unknown column", "edc_ae.AECONTRTT"), ("undecided column", "edc_ae.AECONTRT")]
    assert "AE.AECONTRT" in found[0].culprit


def test_a_source_without_contract_is_told():
    found = new_problems(delivered={name: each for name, each in DELIVERED.items() if name != "edc_mhra"})
    assert {("unknown source", "edc_mhra")} == set(told(found))


@pytest.mark.parametrize(
    ("declared", "culprit"),
    [
        ({"source": "edc_zz", "reason": "x"}, "not delivered"),
        ({"source": "edc_ae", "column": "ZZ", "reason": "x"}, "not delivered"),
        ({"source": "edc_dsic", "column": "ICVERS", "reason": "x"}, "by its contract already"),
        ({"source": "edc_dseos", "column": "DSLASTCONT", "reason": " "}, "without a reason"),
    ],
)
def test_a_declaration_in_the_study_must_add_something(declared, culprit):
    found = [each for each in new_problems(with_not_submitted(declared)) if each.rule == "declaration"]
    assert len(found) == 1
    assert culprit in found[0].culprit


def test_a_declaration_that_stands_twice_is_told():
    declared = {"source": "edc_dseos", "column": "DSLASTCONT", "reason": "x"}
    found = new_problems(with_not_submitted(declared, declared))
    assert ("declaration", "edc_dseos.DSLASTCONT") in told(found)


@pytest.mark.parametrize(
    ("dataset", "variable", "core"), [("AE", "AESEQ", "required"), ("AE", "AELLT", "expected")]
)
def test_a_variable_that_sdtmig_wants_is_missed(dataset, variable, core):
    found = [each for each in new_problems(without_variables(dataset, variable)) if each.rule == "variable"]
    assert told(found) == [("variable", f"{dataset}.{variable}")]
    assert core in found[0].culprit


def test_a_variable_outside_the_standard_is_told():
    assert ("variable", "AE.AEMOOD") in told(new_problems(with_variable("AE", "AEMOOD")))


def test_a_variable_that_nobody_fills_is_told():
    found = new_problems(with_variable("AE", "AECONTRT", code=None, map=None))
    assert ("variable", "AE.AECONTRT") in told(found)


def test_a_part_cannot_set_what_is_no_variable_of_its_dataset():
    part = SPEC.dataset("DV").parts[0].model_copy(update={"set": {"DVSCAT": Verb(const="X")}})
    assert told(new_problems(with_dataset("DV", parts=(part,)))) == [("variable", "DV.DVSCAT")]


def test_qualifiers_need_a_dataset_and_a_name_that_fits():
    supplements = {"TOOLONGNAME": SPEC.dataset("AE").supplements["AETRTEM"]}
    found = new_problems(with_dataset("DV", supplements=supplements))
    assert told(found) == [("variable", "SUPPDV.TOOLONGNAME"), ("variable", "DV")]


def test_a_constant_outside_its_codelist_is_told():
    found = new_problems(with_variable("DM", "AGEU", const="YEAR"))
    assert told(found) == [("term", "dm.yaml AGEU")]
    assert "C66781" in found[0].culprit


def test_a_mapped_term_outside_a_closed_codelist_names_the_map_and_that_it_is_closed():
    rows = SPEC.table("codemaps").with_columns(
        term=pl.when(pl.col("map") == "AEOUT", pl.col("code") == "FA").then(pl.lit("DEAD")).otherwise("term")
    )
    found = new_problems(with_table("codemaps", rows))
    assert told(found) == [("term", "codemaps.csv AEOUT")]
    assert "closed" in found[0].fix


def test_a_term_of_an_items_table_outside_its_codelist_is_told():
    rows = SPEC.table("rs_items").with_columns(RSCAT=pl.col("RSCAT").str.replace("^CDAI.*", "CDAI-X"))
    assert told(new_problems(with_table("rs_items", rows))) == [("term", "rs_items.csv RSCAT")]


def test_a_term_of_the_test_catalogue_outside_its_codelist_is_told():
    rows = SPEC.table("lab_tests").with_columns(SPEC=pl.col("SPEC").replace("ERYTHROCYTES", "RED CELLS"))
    found = [
        each for each in new_problems(with_table("lab_tests", rows)) if each.what == "lab_tests.csv SPEC"
    ]
    assert len(found) == 1


def test_a_code_that_fills_a_variable_unchanged_must_be_a_term():
    codes = {**DELIVERED["edc_dseos"].columns["DSEOSSTAT"].codes, "BORED": "Bored"}
    found = new_problems(delivered=with_column("edc_dseos", "DSEOSSTAT", codes=codes))
    assert told(found) == [("term", "ds.yaml DSDECOD from DSEOSSTAT")]


@pytest.mark.parametrize(
    ("source", "column", "codemap"),
    [("edc_ae", "AEOUT", "AEOUT"), ("edc_dar", "EULCRP", "EULAR"), ("edc_ae", "AESI", "SPECIAL_INTEREST")],
)
def test_a_code_that_its_map_does_not_know_is_told(source, column, codemap):
    codes = {**DELIVERED[source].columns[column].codes, "ZZ": "Something new"}
    found = new_problems(delivered=with_column(source, column, codes=codes))
    assert told(found) == [("code", f"{source}.{column}")]
    assert codemap in found[0].fix


@pytest.mark.parametrize(
    ("extension", "culprit"),
    [
        (Extension(codelist="C1", values=("X",), why="x"), "no such codelist"),
        (Extension(codelist="C66742", values=("X",), why=" "), "a closed codelist without a reason"),
        (Extension(codelist="C66742", values=("Y",), why="x"), "in the codelist already"),
        (Extension(codelist="C66737", values=("X",), why="x"), "no variable of the study has this codelist"),
    ],
)
def test_an_extension_needs_a_reason_a_codelist_in_use_and_a_new_value(extension, culprit):
    found = new_problems(with_study(extensions=(*SPEC.study.extensions, extension)))
    assert [each.rule for each in found] == ["extension"]
    assert culprit in found[0].culprit


def test_without_its_extension_a_term_is_outside():
    kept = tuple(each for each in SPEC.study.extensions if each.codelist != "C118971")
    found = new_problems(with_study(extensions=kept))
    assert {each.rule for each in found} == {"term"}
    assert any("DAS28-CRP" in each.culprit for each in found)


def test_explained_extensions_of_closed_codelists_can_be_listed():
    assert ["MULTIPLE"] in [list(each.values) for each in closed_extensions(SPEC)]


def test_items_of_a_source_that_no_part_reads_are_told():
    row = SPEC.table("vs_items").head(1).with_columns(source=pl.lit("edc_sv"))
    found = new_problems(with_table("vs_items", pl.concat([SPEC.table("vs_items"), row])))
    assert told(found) == [("items", "vs_items.csv")]


def test_the_counts_of_columns_close():
    found = counts(SPEC, DELIVERED)
    open_columns = sum(fate.fate is Fate.OPEN for fate in TOLD.values())
    assert found.columns == sum(len(source.columns) for source in DELIVERED.values())
    assert (
        found.submitted + found.steering + found.not_submitted + found.restricted + open_columns
        == found.columns
    )
