"""The check of a finished define.xml: whatever is changed in it, the change is found and named."""

from __future__ import annotations

import re
from functools import cache

import pytest
from lxml import etree

from pipeline.emit.define.check import check_define
from pipeline.emit.define.page import define_html
from pipeline.emit.define.page_check import require_whole
from pipeline.errors import BuildFailed
from tests.unit.emit import submission_frames as sf
from tests.unit.emit.defined import all_found, checked, document, many

SPOTS = ((1, {}), (7, {}))
PAGES = {f"{each.name}.{variable.name}": SPOTS for each in all_found() for variable in each.variables}
NAMED = "".join(f'"{value}"' for value in many("//odm:CheckValue/text()"))
CRF = [NAMED, *[""] * 5, NAMED]


@cache
def _annotated() -> bytes:
    return document(all_found(), pages=PAGES, guide=True)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (b'<CodeListRef CodeListOID="CL.SEX"/>', b"", "CodeList that nothing refers to: CL.SEX"),
        (b'CodeListOID="CL.SEX"', b'CodeListOID="CL.GONE"', "CodeList that is not there: CL.GONE"),
        (b'MethodOID="MT.AE.AESTDY"', b'MethodOID="MT.NONE"', "MethodDef that is not there: MT.NONE"),
        (b'CommentDef OID="COM.LB"', b'CommentDef OID="COM.QS"', "CommentDef that is not there: COM.LB"),
        (b'CodedValue="F"', b'CodedValue="Q"', "has a list that lacks a value of the file: IT.DM.SEX"),
        (
            b"<CheckValue>ALT</CheckValue>",
            b"<CheckValue>AST</CheckValue>",
            "does not describe every value of: LB.LBORRES",
        ),
        (b'xlink:href="ae.xpt"', b'xlink:href="am.xpt"', "names another file than the package has: AE"),
        (
            b'Name="AESER" DataType="text" Length="1"',
            b'Name="AESER" DataType="text" Length="2"',
            "another length",
        ),
        (
            b'Name="AESEQ" DataType="integer"',
            b'Name="AESEQ" DataType="text"',
            "another type than the file: IT.AE.AESEQ",
        ),
        (b">Serious Event<", b">Serious event<", "another label than the file: IT.AE.AESER"),
        (b'Name="AESER"', b'Name="AESERX"', "has other variables than the file: AE"),
        (b'ItemDef OID="IT.DM.AGEU"', b'ItemDef OID="IT.DM.AGE"', "ItemDef that is not there: IT.DM.AGEU"),
        (b'leaf ID="LF.csdrg"', b'leaf ID="LF.dsrg"', "leaf that is not there: LF.csdrg"),
        (b'CodeList OID="CL.AEREL"', b'CodeList OID="IT.DM.AGE"', "CodeList that is not there: CL.AEREL"),
        (b'def:StandardOID="STD.CT"', b'def:IsNonStandard="Yes"', "has a list without its code"),
        (b'def:IsNonStandard="Yes"', b"", "does not say where its list is from"),
        (b' def:ExtendedValue="Yes"', b"", "unmarked value beyond its standard: CL.QSCAT"),
        (
            b'Name="Sex" DataType="text" def:StandardOID="STD.CT"',
            b'Name="Race" DataType="text" def:StandardOID="STD.CT"',
            "has two lists of one name: Race",
        ),
        (b'def:HasNoData="Yes"', b"", "is wrong about having no data"),
        (b'KeySequence="2"', b'KeySequence="7"', "has no key, or one with gaps: DM"),
        (
            b'Name="AGE" DataType="integer" Length="2"',
            b'Name="AGE" DataType="integer" Length="3"',
            "another length",
        ),
        (
            b'OID="IT.LB.LBSTRESN.GLUC.SERUM" Name="LBSTRESN" DataType="float" Length="3" SignificantDigits="2"',
            b'OID="IT.LB.LBSTRESN.GLUC.SERUM" Name="LBSTRESN" DataType="float" Length="3" SignificantDigits="1"',
            "other decimals than its values: IT.LB.LBSTRESN.GLUC.SERUM",
        ),
        (
            b'OID="IT.LB.LBSTRESC.ALT" Name="LBSTRESC" DataType="integer" Length="2"',
            b'OID="IT.LB.LBSTRESC.ALT" Name="LBSTRESC" DataType="integer" Length="4"',
            "another length than its values: IT.LB.LBSTRESC.ALT",
        ),
        (
            b'OID="IT.LB.LBORRES.GLUC.URINE" Name="LBORRES" DataType="text"',
            b'OID="IT.LB.LBORRES.GLUC.URINE" Name="LBORRES" DataType="integer"',
            "another type than its values: IT.LB.LBORRES.GLUC.URINE",
        ),
        (
            b'OID="IT.SUPPAE.QVAL.AETRTEM" Name="AETRTEM" DataType="text" Length="1"',
            b'OID="IT.SUPPAE.QVAL.AETRTEM" Name="AETRTEM" DataType="text" Length="9"',
            "another length than its values: IT.SUPPAE.QVAL.AETRTEM",
        ),
        (
            b'Name="RFICDTC" DataType="date"',
            b'Name="RFICDTC" DataType="datetime"',
            "another type than its values: IT.DM.RFICDTC",
        ),
        (b'PageRefs="1 7"', b'PageRefs="1 8"', "points to a page that is not there"),
        (b'PageRefs="1 7"', b'PageRefs="0"', "points to a page that is not there"),
        (b'PageRefs="1 7"', b'PageRefs="one"', "points to a page that is not there"),
        (b"(AESTDTC[:10])", b"(AESTDTC[:10]", "has a formula that is no Python: MT.AE.AESTDY"),
        (b'Context="Python"', b'Context="SAS"', "has a formula that is no Python"),
    ],
)
def test_every_kind_of_disagreement_is_found(right: bytes, wrong: bytes, told: str) -> None:
    assert right in _annotated()
    with pytest.raises(BuildFailed, match=re.escape(told)):
        checked(all_found(), _annotated().replace(right, wrong, 1), crf=CRF)


