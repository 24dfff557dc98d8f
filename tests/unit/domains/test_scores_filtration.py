"""The estimated filtration rate: what the laboratory reports, what is derived, and who has which coefficients."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from pipeline.domains.records import Block
from tests.unit.domains.scored import VISITS, Cases, lab, trial
from tests.unit.domains.trial import ONE, TWO, Row, Rows, Trial, subject, together

IDMS, ORIGINAL = "MDRD ENZYMATIC FORMULA", "MDRD 4 VARIABLE FORMULA"
DERIVED = pl.col("LBDRVFL") == "Y"


def creatinine(value: str = "1.0", unit: str = "mg/dL", **more: Any) -> Row:
    return lab("W4", "CREAT", value, unit, **more)


def rate(value: str, method: str, **more: Any) -> Row:
    return lab("W4", "GFRE", value, "mL/min/1.73m2", METHOD=method, **more)


def sampled(*rows: Row) -> Rows:
    """Draws of a woman born 15 May 1970, so 56 years old on 1 March 2027, unless the test says otherwise."""
    return {"lab_results": list(rows)}


def test_a_rate_that_the_laboratory_did_not_report_is_derived_from_the_specimen() -> None:
    built = trial(sampled(creatinine())).built("LB")
    one = built.records.filter(pl.col("LBTESTCD") == "GFRE")
    names = ("LBTEST", "LBCAT", "LBSPEC", "LBREFID", "LBSPID", "VISITNUM", "LBDTC", "LBANMETH", "LBDRVFL")
    name, key = "Glomerular Filtration Rate, Estimated", "AW4-GFRE-DERIVED"
    assert one.select(names).rows() == [
        (name, "CHEMISTRY", "SERUM", "AW4", key, 5.0, "2027-03-01T08:00", IDMS, "Y")
    ]
    results = ("LBORRES", "LBORRESU", "LBSTRESC", "LBSTRESN", "LBSTRESU", "LBNRIND", "LBSTAT")
    assert one.select(results).rows() == [(None, None, "57.4", 57.4, "mL/min/1.73 m2", None, None)]
    links = built.links.filter(pl.col("seq") == int(one["LBSEQ"][0]))
    assert links.select("source", "line").rows() == [("lab_results", 2)]


@pytest.mark.parametrize(("setting", "term"), [("IDMS", IDMS), ("ORIGINAL", ORIGINAL)])
def test_only_a_rate_by_the_same_formula_of_the_same_specimen_replaces_the_derived_one(
    setting: str, term: str
) -> None:
    wordings = {
        "IDMS MDRD": IDMS,
        "MDRD 4 VARIABLE": ORIGINAL,
        "CKD-EPI 2021": "CKD-EPI CREATININE 2021 FORMULA",
    }
    rows = {method: sampled(creatinine(), rate("57.4", method)) for method in wordings}
    other = next(method for method, known in wordings.items() if known == term)
    rows["another specimen"] = sampled(creatinine(), rate("57.4", other, ACCESSN="OTHER"))
    cases = Cases(rows, {"egfr.variant": setting})
    assert cases.records("LB", DERIVED, "LBANMETH") == {
        **{method: [] if known == term else [(term,)] for method, known in wordings.items()},
        "another specimen": [(term,)],
    }
    own = (pl.col("LBTESTCD") == "GFRE") & pl.col("LBDRVFL").is_null()
    assert cases.records("LB", own, "LBORRES", "LBSTRESC") == {name: [("57.4", "57.4")] for name in rows}


def test_age_is_completed_years_at_collection_or_as_entered() -> None:
    people: dict[str, tuple[Row, int | None]] = {
        "birthday": ({"BRTHDAT": "01-MAR-1970"}, 57),
        "day before": ({"BRTHDAT": "02-MAR-1970", "AGE": 99}, 56),
        "no day": ({"BRTHDAT": "UN-MAR-1970", "AGE": 56}, 56),
        "no month": ({"BRTHDAT": "UN-UNK-1970", "AGE": 55}, 55),
        "neither": ({"BRTHDAT": "UN-UNK-1970"}, None),
        "age only": ({"BRTHDAT": None, "AGE": 50}, 50),
    }
    cases = Cases(
        {name: sampled(creatinine()) for name in people}, dm={name: dm for name, (dm, _) in people.items()}
    )
    assert cases.looked("egfr", "age", "problem") == {
        name: (age, None if age else "age") for name, (_, age) in people.items()
    }


@pytest.mark.parametrize(("setting", "both"), [("ANY", True), ("ALONE", False)])
def test_the_race_coefficient_follows_the_boxes_and_the_setting(setting: str, both: bool) -> None:
    black = {("WHITE",): False, ("BLACK",): True, ("BLACK", "WHITE"): both, ("UNK",): False, (): None}
    dm = {boxes: {"RACE_WHITE": None} | {f"RACE_{box}": "1" for box in boxes} for boxes in black}
    cases = Cases({boxes: sampled(creatinine()) for boxes in black}, {"race.coefficient": setting}, dm)
    rates = {True: ("69.5", "73.8", None), False: ("57.4", "61.0", None), None: (None, None, "race")}
    assert cases.looked("egfr", "black", "idms", "original", "problem") == {
        boxes: (answer, *rates[answer]) for boxes, answer in black.items()
    }


def test_creatinine_is_used_as_reported_and_the_limit_is_judged_unrounded() -> None:
    draws = {
        "mg/dL": creatinine("1.25"),
        "umol/L": creatinine("110.5", "umol/L"),
        "above both": creatinine("1.1"),
    }
    dm: dict[str, Row] = {name: {"BRTHDAT": "01-JAN-1961"} for name in draws}
    cases = Cases({name: sampled(row) for name, row in draws.items()}, dm=dm)
    assert cases.looked("egfr", "idms", "idms_below", "original", "original_below", "disagree") == {
        "mg/dL": ("42.9", "Y", "45.6", "N", "Y"),
        "umol/L": ("42.9", "Y", "45.6", "N", "Y"),
        "above both": ("49.7", "N", "52.8", "N", "N"),
    }


def test_what_cannot_be_computed_is_told_and_not_derived() -> None:
    draws = {"censored": creatinine("<0.2"), "not done": creatinine("QNS"), "sex": creatinine()}
    cases = Cases({name: sampled(row) for name, row in draws.items()}, dm={"sex": {"SEX": "U"}})
    assert cases.records("LB", DERIVED, "LBSTRESC") == {name: [] for name in draws}
    assert cases.looked("egfr", "problem") == {"censored": "creatinine", "sex": "sex"}


def test_a_rate_of_the_laboratory_stands_beside_the_recalculation() -> None:
    cases = Cases(
        {method: sampled(creatinine(), rate("60.3", method)) for method in ("IDMS MDRD", "CKD-EPI 2021")}
    )
    assert cases.looked("egfr", "reported", "idms") == {
        "IDMS MDRD": ("60.3", "57.4"),
        "CKD-EPI 2021": (None, "57.4"),
    }


def test_blocks_of_subjects_derive_the_same_rates() -> None:
    rows = together(subject(visits=VISITS), subject(TWO, visits=VISITS))
    rows |= {"lab_results": [creatinine(SUBJID=ONE), creatinine("1.3", SUBJID=TWO, ACCESSN="B")]}

    def derived(found: Trial) -> list[tuple[Any, ...]]:
        return found.built("LB").records.filter(DERIVED).select("USUBJID", "LBSTRESC").rows()

    whole = derived(Trial(rows))
    assert [value for _, value in whole] == ["57.4", "42.4"]
    blocks = [Trial(rows, block=Block(None, TWO)), Trial(rows, block=Block(TWO, None))]
    assert [each for block in blocks for each in derived(block)] == whole
