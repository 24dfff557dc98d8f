"""What define.xml says of the documents beside it, of methods and of its own lists."""

from __future__ import annotations

import pytest
from lxml import etree

from pipeline.emit.define.codelists import CodeLists
from pipeline.emit.define.dictionaries import dictionary_list
from pipeline.emit.define.levels import Check
from pipeline.emit.define.list_use import ListUse
from pipeline.emit.define.methods import MethodBook
from pipeline.emit.define.papers import Papers
from pipeline.errors import BuildFailed
from pipeline.specs.metadata import Method
from tests.unit.emit import submission_frames as sf
from tests.unit.emit.defined import all_found, document, many, one, told, whole

PAGES = {
    "DM.SEX": ((12, {}), (3, {}), (3, {"SEX": ("F",)})),
    "DM.AGE": ((9, {}),),
    "QS.QSORRES": (
        (4, {"QSTESTCD": ("HAQ0101",), "QSCAT": ("HAQ-DI WITH VAS",)}),
        (5, {"QSTESTCD": ("PTGA0101",), "QSCAT": ("PATIENT GLOBAL ASSESSMENT VAS",)}),
        (6, {"QSTESTCD": ("HAQ0102", "HAQ0103")}),
        (7, {}),
    ),
}


def _annotated() -> object:
    return etree.fromstring(document(all_found(), pages=PAGES, guide=True))


def test_documents_have_their_leaf_and_are_named_as_what_they_are() -> None:
    root = _annotated()
    assert one("//def:AnnotatedCRF/def:DocumentRef", root).get("leafID") == "LF.acrf"
    assert one("//def:SupplementalDoc/def:DocumentRef", root).get("leafID") == "LF.csdrg"
    hrefs = many("/odm:ODM/odm:Study/odm:MetaDataVersion/def:leaf/@xlink:href", root)
    assert hrefs == ["acrf.pdf", "csdrg.pdf"]


def test_without_documents_nothing_points_to_one() -> None:
    assert not many("//def:DocumentRef") + many("//odm:MetaDataVersion/def:leaf")


def test_a_collected_variable_points_to_its_pages_in_order_once_each() -> None:
    reference = one("//odm:ItemDef[@OID='IT.DM.SEX']/def:Origin/def:DocumentRef/def:PDFPageRef", _annotated())
    assert (reference.get("Type"), reference.get("PageRefs")) == ("PhysicalRef", "3 12")


def test_a_row_of_a_value_list_has_the_pages_of_its_own_tests() -> None:
    path = "//odm:ItemDef[@OID='IT.QS.QSORRES.{}']/def:Origin/def:DocumentRef/def:PDFPageRef/@PageRefs"
    assert many(path.format("PTGA0101"), _annotated()) == ["5"]
    assert many(path.format("HAQ0101"), _annotated()) == ["4"]


def _pages(where: tuple[Check, ...], *apart: tuple[Check, ...]) -> str | None:
    found = Papers(PAGES).reference("QS.QSORRES.X", "Collected", "Subject", where, apart)
    return None if found is None else found.PDFPageRef[0].PageRefs


def test_pages_are_those_whose_records_can_meet_every_condition() -> None:
    instrument, tests = Check("QSCAT", ("HAQ-DI WITH VAS",)), Check("QSTESTCD", ("HAQ0101", "HAQ0103"))
    assert _pages((instrument, tests)) == "4"
    assert _pages((tests,)) == "4 6"
    assert _pages((Check("QSTESTCD", ("HAQ0199",)),)) is None
    assert _pages((Check("QSMETHOD", ("VISUAL ANALOG SCALE (100 MM)",)),)) == "4 5 6 7", "nobody tells it"


def test_a_negation_is_met_by_other_values_and_by_none() -> None:
    assert _pages((Check("QSTESTCD", ("HAQ0101", "HAQ0102"), others=True),)) == "5 6 7"


