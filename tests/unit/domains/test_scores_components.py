"""Components of the scores: joints that could be judged, scales, questionnaires, censored results, one of several."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipeline.domains.occasions import one_a_visit
from pipeline.specs.load import load_study
from tests.unit.domains.scored import ACTIVITIES, VISITS, at, haq, joints, lab, scale, trial, visit
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


@pytest.mark.parametrize(
    ("positive", "judged", "count"),
    [
        (12, 28, "12"),
        (12, 27, "336/27"),
        (27, 27, "28"),
        (7, 14, "14"),
        (0, 14, "0"),
        (5, 13, None),
        (0, 0, None),
    ],
)
def test_a_count_is_prorated_to_28_joints_down_to_half_of_them(
    positive: int, judged: int, count: str | None
) -> None:
    found = trial({"edc_jc28": [joints("W4", positive, 0, judged)]})
    assert at(found, "components", 5, "tjc") == (count,)


def test_tender_and_swollen_joints_are_prorated_apart() -> None:
    row = joints("W4", 12, 10) | {"LKN_S": "NE", "LKN_NER": "INFECTION"}
    assert at(trial({"edc_jc28": [row]}), "components", 5, "tjc", "sjc") == ("12", "280/27")


def test_an_assessment_that_was_not_performed_has_no_counts() -> None:
    row = {"VISITOID": "W4", "JCPERF": "N", "JCREASND": "SICK", "JCDAT": None}
    assert at(trial({"edc_jc28": [row]}), "components", 5, "tjc", "sjc") == (None, None)


@pytest.mark.parametrize(
    ("value", "text"), [("0", "0"), ("100", "100"), ("101", None), ("45.5", "45.5"), (None, None)]
)
def test_a_scale_counts_from_0_to_100(value: str | None, text: str | None) -> None:
    found = trial({"edc_ptga": [scale("PTGA", "W4", value)], "edc_jc28": [joints("W4", 1, 1)]})
    assert at(found, "components", 5, "ptga") == (text,)


def test_a_scale_in_centimetres_is_scored_in_millimetres() -> None:
    found = trial({"edc_ptga": [scale("PTGA", "W4", "4.5", PTGAU="cm")]})
    assert at(found, "components", 5, "ptga") == ("45",)


@pytest.mark.parametrize(
    ("value", "unit", "setting", "scored"),
    [
        ("<0.5", "mg/L", "HALF", "0.25"), ("< 0.05", "mg/dL", "HALF", "0.25"), ("<0.5", "mg/L", "LIMIT", "0.5"),
        ("<0.5", "mg/L", "MISSING", None), ("> 200", "mg/L", "HALF", "200"), (">200", "mg/L", "MISSING", "200"),
        ("1.25", "mg/dL", "HALF", "12.5"), ("12.40", "mg/L", "HALF", "12.4"),
    ],
)  # fmt: skip
def test_a_censored_result_counts_in_scores_as_the_study_says(
    value: str, unit: str, setting: str, scored: str | None
) -> None:
    found = trial({"lab_results": [lab("W4", "CRP", value, unit)]}, settings={"censored__in_scores": setting})
    assert at(found, "components", 5, "crp") == (scored,)


def test_a_cancelled_result_is_no_component() -> None:
    found = trial({"lab_results": [lab("W4", "CRP", "QNS", "mg/L")], "edc_jc28": [joints("W4", 1, 1)]})
    assert at(found, "components", 5, "crp", "crp_dtc") == (None, None)


@pytest.mark.parametrize(
    ("missing", "score"),
    [
        ((), "1.000"),
        (("REACH", "GRIP"), "1.000"),
        (("REACH", "GRIP", "EATING"), None),
        (tuple(ACTIVITIES), None),
    ],
)
def test_the_disability_index_needs_six_categories(missing: tuple[str, ...], score: str | None) -> None:
    found = trial({"edc_haq": [haq("W4", 1, 20, missing=missing)]})
    assert at(found, "haq_di", 5, "haq_di") == (score,)
    assert at(found, "components", 5, "haq", "pain") == (score, "20")


@pytest.mark.parametrize("setting", ["CHECKED", "YN"])
def test_aids_raise_their_category_whatever_word_the_box_has(setting: str, specs_with: Made) -> None:
    row = haq(
        "W4", 1, 20, HAQ10=1, HAQ45=1, HAQ17=1
    )  # cane, help with errands, another aid that nobody has assigned
    found = specs_with({"haq.checkbox": setting}, {"edc_haq": [row]})
    columns = [name.lower().replace(" ", "_") for name in ACTIVITIES]
    assert at(found, "haq_di", 5, *columns, "haq_di") == (1, 1, 1, 2, 1, 1, 1, 2, "1.250")


def test_an_aid_in_the_subjects_words_counts_once_a_person_has_assigned_it(specs_with: Made) -> None:
    row = haq("W4", 1, 20, HAQ17=1, HAQ18="Reacher from the shop")
    found = specs_with({}, {"edc_haq": [row]}, other_aids="REACHER FROM THE SHOP,EATING\n")
    assert at(found, "haq_di", 5, "eating", "dressing_and_grooming", "haq_di") == (2, 1, "1.125")


def test_of_two_draws_of_a_visit_the_last_one_counts_but_not_one_after_the_infusion() -> None:
    later = lab("W4", "CRP", "7.0", "mg/L", ACCESSN="B", COLLTM="1100")
    after = lab("D1", "CRP", "9.0", "mg/L", ACCESSN="C", COLLTM="1500")
    found = trial(together(visit("D1"), visit("W4"), {"lab_results": [later, after]}))
    assert at(found, "components", 1, "crp", "crp_dtc", "crp_before", "crp_baseline") == (
        "15",
        "2027-02-01T08:00",
        True,
        True,
    )
    assert at(found, "components", 5, "crp", "crp_before", "crp_baseline") == ("7", False, False)


def test_a_visit_with_one_component_has_a_row_and_the_rest_is_null() -> None:
    found = trial({"edc_phga": [scale("PHGA", "W4", "30")]})
    assert at(found, "components", 5, "phga", "tjc", "haq", "crp", "joints_dtc") == (
        "30",
        None,
        None,
        None,
        None,
    )
    assert at(found, "scores", 5, "das28_crp", "das28_esr", "cdai", "sdai") == (None, None, None, None)


def test_indices_of_a_whole_visit() -> None:
    found = trial(visit("W4", 12, 10, ptga="60", phga="55", crp="15.0", esr="35"))
    names = ("das28_crp", "das28_crp_activity", "das28_esr", "cdai", "cdai_activity", "sdai", "sdai_activity")
    assert at(found, "scores", 5, *names) == ("5.62", "HIGH", "6.15", "33.5", "HIGH", "35.00", "HIGH")


def test_an_esr_below_one_counts_as_one_and_a_missing_component_leaves_only_its_own_indices_open() -> None:
    found = trial(visit("W4", 1, 0, ptga="5", phga=None, crp=None, esr="0"))
    assert at(found, "scores", 5, "das28_crp", "das28_esr", "cdai", "sdai") == (None, "0.63", None, None)


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
            "USUBJID": ["A"] * 4, "VISITNUM": [1.0] * 4, "before": [True, True, False, False],
            "dtc": ["2027-01-01", "2027-01-02", "2027-01-03", "2027-01-04"], "seq": [1, 2, 3, 4], "good": [True, True, True, None],
        }
    )  # fmt: skip
    assert one_a_visit(rows, [pl.col("good")])["seq"].to_list() == [2]
    assert one_a_visit(rows.with_columns(good=pl.col("seq") == 4), [pl.col("good")])["seq"].to_list() == [4]
