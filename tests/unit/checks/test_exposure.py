"""Checks of the infusion, each asked just inside and just outside its limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.unit.checks.asked import findings_of

STUDY = "BXU001-RA-"
Row = dict[str, Any]
Cases = Sequence[tuple[str, list[Row], list[str]]]  # what it is, the records, what the findings say
EC = {
    "USUBJID": pl.String, "ECSEQ": pl.Float64, "ECREFID": pl.String, "ECOCCUR": pl.String, "ECDOSE": pl.Float64,
    "ECSTDTC": pl.String, "ECENDTC": pl.String, "_q.ECVOLPRP": pl.String, "_q.ECWTDOSE": pl.String,
    "_q.ECINTRP": pl.String,
}  # fmt: skip
GIVEN: Row = {
    "ECOCCUR": "Y", "ECREFID": "B1", "ECDOSE": 100.0, "ECSTDTC": "2027-01-12T10:00", "ECENDTC": "2027-01-12T11:00",
    "_q.ECVOLPRP": "100", "_q.ECWTDOSE": "70.0", "_q.ECINTRP": "N",
}  # fmt: skip


def subject(number: int) -> str:
    return f"101-{number + 1:03}"


def table(rows: Sequence[Row], **columns: Any) -> pl.DataFrame:
    kinds = {name: pl.String if dtype is str else dtype for name, dtype in columns.items()}
    return pl.DataFrame([{name: row.get(name) for name in kinds} for row in rows], schema=kinds)


def exposures(cases: Cases) -> pl.DataFrame:
    """The EC records of every case, whose subject is its place."""
    rows = [
        {**GIVEN, "USUBJID": STUDY + subject(n), "ECSEQ": place + 1.0, "ECREFID": f"B{n}", **each}
        for n, (_, records, _) in enumerate(cases)
        for place, each in enumerate(records)
    ]
    return table(rows, **EC)


def told(found: pl.DataFrame, cases: Cases) -> dict[str, list[str]]:
    """What the findings of each case say between the brackets."""
    inside = found.with_columns(pl.col("detail").str.extract(r"\((.*)\)$").fill_null(pl.col("detail")))
    return {
        f"{n} {what}": inside.filter(pl.col("subject") == subject(n))["detail"].sort().to_list()
        for n, (what, _, _) in enumerate(cases)
    }


def wanted(cases: Cases) -> dict[str, list[str]]:
    return {f"{n} {what}": sorted(says) for n, (what, _, says) in enumerate(cases)}


BX_EX_01: Cases = (
    ("one", [{}], []),
    ("interrupted", [{"_q.ECINTRP": "Y"}, {"ECSTDTC": "2027-01-12T11:20"}], []),
    ("not interrupted", [{}, {"ECSTDTC": "2027-01-12T11:20"}], ["the infusion before was not interrupted"]),
    ("interruption unknown", [{"_q.ECINTRP": None}, {"ECSTDTC": "2027-01-12T11:20"}], []),
    ("a second bag", [{"_q.ECINTRP": "Y"}, {"ECREFID": "X"}], ["a second bag"]),
    ("bag unknown", [{"_q.ECINTRP": "Y"}, {"ECREFID": None}], []),
    ("planned and not given", [{}, {"ECOCCUR": "N", "ECREFID": "X"}], []),
)
BX_EX_07: Cases = (
    ("plausible", [{}], []),
    ("10 minutes", [{"ECENDTC": "2027-01-12T10:10"}], []),
    ("9 minutes", [{"ECENDTC": "2027-01-12T10:09"}], ["lasts 9 minutes"]),
    ("240 minutes", [{"ECENDTC": "2027-01-12T14:00"}], []),
    ("241 minutes", [{"ECENDTC": "2027-01-12T14:01"}], ["lasts 241 minutes"]),
    ("over midnight", [{"ECSTDTC": "2027-01-12T23:30", "ECENDTC": "2027-01-13T00:30"}], []),
    ("no time at all", [{"ECENDTC": "2027-01-12T10:00"}], ["ends before it starts"]),
    ("the day before", [{"ECENDTC": "2027-01-11"}], ["ends before it starts"]),
    ("time of the end unknown", [{"ECENDTC": "2027-01-12"}], []),
    ("month only", [{"ECENDTC": "2027-01"}], []),
    ("a drop", [{"ECDOSE": 0.5}], []),
    ("nothing", [{"ECDOSE": 0.0}], ["volume not above 0"]),
    ("volume unknown", [{"ECDOSE": None}], ["no volume"]),
    ("more than prepared", [{"ECDOSE": 100.1}], ["more infused than prepared"]),
    ("as much in two parts", [{"ECDOSE": 33.3}, {"ECDOSE": 66.7}], []),
    ("more in two parts", [{"ECDOSE": 33.3}, {"ECDOSE": 66.8}], ["more infused than prepared"]),
    ("prepared differs", [{"ECDOSE": 40.0}, {"ECDOSE": 40.0, "_q.ECVOLPRP": "90"}], ["two volumes prepared"]),
    ("prepared unknown", [{"_q.ECVOLPRP": None}], []),
    (
        "two parts of 5 hours",
        [{"ECDOSE": 40.0}, {"ECDOSE": 40.0, "ECENDTC": "2027-01-12T15:00"}],
        ["lasts 300 minutes"],
    ),
    ("not given", [{"ECOCCUR": "N", "ECDOSE": None}], []),
)
BX_EX_09: Cases = (
    ("whole", [{}], []),
    ("95 percent", [{"ECDOSE": 95.0}], []),
    ("a little less", [{"ECDOSE": 94.9}], ["Incomplete infusion 94.9%"]),
    ("95 percent in two parts", [{"ECDOSE": 47.4}, {"ECDOSE": 47.6}], []),
    ("a part unknown", [{"ECDOSE": 47.4}, {"ECDOSE": None}], []),
    ("prepared unknown", [{"ECDOSE": 10.0, "_q.ECVOLPRP": None}], []),
)


@pytest.mark.parametrize(
    ("check", "cases"), [("BX-EX-01", BX_EX_01), ("BX-EX-07", BX_EX_07), ("BX-EX-09", BX_EX_09)]
)
def test_an_infusion_is_asked_about_just_beyond_its_limits(tmp_path: Path, check: str, cases: Cases) -> None:
    assert told(findings_of(tmp_path, check, {"sdtm.ec": exposures(cases)}), cases) == wanted(cases)


# start of the infusion, randomization, randomized in the system, in quarantine -> finding
STARTS = (
    ("2027-01-12T10:00", "2027-01-12T10:00", True, False, None),
    ("2027-01-12T09:59", "2027-01-12T10:00", True, False, "before it"),
    ("2027-01-12", "2027-01-12T10:00", True, False, None),
    ("2027-01-11", "2027-01-12T10:00", True, False, "before it"),
    ("2027-01-13T23:59", "2027-01-12T10:00", True, False, None),
    ("2027-01-14T00:00", "2027-01-12T10:00", True, False, "more than 1 day after it"),
    ("2027-01", "2027-01-12T10:00", True, False, None),
    ("2027-03", "2027-01-12T10:00", True, False, "more than 1 day after it"),
    ("2027-01-12T10:00", None, True, False, None),
    ("2027-01-12T10:00", None, False, False, "without randomization"),
    ("2027-01-12T10:00", None, False, True, None),
)


def test_the_infusion_follows_randomization_within_a_day(tmp_path: Path) -> None:
    cases: Cases = [
        (str(n), [{"ECSTDTC": row[0]}], [row[4]] if row[4] else []) for n, row in enumerate(STARTS)
    ]
    names = [STUDY + subject(n) for n in range(len(STARTS))]
    people = [
        {"USUBJID": name, "SUBJID": subject(n), "RANDOMIZED": row[2]}
        for n, (name, row) in enumerate(zip(names, STARTS, strict=True))
    ]
    enrolled = [
        {"USUBJID": name, "DSDECOD": "RANDOMIZED", "DSSTDTC": row[1]}
        for name, row in zip(names, STARTS, strict=True)
        if row[1]
    ]
    tables = {
        "sdtm.ec": exposures(cases),
        "sdtm.ds": table(enrolled, USUBJID=str, DSDECOD=str, DSSTDTC=str),
        "derived.subjects": table(people, USUBJID=str, SUBJID=str, RANDOMIZED=pl.Boolean),
        "quarantine.edc_rand": table([{"SUBJID": subject(10)}], SUBJID=str),
        "quarantine.rtsm_assign": table([], SUBJID=str),
    }
    assert told(findings_of(tmp_path, "BX-EX-02", tables), cases) == wanted(cases)


# consent, reports of one screening draw (test, status, report), start of the infusion -> findings
CRP_SEEN = [("CRP", "F", "20270112T0959")]
ELIGIBILITY: tuple[tuple[str, list[tuple[str, str, str]], str, list[str]], ...] = (
    ("2027-01-12T09:59", CRP_SEEN, "2027-01-12T10:00", []),
    ("2027-01-12T10:01", CRP_SEEN, "2027-01-12T10:00", ["before informed consent"]),
    ("2027-01-13", CRP_SEEN, "2027-01-12", ["before informed consent"]),
    ("2027-01", CRP_SEEN, "2027-01-12T10:00", []),
    ("2027-01-01", [("CRP", "F", "20270112T1001")], "2027-01-12T10:00", ["before the result of CRP"]),
    ("2027-01-01", [("CRP", "F", "20270112T1001")], "2027-01-12", []),
    ("2027-01-01", [("CRP", "F", "13JAN2027")], "2027-01-12", ["before the result of CRP"]),
    ("2027-01-01", [("CRP", "F", "20270112")], "2027-01-12T10:00", []),
    ("2027-01-01", [("CRP", "P", "20270110T1000"), ("CRP", "F", "20270113T1000")], "2027-01-12T10:00",
     ["before the result of CRP"]),
    ("2027-01-01", [*CRP_SEEN, ("CRP", "C", "20270120T1000")], "2027-01-12T10:00", []),
    ("2027-01-01", [("HIV", "F", "20270113T1000"), ("ALT", "F", "20270113T1000")], "2027-01-12T10:00",
     ["before the result of ALT, HIV"]),
    ("2027-01-01", [("SODIUM", "F", "20270113T1000")], "2027-01-12T10:00", []),
)  # fmt: skip


def test_the_infusion_follows_consent_and_the_results_that_decide(tmp_path: Path) -> None:
    cases: Cases = [(str(n), [{"ECSTDTC": row[2]}], row[3]) for n, row in enumerate(ELIGIBILITY)]
    lab = [
        {"SUBJID": subject(n), "LABTESTCD": test, "RSTAT": state, "RPTDT": at, "ACCESSN": f"A{n}", "SPECIMEN": "SER",
         "VISITLBL": "WEEK 1"}
        for n, row in enumerate(ELIGIBILITY)
        for test, state, at in row[1]
    ]  # fmt: skip
    people = [
        {"USUBJID": STUDY + subject(n), "SUBJID": subject(n), "RFICDTC": row[0]}
        for n, row in enumerate(ELIGIBILITY)
    ]
    tables = {
        "sdtm.ec": exposures(cases),
        "derived.subjects": table(people, USUBJID=str, SUBJID=str, RFICDTC=str),
        "live.lab_results": table(lab, **dict.fromkeys(lab[0], str)),
        "live.edc_lbc": table(
            [{"ACCESSN": f"A{n}", "VISITOID": "SCR"} for n in range(len(cases))], ACCESSN=str, VISITOID=str
        ),
    }
    assert told(findings_of(tmp_path, "BX-EX-03", tables), cases) == wanted(cases)


@pytest.mark.parametrize(
    ("dosing", "weighed", "found"),
    [("71.4", "70", 0), ("71.5", "70", 1), ("68.6", "70", 0), ("68.5", "70", 1), (None, "70", 0), ("70", None, 0),
     ("81.6", "80.00", 0), ("81.7", "80.00", 1)],
)  # fmt: skip
def test_the_dosing_weight_is_within_two_percent(
    tmp_path: Path, dosing: str | None, weighed: str | None, found: int
) -> None:
    signs = [
        {"USUBJID": STUDY + subject(0), "VSTESTCD": "WEIGHT", "VSLOBXFL": "Y", "VSSTRESC": weighed},
        {"USUBJID": STUDY + subject(0), "VSTESTCD": "WEIGHT", "VSLOBXFL": None, "VSSTRESC": "20"},
    ]
    tables = {"sdtm.ec": exposures([("", [{"_q.ECWTDOSE": dosing}], [])]), "sdtm.vs": pl.DataFrame(signs)}
    assert findings_of(tmp_path, "BX-EX-04", tables).height == found


# bag that was infused, bag assigned (None: no number, "": not assigned), bag released -> blinded, and only unblinded
BAGS: tuple[tuple[str | None, str | None, bool, list[str], list[str]], ...] = (
    ("B1", "B1", True, [], []),
    ("B2", "B9", True, ["it was given to another subject too"], []),  # the last one was assigned it
    ("B7", "B9", True, ["it is not the one assigned"], []),
    ("B3", "B3", False, [], ["it is not in the product release file"]),
    ("B4", "", False, [], ["it is not in the product release file"]),
    ("B5", None, True, [], []),
    (None, "B6", True, ["it has no number"], []),
    ("B1", "B1", True, ["it was given to another subject too"], []),
    ("B2", "B2", True, [], []),
)


@pytest.mark.parametrize("unblinded", [False, True])
def test_a_bag_is_assigned_used_once_and_released(tmp_path: Path, unblinded: bool) -> None:
    cases: Cases = [
        (str(n), [{"ECREFID": row[0], "ECSTDTC": f"2027-01-{12 + n}T10:00"}], [*row[3], *(row[4] if unblinded else [])])
        for n, row in enumerate(BAGS)
    ]  # fmt: skip
    given = exposures(cases)
    assigned = [
        {"SUBJID": subject(n), "BAGNO": row[1], "STATUS": "ASSIGNED"}
        for n, row in enumerate(BAGS)
        if row[1] != ""
    ]
    released = {row[0] for row in BAGS if row[2] and row[0]}
    tables = {
        "sdtm.ec": given,
        "sdtm.ex": given.select("USUBJID", EXSEQ="ECSEQ", EXREFID="ECREFID"),
        "live.rtsm_assign": table(assigned, SUBJID=str, BAGNO=str, STATUS=str),
        "live.rtsm_product_release": table([{"BAGNO": bag} for bag in sorted(released)], BAGNO=str),
    }
    found = findings_of(tmp_path, "BX-EX-08", tables, unblinded=unblinded)
    assert told(found, cases) == wanted(cases)


# cohort, product, cells in the bag, weight, dose -> the checks that it breaks
RELEASED = (
    ("1", "BX-U001", "52.5", "70.0", 0.75, ""),
    ("1", "BX-U001", "57.75", "70.0", 0.75, ""),
    ("1", "BX-U001", "57.751", "70.0", 0.75, "05"),
    ("1", "BX-U001", "47.25", "70.0", 0.75, ""),
    ("1", "BX-U001", "47.249", "70.0", 0.75, "05"),
    ("2", "BX-U001", "115.5", "70.0", 1.5, ""),
    ("2", "BX-U001", "115.51", "70.0", 1.5, "05"),
    ("2", "BX-U001", "57.75", None, 1.5, ""),
    ("1", "BX-U001", "0", "70.0", 0.75, "05 06"),
    ("1", "PLACEBO", "0", "70.0", 0.0, ""),
    ("1", "PLACEBO", "0.001", "70.0", 0.0, "06"),
    ("1", "PLACEBO", "0", "70.0", 0.75, "10"),
    ("1", "PLACEBO", "0", "70.0", None, "10"),
    ("1", "BX-U001", "52.5", "70.0", 0.0, "10"),
    ("1", "BX-U001", "52.5", "70.0", None, "10"),
)


@pytest.mark.parametrize("check", ["05", "06", "10"])
def test_what_lay_in_the_bag_fits_product_level_and_weight(tmp_path: Path, check: str) -> None:
    cases: Cases = [(str(n), [{"_q.ECWTDOSE": row[3]}], []) for n, row in enumerate(RELEASED)]
    names = [STUDY + subject(n) for n in range(len(RELEASED))]
    given = [
        {"USUBJID": name, "EXSEQ": 1.0, "EXREFID": f"B{n}", "EXTRT": row[1], "EXDOSE": row[4]}
        for n, (name, row) in enumerate(zip(names, RELEASED, strict=True))
    ]
    tables = {
        "sdtm.ec": exposures(cases),
        "sdtm.ex": table(given, USUBJID=str, EXSEQ=pl.Float64, EXREFID=str, EXTRT=str, EXDOSE=pl.Float64),
        "sdtm.dm": pl.DataFrame({"USUBJID": names, "_q.COHORT": [f"COHORT {row[0]}" for row in RELEASED]}),
        "live.rtsm_product_release": pl.DataFrame(
            {"BAGNO": [f"B{n}" for n in range(len(RELEASED))], "CELLS_1E6": [row[2] for row in RELEASED]}
        ),
    }
    found = findings_of(tmp_path, f"BX-EX-{check}", tables)
    assert found["subject"].sort().to_list() == [
        subject(n) for n, row in enumerate(RELEASED) if check in row[5].split()
    ]


def test_the_dose_is_told_in_the_detail_and_not_in_the_message(tmp_path: Path) -> None:
    tables: dict[str, Any] = {
        "sdtm.ec": exposures([("", [{}], [])]),
        "sdtm.ex": [{"USUBJID": STUDY + subject(0), "EXSEQ": 1.0, "EXREFID": "B0", "EXTRT": "BX-U001"}],
        "sdtm.dm": [{"USUBJID": STUDY + subject(0), "_q.COHORT": "COHORT 2"}],
        "live.rtsm_product_release": [{"BAGNO": "B0", "CELLS_1E6": "70"}],
    }
    found = findings_of(tmp_path, "BX-EX-05", tables)
    assert found["detail"].to_list() == ["Dose 1 10^6/kg vs 1.5"]
    assert found["message"].to_list() == ["Cells per kg differ from the dose level"]
