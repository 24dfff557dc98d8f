"""Value-level metadata: which values are told apart, by what, and what is said of each kind."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from lxml import etree

from pipeline.emit.define.exceptions import exception_levels
from pipeline.errors import BuildFailed
from pipeline.specs.metadata import ValueLevel
from tests.unit.emit import submission_frames as sf
from tests.unit.emit.defined import (
    checked,
    condition,
    document,
    item,
    list_of,
    many,
    origin,
    shape,
    told,
    values,
)

BATHING = {"QSTESTCD": "HAQ0124", "QSTEST": "HAQ01-Wash and Dry Your Body", "QSSEQ": 3.0}
PHYSICIAN = {
    "QSTESTCD": "PHGA0101",
    "QSTEST": "PHGA01-Disease Activity",
    "QSCAT": "PHYSICIAN GLOBAL ASSESSMENT VAS",
}
SERUM_HCG = {
    "LBTESTCD": "HCG",
    "LBTEST": "Choriogonadotropin Beta",
    "LBSPEC": "SERUM",
    "LBNAM": "CENTRAL LABORATORY",
}
SERUM_HCG |= {"LBORRES": "NEG", "LBSTRESC": "NEGATIVE", "LBDTC": "2027-01-05T09:00", "LBSPID": "A1"}
URINE_HCG = SERUM_HCG | {"LBSPEC": "URINE", "LBNAM": "LOCAL", "LBDTC": "2027-01-05", "LBSPID": "R1"}


def summary(code: str, value: str, reference: str | None = None, term: str | None = None) -> dict[str, Any]:
    table = sf.study().table("ts")
    name = table.filter(pl.col("TSPARMCD") == code)["TSPARM"][0]
    row = {"TSPARMCD": code, "TSPARM": name, "TSSEQ": 1.0, "TSVAL": value}
    return row | {"TSVCDREF": reference, "TSVALCD": term}


def test_questions_with_the_same_answers_are_one_row_and_scales_are_one_each() -> None:
    root = checked([sf.described("QS", sf.DRESSING, sf.DRESSING | BATHING, sf.GLOBAL)])
    key = "HAQ-DI_WITH_VAS.HAQ_DIFFICULTY"
    assert condition(f"WC.QS.{key}", root) == [
        ("QSCAT", "EQ", ["HAQ-DI WITH VAS"]),
        ("QSTESTCD", "IN", ["HAQ0101", "HAQ0124"]),
    ]
    assert values(list_of(f"IT.QS.QSSTRESC.{key}", root), root) == ["0", "1", "2", "3"]
    assert condition("WC.QS.PTGA0101", root) == [
        ("QSCAT", "EQ", ["PATIENT GLOBAL ASSESSMENT VAS"]),
        ("QSTESTCD", "EQ", ["PTGA0101"]),
    ]


def test_the_physician_s_scale_is_the_investigator_s_and_the_variable_names_nobody() -> None:
    root = checked([sf.described("QS", sf.GLOBAL, sf.GLOBAL | PHYSICIAN)])
    assert origin("IT.QS.QSORRES.PHGA0101", root) == ("Collected", "Investigator")
    assert origin("IT.QS.QSORRES.PTGA0101", root) == ("Collected", "Subject")
    assert not many("//odm:ItemDef[@OID='IT.QS.QSORRES']/def:Origin", root)


@pytest.mark.parametrize(
    ("variable", "value"), [("QSSPID", "R1"), ("QSSTAT", "NOT DONE"), ("QSREASND", "LATE")]
)
def test_what_the_physician_s_form_tells_has_a_row_of_its_own_with_its_page(
    variable: str, value: str
) -> None:
    told_by = {variable: value}
    found = sf.described("QS", sf.GLOBAL | told_by, sf.GLOBAL | PHYSICIAN | told_by)
    spots = tuple((page, {"QSCAT": (each["QSCAT"],)}) for page, each in ((19, sf.GLOBAL), (20, PHYSICIAN)))
    root = etree.fromstring(document([found], pages={f"QS.{variable}": spots}))
    for key, source, page in (
        ("PHYSICIAN_GLOBAL_ASSESSMENT_VAS", "Investigator", "20"),
        ("OTHERS", "Subject", "19"),
    ):
        assert origin(f"IT.QS.{variable}.{key}", root) == ("Collected", source)
        pages = f"//odm:ItemDef[@OID='IT.QS.{variable}.{key}']/def:Origin//def:PDFPageRef/@PageRefs"
        assert many(pages, root) == [page]


def test_the_site_s_own_test_is_the_investigator_s_in_every_variable_that_the_form_fills() -> None:
    root = checked([sf.described("LB", SERUM_HCG, URINE_HCG)])
    assert origin("IT.LB.LBORRES.HCG.URINE", root) == ("Collected", "Investigator")
    assert origin("IT.LB.LBORRES.HCG.SERUM", root) == ("Collected", "Vendor")
    assert (shape("IT.LB.LBDTC.LOCAL", root)[0], origin("IT.LB.LBDTC.LOCAL", root)[1]) == (
        "date",
        "Investigator",
    )
    assert (shape("IT.LB.LBDTC.OTHERS", root)[0], origin("IT.LB.LBDTC.OTHERS", root)[1]) == (
        "partialDatetime",
        "Vendor",
    )
    assert condition("WC.LB.LBDTC.OTHERS", root) == [("LBNAM", "NOTIN", ["LOCAL"])]


def test_a_rate_that_the_pipeline_derived_has_its_own_row_and_formula() -> None:
    rate = {"LBTESTCD": "GFRE", "LBTEST": "Glomerular Filtration Rate, Estimated", "LBSTRESC": "85.9"}
    reported = rate | {"LBORRES": "85.9", "LBSTRESN": 85.9}
    found = sf.described("LB", reported, rate | {"LBDRVFL": "Y", "LBSTRESN": 85.9})
    root = checked([found])
    assert condition("WC.LB.GFRE.Y", root) == [("LBTESTCD", "EQ", ["GFRE"]), ("LBDRVFL", "EQ", ["Y"])]
    assert condition("WC.LB.GFRE.NULL", root) == [("LBTESTCD", "EQ", ["GFRE"]), ("LBDRVFL", "NOTIN", ["Y"])]
    assert "0.742" in told("MT.LB.LBSTRESC.GFRE.Y", root)
    assert many("//odm:MethodDef[@OID='MT.LB.LBSTRESC.GFRE.Y']/odm:FormalExpression[@Context='Python']", root)


def test_a_qualifier_splits_a_test_only_where_the_others_do_not() -> None:
    strip = sf.URINE_GLUCOSE | {"LBMETHOD": "TEST STRIP"}
    root = checked([sf.described("LB", sf.SERUM_GLUCOSE, strip)])
    assert [check[0] for check in condition("WC.LB.GLUC.URINE", root)] == ["LBTESTCD", "LBSPEC"]
    both = [strip, strip | {"LBMETHOD": "MICROSCOPY", "LBSTRESC": "POSITIVE"}]
    root = checked([sf.described("LB", sf.SERUM_GLUCOSE, *both)])
    checks = [check[0] for check in condition("WC.LB.GLUC.URINE.MICROSCOPY", root)]
    assert checks == ["LBTESTCD", "LBSPEC", "LBMETHOD"]


def test_a_criterion_is_answered_from_one_list_whichever_it_is() -> None:
    first = {
        "IETESTCD": "EXCL01",
        "IETEST": "Infections",
        "IECAT": "EXCLUSION",
        "IEORRES": "Y",
        "IESTRESC": "Y",
    }
    second = {"IETESTCD": "INCL06", "IETEST": "Joints", "IECAT": "INCLUSION", "IEORRES": "N", "IESTRESC": "N"}
    root = checked([sf.described("IE", first, second)])
    assert values(list_of("IT.IE.IEORRES", root), root) == ["N", "Y"]
    assert not many("//def:ValueListDef[starts-with(@OID, 'VL.IE')]", root)


def test_a_summary_parameter_tells_its_type_list_and_origin() -> None:
    rows = [
        summary("ACTSUB", "12"),
        summary("LENGTH", "P56W", "ISO 8601"),
        summary("SSTDTC", "2026-12-30", "ISO 8601"),
        summary("SEXPOP", "BOTH", "CDISC CT", "C49636"),
        summary("INDIC", "Rheumatoid arthritis", "SNOMED", "69896004"),
        summary("FCNTRY", "USA", "GENC"),
        summary("TRT", "BX-U001", "UNII"),
    ]
    root = checked([sf.described("TS", *rows)])
    assert shape("IT.TS.TSVAL.ACTSUB", root) == ["integer", "2", None]
    assert origin("IT.TS.TSVAL.ACTSUB", root) == ("Derived", "Sponsor")
    assert "RANDOMIZED" in told("MT.TS.TSVAL.ACTSUB", root)
    assert shape("IT.TS.TSVAL.LENGTH", root) == ["durationDatetime", None, None]
    assert shape("IT.TS.TSVAL.SSTDTC", root) == ["date", None, None]
    assert origin("IT.TS.TSVAL.LENGTH", root)[0] == "Assigned"
    assert origin("IT.TS.TSVAL.SEXPOP", root)[0] == "Protocol"
    assert values(list_of("IT.TS.TSVAL.SEXPOP", root), root) == ["BOTH"]
    assert list_of("IT.TS.TSVALCD.INDIC", root) == list_of("IT.TS.TSVAL.INDIC", root) == "CL.SNOMED"
    assert list_of("IT.TS.TSVAL.FCNTRY", root) == "CL.GENC"
    assert not many("//odm:ItemDef[@OID='IT.TS.TSVAL.TRT']/odm:CodeListRef", root)  # its code is not assigned
    assert values(list_of("IT.TS.TSVCDREF.FCNTRY", root), root) == ["GENC"]


def test_a_summary_value_outside_its_list_is_refused() -> None:
    with pytest.raises(BuildFailed, match=r"TS\.TSVAL\.SEXPOP: 1 of its values are not in codelist C66732"):
        checked([sf.described("TS", summary("SEXPOP", "EVERYONE", "CDISC CT", "C49636"))])


def test_the_races_of_a_subject_come_from_the_list_of_races() -> None:
    race = {"RDOMAIN": "DM", "QNAM": "RACE1", "QLABEL": "Race 1", "QVAL": "ASIAN", "QORIG": "Collected"}
    root = checked([sf.described("SUPPDM", race)])
    assert many(f"//odm:CodeList[@OID='{list_of('IT.SUPPDM.QVAL.RACE1', root)}']/odm:Alias/@Name", root) == [
        "C74457"
    ]
    assert item("IT.SUPPDM.QVAL.RACE1", root).get("Name") == "RACE1"
    with pytest.raises(BuildFailed, match="are not in codelist C74457"):
        checked([sf.described("SUPPDM", race | {"QVAL": "MARTIAN"})])


def test_an_exception_of_another_variable_hangs_on_one_variable_only() -> None:
    found = sf.described("LB", SERUM_HCG, URINE_HCG)
    twofold = ValueLevel(
        variables=("LBDTC",), where={"LBNAM": ("LOCAL",), "LBSPEC": ("URINE",)}, origin="Assigned"
    )
    dataset = found.dataset.model_copy(update={"values": (twofold,)})
    with pytest.raises(BuildFailed, match=r"LB\.LBDTC: is excepted by more than one variable"):
        list(exception_levels(type(found)(dataset, found.records, found.count, found.variables), {}))
