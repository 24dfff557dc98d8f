"""Results of the central laboratory through the study's catalogue: tests, units, words, ranges."""

from __future__ import annotations

import pytest

from tests.unit.domains.draws import VISITS, draw, fates, lab, result
from tests.unit.domains.test_unblinded import UnblindedTrial, treated
from tests.unit.domains.trial import Row, Trial, subject


def test_a_result_becomes_a_record_with_the_catalogues_facts() -> None:
    trial = lab(
        result(
            "5.30",
            LABTESTCD="WBC",
            UNIT="G/L",
            REFLO="4.00",
            REFHI="11.00",
            LOINC="26464-8",
            LABNAM="LAB",
            FAST="Y",
        )
    )
    names = (
        "LBREFID",
        "LBSPID",
        "LBTESTCD",
        "LBTEST",
        "LBCAT",
        "LBSPEC",
        "LBLOINC",
        "LBNAM",
        "LBFAST",
        "VISITNUM",
        "LBDTC",
    )
    assert trial.records("LB", *names) == [
        (
            "A1",
            "A1-WBC-0",
            "WBC",
            "Leukocytes",
            "HEMATOLOGY",
            "BLOOD",
            "26464-8",
            "LAB",
            "Y",
            3.0,
            "2027-02-08",
        )
    ]
    results = ("LBORRES", "LBORRESU", "LBSTRESC", "LBSTRESN", "LBSTRESU", "LBSTNRLO", "LBSTNRHI", "LBNRIND")
    assert trial.records("LB", *results) == [("5.30", "10^9/L", "5.30", 5.3, "10^9/L", 4.0, 11.0, "NORMAL")]


def test_another_unit_is_converted_exactly_and_its_limits_unrounded() -> None:
    trial = lab(result("95", LABTESTCD="GLUC", SPECIMEN="SER", UNIT="mg/dL", REFLO="70", REFHI="90"))
    results = ("LBORRES", "LBORRESU", "LBSTRESC", "LBSTRESN", "LBSTRESU", "LBSTNRLO", "LBSTNRHI", "LBNRIND")
    assert trial.records("LB", *results) == [("95", "mg/dL", "5.3", 5.3, "mmol/L", 3.88549, 4.99563, "HIGH")]


@pytest.mark.parametrize(
    ("value", "unit", "standard", "number"),
    [
        ("<0.05", "mg/dL", "<0.5", None),
        ("12.40", "mg/L", "12.40", 12.4),
        ("> 60", "mg/L", "> 60", None),
        ("1.2E1", "mg/L", "1.2E1", 12.0),
    ],
)
def test_censored_and_unusual_numbers(value: str, unit: str, standard: str, number: float | None) -> None:
    trial = lab(result(value, LABTESTCD="CRP", SPECIMEN="SER", UNIT=unit))
    assert trial.records("LB", "LBORRES", "LBSTRESC", "LBSTRESN", "LBSTRESU") == [
        (value, standard, number, "mg/L")
    ]


@pytest.mark.parametrize("word", ["TNP", "qns", "Hemolyzed", "CLOTTED"])
def test_a_word_that_stands_for_no_result_is_not_done_with_that_reason(word: str) -> None:
    trial = lab(result(word, UNIT=None, REFLO="150"))
    assert trial.records(
        "LB", "LBSTAT", "LBREASND", "LBORRES", "LBSTRESC", "LBORNRLO", "LBSTNRLO", "LBNRIND"
    ) == [("NOT DONE", word.upper(), None, None, None, None, None)]


@pytest.mark.parametrize(("status", "reason"), [("F", "HEMOLYZED; RECOLLECT"), ("X", "RECOLLECT")])
def test_a_word_that_stands_for_no_result_is_told_beside_the_comment(status: str, reason: str) -> None:
    trial = lab(result("HEMOLYZED", COMMENT="recollect", RSTAT=status))
    assert trial.records("LB", "LBREASND") == [(reason,)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"UNIT": "furlong"}, "RESULT.unit_unknown"),
        ({"UNIT": None}, "RESULT.unit_missing"),
        ({"UNIT": "g/L"}, "RESULT.unit_unknown"),  # grams are not G/L
        ({"RESULT": "2,5"}, "RESULT.comma"),
        ({"RESULT": "+++"}, "RESULT.text"),
        ({"RESULT": None}, "RESULT.missing"),
        ({"LABTESTCD": "KRYPTONITE"}, "LABTESTCD"),
        ({"SPECIMEN": "UR"}, "LABTESTCD"),
        ({"VISITLBL": "SOMETIME"}, "visit_label"),
        ({"VISITLBL": None}, "visit_label"),
    ],
    ids=str,
)
def test_what_the_study_does_not_know_is_quarantined(change: Row, problem: str) -> None:
    trial = lab(result(**change) if "RESULT" not in change else result(change["RESULT"]))
    assert trial.records("LB", "LBTESTCD") == []
    assert fates(trial) == [(2, "quarantined", f"lab_results.{problem}")]