def test_nothing_is_wrong_with_the_document_as_it_is_made() -> None:
    checked(all_found(), _annotated(), crf=CRF)


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("DM.SEX", "has no page of the CRF, or one without being on it: IT.DM.SEX"),
        ("QS.QSORRES", "has no page of the CRF, or one without being on it: IT.QS.QSORRES"),
    ],
)
def test_what_is_written_on_a_form_and_has_no_page_is_found(place: str, told: str) -> None:
    pages = {at: found for at, found in PAGES.items() if at != place}
    with pytest.raises(BuildFailed, match=re.escape(told)):
        checked(all_found(), document(all_found(), pages=pages))


def test_a_page_that_annotates_another_test_is_found() -> None:
    other = NAMED.replace('"HAQ0101"', "").replace('"HAQ0102"', "")
    with pytest.raises(BuildFailed, match=r"annotates none of its tests: IT\.QS\.QSORRES\.HAQ"):
        checked(all_found(), _annotated(), crf=[*CRF[:6], other])


def test_a_dataset_without_a_file_is_found() -> None:
    members = [each.member(sf.datetime_of_cut()) for each in all_found()][1:]
    with pytest.raises(BuildFailed, match="do not have the same datasets: DM"):
        check_define(document(all_found()), members, all_found())


def test_a_failed_check_quotes_no_value() -> None:
    secret = sf.described("DM", sf.DM | {"SITEID": "SECRET"})
    spoiled = document([secret]).replace(
        b'Name="SITEID" DataType="text" Length="6"', b'Name="SITEID" DataType="date"'
    )
    with pytest.raises(BuildFailed, match=r"IT\.DM\.SITEID") as told:
        checked([secret], spoiled)
    assert "SECRET" not in str(told.value)


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (b'href="#IG.IG.AE"', b'href="#IG.IG.XX"', "has a link that leads nowhere (#IG.IG.XX)"),
        (b'href="ae.xpt"', b'href="xx.xpt"', "has a link that leads nowhere (xx.xpt)"),
        (b'href="acrf.pdf"', b'href="crf.pdf"', "has a link that leads nowhere (crf.pdf)"),
    ],
)
def test_a_link_of_the_page_that_leads_nowhere_is_found(right: bytes, wrong: bytes, told: str) -> None:
    page = define_html(_annotated())
    assert right in page
    with pytest.raises(BuildFailed, match=re.escape(told)):
        require_whole("define.html", page.replace(right, wrong, 1), _annotated())


def test_an_empty_table_of_the_page_is_found() -> None:
    page = define_html(_annotated())
    emptied = re.sub(
        rb'(<table [^>]*summary="Standards">.*?</tr>).*?</table>',
        rb"\1</table>",
        page,
        count=1,
        flags=re.DOTALL,
    )
    assert emptied != page
    with pytest.raises(BuildFailed, match=re.escape("has an empty table (Standards)")):
        require_whole("define.html", emptied, _annotated())


def test_a_reference_that_the_page_cannot_resolve_is_found() -> None:
    spoiled = _annotated().replace(b'CommentDef OID="COM.LB"', b'CommentDef OID="COM.GONE"')
    with pytest.raises(BuildFailed, match=r"define\.html"):
        define_html(etree.tostring(etree.fromstring(spoiled)))
