"""Components of the scores: joints that could be judged, scales, questionnaires, censored results, one of several."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipeline.domains.occasions import one_a_visit
from pipeline.errors import SpecError
from pipeline.specs.load import load_study
from tests.unit.domains.scored import ACTIVITIES, VISITS, Cases, at, haq, joints, lab, scale, trial, visit
from tests.unit.domains.trial import Rows, Trial, copied, subject, together

Made = Callable[..., Trial]


@pytest.fixture
def specs_with(tmp_path: Path) -> Made:
    """A trial of a study whose files say something else about settings and assigned aids."""

    def made(settings: dict[str, str], rows: Rows, other_aids: str = "") -> Trial:
        folder = copied(tmp_path, "other")
        study = (folder / "study.yaml").read_text()
        for name, value in settings.items():
            study, found = re.subn(rf"(  {re.escape(name)}: {{value: )'[^']*'", rf"\1'{value}'", study)
            assert found == 1
        (folder / "study.yaml").write_text(study)
        (folder / "tables" / "haq_other_aid.csv").write_text(f"text,category\n{other_aids}")
        return Trial(together(subject(visits=VISITS), rows), spec_=load_study(tmp_path, "other"))

    return made


def test_a_count_is_prorated_to_28_joints_down_to_half_of_them() -> None:
    counts = {
        (12, 28): "12", (12, 27): "336/27", (27, 27): "28", (7, 14): "14", (0, 14): "0", (5, 13): None, (0, 0): None,
    }  # fmt: skip
    cases = Cases(
        {(found, judged): {"edc_jc28": [joints("W4", found, 0, judged)]} for found, judged in counts}
    )
    assert cases.at("components", 5, "tjc") == counts


def test_tender_and_swollen_joints_are_prorated_apart_and_one_assessment_is_not_mixed_with_another() -> None:
    apart = joints("W4", 12, 10) | {"LKN_S": "NE", "LKN_NER": "INFECTION"}
    not_done = {"VISITOID": "W4", "JCPERF": "N", "JCREASND": "SICK", "JCDAT": None}
    again = joints("W4", 4, 3) | {"JCDAT": "02-MAR-2027", "RECORDID": "JC28-AGAIN"}
    forms = {
        "apart": [apart],
        "not done": [not_done],
        "two": [joints("W4", 8, 6), again],
        "and none": [again, not_done],
    }
    cases = Cases({name: {"edc_jc28": rows} for name, rows in forms.items()})
    assert cases.at("components", 5, "tjc", "sjc", "joints_dtc") == {
        "apart": ("12", "280/27", "2027-03-01"),
        "not done": (None, None, None),
        "two": ("4", "3", "2027-03-02"),
        "and none": ("4", "3", "2027-03-02"),
    }


def test_a_scale_counts_from_0_to_100_mm() -> None:
    values = {
        ("0", "mm"): "0",
        ("100", "mm"): "100",
        ("101", "mm"): None,
        ("45.5", "mm"): "45.5",
        ("4.5", "cm"): "45",
    }
    forms = {(mark, unit): {"edc_ptga": [scale("PTGA", "W4", mark, PTGAU=unit)]} for mark, unit in values}
    assert Cases(forms).at("components", 5, "ptga") == values


@pytest.mark.parametrize(
    ("setting", "below"), [("HALF", ("0.25", "0.25")), ("LIMIT", ("0.5", "0.5")), ("MISSING", (None, None))]
)
def test_a_censored_result_counts_in_scores_as_the_study_says(
    setting: str, below: tuple[str | None, str | None]
) -> None:
    values = {("<0.5", "mg/L"): below[0], ("< 0.05", "mg/dL"): below[1], ("> 200", "mg/L"): "200"}
    values |= {("1.25", "mg/dL"): "12.5", ("12.40", "mg/L"): "12.4", ("QNS", "mg/L"): None}
    draws = {(text, unit): {"lab_results": [lab("W4", "CRP", text, unit)]} for text, unit in values}
    for rows in draws.values():
        rows["edc_phga"] = [scale("PHGA", "W4", "5")]
    assert Cases(draws, {"censored.in_scores": setting}).at("components", 5, "crp") == values


def test_the_disability_index_needs_six_categories() -> None:
    scores = {(): "1.000", ("GRIP",): "1.000", ("REACH", "GRIP"): "1.000", ("REACH", "GRIP", "EATING"): None}
    scores |= {tuple(ACTIVITIES): None}
    cases = Cases({missing: {"edc_haq": [haq("W4", 1, 20, missing=missing)]} for missing in scores})
    assert cases.at("haq_di", 5, "haq_di") == scores
    assert cases.at("components", 5, "haq", "pain") == {
        missing: (score, "20") for missing, score in scores.items()
    }


@pytest.mark.parametrize("setting", ["CHECKED", "YN"])
def test_aids_raise_their_category_whatever_word_the_box_has(setting: str, specs_with: Made) -> None:
    row = haq(
        "W4", 1, 20, HAQ10=1, HAQ45=1, HAQ17=1
    )  # cane, help with errands, and an aid that nobody has assigned
    found = specs_with({"haq.checkbox": setting}, {"edc_haq": [row]})
    columns = [name.lower().replace(" ", "_") for name in ACTIVITIES]
    assert at(found, "haq_di", 5, *columns, "haq_di") == (1, 1, 1, 2, 1, 1, 1, 2, "1.250")
    cane = found.built("QS").records.filter(pl.col("QSTESTCD") == "HAQ0110")["QSSTRESC"].to_list()
    assert cane == ["Y" if setting == "YN" else "CHECKED"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("haq.checkbox", "TICKED", "HAQ_TICKED"),
        ("rescue.rule", "NEITHER", r"settings\.rescue\.rule"),
        ("race.coefficient", "SOME", r"settings\.race\.coefficient"),
    ],
)
def test_an_unknown_value_is_refused_when_the_study_is_read(
    name: str, value: str, told: str, specs_with: Made
) -> None:
    with pytest.raises(SpecError, match=told):
        specs_with({name: value}, {})


def test_an_aid_in_the_subjects_words_counts_once_a_person_has_assigned_it(specs_with: Made) -> None:
    row = haq("W4", 1, 20, HAQ17=1, HAQ18="Reacher from the shop")
    found = specs_with({}, {"edc_haq": [row]}, other_aids="REACHER FROM THE SHOP,EATING\n")
    assert at(found, "haq_di", 5, "eating", "dressing_and_grooming", "haq_di") == (2, 1, "1.125")


def test_of_two_draws_of_a_visit_the_last_one_counts_but_not_one_after_the_infusion() -> None:
    later = lab("W4", "CRP", "7.0", "mg/L", ACCESSN="B", COLLTM="1100")
    after = lab("D1", "CRP", "9.0", "mg/L", ACCESSN="C", COLLTM="1500")
    found = trial(visit("D1"), visit("W4"), {"lab_results": [later, after]})
    facts = ("crp", "crp_dtc", "crp_before", "crp_baseline")
    assert at(found, "components", 1, *facts) == ("15", "2027-02-01T08:00", True, True)
    assert at(found, "components", 5, *facts) == ("7", "2027-03-01T11:00", False, False)


def test_each_index_needs_its_own_components() -> None:
    cases = Cases(
        {
            "all": visit("W4", 12, 10, ptga="60", phga="55", crp="15.0", esr="35"),
            "no physician, no CRP, ESR 0": visit("W4", 1, 0, ptga="5", phga=None, crp=None, esr="0"),
            "prorated": visit("W4", 12, 10, judged=27, esr=None),
            "thirteen joints": visit("W4", 5, 5, judged=13),
            "scale only": {"edc_phga": [scale("PHGA", "W4", "30")]},
        }
    )
    assert cases.at(
        "scores", 5, "das28_crp", "das28_crp_activity", "das28_esr", "cdai", "sdai", "sdai_activity"
    ) == {
        "all": ("5.62", "HIGH", "6.15", "33.5", "35.00", "HIGH"),
        "no physician, no CRP, ESR 0": (None, None, "0.63", None, None, None),
        "prorated": ("5.68", "HIGH", None, "34.3", "35.81", "HIGH"),
        "thirteen joints": (None, None, None, None, None, None),
        "scale only": (None, None, None, None, None, None),
    }


def test_unplanned_visits_have_scores_of_their_own() -> None:
    loose = {"VISITOID": "UNS", "FORMREPEAT": 1}
    forms = {
        "edc_jc28": [joints("W8", 3, 1) | loose],
        "edc_ptga": [scale("PTGA", "W8", "20") | loose],
        "edc_phga": [scale("PHGA", "W8", "10") | loose],
    }
    found = trial(forms)
    assert at(found, "scores", 5.01, "cdai", "dtc") == ("7.0", "2027-03-29")
    derived = (
        found.built("RS")
        .records.select("RSTESTCD", "RSSTRESC", "RSDRVFL", "VISITNUM", "VISIT", "RSDTC")
        .rows()
    )
    assert derived == [("CDAIRA", "7.0", "Y", 5.01, "UNSCHEDULED 5.01", "2027-03-29")]


def test_one_a_visit_takes_the_better_then_the_earlier_phase_then_the_later_row() -> None:
    rows = pl.DataFrame(
        {
            "USUBJID": ["A"] * 4,
            "VISITNUM": [1.0] * 4,
            "before": [True, True, False, False],
            "dtc": ["2027-01-01", "2027-01-02", "2027-01-03", "2027-01-04"],
            "seq": [1, 2, 3, 4],
            "good": [True, True, True, None],
        }
    )
    assert one_a_visit(rows, [pl.col("good")])["seq"].to_list() == [2]
    assert one_a_visit(rows.with_columns(good=pl.col("seq") == 4), [pl.col("good")])["seq"].to_list() == [4]
