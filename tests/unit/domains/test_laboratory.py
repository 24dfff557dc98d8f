"""The central laboratory's file: which row counts, what a result becomes, and where a draw belongs."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from pipeline.domains.lab_revisions import current_results, shared_accessions
from tests.unit.domains.test_visits import draw
from tests.unit.domains.trial import ONE, TWO, Row, Rows, Trial, spec, subject, typed

VISITS = {"W1": "08-FEB-2027", "W4": "01-MAR-2027"}


def result(value: str | None = "200", **more: Any) -> Row:
    return draw("WEEK 1", "20270208", RESULT=value, **more)


def lab(*rows: Row, **forms: list[Row]) -> Trial:
    return Trial(subject(visits=VISITS), {"lab_results": list(rows), **forms})


def fates(trial: Trial, dataset: str = "LB") -> list[tuple[int, str, str]]:
    return [
        (line, fate, rule) for source, line, fate, rule in trial.fates(dataset) if source == "lab_results"
    ]


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


@pytest.mark.parametrize(
    ("rows", "kept", "lost"),
    [
        # revisions
        ([{"REVNO": 0}, {"REVNO": 1, "RSTAT": "C", "RESULT": "210"}], [3], [(2, "superseded", "revision")]),
        ([{"REVNO": 2, "RSTAT": "C"}, {"REVNO": 10, "RSTAT": "C"}], [3], [(2, "superseded", "revision")]),
        # a preliminary result never counts, however high its revision
        ([{"RSTAT": "P", "REVNO": 5}, {"REVNO": 0}], [3], [(2, "superseded", "preliminary")]),
        ([{"RSTAT": "P"}], [], [(2, "superseded", "preliminary")]),
        # cancelled after a final result
        ([{}, {"RSTAT": "X", "REVNO": 1, "RESULT": None}], [3], [(2, "superseded", "revision")]),
        # the same result twice: the later report counts, whatever form its date has
        ([{"RPTDT": "20270301"}, {"RPTDT": "20270302"}], [3], [(2, "superseded", "repeat")]),
        ([{"RPTDT": "20270301"}, {"RPTDT": "28FEB2027"}], [2], [(3, "superseded", "repeat")]),
        ([{"RPTDT": "20270301T1000"}, {"RPTDT": "01MAR2027T0900"}, {"RPTDT": None}], [2],
         [(3, "superseded", "repeat"), (4, "superseded", "repeat")]),
        ([{}, {}], [2], [(3, "superseded", "repeat")]),
        # one revision with two results: neither counts, and no older one takes over
        ([{"REVNO": 0, "RESULT": "190"}, {"REVNO": 1}, {"REVNO": 1, "RESULT": "201"}], [],
         [(2, "superseded", "revision"), (3, "quarantined", "contradiction"), (4, "quarantined", "contradiction")]),
        ([{}, {"RSTAT": "X"}], [], [(2, "quarantined", "contradiction"), (3, "quarantined", "contradiction")]),
        ([{}, {"UNIT": "T/L"}], [], [(2, "quarantined", "contradiction"), (3, "quarantined", "contradiction")]),
        # two specimens, two tests and two draws are different results
        ([{"LABTESTCD": "PROT", "SPECIMEN": "SER"}, {"LABTESTCD": "PROT", "SPECIMEN": "UR"}], [2, 3], []),
        ([{}, {"ACCESSN": "A2"}], [2, 3], []),
        # an accession of two subjects is nobody's
        ([{}, {"SUBJID": TWO}, {"ACCESSN": "A2"}], [4],
         [(2, "quarantined", "accession"), (3, "quarantined", "accession")]),
    ],
)  # fmt: skip
def test_which_row_counts(rows: list[Row], kept: list[int], lost: list[tuple[int, str, str]]) -> None:
    roles = spec().study.laboratory
    frame = typed(
        "lab_results",
        [
            result(value=row.get("RESULT", "200"), **{k: v for k, v in row.items() if k != "RESULT"})
            for row in rows
        ],
    )
    current, aside = current_results(roles, frame, shared_accessions(roles, frame.lazy()))
    assert current["_line"].to_list() == kept
    assert aside.sort("line").select("line", "fate", pl.col("rule").str.split(".").list.last()).rows() == lost


def test_a_cancellation_after_a_final_result_is_not_done_with_the_laboratorys_comment() -> None:
    trial = lab(result("200"), result(None, RSTAT="X", REVNO=1, COMMENT="sample lost"))
    assert trial.records("LB", "LBSTAT", "LBREASND", "LBSTRESC", "LBSPID") == [
        ("NOT DONE", "SAMPLE LOST", None, "A1-PLAT-1")
    ]


def test_an_accession_of_two_subjects_is_quarantined_in_every_block_of_subjects() -> None:
    from pipeline.domains.records import Block

    rows: Rows = {"lab_results": [result(), result(SUBJID=TWO)]}
    people = (subject(visits=VISITS), subject(TWO, visits=VISITS))
    for block in (None, Block(None, TWO), Block(TWO, None)):
        trial = Trial(*people, rows, block=block)
        assert trial.records("LB", "LBSPID") == []
        assert {rule for _, _, rule in fates(trial)} == {"lab_results.accession"}


def test_blocks_of_subjects_give_the_records_of_the_whole() -> None:
    from pipeline.domains.records import Block

    people = [subject(who, visits=VISITS) for who in (ONE, TWO)]
    rows: Rows = {"lab_results": [result(SUBJID=who, ACCESSN=who) for who in (TWO, ONE)]}
    whole = Trial(*people, rows).built("LB")
    halves = [Trial(*people, rows, block=block).built("LB") for block in (Block(None, TWO), Block(TWO, None))]
    assert pl.concat([each.records for each in halves]).equals(whole.records)
    assert pl.concat([each.links for each in halves]).equals(whole.links)


def test_the_collection_form_decides_the_visit_and_a_disagreement_is_told_once_a_draw() -> None:
    form = {"edc_lbc": [{"VISITOID": "W4", "ACCESSN": "A1", "LBPERF": "Y", "LBDAT": "08-FEB-2027"}]}
    trial = lab(result(), result("9", LABTESTCD="WBC"), result(ACCESSN="A2"), **form)
    assert sorted(trial.records("LB", "LBREFID", "VISITNUM")) == [("A1", 5.0), ("A1", 5.0), ("A2", 3.0)]
    assert trial.rules("LB") == [("BX-LB-03", 2)]


def test_a_form_of_another_subject_does_not_move_a_draw() -> None:
    form = {
        "edc_lbc": [{"SUBJID": TWO, "VISITOID": "W4", "ACCESSN": "A1", "LBPERF": "Y", "LBDAT": "08-FEB-2027"}]
    }
    assert lab(result(), **form).records("LB", "VISITNUM") == [(3.0,)]


def test_an_unknown_label_is_quarantined_even_where_the_form_knows_the_visit() -> None:
    form = {"edc_lbc": [{"VISITOID": "W1", "ACCESSN": "A1", "LBPERF": "Y", "LBDAT": "08-FEB-2027"}]}
    assert fates(lab(result(VISITLBL="SOMETIME"), **form)) == [(2, "quarantined", "lab_results.visit_label")]


def test_a_panel_that_was_not_drawn_is_one_not_done_record_a_planned_category() -> None:
    form = {"edc_lbc": [{"VISITOID": "W1", "LBPERF": "N", "LBREASND": "no veins", "LBDAT": None}]}
    found = lab(**form).records("LB", "LBTESTCD", "LBCAT", "LBSTAT", "LBREASND", "LBORRES", "VISITNUM")
    assert found == [
        ("LBALL", category, "NOT DONE", "NO VEINS", None, 3.0)
        for category in ("CHEMISTRY", "COAGULATION", "HEMATOLOGY")
    ]


def test_collection_forms_that_make_no_record_say_why() -> None:
    forms = {
        "edc_lbc": [
            {"VISITOID": "W1", "LBPERF": "Y", "ACCESSN": "A1", "LBDAT": "08-FEB-2027"},
            {"VISITOID": "W14", "LBPERF": "N"},
        ]
    }
    assert lab(**forms).fates("LB") == [
        ("edc_lbc", 2, "not submitted", "edc_lbc.drawn"),
        ("edc_lbc", 3, "not submitted", "edc_lbc.unplanned"),
    ]


def local(**form: Any) -> Trial:
    return lab(edc_upt=[{"VISITOID": "W4", "UPTYN": "Y", "UPTDAT": "01-MAR-2027", **form}])


@pytest.mark.parametrize(
    ("form", "record"),
    [
        ({"UPTRES": "NEG"}, ("NEGATIVE", "NEGATIVE", "NORMAL", None, None)),
        ({"UPTRES": "POS"}, ("POSITIVE", "POSITIVE", "ABNORMAL", None, None)),
        ({"UPTRES": "INV"}, (None, None, None, "NOT DONE", "INVALID")),
        ({"UPTYN": "N"}, (None, None, None, "NOT DONE", None)),
    ],
    ids=str,
)
def test_the_test_of_the_site(form: Row, record: tuple[str | None, ...]) -> None:
    trial = local(UPTTIM="08:10", **form)
    assert trial.records("LB", "LBORRES", "LBSTRESC", "LBNRIND", "LBSTAT", "LBREASND") == [record]
    assert trial.records("LB", "LBTESTCD", "LBSPEC", "LBNAM", "LBDTC", "VISITNUM") == [
        ("HCG", "URINE", "LOCAL", "2027-03-01T08:10", 5.0)
    ]


def test_a_local_test_without_a_result_is_asked_for_and_an_unknown_result_is_quarantined() -> None:
    blank = local()
    assert blank.fates("LB") == [("edc_upt", 2, "not submitted", "edc_upt.empty")]
    assert blank.rules("LB") == [("LB.blank", 2)]
    assert local(UPTRES="MAYBE").fates("LB") == [("edc_upt", 2, "quarantined", "edc_upt.UPTRES")]


def test_a_test_of_another_dataset_is_left_to_it() -> None:
    trial = lab(result("NEG", LABTESTCD="HBSAG", SPECIMEN="SER", UNIT=None))
    assert trial.records("LB", "LBTESTCD") == []
    assert trial.fates("LB") == []
    assert trial.records("MB", "MBTESTCD", "MBSTRESC") == [("HBSAG", "NEGATIVE")]


@pytest.mark.parametrize("dataset", ["LB", "IS", "MB"])
def test_antibodies_that_tell_the_treatment_reach_no_blinded_dataset(dataset: str) -> None:
    trial = lab(result("35", LABTESTCD="HLA1PRA", SPECIMEN="SER", UNIT="%", PANEL="HLA"))
    assert trial.built(dataset).records.is_empty()


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