def test_values_that_somebody_else_gives_have_pages_of_their_own() -> None:
    assert _pages((), (Check("QSCAT", ("PATIENT GLOBAL ASSESSMENT VAS",)),)) == "4 6 7"


def test_what_is_derived_points_to_no_page() -> None:
    assert not many("//odm:ItemDef[@OID='IT.DM.AGE']/def:Origin/def:DocumentRef", _annotated())


def test_a_method_has_the_formula_of_the_study_in_the_names_of_its_dataset() -> None:
    formula = one("//odm:MethodDef[@OID='MT.AE.AESTDY']/odm:FormalExpression")
    assert formula.get("Context") == "Python"
    assert "def AESTDY(AESTDTC, RFSTDTC):" in formula.text
    assert "--" not in formula.text


def test_datasets_share_the_method_of_a_variable_that_is_derived_alike() -> None:
    references = many(
        "//odm:ItemRef[substring(@ItemOID, string-length(@ItemOID) - 7) = '.USUBJID']/@MethodOID"
    )
    assert set(references) == {"MT.USUBJID"}
    assert len(references) > 3


def test_the_later_method_of_a_place_counts_and_a_row_may_have_its_own() -> None:
    first = Method(of=("--DY",), name="Day", python="def f(): pass")
    second = Method(of=("LB.LBDY",), name="Day of the draw", says="as drawn")
    book = MethodBook([first, second])
    assert [book.add("LB.LBDY", "days"), book.add("VS.VSDY", "days")] == ["MT.LB.LBDY", "MT.VS.VSDY"]
    assert [book.methods[oid].name for oid in ("MT.LB.LBDY", "MT.VS.VSDY")] == ["Day of the draw", "Day"]
    assert book.methods["MT.LB.LBDY"].sentence == "as drawn"
    assert not book.knows("LB.LBDY.ALT")


def test_what_is_derived_without_a_word_is_refused() -> None:
    with pytest.raises(BuildFailed, match=r"AE\.AESTDY: is derived and no sentence says how"):
        MethodBook([]).add("AE.AESTDY", None)


def test_lists_have_the_names_that_people_call_them() -> None:
    names = dict(zip(many("//odm:CodeList/@OID"), many("//odm:CodeList/@Name"), strict=True))
    assert names["CL.RACE"] == sf.study().standard.codelist("C74457").title == "Race"
    assert names["CL.NCOMPLT"] == "Completion/Reason for Non-Completion"
    assert names["CL.AEREL"] == "Causality"
    assert names["CL.HAQ_DIFFICULTY.CODE"] == "HAQ-DI Difficulty of an Activity (code)"
    assert names["CL.VISITNUM"] == "Visit Number"
    assert len(set(names.values())) == len(names)


def test_a_list_of_the_study_is_never_mixed_with_one_of_the_standard() -> None:
    lists = CodeLists(sf.study())
    lists.use(ListUse("CL.RACE", "Race", sf.study().standard.codelist("C74457")), "text", ["ASIAN"])
    with pytest.raises(BuildFailed, match=r"CL\.RACE: is a list of the study and one of the standard"):
        lists.use(ListUse("CL.RACE", "RACE", collectable=("ASIAN",)), "text", ["ASIAN"])


def test_only_dictionaries_of_define_xml_are_named() -> None:
    with pytest.raises(BuildFailed, match="ISO 8601: is not a dictionary of Define-XML"):
        dictionary_list(sf.study(), "ISO 8601", "text")


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("BLINDED", "DRAFT-BLINDED: not for submission. Treatment is masked."),
        ("DSMB", "DRAFT-DSMB: not for submission."),
    ],
)
def test_a_draft_says_what_it_is(mode: str, said: str) -> None:
    assert told("COM.MDV", etree.fromstring(document(all_found(), mode))) == said


def test_a_dataset_says_what_a_reviewer_must_know() -> None:
    assert "MULTIPLE" in told(
        one("//odm:ItemGroupDef[@Name='DM']").get(f"{{{whole().nsmap['def']}}}CommentOID")
    )
