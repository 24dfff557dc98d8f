"""define.xml: what it says of datasets, variables, values and lists, read back from its bytes."""

from __future__ import annotations

import pytest
from lxml import etree

from pipeline.emit.define.document import NAMESPACES, require_valid
from pipeline.emit.define.page import define_html, stylesheet
from pipeline.errors import BuildFailed
from tests.unit.emit import submission_frames as sf
from tests.unit.emit.defined import DEF, all_found, checked, document, item, list_of, many, one, values, whole


def test_the_document_is_valid_and_agrees_with_the_files() -> None:
    checked(all_found())


def test_equal_arguments_give_equal_bytes_in_any_order_of_datasets_within_a_class() -> None:
    assert document(all_found()) == document(all_found())


def test_the_header_knows_no_clock() -> None:
    assert whole().get("CreationDateTime") == whole().get("AsOfDateTime") == "2027-03-01T00:00:00"
    assert whole().get("FileOID") == "DEFINE.BXU001-RA.BLINDED.b-1"
    assert whole().get(f"{DEF}Context") == "Submission"


def test_datasets_stand_in_the_order_of_define_xml() -> None:
    names = whole().xpath("//odm:ItemGroupDef/@Name", namespaces=NAMESPACES)
    assert names == ["DM", "AE", "DS", "LB", "QS", "SUPPAE"]


def test_a_dataset_tells_its_file_class_and_keys() -> None:
    group = one("//odm:ItemGroupDef[@Name='AE']")
    assert one("//odm:ItemGroupDef[@Name='AE']/def:leaf").get(f"{{{NAMESPACES['xlink']}}}href") == "ae.xpt"
    assert one("//odm:ItemGroupDef[@Name='AE']/def:Class").get("Name") == "EVENTS"
    keys = {ref.get("KeySequence"): ref.get("ItemOID") for ref in group if ref.get("KeySequence")}
    assert keys == {
        "1": "IT.AE.STUDYID",
        "2": "IT.AE.USUBJID",
        "3": "IT.AE.AEDECOD",
        "4": "IT.AE.AESTDTC",
        "5": "IT.AE.AESPID",
    }
    assert group.get("Repeating") == "Yes"
    assert one("//odm:ItemGroupDef[@Name='DM']").get("Repeating") == "No"
    assert one("//odm:ItemGroupDef[@Name='SUPPAE']").get("Domain") == "AE"


def test_an_expected_variable_without_data_says_so() -> None:
    reference = one("//odm:ItemRef[@ItemOID='IT.AE.AEENDTC']")
    comment = one(f"//def:CommentDef[@OID='{item('IT.AE.AEENDTC').get(f'{DEF}CommentOID')}']")
    assert reference.get(f"{DEF}HasNoData") == "Yes"
    assert "No record has a value" in "".join(comment.itertext())


def test_a_derived_variable_has_the_sentence_of_the_specification_as_its_method() -> None:
    assert one("//odm:ItemRef[@ItemOID='IT.AE.AESTDY']").get("MethodOID") == "MT.AE.AESTDY"
    told = "".join(one("//odm:MethodDef[@OID='MT.AE.AESTDY']").itertext())
    assert sf.study().dataset("AE").variables["AESTDY"].derived in told


def test_numbers_have_the_type_and_digits_of_the_data() -> None:
    assert item("IT.DM.AGE").get("DataType") == "integer"
    glucose = item("IT.LB.LBSTRESN.GLUC.SERUM")
    assert [glucose.get(name) for name in ("DataType", "Length", "SignificantDigits")] == ["float", "3", "2"]


def test_a_test_on_two_specimens_has_two_conditions_and_another_testone() -> None:
    checks = whole().xpath(
        "//def:WhereClauseDef[@OID='WC.LB.GLUC.URINE']/odm:RangeCheck", namespaces=NAMESPACES
    )
    assert [check.get(f"{DEF}ItemOID") for check in checks] == ["IT.LB.LBTESTCD", "IT.LB.LBSPEC"]
    assert len(one("//def:WhereClauseDef[@OID='WC.LB.ALT']")) == 1


def test_a_test_has_only_its_own_units_and_terms() -> None:
    assert values(list_of("IT.LB.LBORRESU.ALT")) == ["IU/L"]
    assert values(list_of("IT.LB.LBSTRESC.GLUC.URINE")) == ["NEGATIVE"]
    assert not item("IT.LB.LBSTRESC.ALT").findall(f"{{{NAMESPACES['odm']}}}CodeListRef")


def test_questions_of_an_instrument_come_from_its_list_and_others_from_the_sponsor() -> None:
    assert list_of("IT.QS.QSTESTCD.HAQ01TC") == "CL.HAQ01TC"
    instrument = one("//odm:CodeList[@OID='CL.HAQ01TC']")
    assert instrument.get(f"{DEF}StandardOID") == "STD.CT"
    own = one(f"//odm:CodeList[@OID='{list_of('IT.QS.QSTESTCD.QSTESTCD')}']")
    assert own.get(f"{DEF}IsNonStandard") == "Yes"
    assert values("CL.QSTESTCD") == ["PTGA0101"]


