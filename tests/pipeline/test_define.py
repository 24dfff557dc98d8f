"""The define.xml of a whole night: every part that a submission needs is in it (study design 7.4)."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from data_contracts.bxu001_ra.codes import END_REASON
from pipeline.contracts.catalog import contract_models
from pipeline.emit.define.check import check_define
from pipeline.emit.define.document import NAMESPACES, define_bytes
from pipeline.emit.define.model import define_model
from pipeline.emit.define.page import define_html
from pipeline.emit.tree import Tree
from pipeline.flow.delivered import delivered_sources
from pipeline.flow.making import described_build
from pipeline.flow.release_reports import reports
from pipeline.review.offers import offered_terms
from pipeline.warehouse.builds import Build
from tests.pipeline.formulas import SPEC

OFFERS = offered_terms(SPEC, delivered_sources(contract_models(SPEC.name)))
CUT = date(2027, 2, 20)
_DEF = f"{{{NAMESPACES['def']}}}"


@pytest.fixture(scope="module")
def octets(night: Build) -> bytes:
    found = described_build(night, SPEC).found
    document = define_bytes(define_model(SPEC, found, cut=CUT, mode="BLINDED", facts={"build": night.build}))
    check_define(document, [each.member(datetime(2027, 2, 20)) for each in found], found)
    return document


@pytest.fixture(scope="module")
def root(octets: bytes) -> Any:
    return etree.fromstring(octets)


def many(root: Any, path: str) -> list[Any]:
    found: list[Any] = root.xpath(path, namespaces=NAMESPACES)
    return found


def test_the_page_is_whole(octets: bytes) -> None:
    assert b"Formal Expression" in define_html(octets)


def test_results_qualifiers_and_parameters_are_described_value_by_value(root: Any) -> None:
    described = {oid.removeprefix("VL.") for oid in many(root, "//def:ValueListDef/@OID")}
    for name in ("LB", "IS", "VS", "MK", "QS", "RS"):
        assert {f"{name}.{name}ORRES", f"{name}.{name}STRESC", f"{name}.{name}STRESN"} <= described, name
    assert {"LB.LBORRESU", "LB.LBSTRESU", "MB.MBORRES", "MB.MBSTRESC", "QS.QSORRESU"} <= described
    assert {"TS.TSVAL", "TS.TSVALCD", "TS.TSVCDREF", "DS.DSDECOD"} <= described
    supplemental = many(root, "//odm:ItemGroupDef[starts-with(@Name, 'SUPP')]/@Name")
    assert supplemental
    assert {f"{name}.QVAL" for name in supplemental} <= described


@pytest.mark.parametrize("variable", ["RSTESTCD", "RSTEST"])
def test_the_tests_of_an_instrument_are_told_by_its_category(root: Any, variable: str, night: Build) -> None:
    records = night.read("sdtm", "rs").select("RSCAT", variable).unique().collect()
    rows = many(root, f"//def:ValueListDef[@OID='VL.RS.{variable}']/odm:ItemRef")
    told = {}
    for row in rows:
        clause = row[0].get("WhereClauseOID")
        (category,) = many(root, f"//def:WhereClauseDef[@OID='{clause}']//odm:CheckValue/text()")
        told[category] = listed(root, row.get("ItemOID"))
    assert told == {name: set(part[variable]) for (name,), part in records.group_by("RSCAT")}
    assert listed(root, f"IT.RS.{variable}") >= set(records[variable])


def test_what_is_derived_has_its_method_at_both_levels(root: Any) -> None:
    derived = set(many(root, "//odm:ItemDef[def:Origin/@Type = 'Derived']/@OID"))
    with_method = set(many(root, "//odm:ItemRef[@MethodOID]/@ItemOID"))
    assert derived == with_method
    assert len(derived) > 200


def test_the_methods_that_the_design_names_have_formulas(root: Any) -> None:
    told = set(many(root, "//odm:MethodDef[odm:FormalExpression]/@OID"))
    wanted = [
        "USUBJID",
        "LB.LBSEQ",
        "AE.AESTDY",
        "AE.AEENDY",
        "VS.VSDY",
        "AE.EPOCH",
        "LB.EPOCH",
        "LB.LBLOBXFL",
    ]
    wanted += ["RFSTDTC", "RFENDTC", "RFXSTDTC", "RFXENDTC", "RFPENDTC", "AGE", "LB.LBSTRESC", "LB.LBSTRESN"]
    wanted += ["LB.LBNRIND", "LB.LBSTRESC.GFRE", "SE.SESTDTC", "SE.SEENDTC", "SV.SVSTDTC", "SV.SVENDTC"]
    wanted += [f"RS.RSSTRESC.{test}" for test in ("DAS28CRP", "DAS28ESR", "CDAIRA", "SDAIRA")]
    wanted += [
        "MK.MKSTRESC.TJC28",
        "MK.MKSTRESC.SJC28",
        "VS.VSSTRESC.BMI",
        "TS.TSVAL.ACTSUB",
        "TS.TSVAL.SSTDTC",
    ]
    assert {f"MT.{each}" for each in wanted} - told == set()


def test_only_what_the_study_explains_extends_a_list_and_a_closed_one_only_by_several_races(
    root: Any,
) -> None:
    extended = {
        (each.getparent().find("odm:Alias", NAMESPACES).get("Name"), each.get("CodedValue"))
        for each in many(root, "//*[@def:ExtendedValue = 'Yes']")
    }
    explained = {(each.codelist, value) for each in SPEC.study.extensions for value in each.values}
    assert extended
    assert extended <= explained
    closed = {(code, value) for code, value in explained if not SPEC.standard.codelist(code).extensible}
    assert closed == {("C74457", "MULTIPLE")}


def test_external_lists_are_dictionaries_of_define_xml_and_iso_8601_is_a_type(root: Any) -> None:
    named = set(many(root, "//odm:ExternalCodeList/@Dictionary"))
    allowed = {"MedDRA", "WHODD", "CTCAE", "LOINC", "SNOMED", "UNII", "GENC", "ClinicalTrials.gov"}
    assert {"MedDRA", "WHODD", "LOINC", "SNOMED", "UNII", "GENC"} <= named <= allowed
    assert many(root, "//odm:ItemDef[@OID='IT.TS.TSVAL.LENGTH']/@DataType") == ["durationDatetime"]


def test_the_standards_are_those_of_the_study(root: Any) -> None:
    told = [
        (each.get("OID"), each.get("PublishingSet"), each.get("Version"))
        for each in many(root, "//def:Standard")
    ]
    assert told == [
        ("STD.IG", None, "3.4"),
        ("STD.CT", "SDTM", "2025-03-28"),
        ("STD.DXCT", "DEFINE-XML", "2025-03-28"),
    ]
    groups = many(root, "//odm:ItemGroupDef")
    assert {group.get(f"{_DEF}StandardOID") for group in groups} == {"STD.IG"}


def test_a_variable_is_as_mandatory_and_plays_the_role_that_the_guide_says(root: Any) -> None:
    for group in many(root, "//odm:ItemGroupDef"):
        for reference in group.iterfind("odm:ItemRef", NAMESPACES):
            facts = SPEC.standard.variable(group.get("Name"), reference.get("ItemOID").rpartition(".")[2])
            assert reference.get("Mandatory") == ("Yes" if facts.core == "Req" else "No")
            assert reference.get("Role") == facts.role


@pytest.mark.parametrize("name", ["DM", "EX", "EC", "LB", "RS", "QS", "SE", "SV", "TS"])
def test_a_dataset_with_a_decision_behind_it_says_so(root: Any, name: str) -> None:
    comment = many(root, f"//odm:ItemGroupDef[@Name='{name}']/@def:CommentOID")
    assert comment == [f"COM.{name}"]


def listed(root: Any, oid: str) -> set[str]:
    """The values of the list of an item."""
    of = f"//odm:CodeList[@OID = //odm:ItemDef[@OID='{oid}']/odm:CodeListRef/@CodeListOID]/*/@CodedValue"
    return set(many(root, of))


def test_every_answer_that_a_form_offers_is_in_the_list_of_its_item(root: Any) -> None:
    values = {
        codelist.get("OID"): set(many(codelist, "./*/@CodedValue"))
        for codelist in many(root, "//odm:CodeList")
    }
    items = {
        item.get("OID"): values[reference]
        for item in many(root, "//odm:ItemDef[odm:CodeListRef]")
        for reference in many(item, "odm:CodeListRef/@CodeListOID")
    }
    told = 0
    for place, given in OFFERS.items():
        for facts, terms in given:
            at = ".".join(["IT", place, *facts.get("QNAM", ())])
            lists = [found for oid, found in items.items() if oid == at or oid.startswith(f"{at}.")]
            lists = [found for found in lists if found]  # those of dictionaries have none
            assert not lists or any(set(terms) <= found for found in lists), (place, terms)
            told += bool(lists)
    assert told > 40


@pytest.mark.parametrize(
    ("oid", "offered"),
    [
        ("IT.DM.RACE", {"AMERICAN INDIAN OR ALASKA NATIVE", "OTHER", "UNKNOWN"}),
        ("IT.VS.VSPOS", {"SITTING", "STANDING", "SUPINE"}),
        ("IT.VS.VSORRESU.TEMP", {"C", "F"}),
        ("IT.CM.CMDOSFRQ", {"QD", "BID", "TID"}),
        ("IT.DS.DSDECOD.NCOMPLT", set(END_REASON)),
    ],
)
def test_lists_hold_what_nobody_has_answered_yet(root: Any, oid: str, offered: set[str]) -> None:
    assert offered <= listed(root, oid)


def test_an_empty_box_of_a_serious_event_is_an_answer() -> None:
    assert [terms for _, terms in OFFERS["AE.AESHOSP"]] == [("Y", "N")]


def test_the_release_tells_how_much_was_checked_and_recalculated_and_no_subject(
    octets: bytes, root: Any, night: Build, tmp_path: Path
) -> None:
    tree = Tree(tmp_path, SPEC.study.study)
    tree.tabulations.mkdir(parents=True)
    (tree.tabulations / "define.xml").write_bytes(octets)
    made = {name: json.loads(text) for name, text in reports(night, tree).items()}
    counts = made["define_check.json"]["counts"]
    assert counts["datasets"] == len(many(root, "//odm:ItemGroupDef"))
    assert counts["formulas"] == len(many(root, "//odm:FormalExpression"))
    looked = night.read("qc", "rs_recalc").collect()
    scores = made["recalculation.json"]["scores"]
    assert sum(each["values"] for each in scores) == looked.height
    assert {key for each in scores for key in each} == {"score", "kind", "verdict", "values"}
