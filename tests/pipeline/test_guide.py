"""The reviewer's guide of a real night: it counts what the datasets hold, leaves nothing out, and keeps the blind."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from pipeline.blinding.leak_rules import leak_rules
from pipeline.documents.guide.blocks import Block, Heading, Link, Question, Table
from pipeline.documents.guide.document import sections
from pipeline.documents.guide.facts import GuideFacts
from pipeline.errors import BuildFailed
from pipeline.flow.acrf import annotated_crf_of
from pipeline.flow.context import study_parts
from pipeline.flow.guide_file import facts_of
from pipeline.flow.leaks import scan_for_leaks
from pipeline.settings import CHECKOUT, Settings
from pipeline.specs.load import StudySpec, load_study
from pipeline.warehouse.builds import Build
from tests.pipeline.terminal import Terminal
from tests.unit.documents.guides import pages


@pytest.fixture(scope="module")
def spec() -> StudySpec:
    return load_study(CHECKOUT / "sdtm_specs", "bxu001_ra")


@pytest.fixture(scope="module")
def facts(night: Build, spec: StudySpec) -> GuideFacts:
    return facts_of(night, spec)


@pytest.fixture(scope="module")
def blocks(facts: GuideFacts) -> list[Block]:
    return list(sections(facts))


def text(found: Iterable[object]) -> str:
    return "\n".join(map(repr, found))


def rows_of(build: Build, dataset: str) -> pl.DataFrame:
    return build.read("sdtm", dataset.lower()).collect()


def test_every_dataset_with_records_has_its_section_and_true_counts(facts: GuideFacts, night: Build) -> None:
    built = {file.table.upper(): file.rows for file in night.files if file.layer == "sdtm"}
    told = {each.name: each.records for each in facts.datasets}
    told |= {each.supplement: each.supplement_records for each in facts.datasets if each.supplement}
    assert told == {name: rows for name, rows in built.items() if rows}
    assert {name for name, _ in facts.absent} == {name for name, rows in built.items() if not rows}
    headings = text(block for block in sections(facts) if isinstance(block, Heading))
    assert all(f"{each.name} - {each.label}" in headings for each in facts.datasets)


def test_subjects_and_groups_are_those_of_the_records(facts: GuideFacts, night: Build) -> None:
    for each in facts.datasets:
        rows = rows_of(night, each.name)
        if "USUBJID" in rows.columns:
            assert each.subjects == rows["USUBJID"].drop_nulls().n_unique(), each.name
        if each.counts:
            assert sum(count.records for count in each.counts) == rows.height, each.name
    by = {each.name: each for each in facts.datasets}["LB"]
    counted = rows_of(night, "LB").group_by("LBCAT").agg(pl.len(), pl.col("USUBJID").n_unique())
    assert {(*count.values, count.records, count.subjects) for count in by.counts} == set(counted.rows())


def test_every_qualifier_is_listed_and_together_they_are_the_supplement(
    facts: GuideFacts, spec: StudySpec
) -> None:
    for each in facts.datasets:
        assert [q.name for q in each.qualifiers] == list(spec.dataset(each.name).supplements)
        assert sum(q.records for q in each.qualifiers) == each.supplement_records


def test_every_setting_and_question_is_among_the_assumptions(blocks: list[Block], spec: StudySpec) -> None:
    told = text(blocks)
    for name, setting in spec.study.settings.items():
        assert name in told
        assert repr(setting.meaning)[1:-1] in told
    assert spec.guide is not None
    assert all(wording in told for wording in spec.guide.questions.values())


def test_every_criterion_stands_in_full_in_the_appendix(blocks: list[Block], night: Build) -> None:
    table = next(
        b for b in blocks if isinstance(b, Table) and b.columns[0].title == "IETESTCD" and len(b.columns) == 3
    )
    texts = {row[0]: row[1] for row in table.rows}
    assert texts == dict(rows_of(night, "TI").select("IETESTCD", "IETEST").rows())


def test_delivered_rows_close_to_the_sum(facts: GuideFacts, night: Build) -> None:
    delivered = night.read("ops", "accounting").collect()["delivered"].sum()
    assert sum(each.rows for each in facts.fates) == delivered
    aside = sum(each.rows for each in facts.fates if each.fate != "mapped")
    assert sum(each.rows for each in facts.aside) == aside


def test_columns_that_fill_no_variable_are_counted_by_reasons_for_a_reviewer(
    facts: GuideFacts, night: Build
) -> None:
    columns = night.read("ops", "columns").collect()
    assert sum(each.columns for each in facts.left_out) == (columns["fate"] == "not submitted").sum()
    reasons = [each.reason for each in facts.left_out]
    assert len(reasons) == len(set(reasons))
    assert not any("the contract" in reason or "study.yaml" in reason for reason in reasons)


def test_what_the_guide_claims_of_completeness_is_what_its_tables_count(
    facts: GuideFacts, blocks: list[Block]
) -> None:
    answers = {each.question: each.answer for each in blocks if isinstance(each, Question)}
    assert facts.left_out
    assert answers["Are the submitted data a subset of collected data?"] == "Yes"
    assert answers["Were the SDTM datasets used as sources for the analysis datasets?"] == "No"
    assert "All collected" not in text(blocks)


def test_amendments_that_the_criteria_do_not_know_stop_the_guide(night: Build, spec: StudySpec) -> None:
    assert spec.guide is not None
    amended = spec.guide.model_copy(update={"amendments": {"2": "Another age limit"}})
    with pytest.raises(BuildFailed, match=r"guide\.yaml: its amendments are not the versions of TI"):
        facts_of(night, replace(spec, guide=amended))


def test_what_the_annotated_crf_names_is_in_the_records_or_told_to_be_without_data(
    facts: GuideFacts, night: Build, spec: StudySpec
) -> None:
    told = {f"{name}.{variable}" for name, variables in facts.unfilled for variable in variables}
    made = annotated_crf_of(study_parts(Settings(home=CHECKOUT / "var")), None)
    assert made is not None
    absent = {name for name, _ in facts.absent}
    for place in made.pages:
        dataset, variable = place.partition(".")[0], place.rpartition(".")[2]
        if dataset in absent and not dataset.startswith("SUPP"):
            continue
        rows = rows_of(night, dataset)
        column = rows["QNAM"] == variable if dataset.startswith("SUPP") else rows[variable].is_not_null()
        assert column.any() == (f"{dataset}.{variable}" not in told), place
    assert "SUPPDM.RACE6" in told


def test_standards_of_the_study_are_all_in_the_inventory(facts: GuideFacts, spec: StudySpec) -> None:
    versions = {each.version for each in facts.standards}
    assert set(spec.study.standards.model_dump().values()) <= versions


def test_every_dictionary_without_a_version_has_its_reason_and_none_other(
    facts: GuideFacts, spec: StudySpec
) -> None:
    assert spec.guide is not None
    assert {each.name for each in facts.standards if not each.version} == set(spec.guide.without_version)


def test_what_other_validators_can_report_is_told_beforehand(blocks: list[Block]) -> None:
    (table,) = (
        block
        for block in blocks
        if isinstance(block, Table) and block.title == "Findings that other validators can report"
    )
    told = {rule for row in table.rows for rule in str(row[0]).split(", ")}
    assert {"SD0026", "SD0029", "SD1312", "SD2260", "SD2261"} <= told


def test_a_blinded_guide_says_what_is_masked(facts: GuideFacts, blocks: list[Block]) -> None:
    assert facts.source.masked
    limits = {each.variable: each.values for each in facts.masked}
    assert (limits["DM.ARMCD"], limits["EX.EXTRT"], limits["EX.EXDOSE"]) == ("MASKED", "MASKED", "")
    assert "Unblinding key" in facts.withheld
    assert "This is a blinded draft." in text(blocks)


def test_nothing_about_subjects_names_a_treatment_in_a_blinded_guide(
    blocks: list[Block], spec: StudySpec
) -> None:
    start = next(at for at, b in enumerate(blocks) if isinstance(b, Heading) and b.text.startswith("3.3 "))
    end = next(at for at, b in enumerate(blocks) if isinstance(b, Heading) and b.text.startswith("4 "))
    rules = leak_rules(spec)
    assert rules.tells("PLACEBO")
    assert [block for block in blocks[start:end] if rules.tells(repr(block))] == []


def test_the_summary_leads_to_every_dataset(blocks: list[Block]) -> None:
    anchors = {block.anchor for block in blocks if isinstance(block, Heading)}
    cells = [cell for b in blocks if isinstance(b, Table) for row in b.rows for cell in row]
    links = {cell.anchor for cell in cells if isinstance(cell, Link)}
    assert links <= anchors
    assert len(links) > 15


def test_the_command_writes_a_marked_guide_that_no_scan_objects_to(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spec: StudySpec,
) -> None:
    sdtm = Terminal(home, monkeypatch, capsys)
    target = tmp_path / "csdrg.pdf"
    said = sdtm("guide", "--to", str(target), "--json")
    assert said.code == 0
    result = json.loads(said.out)
    assert (result["mark"], result["conformance"]) == ("DRAFT-BLINDED", "not run")
    found = pages(target.read_bytes())
    assert all("DRAFT-BLINDED: not for submission" in page for page in found)
    assert any("CDISC CORE was not run" in page for page in found)
    assert scan_for_leaks(spec, target)[0] == []
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