def test_a_score_is_a_code_with_its_answer() -> None:
    assert item("IT.QS.QSSTRESC.HAQ0101").get("DataType") == "integer"
    assert values(list_of("IT.QS.QSSTRESC.HAQ0101")) == ["0", "1", "2", "3"]


def test_a_variable_with_several_codelists_has_one_for_each_category() -> None:
    assert list_of("IT.DS.DSDECOD.PROTMLST") == "CL.PROTMLST"
    assert list_of("IT.DS.DSDECOD.NCOMPLT") == "CL.NCOMPLT"
    assert not whole().xpath("//odm:ItemDef[@OID='IT.DS.DSDECOD']/odm:CodeListRef", namespaces=NAMESPACES)


def test_a_list_of_the_standard_has_its_codes_and_only_values_in_use_or_on_a_form() -> None:
    assert set(values("CL.SEX")) == {"F", *sf.study().codemap("SEX").values()}
    assert values("CL.EPOCH") == ["TREATMENT"]
    assert one("//odm:CodeList[@OID='CL.SEX']/odm:Alias").get("Name") == "C66731"
    assert (
        one("//odm:CodeList[@OID='CL.SEX']/odm:CodeListItem[@CodedValue='F']/odm:Alias").get("Name")
        == "C16576"
    )


def test_a_flag_and_a_question_show_different_parts_of_one_list() -> None:
    assert values(list_of("IT.AE.AESER")) == ["N", "Y"]
    assert values(list_of("IT.SUPPAE.QVAL.AETRTEM")) == ["Y"]


def test_a_value_beyond_the_list_is_marked_and_explained() -> None:
    item = one("//odm:CodeList[@OID='CL.RACE']/odm:EnumeratedItem[@CodedValue='MULTIPLE']")
    comment = one("//odm:CodeList[@OID='CL.RACE']").get(f"{DEF}CommentOID")
    assert item.get(f"{DEF}ExtendedValue") == "Yes"
    assert "more than one race" in "".join(one(f"//def:CommentDef[@OID='{comment}']").itertext())


def test_codes_are_decoded_by_the_variable_that_names_them() -> None:
    decode = (
        "//odm:CodeList[@OID='{}']/odm:CodeListItem[@CodedValue='{}']/odm:Decode/odm:TranslatedText/text()"
    )
    assert one(decode.format("CL.LBTESTCD", "ALT")) == "Alanine Aminotransferase"
    assert one(decode.format("CL.VISITNUM", "1")) == "DAY 1"
    assert one(decode.format("CL.ARMCD", "MASKED")) == "Masked"
    assert one(decode.format(list_of("IT.AE.AESER"), "Y")) == "Yes"


def test_terms_of_the_study_are_all_there_because_they_can_be_collected() -> None:
    assert set(values("CL.AEREL")) == set(sf.study().codemap("AEREL").values())


def test_dictionaries_are_external_and_have_their_version() -> None:
    external = one("//odm:CodeList[@OID='CL.MEDDRA']/odm:ExternalCodeList")
    assert (external.get("Dictionary"), external.get("Version")) == ("MedDRA", "27.1")
    assert one("//odm:CodeList[@OID='CL.MEDDRA.INTEGER']").get("DataType") == "integer"


def test_a_qualifier_has_its_own_origin_and_method() -> None:
    reference = one("//odm:ItemRef[@ItemOID='IT.SUPPAE.QVAL.AETRTEM']")
    assert reference.get("MethodOID") == "MT.SUPPAE.QVAL.AETRTEM"
    assert one("//odm:ItemDef[@OID='IT.SUPPAE.QVAL.AETRTEM']/def:Origin").get("Type") == "Derived"
    assert list_of("IT.SUPPAE.QVAL.AETRTEM") == "CL.NY.Y"


def test_a_blinded_document_is_a_draft_and_a_final_one_is_not() -> None:
    blinded, final = (etree.fromstring(document(all_found(), mode)) for mode in ("BLINDED", "FINAL"))
    assert "DRAFT-BLINDED" in one("//odm:StudyDescription/text()", blinded)
    assert b"DRAFT" not in etree.tostring(final)


def test_a_value_outside_its_codelist_stops_the_document_and_is_not_quoted() -> None:
    wrong = sf.described("DM", sf.DM | {"SEX": "SECRET"})
    with pytest.raises(BuildFailed, match=r"DM.SEX: 1 of its values are not in codelist C66731") as told:
        document([wrong])
    assert "SECRET" not in str(told.value)


def test_a_value_in_none_of_several_codelists_stops_thedocument() -> None:
    wrong = sf.described("DS", sf.CONSENT | {"DSDECOD": "SOMETHING"})
    with pytest.raises(BuildFailed, match="no codelist of the variable holds its values"):
        document([wrong])