@pytest.mark.parametrize(
    ("word", "term", "indicator"),
    [
        ("NEG", "NEGATIVE", "NORMAL"),
        ("Tr", "TRACE", "NORMAL"),
        ("2+", "2+", "ABNORMAL"),
        ("POS", "POSITIVE", "ABNORMAL"),
    ],
)
def test_character_results_are_mapped_and_judged_by_the_normal_results(
    word: str, term: str, indicator: str
) -> None:
    trial = lab(result(word, LABTESTCD="PROT", SPECIMEN="UR", UNIT=None, REFTXT="NEGATIVE;TRACE"))
    found = trial.records("LB", "LBORRES", "LBSTRESC", "LBSTRESN", "LBSTNRC", "LBNRIND", "LBMETHOD")
    assert found == [(word, term, None, "NEGATIVE;TRACE", indicator, "TEST STRIP")]


def test_a_word_that_is_no_result_term_is_quarantined() -> None:
    assert fates(lab(result("PURPLE", LABTESTCD="PROT", SPECIMEN="UR", UNIT=None))) == [
        (2, "quarantined", "lab_results.RESULT.text")
    ]


@pytest.mark.parametrize(
    ("value", "standard", "number", "unit"),
    [("0-2", "0-2", None, None), ("3", "3", 3.0, "/HPF"), (">50", ">50", None, "/HPF")],
)
def test_a_count_may_be_a_range_a_number_or_a_bound(
    value: str, standard: str, number: float | None, unit: str | None
) -> None:
    trial = lab(result(value, LABTESTCD="WBC", SPECIMEN="UR", UNIT="/HPF"))
    assert trial.records("LB", "LBSTRESC", "LBSTRESN", "LBSTRESU") == [(standard, number, unit)]


def test_a_test_of_another_dataset_is_left_to_it() -> None:
    trial = lab(result("NEG", LABTESTCD="HBSAG", SPECIMEN="SER", UNIT=None))
    assert trial.records("LB", "LBTESTCD") == []
    assert trial.fates("LB") == []
    assert trial.records("MB", "MBTESTCD", "MBSTRESC") == [("HBSAG", "NEGATIVE")]


@pytest.mark.parametrize("dataset", ["LB", "IS", "MB"])
def test_antibodies_that_tell_the_treatment_reach_no_blinded_dataset(dataset: str) -> None:
    trial = lab(result("35", LABTESTCD="HLA1PRA", SPECIMEN="SER", UNIT="%", PANEL="HLA"))
    assert trial.built(dataset).records.is_empty()


def test_antibodies_that_tell_the_treatment_are_submitted_after_unblinding() -> None:
    row = result("35", LABTESTCD="HLA1PRA", SPECIMEN="SER", UNIT="%", PANEL="HLA")
    trial = UnblindedTrial(treated(), {"lab_results": [row]})
    assert trial.records("IS", "ISTESTCD", "ISSTRESN") == [("HLAIPRA", 35.0)]


def test_the_formula_of_a_filtration_rate_is_the_laboratorys_and_an_unknown_one_is_quarantined() -> None:
    rate = {"LABTESTCD": "GFRE", "SPECIMEN": "SER", "UNIT": "mL/min/1.73m2"}
    known = lab(result("74.5", METHOD="IDMS MDRD", **rate))
    assert known.records("LB", "LBANMETH", "LBSTRESC", "LBSTRESU") == [
        ("MDRD ENZYMATIC FORMULA", "74.5", "mL/min/1.73 m2")
    ]
    unknown = lab(result("74.5", METHOD="COCKCROFT", **rate))
    assert fates(unknown) == [(2, "quarantined", "lab_results.RESULT.formula")]


def test_the_baseline_is_the_last_result_before_the_infusion_and_counts_same_day_pre_dose_draws() -> None:
    trial = Trial(
        subject(visits=VISITS),
        {
            "lab_results": [
                draw("SCREENING", "20270105", "A1"),
                draw("DAY 1", "20270201", "A2"),
                draw("DAY 1", "20270201", "A3", COLLTM="0931"),
                draw("WEEK 1", "20270208", "A4"),
            ]
        },
    )
    assert [row for row in trial.records("LB", "LBREFID", "LBLOBXFL") if row[1]] == [("A2", "Y")]
    assert trial.records("LB", "LBREFID", "EPOCH", "LBDY") == [
        ("A1", "SCREENING", -27.0),
        ("A2", "SCREENING", 1.0),
        ("A3", "TREATMENT", 1.0),
        ("A4", "TREATMENT", 8.0),
    ]


def test_the_quantitation_limit_is_converted_with_the_result() -> None:
    trial = lab(result("31.0", LABTESTCD="RF", SPECIMEN="SER", UNIT="kIU/L", LLOQ="10"))
    assert trial.records("IS", "ISTESTCD", "ISORRESU", "ISSTRESN", "ISLLOQ") == [
        ("RFATAB", "IU/mL", 31.0, 10.0)
    ]
