"""Forms with one column an item: what becomes a record, what NOT DONE, what a question to the site."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.domains.trial import Row, Trial, subject

W4 = {"W4": "01-MAR-2027", "W12": "26-APR-2027", "W14": "10-MAY-2027"}


def forms(**rows: list[Row]) -> Trial:
    return Trial(subject(visits=W4), rows)


def haq(**answers: Any) -> Trial:
    return forms(
        edc_haq=[{"VISITOID": "W4", "HAQPERF": "Y", "HAQDAT": "01-MAR-2027", "HAQTIM": "08:00", **answers}]
    )


def item(trial: Trial, code: str, *columns: str) -> tuple[Any, ...]:
    names = columns or ("QSORRES", "QSSTRESC", "QSSTRESN", "QSSTAT", "QSREASND")
    ((_, *found),) = [row for row in trial.records("QS", "QSTESTCD", *names) if row[0] == code]
    return tuple(found)


def test_an_activity_is_printed_as_on_the_form_and_scored() -> None:
    trial = haq(HAQ01="2")
    assert item(trial, "HAQ0101") == ("With MUCH difficulty", "2", 2.0, None, None)
    facts = ("QSTEST", "QSCAT", "QSSCAT", "QSEVLINT", "QSDTC", "VISITNUM", "QSDY", "EPOCH")
    assert item(trial, "HAQ0101", *facts) == (
        "HAQ01-Dress Yourself", "HAQ-DI WITH VAS", "DRESSING AND GROOMING", "-P7D", "2027-03-01T08:00", 5.0, 29.0,
        "TREATMENT",
    )  # fmt: skip


def test_a_box_is_a_word_without_a_number() -> None:
    assert item(haq(HAQ10="1"), "HAQ0110") == ("CHECKED", "CHECKED", None, None, None)
    assert item(haq(HAQ10="0"), "HAQ0110")[0] == "NOT CHECKED"


def test_a_blank_item_of_an_answered_questionnaire_is_not_done_because_it_was_not_answered() -> None:
    trial = haq(HAQ01="0")
    assert item(trial, "HAQ0102") == (None, None, None, "NOT DONE", "NOT ANSWERED")
    assert len(trial.records("QS", "QSTESTCD")) == 44
    assert trial.rules("QS") == []


def test_words_for_another_aid_are_asked_only_when_the_aid_is_ticked() -> None:
    asked = haq(HAQ17="1")
    assert item(asked, "HAQ0118") == (None, None, None, "NOT DONE", "NOT ANSWERED")
    assert "HAQ0141" not in {code for (code,) in asked.records("QS", "QSTESTCD")}
    assert item(haq(HAQ17="1", HAQ18="reacher"), "HAQ0118")[0] == "reacher"


def test_a_questionnaire_that_was_not_filled_in_is_not_done_item_by_item_with_the_reason_of_the_form() -> (
    None
):
    trial = forms(edc_haq=[{"VISITOID": "W4", "HAQPERF": "N", "HAQREASND": "device broken"}])
    assert set(trial.records("QS", "QSSTAT", "QSREASND", "QSORRES")) == {("NOT DONE", "DEVICE BROKEN", None)}
    assert len(trial.records("QS", "QSTESTCD")) == 44


def test_an_answer_that_the_list_does_not_know_leaves_alone_and_names_the_item_but_not_the_answer() -> None:
    trial = haq(HAQ01="7", HAQ02="1")
    assert "HAQ0101" not in {code for (code,) in trial.records("QS", "QSTESTCD")}
    assert item(trial, "HAQ0102")[1] == "1"
    assert trial.built("QS").set_aside.select("source", "line", "fate", "rule", "reason").rows() == [
        ("edc_haq", 2, "quarantined", "QS.result.code", "the answer in HAQ01 is not usable (code)")
    ]


def scale(**form: Any) -> Trial:
    return forms(edc_ptga=[{"VISITOID": "W4", "PTGAPERF": "Y", "PTGADAT": "01-MAR-2027", **form}])


@pytest.mark.parametrize(
    ("value", "unit", "standard", "number"),
    [
        ("56", "mm", "56", 56.0),
        ("5.6", "cm", "56", 56.0),
        ("5.65", "cm", "57", 57.0),
        ("10.0", "cm", "100", 100.0),
        ("0", "cm", "0", 0.0),
    ],
)
def test_a_mark_in_centimetres_keeps_its_text_and_is_submitted_in_millimetres(
    value: str, unit: str, standard: str, number: float
) -> None:
    trial = scale(PTGAVAS=value, PTGAU=unit)
    assert trial.records("QS", "QSORRES", "QSORRESU", "QSSTRESC", "QSSTRESN", "QSSTRESU") == [
        (value, unit, standard, number, "mm")
    ]


def test_a_mark_without_a_unit_is_quarantined() -> None:
    trial = scale(PTGAVAS="56")
    assert trial.records("QS", "QSTESTCD") == []
    assert ("edc_ptga", 2, "quarantined", "QS.result.unit_missing") in trial.fates("QS")


def test_a_blank_scale_without_a_reason_makes_no_record_but_a_question() -> None:
    trial = scale()
    assert trial.records("QS", "QSTESTCD") == []
    assert trial.rules("QS") == [("QS.blank", 2)]
    assert trial.fates("QS") == [("edc_ptga", 2, "not submitted", "edc_ptga.empty")]


def test_a_blank_scale_with_a_reason_is_not_done() -> None:
    for form in ({"PTGAPERF": "N", "PTGAREASND": "refused"}, {"PTGAREASND": "refused"}):
        assert scale(**form).records("QS", "QSSTAT", "QSREASND", "QSORRESU") == [
            ("NOT DONE", "REFUSED", None)
        ]


def response(**form: Any) -> Trial:
    return forms(edc_dar=[{"VISITOID": "W4", "DARDAT": "01-MAR-2027", **form}])


def test_indices_stay_as_the_form_shows_them_and_responses_name_their_evaluator() -> None:
    trial = response(DAS28CRP="3.50", ACR20="Y", EULCRP="M")
    assert trial.records("RS", "RSTESTCD", "RSORRES", "RSSTRESC", "RSSTRESN", "RSEVAL") == [
        ("ACR20", "Y", "Y", None, "INVESTIGATOR"),
        ("DAS28CRP", "3.50", "3.50", 3.5, None),
        ("EULRCRP", "MODERATE RESPONSE", "MODERATE RESPONSE", None, "INVESTIGATOR"),
    ]
    assert trial.rules("RS") == []


def test_an_undetermined_response_is_not_done_because_components_are_missing() -> None:
    assert response(ACR50="U").records("RS", "RSTESTCD", "RSORRES", "RSSTAT", "RSREASND") == [
        ("ACR50", None, "NOT DONE", "COMPONENTS MISSING")
    ]


def test_a_form_without_any_value_is_set_aside() -> None:
    trial = response()
    assert trial.records("RS", "RSTESTCD") == []
    assert trial.fates("RS") == [("edc_dar", 2, "not submitted", "edc_dar.empty")]


def test_only_the_decision_of_week_12_makes_a_record() -> None:
    trial = forms(
        edc_resc=[
            {"VISITOID": "W12", "RESTJSJ": "N", "RESDAT": "26-APR-2027"},
            {"VISITOID": "W14", "RESTJSJ": "N", "RESDAT": "10-MAY-2027"},
        ]
    )
    assert trial.records("RS", "RSTESTCD", "VISITNUM", "RSSTRESC") == [("TJSJ20", 7.0, "N")]
    assert trial.fates("RS") == [("edc_resc", 3, "not submitted", "edc_resc.VISITOID")]


def test_whole_numbers_of_a_form_are_results_too() -> None:
    trial = forms(edc_racc=[{"VISITOID": "SCR", "RACCA": 5, "RACCB": 0, "RACCDAT": "05-JAN-2027"}])
    assert trial.records("RS", "RSTESTCD", "RSORRES", "RSSTRESN") == [("ACRA", "5", 5.0), ("ACRB", "0", 0.0)]
    assert [line for _, line in trial.rules("RS")] == [2, 2, 2]  # C, D and the total are blank


def test_responses_are_never_a_baseline_and_indices_are() -> None:
    forms_ = {
        "edc_dar": [
            {"VISITOID": "SCR", "DARDAT": "05-JAN-2027", "CDAI": "20.0", "ACR20": "N"},
            {"VISITOID": "D1", "DARDAT": "01-FEB-2027", "CDAI": "21.0"},
        ]
    }
    found = forms(**forms_).records("RS", "RSTESTCD", "VISITNUM", "RSLOBXFL")
    assert found == [("ACR20", 0.0, None), ("CDAIRA", 0.0, None), ("CDAIRA", 1.0, "Y")]


def vitals(*rows: Row) -> Trial:
    return forms(edc_vs=[{"VISITOID": "W4", "VSPERF": "Y", "VSDAT": "01-MAR-2027", **row} for row in rows])


def vital(trial: Trial, code: str) -> tuple[Any, ...]:
    names = ("VSORRES", "VSORRESU", "VSSTRESC", "VSSTRESN", "VSSTRESU", "VSDRVFL")
    ((_, *found),) = [row for row in trial.records("VS", "VSTESTCD", *names) if row[0] == code]
    return tuple(found)


@pytest.mark.parametrize(
    ("given", "code", "expected"),
    [
        ({"TEMP": "98.6", "TEMPU": "F"}, "TEMP", ("98.6", "F", "37.0", 37.0, "C", None)),
        ({"TEMP": "36.9", "TEMPU": "C"}, "TEMP", ("36.9", "C", "36.9", 36.9, "C", None)),
        ({"WEIGHT": "154", "WEIGHTU": "lb"}, "WEIGHT", ("154", "LB", "69.9", 69.9, "kg", None)),
        ({"HEIGHT": "65", "HEIGHTU": "in"}, "HEIGHT", ("65", "in", "165.1", 165.1, "cm", None)),
        ({"SYSBP": "120"}, "SYSBP", ("120", "mmHg", "120", 120.0, "mmHg", None)),
        (
            {"WEIGHT": "70.0", "WEIGHTU": "kg", "HEIGHT": "170", "HEIGHTU": "cm"},
            "BMI",
            (None, None, "24.2", 24.2, "kg/m2", "Y"),
        ),
    ],
)
def test_measurements_in_any_declared_unit(given: Row, code: str, expected: tuple[Any, ...]) -> None:
    assert vital(vitals(given), code) == expected


def test_an_unknown_unit_or_a_word_is_no_measurement() -> None:
    trial = vitals({"WEIGHT": "11", "WEIGHTU": "stone", "PULSE": "fast"})
    assert not {"WEIGHT", "PULSE"} & {code for (code,) in trial.records("VS", "VSTESTCD")}
    rules = {rule for _, _, fate, rule in trial.fates("VS") if fate == "quarantined"}
    assert rules == {"VS.result.unit_unknown", "VS.result.text"}


def test_time_points_are_planned_and_only_those_before_the_infusion_are_screening() -> None:
    on_day_1 = {
        "VISITOID": "D1",
        "VSDAT": "01-FEB-2027",
        "SYSBP": "120",
        "DIABP": "80",
        "PULSE": "70",
        "RESP": "14",
    }
    trial = vitals({**on_day_1, "VSTPT": "PRE"}, {**on_day_1, "VSTPT": "15"})
    found = trial.records(
        "VS", "VSTESTCD", "VSTPT", "VSTPTNUM", "VSELTM", "VSTPTREF", "VSRFTDTC", "EPOCH", "VSLOBXFL"
    )
    assert [row[1:] for row in found if row[0] == "SYSBP"] == [
        ("PRE-DOSE", 0.0, None, "START OF INFUSION", "2027-02-01T09:30", "SCREENING", "Y"),
        (
            "15 MIN AFTER START OF INFUSION",
            15.0,
            "PT15M",
            "START OF INFUSION",
            "2027-02-01T09:30",
            "TREATMENT",
            None,
        ),
    ]


def joints(**form: Any) -> Trial:
    sides = [f"{side}{joint}_{sign}" for side in "RL" for joint in JOINTS for sign in "TS"]
    return forms(
        edc_jc28=[
            {"VISITOID": "W4", "JCPERF": "Y", "JCDAT": "01-MAR-2027", **dict.fromkeys(sides, "0"), **form}
        ]
    )


JOINTS = ("SH", "EL", "WR", "KN", "IP1", *(f"MCP{n}" for n in range(1, 6)), *(f"PIP{n}" for n in range(2, 6)))


def counts(trial: Trial) -> list[tuple[Any, ...]]:
    found = trial.records("MK", "MKTESTCD", "MKORRES", "MKSTRESC", "MKSTRESN", "MKDRVFL")
    return [row for row in found if row[0].endswith("28")]


def test_the_count_of_the_form_is_submitted_even_where_the_joints_say_otherwise() -> None:
    trial = joints(RSH_T="1", TJC28=9, SJC28=0)
    assert counts(trial) == [("SJC28", "0", "0", 0.0, None), ("TJC28", "9", "9", 9.0, None)]
    assert len(trial.records("MK", "MKTESTCD")) == 58


def test_a_count_that_the_form_lacks_is_summed_from_28_assessed_joints() -> None:
    assert counts(joints(RSH_T="1", LKN_T="1", SJC28=0))[1] == ("TJC28", None, "2", 2.0, "Y")
    assert counts(joints(RSH_T="NE", LKN_T="1", SJC28=0)) == [("SJC28", "0", "0", 0.0, None)]


def test_a_joint_that_cannot_be_assessed_is_not_done_with_its_reason() -> None:
    trial = joints(RSH_T="NE", RSH_S="NE", RSH_NER="replaced", LKN_T="NE", TJC28=0, SJC28=0)
    found = trial.records("MK", "MKLOC", "MKLAT", "MKTESTCD", "MKORRES", "MKSTAT", "MKREASND")
    assert [row for row in found if row[4]] == [
        ("SHOULDER JOINT", "RIGHT", "SWLLIND", None, "NOT DONE", "REPLACED"),
        ("KNEE JOINT", "LEFT", "TNDRIND", None, "NOT DONE", None),
        ("SHOULDER JOINT", "RIGHT", "TNDRIND", None, "NOT DONE", "REPLACED"),
    ]