def test_a_variable_that_no_category_tells_apart_is_told_apart_by_its_own_value() -> None:
    antibody = {"ISTESTCD": "MBAB", "ISTEST": "Microbial-induced Antibody", "ISCAT": "INFECTION SCREENING"}
    core = antibody | {"ISBDAGNT": "HEPATITIS B VIRUS CORE ANTIGEN", "ISORRES": "NEG", "ISSTRESC": "NEGATIVE"}
    virus = antibody | {"ISBDAGNT": "HEPATITIS C VIRUS", "ISORRES": "0.2", "ISSTRESC": "0.2", "ISSTRESN": 0.2}
    found = sf.described("IS", core, virus)
    root = checked([found])
    where = "//def:WhereClauseDef[@OID='WC.IS.ISBDAGNT.{}']/odm:RangeCheck/odm:CheckValue/text()"
    assert one(where.format("MICROORG"), root) == "HEPATITIS C VIRUS"
    assert one(where.format("ISBDAGT"), root) == "HEPATITIS B VIRUS CORE ANTIGEN"
    assert item("IT.IS.ISORRES.MBAB.HEPATITIS_C_VIRUS", root).get("DataType") == "float"
    assert item("IT.IS.ISORRES.MBAB.HEPATITIS_B_VIRUS_CORE_ANTIGEN", root).get("DataType") == "text"


def test_each_dataset_shows_its_own_part_of_a_shared_list() -> None:
    infusion = {"EXTRT": "MASKED", "EXROUTE": "INTRAVENOUS", "EXDOSFRM": "INJECTION"}
    found = [
        sf.described("EX", infusion),
        sf.described("CM", {"CMTRT": "METHOTREXATE", "CMROUTE": "ORAL"}),
    ]
    root = etree.fromstring(document(found))
    route = one("//odm:ItemDef[@OID='IT.EX.EXROUTE']/odm:CodeListRef/@CodeListOID", root)
    assert route == "CL.ROUTE.INTRAVENOUS"
    values = root.xpath(f"//odm:CodeList[@OID='{route}']/*/@CodedValue", namespaces=NAMESPACES)
    assert values == ["INTRAVENOUS"]


def test_a_predecessor_is_named_in_words() -> None:
    root = etree.fromstring(document([sf.described("EX", {"EXTRT": "MASKED", "EXREFID": "B1"})]))
    origin = one("//odm:ItemDef[@OID='IT.EX.EXREFID']/def:Origin", root)
    assert (origin.get("Type"), origin.get("Source")) == ("Predecessor", None)
    assert "".join(origin.itertext()).strip() == "EC.ECREFID"


def test_a_qualifier_that_its_parent_does_not_specify_is_refused() -> None:
    wrong = sf.described("SUPPAE", sf.EMERGENT | {"QNAM": "OTHER"})
    with pytest.raises(BuildFailed, match="not in the specification of its parent"):
        document([wrong])


def test_results_without_a_specimen_are_described_too() -> None:
    unknown = sf.URINE_GLUCOSE | {"LBSPEC": None, "LBSTRESC": "POSITIVE"}
    found = sf.described("LB", sf.ALT, sf.SERUM_GLUCOSE, sf.URINE_GLUCOSE, unknown)
    assert one("//def:WhereClauseDef[@OID='WC.LB.GLUC.NULL']", checked([found])) is not None


def test_a_number_named_by_a_list_has_one_type_in_all_datasets() -> None:
    visits = sf.described(
        "SV", {"VISITNUM": 1.0, "VISIT": "DAY 1"}, {"VISITNUM": 1.01, "VISIT": "UNSCHEDULED 1.01"}
    )
    root = etree.fromstring(document([visits, sf.described("LB", sf.ALT)]))
    assert item("IT.SV.VISITNUM", root).get("DataType") == "float"
    assert item("IT.LB.VISITNUM", root).get("DataType") == "float"
    assert one("//odm:CodeList[@OID='CL.VISITNUM']", root).get("DataType") == "float"


def test_an_invalid_document_is_refused_with_the_line_of_its_first_error() -> None:
    broken = document(all_found()).replace(b'Repeating="Yes"', b'Repeating="Maybe"', 1)
    line = broken[: broken.index(b"Maybe")].count(b"\n") + 1
    with pytest.raises(BuildFailed, match=f"line {line} is not valid Define-XML 2.1"):
        require_valid(broken)


def test_the_page_shows_every_dataset_and_depends_on_the_document_only() -> None:
    octets = document(all_found())
    page = define_html(octets)
    assert page == define_html(octets)
    for each in all_found():
        assert f'href="{each.name.lower()}.xpt"'.encode() in page
    assert b"unresolved" not in page.replace(b".unresolved", b"")
    assert page == bytes(etree.XSLT(etree.fromstring(stylesheet()))(etree.fromstring(octets)))  # as published


def test_every_item_in_the_document_has_an_origin_somewhere() -> None:
    for each in many("//odm:ItemDef"):
        by_value = each.find(f"{DEF}ValueListRef") is not None
        assert each.find(f"{DEF}Origin") is not None or by_value, each.get("OID")
