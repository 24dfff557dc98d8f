"""What the forms show of indices and responses stays; the recalculation tells where it disagrees."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipeline.domains.build import LOOKS
from tests.unit.domains.scored import DAYS, Cases, asked, joints, lab, scale, trial, visit
from tests.unit.domains.trial import Row, Rows, Trial, together

BASE = {"DAS28CRP": "5.62", "DAS28ESR": "6.15", "CDAI": "33.5", "SDAI": "35.00"}
SAME = {
    **BASE,
    "ACR20": "N",
    "ACR50": "N",
    "ACR70": "N",
    "EULCRP": "N",
    "EULESR": "N",
}  # the baseline's components again
CODES = {"CDAI": "CDAIRA", "SDAI": "SDAIRA", "EULCRP": "EULRCRP", "EULESR": "EULRESR"}
TOLD = ("rule", "severity", "source", "variable")
DERIVED = pl.col("RSDRVFL") == "Y"


def dar(oid: str, values: dict[str, Any], **more: Any) -> Row:
    return {"VISITOID": oid, "DARDAT": DAYS[oid], **values, **more}


def resc(answer: str | None, oid: str = "W12") -> Rows:
    return {"edc_resc": [{"VISITOID": oid, "RESTJSJ": answer, "RESCUE": "Y", "RESDAT": DAYS["W12"]}]}


def shown(oid: str = "W4", **changed: Any) -> Rows:
    """DAR of baseline and one later visit, as the components of ``visit`` give them, but for the changes."""
    return {"edc_dar": [dar("D1", BASE), dar(oid, SAME | changed)]}


def forms(*more: Rows, oid: str = "W4", later: dict[str, Any] | None = None) -> Rows:
    return together(visit("D1"), visit(oid, **(later or {})), *more)


def study(*more: Rows, oid: str = "W4", later: dict[str, Any] | None = None, **settings: str) -> Trial:
    return trial(
        forms(*more, oid=oid, later=later), settings={k.replace("__", "."): v for k, v in settings.items()}
    )


def derived(found: Trial) -> list[tuple[Any, ...]]:
    records = found.built("RS").records.filter(DERIVED)
    return records.select("RSTESTCD", "VISITNUM", "RSORRES", "RSSTRESC", "RSDTC", "RSSPID").rows()


def test_a_value_that_differs_is_one_finding_and_stays_what_it_is() -> None:
    values = {
        "DAS28CRP": "5.63", "DAS28ESR": "6.1", "CDAI": "33.4", "SDAI": "35.006",
        "ACR20": "Y", "ACR70": "U", "EULESR": "M",
    }  # fmt: skip
    cases = Cases({column: forms(shown(**{column: value})) for column, value in values.items()})
    wrong = {column: CODES.get(column, column) for column in values}
    assert cases.findings("rs_recalc", *TOLD) == {
        column: [("BX-RS-01", "ERROR", "edc_dar", test)] for column, test in wrong.items()
    }
    terms = {**values, "ACR70": None, "EULESR": "MODERATE RESPONSE"}
    for column, test in wrong.items():
        here = (pl.col("RSTESTCD") == test) & (pl.col("VISITNUM") == 5)
        kept = cases.records("RS", here, "RSORRES", "RSSTRESC", "RSDRVFL")[column]
        assert kept == [(terms[column], terms[column], None)]
    assert cases.records("RS", DERIVED, "RSTESTCD") == {column: [] for column in values}


def test_a_difference_of_half_the_last_decimal_is_none() -> None:
    values = [
        ("SDAI", "35.005"),
        ("SDAI", "34.995"),
        ("DAS28CRP", "5.620"),
        ("CDAI", "33.50"),
        ("ACR20", "N"),
    ]
    cases = Cases({place: forms(shown(**{place[0]: place[1]})) for place in values})
    assert cases.findings("rs_recalc", *TOLD) == {place: [] for place in values}
    verdicts = LOOKS["rs_recalc"](cases.trial.inputs).table["verdict"]
    assert set(verdicts) == {"AGREES"}


def test_a_finding_lies_at_the_line_of_the_form() -> None:
    assert asked(study(shown(CDAI="1.0"))) == [("BX-RS-01", "ERROR", "edc_dar", 3, "CDAIRA")]


def test_an_index_that_the_form_does_not_show_is_derived_with_its_sources() -> None:
    found = study(shown(SDAI=None))
    assert derived(found) == [("SDAIRA", 5.0, None, "35.00", "2027-03-01", "DERIVED-5-SDAIRA")]
    assert asked(found) == []
    look = LOOKS["rs_recalc"](found.inputs).table.filter(pl.col("verdict") != "AGREES")
    assert look.select("RSTESTCD", "collected", "recalculated", "verdict").rows() == [
        ("SDAIRA", None, "35.00", "NOT SHOWN")
    ]
    built = found.built("RS")
    number = int(built.records.filter(DERIVED)["RSSEQ"][0])
    links = built.links.filter(pl.col("seq") == number).select("source", "line").rows()
    assert links == [("edc_jc28", 3), ("edc_phga", 3), ("edc_ptga", 3), ("lab_results", 4)]


def test_a_derived_index_of_the_first_day_can_be_the_baseline_record() -> None:
    records = trial(visit("D1")).built("RS").records
    assert records.select("RSTESTCD", "RSLOBXFL", "RSEVAL", "EPOCH", "RSDY").rows() == [
        (test, "Y", None, "SCREENING", 1) for test in ("CDAIRA", "DAS28CRP", "DAS28ESR", "SDAIRA")
    ]
    assert records["RSCAT"].to_list()[:2] == ["CDAI RHEUMATOID ARTHRITIS", "DAS28-CRP"]


def test_nothing_is_derived_from_missing_components_and_no_response_at_all() -> None:
    cases = Cases(
        {
            "no CRP, no physician": forms({"edc_dar": [dar("D1", BASE)]}, later={"phga": None, "crp": None}),
            "no response shown": forms(shown(**dict.fromkeys(list(SAME)[4:]))),
            "no joints": forms(shown(**dict.fromkeys(SAME)), later={"tjc": None, "sjc": None}),
        }
    )
    assert cases.records("RS", DERIVED, "RSTESTCD") == {
        "no CRP, no physician": [("DAS28ESR",)],
        "no response shown": [],
        "no joints": [],
    }


def test_a_response_is_asked_for_only_when_nothing_that_it_needs_is_missing() -> None:
    responses = dict.fromkeys(list(SAME)[4:])
    cases = Cases(
        {
            "two blank": forms(shown(ACR50=None, EULCRP=None)),
            "no reactants": forms(shown(**dict.fromkeys(SAME)), later={"crp": None, "esr": None}),
            "all blank": forms(shown(**responses)),
            "no form": forms({"edc_dar": [dar("D1", BASE)]}),
        }
    )
    every = [("RS.not_shown", "WARN", "edc_dar", CODES.get(name, name)) for name in responses]
    assert cases.findings("rs_recalc", *TOLD) == {
        "two blank": [every[1], every[3]],
        "no reactants": [],
        "all blank": every,
        "no form": every,
    }


def test_a_form_that_has_not_come_yet_is_asked_for_after_a_while() -> None:
    found = study({"edc_dar": [dar("D1", BASE)]})
    found.cut = found.cut.replace(month=3, day=8)  # seven days after the joints of Week 4
    assert asked(found) == []
    del found.inputs
    found.cut = found.cut.replace(day=9)
    assert {(source, line) for _, _, source, line, _ in asked(found)} == {("edc_dar", None)}


def test_what_rests_on_a_missing_component_contradicts_a_response_and_only_questions_an_index() -> None:
    cases = Cases(
        {
            "shown": forms(shown(), later={"crp": None}),
            "undetermined": forms(shown(DAS28CRP=None, SDAI=None, EULCRP="U"), later={"crp": None}),
        }
    )
    assert cases.findings("rs_recalc", *TOLD) == {
        "shown": [
            ("BX-RS-01", "ERROR", "edc_dar", "EULRCRP"),
            ("BX-RS-01", "WARN", "edc_dar", "DAS28CRP"),
            ("BX-RS-01", "WARN", "edc_dar", "SDAIRA"),
        ],
        "undetermined": [],
    }


def test_the_decision_of_week_12_is_compared_and_a_blank_one_is_asked_for_once() -> None:
    contradicted = [("BX-RS-01", "ERROR", "edc_resc", "TJSJ20")]
    answers = {"N": [], "Y": contradicted, "U": contradicted, None: []}
    rows = {answer: forms(shown("W12"), resc(answer), oid="W12") for answer in answers}
    rows["no form"] = forms(shown("W12"), oid="W12")
    cases = Cases(rows)
    missing = [("RS.not_shown", "WARN", "edc_resc", "TJSJ20")]
    assert cases.findings("rs_recalc", *TOLD) == {**answers, "no form": missing}
    assert [rule for rule, _ in cases.trial.rules("RS") if rule == "RS.blank"] == ["RS.blank"]


def test_components_more_than_a_week_from_the_joints_are_for_review() -> None:
    eighth = lab("W4", "CRP", "15.0", "mg/L", COLLDT="20270309")
    week = lab("W4", "ESR", "35", "mm/h", "BLD", COLLDT="20270222")
    ptga = scale("PTGA", "W4", "60", PTGADAT="20-FEB-2027")
    late = visit("W4", ptga=None, crp=None, esr=None) | {"edc_ptga": [ptga], "lab_results": [eighth, week]}
    partial = visit("W4") | {"edc_jc28": [joints("W4", 12, 10) | {"JCDAT": "UN-MAR-2027"}]}
    cases = Cases(
        {
            name: together(visit("D1"), rows, shown())
            for name, rows in (("late", late), ("partial date", partial))
        }
    )
    assert cases.findings("rs_recalc", *TOLD) == {
        "late": [("BX-RS-04", "WARN", "edc_dar", "CRP"), ("BX-RS-04", "WARN", "edc_dar", "PTGA0101")],
        "partial date": [],
    }


def test_the_pipeline_can_derive_everything_and_still_compares_the_forms() -> None:
    found = study(shown("W12", CDAI="1.0"), resc("N"), oid="W12", rs__source="PIPELINE")
    values = {code: value for code, number, _, value, _, _ in derived(found) if number == 7.0}
    no, none = "N", "NO RESPONSE"
    assert values == {
        "DAS28CRP": "5.62", "DAS28ESR": "6.15", "CDAIRA": "33.5", "SDAIRA": "35.00",
        "ACR20": no, "ACR50": no, "ACR70": no, "EULRCRP": none, "EULRESR": none, "TJSJ20": no,
    }  # fmt: skip
    assert set(found.built("RS").records["RSDRVFL"]) == {"Y"}
    assert asked(found) == [("BX-RS-01", "ERROR", "edc_dar", 3, "CDAIRA")]
    assert found.fates("RS") == [
        ("edc_dar", 2, "not submitted", "RS.derived"),
        ("edc_dar", 3, "not submitted", "RS.derived"),
        ("edc_resc", 2, "not submitted", "RS.derived"),
    ]
