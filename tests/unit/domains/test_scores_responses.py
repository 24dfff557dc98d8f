"""Responses against the baseline: which records the baseline is, exact boundaries, and answers that stay open."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.errors import SpecError
from tests.unit.domains.scored import Cases, at, lab, scale, trial, visit
from tests.unit.domains.trial import Rows, Trial, subject, together

ACR = ("acr20", "acr50", "acr70")
Numbers = dict[str, Any]


def against(cases: dict[str, tuple[Numbers, Numbers]], **settings: str) -> Cases:
    """Label -> what differs from the standard visit at baseline and at Week 12."""
    rows = {name: together(visit("D1", **base), visit("W12", **now)) for name, (base, now) in cases.items()}
    return Cases(rows, {name.replace("__", "."): value for name, value in settings.items()})


def test_exactly_a_fifth_is_an_improvement_of_prorated_counts_too() -> None:
    base = {"tjc": 15, "sjc": 10, "judged": 27}
    better = {"ptga": "48", "phga": "44", "pain": 48}
    cases = against(
        {
            "27 and 27 joints": (base, {"tjc": 12, "sjc": 8, "judged": 27, **better}),
            "28 and 27 joints": (base | {"judged": 28}, {"tjc": 12, "sjc": 8, "judged": 27, **better}),
        }
    )
    assert cases.at("response", 7, "tjc", *ACR, "counts_improved", "lack", "lack_both") == {
        "27 and 27 joints": ("336/27", "Y", "N", "N", "Y", "N", "N"),
        "28 and 27 joints": ("336/27", "N", "N", "N", "N", "Y", "Y"),
    }


def test_a_censored_baseline_counts_as_half_of_its_limit() -> None:
    some = {"tjc": 10, "sjc": 10, "ptga": "50", "phga": "50", "pain": 50}
    less = {"tjc": 8, "sjc": 8, "ptga": "40", "phga": "40", "pain": 50}
    cases = against(
        {
            "0.2 is a fifth less": (some | {"crp": "<0.5"}, less | {"crp": "0.2"}),
            "0.21 is not": (some | {"crp": "<0.5"}, less | {"crp": "0.21"}),
            "nor is the limit": (some | {"crp": "<0.5"}, less | {"crp": "<0.5"}),
        }
    )
    assert cases.at("response", 7, "base_crp", "crp", "acr20") == {
        "0.2 is a fifth less": ("0.25", "0.2", "Y"),
        "0.21 is not": ("0.25", "0.21", "N"),
        "nor is the limit": ("0.25", "0.25", "N"),
    }


@pytest.mark.parametrize(("reactant", "answer"), [("CRP", "Y"), ("ESR", "N")])
def test_the_setting_says_which_reactant_judges_the_response(reactant: str, answer: str) -> None:
    base = {"tjc": 10, "sjc": 10, "ptga": "50", "phga": "50", "pain": 50, "crp": "13.5", "esr": "30"}
    later = {"tjc": 8, "sjc": 8, "ptga": "40", "phga": "40", "pain": 50, "crp": "10.8", "esr": "25"}
    assert against({"it": (base, later)}, acr__apr=reactant).at("response", 7, "acr20") == {"it": answer}


def test_an_answer_is_open_only_while_the_missing_value_could_change_it() -> None:
    base = {"tjc": 12, "sjc": 10, "ptga": "65", "phga": "55", "pain": 60, "crp": "20.0"}
    now = {"tjc": 9, "sjc": 8, "ptga": "50", "phga": "44", "pain": 48, "crp": "19.0"}
    changes: dict[str, tuple[Numbers, tuple[str | None, ...]]] = {
        "two met, two open": ({"phga": None, "crp": None}, (None, "N", "N")),
        "three met, one open": ({"crp": None}, ("Y", "N", "N")),
        "one met, one open": ({"ptga": "64", "phga": "54", "crp": None}, ("N", "N", "N")),
        "a count falls short": ({"tjc": 11, "phga": None, "crp": None}, ("N", "N", "N")),
        "a count is open": ({"tjc": None}, (None, "N", "N")),
        "everything is open": (
            {"tjc": None, "sjc": None, "ptga": None, "phga": None, "level": None},
            (None, None, None),
        ),
    }
    cases = against({name: (base, now | change) for name, (change, _) in changes.items()})
    assert cases.at("response", 7, *ACR) == {name: answers for name, (_, answers) in changes.items()}


def test_from_a_zero_baseline_nothing_is_an_improvement() -> None:
    cases = against(
        {
            "stays 0": ({"tjc": 12, "sjc": 0}, {"tjc": 2, "sjc": 0}),
            "rises": ({"tjc": 0, "sjc": 0}, {"tjc": 1, "sjc": 0}),
        }
    )
    assert cases.at("response", 7, "acr20", "counts_improved", "lack_either", "lack_both") == {
        "stays 0": ("N", "N", "Y", "N"),
        "rises": ("N", "N", "Y", "Y"),
    }


@pytest.mark.parametrize(("rule", "lacks"), [("EITHER", ("Y", "Y", None)), ("BOTH", ("N", None, "N"))])
def test_the_rescue_rule_decides_what_a_lack_is_and_a_missing_count_what_stays_open(
    rule: str, lacks: tuple[str | None, ...]
) -> None:
    base = {"tjc": 10, "sjc": 10}
    names = ("one short", "one short, one open", "one improved, one open")
    later = ({"tjc": 9, "sjc": 8}, {"tjc": None, "sjc": 9}, {"tjc": None, "sjc": 6})
    cases = against({name: (base, now) for name, now in zip(names, later, strict=True)}, rescue__rule=rule)
    improved = ("N", "N", None)
    assert cases.at("response", 7, "counts_improved", "lack", "decision") == {
        name: (both, lack, True) for name, both, lack in zip(names, improved, lacks, strict=True)
    }


def test_the_baseline_of_a_computed_value_is_the_last_visit_before_exposure_that_has_it() -> None:
    # On Day 1 too few joints could be judged, CRP was not drawn and the questionnaire was not filled in.
    found = trial(
        visit("SCR", 14, 12, crp="30.0"), visit("D1", 12, 10, judged=13, crp=None, level=None), visit("W4")
    )
    names = ("base_tjc", "base_haq", "base_crp", "base_das28_crp", "base_ptga")
    assert at(found, "response", 5, *names) == ("14", "1.000", "30", "6.10", "60")


def test_a_sample_taken_after_the_infusion_makes_no_baseline() -> None:
    rows = visit("D1", crp=None)
    rows["lab_results"].append(lab("D1", "CRP", "15.0", "mg/L", COLLTM="1500"))
    found = trial(rows, visit("W4"))
    assert at(found, "scores", 1, "das28_crp", "das28_crp_before", "das28_esr_before") == (
        "5.62",
        False,
        True,
    )
    assert at(found, "response", 5, "base_crp", "base_das28_crp", "base_das28_esr") == (None, None, "6.15")
    assert at(found, "response", 5, "eular_crp", "eular_esr") == (None, "NO RESPONSE")


def test_eular_judges_the_stored_scores_of_its_own_variant() -> None:
    cases = against(
        {
            "low": ({}, {"tjc": 2, "sjc": 1, "ptga": "20", "crp": "3.0", "esr": "12"}),
            "ESR stays": ({}, {"tjc": 2, "sjc": 1, "ptga": "20", "crp": "3.0", "esr": "80"}),
        }
    )
    assert cases.at("response", 7, "das28_crp", "das28_esr", "eular_crp", "eular_esr") == {
        "low": ("2.81", "3.09", "GOOD RESPONSE", "GOOD RESPONSE"),
        "ESR stays": ("2.81", "4.42", "GOOD RESPONSE", "MODERATE RESPONSE"),
    }


def test_a_subject_that_was_never_infused_has_no_answer() -> None:
    rows: Rows = together(
        subject(infused=None, visits={"W4": "01-MAR-2027"}), visit("SCR"), visit("W4", 1, 1)
    )
    assert at(Trial(rows), "response", 5, *ACR, "eular_crp", "counts_improved") == (None,) * 5


def test_only_visits_of_the_study_with_responses_have_a_row() -> None:
    found = trial(visit("SCR"), visit("D1"), visit("W4"), visit("W12"))
    assert found.derived("response")["VISITNUM"].to_list() == [5.0, 7.0]


def test_an_impossible_scale_value_is_no_baseline() -> None:
    found = trial(visit("D1", ptga=None), {"edc_ptga": [scale("PTGA", "D1", "130")]}, visit("W4"))
    assert at(found, "response", 5, "base_ptga", "base_das28_crp", "base_phga") == (None, None, "55")


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("rescue.rule", "response"),
        ("acr.apr", "response"),
        ("censored.in_scores", "components"),
        ("rs.source", "RS"),
    ],
)
def test_a_setting_that_the_engine_does_not_know_is_refused_by_name(name: str, table: str) -> None:
    found = trial(visit("D1"), visit("W4"), settings={name: "SOMETHING ELSE"})
    with pytest.raises(SpecError, match=rf"settings\.{name}.*choose "):
        found.built(table) if table == "RS" else found.derived(table)
