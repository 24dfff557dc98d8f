"""A second study is two folders: an invented one goes from landing to release with no change in the engine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.contracts.catalog import contract_models
from pipeline.documents.guide.blocks import UNWRITTEN, Paragraph
from pipeline.documents.guide.conformance_facts import Conformance
from pipeline.documents.guide.document import sections
from pipeline.errors import BuildFailed
from pipeline.flow.context import study_parts
from pipeline.flow.deliver import load_delivery
from pipeline.flow.guide import guide_facts
from pipeline.flow.guide_build import BuildFacts
from pipeline.flow.guide_file import facts_of
from pipeline.flow.release import release_build
from pipeline.flow.run import run_build
from pipeline.settings import CHECKOUT, DEFAULT_STUDY, Settings
from pipeline.warehouse.builds import Build
from tests.pipeline.two import CUT, DELIVERY, second_study

FIRST, SECOND = "ZZ2.01/0001", "ZZ2.01/0002"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with second_study(tmp_path_factory.mktemp("second")) as found:
        yield found


@pytest.fixture(scope="module")
def build(settings: Settings) -> Build:
    landed = load_delivery(settings, DELIVERY, cut=CUT)
    assert landed.delivery.in_state("refused") == {}
    return run_build(settings).build


def records(build: Build, dataset: str, *columns: str) -> list[tuple[Any, ...]]:
    return build.read("sdtm", dataset.lower()).select(columns).collect().rows()


def test_every_row_of_every_file_is_accounted_for(build: Build) -> None:
    accounting = {row[0]: row[1:] for row in build.read("ops", "accounting").collect().rows()}
    assert accounting["site_people"] == (2, 2, 0, 0, 0, 0)
    assert accounting["bench_results"] == (5, 3, 1, 1, 0, 0)
    assert accounting["site_blood"] == (2, 1, 0, 0, 0, 1)


def test_demographics(build: Build) -> None:
    assert records(build, "DM", "USUBJID", "SEX", "AGE", "RACE", "COUNTRY", "RFXSTDTC", "ARMNRS") == [
        (FIRST, "F", 46.0, "MULTIPLE", "FIN", "2027-03-10", None),
        (SECOND, "M", 51.0, "WHITE", "FIN", None, "NOT ASSIGNED"),
    ]


def test_visits(build: Build) -> None:
    assert records(build, "SV", "USUBJID", "VISITNUM", "VISIT", "SVOCCUR", "SVSTDTC") == [
        (FIRST, 1.0, "START", "Y", "2027-03-10"),
        (FIRST, 1.01, "UNSCHEDULED 1.01", None, "2027-03-20"),
        (FIRST, 2.0, "MONTH 1", "Y", "2027-04-09"),
        (SECOND, 1.0, "START", "N", None),
    ]


def test_events(build: Build) -> None:
    assert records(build, "AE", "AESEQ", "AETERM", "AESER", "AESTDTC", "EPOCH", "AESTDY", "AEENTPT") == [
        (1.0, "DIZZY", "N", "2027-03-10", "RUN-IN", 1.0, "2027-04-30"),
        (2.0, "SLEEPY", "Y", "2027-03", None, None, None),
    ]
    assert records(build, "SUPPAE", "IDVARVAL", "QNAM", "QVAL") == [
        ("1", "AETRTEM", "N"),
        ("2", "AETRTEM", "Y"),
    ]


def test_laboratory_results(build: Build) -> None:
    names = (
        "LBTESTCD",
        "VISITNUM",
        "LBORRES",
        "LBORRESU",
        "LBSTRESC",
        "LBSTRESU",
        "LBNRIND",
        "LBSTAT",
        "LBREASND",
    )
    assert sorted(records(build, "LB", *names), key=str) == sorted(
        [
            ("GLUC", 1.0, "95", "mg/dL", "5.3", "mmol/L", "HIGH", None, None),
            ("GLUC", 1.01, None, None, None, None, None, "NOT DONE", "SPILT"),
            ("LBALL", 2.0, None, None, None, None, None, "NOT DONE", "FAINTED"),
            ("PROT", 1.0, "none", None, "NEGATIVE", None, "NORMAL", None, None),
        ],
        key=str,
    )


def test_a_questionnaire(build: Build) -> None:
    names = ("QSTESTCD", "VISITNUM", "QSORRES", "QSORRESU", "QSSTRESC", "QSSTRESU", "QSSTAT", "QSREASND")
    assert records(build, "QS", *names) == [
        ("SLP01", 1.0, "At once", None, "0", None, None, None),
        ("SLP01", 2.0, None, None, None, None, "NOT DONE", "FORGOT THE PEN"),
        ("SLP02", 1.0, "Not at all", None, "2", None, None, None),
        ("SLP02", 2.0, None, None, None, None, "NOT DONE", "FORGOT THE PEN"),
        ("SLP03", 1.0, "4.5", "cm", "45", "mm", None, None),
        ("SLP03", 2.0, None, None, None, None, "NOT DONE", "FORGOT THE PEN"),
    ]


def test_findings_are_only_those_that_the_data_deserve(build: Build) -> None:
    told = build.read("qc", "findings").select("severity", "rule", "line").collect().rows()
    assert [row for row in told if row[0] in ("CRITICAL", "ERROR")] == [
        ("ERROR", "bench_results.ANALYTE", 6),
    ]


def test_the_package_can_be_released(build: Build, settings: Settings, tmp_path: Path) -> None:
    release = release_build(settings, tmp_path / "releases")
    assert {file.base for file in release.files} >= {
        "dm.xpt",
        "ae.xpt",
        "lb.xpt",
        "qs.xpt",
        "sv.xpt",
        "suppae.xpt",
        "define.xml",
    }


def test_a_study_without_words_gets_a_guide_that_says_so(build: Build, settings: Settings) -> None:
    facts = facts_of(build, study_parts(settings).spec)
    told = list(sections(facts))
    assert Paragraph(UNWRITTEN, "note") in told
    assert {each.name: each.records for each in facts.datasets}["QS"] == 6
    assert not facts.source.masked
    with pytest.raises(BuildFailed, match=r"guide\.yaml: is missing.*write sdtm_specs/two/guide\.yaml"):
        guide_facts(
            study_parts(settings).spec,
            (),
            absent=(),
            cut=date.fromisoformat(str(build.facts["cut"])),
            mode="FINAL",
            build=BuildFacts(build.build, build.delivery),
            conformance=Conformance(),
        )


def test_the_engine_names_no_form_of_either_study() -> None:
    forms = {path.stem for path in (DELIVERY / "site").iterdir()}
    sources = {f"site_{form}" for form in forms} | set(contract_models("bxu001_ra"))
    words = {text for path in sorted((CHECKOUT / "pipeline").rglob("*.py")) for text in texts_of_code(path)}
    assert sorted(sources & words) == []
    assert [text for text in sorted(words) if "BXU001" in text.upper() and text != DEFAULT_STUDY] == []


def texts_of_code(path: Path) -> Iterator[str]:
    """Every text constant of a module that is not a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value
