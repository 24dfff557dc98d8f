"""A define.xml read back as plain facts: what its maker put in comes out, by place, without any OID."""

from __future__ import annotations

import pytest

from pipeline.emit.define.document import define_bytes
from pipeline.emit.define.model import define_model
from pipeline.emit.define.reading import Defined, defined
from pipeline.emit.submitted import Submitted, submitted
from pipeline.errors import BuildFailed
from tests.unit.emit import submission_frames as sf

NO_YES = "No Yes Response"


def found() -> list[Submitted]:
    each = (submitted(sf.study(), name, records) for name, records in sf.package_records().items())
    return [one for one in each if one is not None]


def document() -> bytes:
    return define_bytes(define_model(sf.study(), found(), cut=sf.CUT, mode="BLINDED", facts=sf.FACTS))


@pytest.fixture(scope="module")
def read() -> Defined:
    return defined(document())


def test_datasets_variables_and_keys_are_those_that_were_described(read: Defined) -> None:
    for each in found():
        names = [variable.name for variable in each.variables]
        assert list(read.variables[each.name]) == names
        assert list(read.keys[each.name]) == [key for key in each.dataset.keys if key in names]
        assert read.facts["dataset", each.name, "", ""]["label"] == each.dataset.label
    assert len(read.variables) == len(found())


def test_a_variable_has_its_type_length_origin_method_and_list(read: Defined) -> None:
    term, day = read.facts["variable", "AE", "AETERM", ""], read.facts["variable", "AE", "AESTDY", ""]
    assert (term["type"], term["length"], term["mandatory"]) == ("text", "8", "Yes")
    assert term["origin"] == "Collected (Investigator)"
    assert "RFSTDTC" in day["method"]
    assert (day["origin"], day["type"]) == ("Derived (Sponsor)", "integer")
    assert read.facts["variable", "AE", "AESER", ""]["codelist"] == NO_YES


def test_a_value_level_is_named_by_its_where_clause(read: Defined) -> None:
    where = "LBTESTCD = GLUC and LBSPEC = SERUM"
    serum = read.facts["value level", "LB", "LBSTRESN", where]
    assert (serum["type"], serum["significant digits"]) == ("float", "2")
    assert "value level" in {kind for kind, group, *_ in read.facts if group == "SUPPAE"}


def test_lists_have_their_terms_with_codes_and_standards_their_versions(read: Defined) -> None:
    assert read.facts["term", NO_YES, "Y", ""]["code"] == "C49488"
    of = sf.study().study.standards
    assert read.facts["standard", "SDTMIG IG", "", ""]["version"] == of.sdtmig
    assert read.facts["standard", "CDISC/NCI SDTM CT", "", ""]["version"] == of.terminology


def test_no_fact_names_an_oid(read: Defined) -> None:
    texts = [text for facts in read.facts.values() for text in facts.values()]
    assert not [text for text in texts if text.startswith(("IT.", "MT.", "COM.", "CL.", "WC.", "VL.", "LF."))]


def test_pages_and_documents_are_told_by_name(read: Defined) -> None:
    leaf = '<def:leaf ID="LF.ACRF" xlink:href="acrf.pdf"><def:title>Annotated CRF</def:title></def:leaf>'
    told = document().decode().replace("</MetaDataVersion>", f"{leaf}</MetaDataVersion>")
    origin = '<def:Origin Type="Collected" Source="Investigator"/>'
    pages = '<def:DocumentRef leafID="LF.ACRF"><def:PDFPageRef Type="PhysicalRef" PageRefs="3 5"/></def:DocumentRef>'
    item = told.index('<ItemDef OID="IT.AE.AETERM"')
    at = told.index(origin, item)
    told = f"{told[:at]}{origin[:-2]}>{pages}</def:Origin>{told[at + len(origin) :]}"
    facts = defined(told.encode()).facts
    assert facts["document", "acrf.pdf", "", ""]["title"] == "Annotated CRF"
    assert facts["variable", "AE", "AETERM", ""]["pages"] == "acrf.pdf 3 5"


@pytest.mark.parametrize("text", ["", "<a/>", "not xml at all"])
def test_what_is_no_define_is_refused(text: str) -> None:
    with pytest.raises(BuildFailed, match="is no whole Define-XML"):
        defined(text.encode())
