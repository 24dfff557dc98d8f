"""What the forms show of indices and responses stays; the recalculation tells where it disagrees."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipeline.domains.build import LOOKS
from tests.unit.domains.scored import DAYS, Cases, differences, trial, visit
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
TOLD = ("verdict", "kind", "source", "RSTESTCD")
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


def test_a_value_that_differs_is_told_and_stays_what_it_is() -> None:
    values = {
        "DAS28CRP": "5.63", "DAS28ESR": "6.1", "CDAI": "33.4", "SDAI": "35.006",
        "ACR20": "Y", "ACR70": "U", "EULESR": "M",
    }  # fmt: skip
    cases = Cases({column: forms(shown(**{column: value})) for column, value in values.items()})
    wrong = {column: CODES.get(column, column) for column in values}
    kinds = {column: "response" if column in ("ACR20", "ACR70", "EULESR") else "index" for column in values}
    assert cases.apart(*TOLD) == {
        column: [("DIFFERS", kinds[column], "edc_dar", test)] for column, test in wrong.items()
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
    assert cases.apart(*TOLD) == {place: [] for place in values}
    verdicts = LOOKS["rs_recalc"](cases.trial.inputs).table["verdict"]
    assert set(verdicts) == {"AGREES"}


def test_a_difference_is_told_with_the_line_of_the_form() -> None:
    told = differences(study(shown(CDAI="1.0"))).select(
        "RSTESTCD", "source", "line", "collected", "recalculated"
    )
    assert told.rows() == [("CDAIRA", "edc_dar", 3, "1.0", "33.5")]


def test_an_index_that_the_form_does_not_show_is_derived_with_its_sources() -> None:
    found = study(shown(SDAI=None))
    assert derived(found) == [("SDAIRA", 5.0, None, "35.00", "2027-03-01", "DERIVED-5-SDAIRA")]
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


def test_a_response_that_no_form_shows_is_told_with_whether_its_components_exist() -> None:
    responses = dict.fromkeys(list(SAME)[4:])
    cases = Cases(
        {
            "two blank": forms(shown(ACR50=None, EULCRP=None)),
            "no reactants": forms(shown(**dict.fromkeys(SAME)), later={"crp": None, "esr": None}),
            "all blank": forms(shown(**responses)),
            "no form": forms({"edc_dar": [dar("D1", BASE)]}),
        }
    )
    told = cases.apart("kind", "RSTESTCD", "verdict", "complete")
    missing = {
        label: [(test, complete) for kind, test, verdict, complete in rows if kind == "response"]
        for label, rows in told.items()
    }
    every = [(CODES.get(name, name), True) for name in responses]
    assert missing == {
        "two blank": [every[1], every[3]],
        "no reactants": [(level, False) for level in ("ACR20", "ACR50", "ACR70")],
        "all blank": every,
        "no form": every,
    }
    assert {row[2] for rows in told.values() for row in rows} == {"NOT SHOWN"}


def test_what_rests_on_a_missing_component_cannot_be_recalculated() -> None:
    cases = Cases(
        {
            "shown": forms(shown(), later={"crp": None}),
            "undetermined": forms(shown(DAS28CRP=None, SDAI=None, EULCRP="U"), later={"crp": None}),
        }
    )
    assert cases.apart(*TOLD) == {
        "shown": [
            ("NOT RECALCULABLE", "index", "edc_dar", "DAS28CRP"),
            ("NOT RECALCULABLE", "index", "edc_dar", "SDAIRA"),
            ("NOT RECALCULABLE", "response", "edc_dar", "EULRCRP"),
        ],
        "undetermined": [],
    }


def test_the_decision_of_week_12_is_compared_and_a_blank_one_is_asked_for_at_its_form() -> None:
    contradicted = [("DIFFERS", "response", "edc_resc", "TJSJ20")]
    missing = [("NOT SHOWN", "response", None, "TJSJ20")]
    answers = {"N": [], "Y": contradicted, "U": contradicted, None: missing}
    rows = {answer: forms(shown("W12"), resc(answer), oid="W12") for answer in answers}
    rows["no form"] = forms(shown("W12"), oid="W12")
    cases = Cases(rows)
    assert cases.apart(*TOLD) == {**answers, "no form": missing}
    assert [rule for rule, _ in cases.trial.rules("RS") if rule == "RS.blank"] == ["RS.blank"]


def test_the_pipeline_can_derive_everything_and_still_compares_the_forms() -> None:
    found = study(shown("W12", CDAI="1.0"), resc("N"), oid="W12", rs__source="PIPELINE")
    values = {code: value for code, number, _, value, _, _ in derived(found) if number == 7.0}
    no, none = "N", "NO RESPONSE"
    assert values == {
        "DAS28CRP": "5.62", "DAS28ESR": "6.15", "CDAIRA": "33.5", "SDAIRA": "35.00",
        "ACR20": no, "ACR50": no, "ACR70": no, "EULRCRP": none, "EULRESR": none, "TJSJ20": no,
    }  # fmt: skip
    assert set(found.built("RS").records["RSDRVFL"]) == {"Y"}
    assert differences(found).select("verdict", "RSTESTCD", "line").rows() == [("DIFFERS", "CDAIRA", 3)]
    assert found.fates("RS") == [
        ("edc_dar", 2, "not submitted", "RS.derived"),
        ("edc_dar", 3, "not submitted", "RS.derived"),
        ("edc_resc", 2, "not submitted", "RS.derived"),
    ]
