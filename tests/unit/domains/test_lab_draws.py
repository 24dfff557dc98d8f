"""Which of the laboratory's rows counts, to which visit a draw belongs, and what the forms say about draws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from pipeline.domains.lab_revisions import current_results, withheld_revisions
from pipeline.domains.lab_samples import doubtful_samples
from pipeline.domains.records import Block
from tests.unit.domains.draws import VISITS, fates, lab, result
from tests.unit.domains.trial import ONE, TWO, Row, Rows, Trial, spec, subject, typed


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
    none = withheld_revisions(Trial(subject()).inputs)
    current, aside = current_results(roles, frame, _doubted_in(frame), none)
    assert current["_line"].to_list() == kept
    assert aside.sort("line").select("line", "fate", pl.col("rule").str.split(".").list.last()).rows() == lost


@pytest.mark.parametrize(
    ("rows", "instead"),
    [
        ([{}, {"REVNO": 1}, {"REVNO": 2, "RSTAT": "C"}], {2: 4, 3: 4}),
        ([{"RSTAT": "P"}, {}, {"RPTDT": "20270302"}], {2: 4, 3: 4}),
        ([{"RSTAT": "P"}], {2: None}),  # no result has come yet
        (
            [{}, {"REVNO": 1}, {"REVNO": 1, "RESULT": "201"}],
            {2: None, 3: None, 4: None},
        ),  # neither of two counts
        ([{}, {"ACCESSN": "A2", "REVNO": 1}], {}),
    ],
)
def test_a_superseded_row_names_the_row_that_counts_instead(
    rows: list[Row], instead: dict[int, int | None]
) -> None:
    told = [
        result(value=row.get("RESULT", "200"), **{k: v for k, v in row.items() if k != "RESULT"})
        for row in rows
    ]
    aside = lab(*told).built("LB").set_aside.filter(pl.col("source") == "lab_results")
    assert dict(aside.sort("line").select("line", "instead").iter_rows()) == instead


def _doubted_in(frame: pl.DataFrame) -> pl.DataFrame:
    return doubtful_samples(Trial(subject(), {"lab_results": frame.drop("_line").to_dicts()}).inputs)


@pytest.mark.parametrize(
    ("revision", "status", "kept"),
    [("1", "F", []), ("not a number", "F", []), ("0", "P", [2]), ("1", "P", [2])],
)
def test_no_older_result_takes_the_place_of_one_that_broke_its_contract(
    revision: str, status: str, kept: list[int]
) -> None:
    roles = spec().study.laboratory
    frame = typed("lab_results", [result(value="200")])
    broken = (
        frame.lazy()
        .with_columns(pl.all().cast(pl.String))
        .with_columns(REVNO=pl.lit(revision), RSTAT=pl.lit(status))
    )
    inputs = replace(Trial(subject()).inputs, quarantined=lambda _: broken)
    current, aside = current_results(roles, frame, _doubted_in(frame), withheld_revisions(inputs))
    assert current["_line"].to_list() == kept
    assert aside["fate"].to_list() == ["quarantined"] * (1 - len(kept))


def test_a_cancellation_after_a_final_result_is_not_done_with_the_laboratorys_comment() -> None:
    trial = lab(result("200"), result(None, RSTAT="X", REVNO=1, COMMENT="sample lost"))
    assert trial.records("LB", "LBSTAT", "LBREASND", "LBSTRESC", "LBSPID") == [
        ("NOT DONE", "SAMPLE LOST", None, "A1-PLAT-1")
    ]


def test_an_accession_of_two_subjects_is_quarantined_in_every_block_of_subjects() -> None:
    rows: Rows = {"lab_results": [result(), result(SUBJID=TWO)]}
    people = (subject(visits=VISITS), subject(TWO, visits=VISITS))
    for block in (None, Block(None, TWO), Block(TWO, None)):
        trial = Trial(*people, rows, block=block)
        assert trial.records("LB", "LBSPID") == []
        assert {rule for _, _, rule in fates(trial)} == {"lab_results.accession"}


@pytest.mark.parametrize(
    ("theirs", "ours", "doubted"),
    [
        ({"SEX": "F", "BRTHYR": "1970"}, {}, False),
        ({"SEX": "M", "BRTHYR": "1970"}, {}, True),
        ({"SEX": "F", "BRTHYR": "1971"}, {}, True),
        ({"SEX": None, "BRTHYR": None}, {}, False),
        ({"SEX": "M", "BRTHYR": "1970"}, {"SEX": "U"}, False),
        ({"SEX": "M", "BRTHYR": "1971"}, {"SEX": None, "BRTHDAT": None}, False),
        ({"SEX": "F", "BRTHYR": "1971"}, {"BRTHDAT": "UN-UNK-1971"}, False),
        ({"SEX": "F", "BRTHYR": "1970"}, {"BRTHDAT": "UN-UNK-1971"}, True),
    ],
)
def test_a_sample_of_another_person_is_quarantined_whole(theirs: Row, ours: Row, doubted: bool) -> None:
    same: Row = {"SEX": "F", "BRTHYR": "1970"}
    rows = [result(**{**same, **theirs}), result("9", LABTESTCD="WBC"), result(ACCESSN="A2")]
    trial = Trial(subject(visits=VISITS, dm=ours), {"lab_results": rows})
    whole = [] if doubted else ["A1", "A1"]
    assert sorted(specimen for (specimen,) in trial.records("LB", "LBREFID")) == [*whole, "A2"]
    aside = [(2, "quarantined", "BX-LB-04"), (3, "quarantined", "BX-LB-04")]
    assert fates(trial) == (aside if doubted else [])


def test_a_corrected_result_of_another_person_lets_no_older_one_take_its_place() -> None:
    rows = [result("190", SEX="F"), result("210", SEX="M", REVNO=1, RSTAT="C")]
    trial = Trial(subject(visits=VISITS), {"lab_results": rows})
    assert trial.records("LB", "LBORRES") == []


def test_a_sample_of_another_person_places_no_visit() -> None:
    unplanned = {"VISITLBL": "UNSCH", "COLLDT": "20270220"}
    for sex, dates in (("F", ["2027-02-20"]), ("M", [])):
        trial = Trial(subject(visits=VISITS), {"lab_results": [result(SEX=sex, **unplanned)]})
        made = [day for oid, day in trial.records("SV", "VISIT", "SVSTDTC") if oid.startswith("UNSCHEDULED")]
        assert made == dates


def test_blocks_of_subjects_give_the_records_of_the_whole() -> None:
    people = [subject(who, visits=VISITS) for who in (ONE, TWO)]
    rows: Rows = {"lab_results": [result(SUBJID=who, ACCESSN=who) for who in (TWO, ONE)]}
    whole = Trial(*people, rows).built("LB")
    halves = [Trial(*people, rows, block=block).built("LB") for block in (Block(None, TWO), Block(TWO, None))]
    assert pl.concat([each.records for each in halves]).equals(whole.records)
    assert pl.concat([each.links for each in halves]).equals(whole.links)


def test_the_collection_form_decides_the_visit() -> None:
    form = {"edc_lbc": [{"VISITOID": "W4", "ACCESSN": "A1", "LBPERF": "Y", "LBDAT": "08-FEB-2027"}]}
    trial = lab(result(), result("9", LABTESTCD="WBC"), result(ACCESSN="A2"), **form)
    assert sorted(trial.records("LB", "LBREFID", "VISITNUM")) == [("A1", 5.0), ("A1", 5.0), ("A2", 3.0)]


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
