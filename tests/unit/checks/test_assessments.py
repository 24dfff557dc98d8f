"""Checks of joints, questionnaires and of what the EDC computes from them, at their limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from tests.unit.checks.apart import details, found_apart
from tests.unit.checks.asked import Rows, findings_of

SUBJECT, WHO = "BXU001-RA-101-001", "101-001"
SETTLED = "2027-03-31"  # a cut long after the visits of these tests
NAMES = {0.0: "SCREENING", 1.0: "DAY 1", 5.0: "WEEK 4", 7.0: "WEEK 12"}
NOWHERE: Rows = [{"SUBJID": WHO, "VISITOID": "UNS", "_line": 1}]
INFUSED: Rows = [{"USUBJID": SUBJECT, "RFXSTDTC": "2027-02-01T10:00"}]


def joint_records(
    tender: str, swollen: str = "", visit: float = 1.0, form: str = "F1", reason: str | None = "REPLACED"
) -> Rows:
    """One record a letter: Y, N, or X (not evaluable); a blank makes none."""
    rows: Rows = []
    for test, marks in (("TNDRIND", tender), ("SWLLIND", swollen)):
        for n, mark in enumerate(marks):
            if mark == " ":
                continue
            rows.append(
                {
                    "USUBJID": SUBJECT, "MKSEQ": len(rows) + 10.0 + 100 * visit, "MKSPID": form, "MKTESTCD": test,
                    "MKSTRESC": None if mark == "X" else mark, "MKSTAT": "NOT DONE" if mark == "X" else None,
                    "MKREASND": reason if mark == "X" else None, "MKDRVFL": None, "MKLAT": "RIGHT",
                    "MKLOC": f"JOINT {n}", "VISITNUM": visit, "VISIT": NAMES[visit],
                }
            )  # fmt: skip
    return rows


def count_record(test: str, value: str, visit: float = 1.0, form: str = "F1", **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("MKSTAT", "MKREASND", "MKDRVFL", "MKLAT", "MKLOC"))
    return {
        "USUBJID": SUBJECT, "MKSEQ": 1.0, "MKSPID": form, "MKTESTCD": test, "MKSTRESC": value, **empty,
        "VISITNUM": visit, "VISIT": NAMES[visit], **more,
    }  # fmt: skip


def test_a_count_is_the_number_of_joints(tmp_path: Path) -> None:
    rest = "N" * 25
    cases: list[tuple[str, str, str | None, list[str]]] = [
        ("YYN" + rest, "2", None, []),
        ("YYN" + rest, "3", None, ["Count 3 vs joints 2"]),
        ("YYN" + rest, "1", None, ["Count 1 vs joints 2"]),
        ("YYX" + rest, "2", None, []),
        ("YYX" + rest, "3", None, ["Count 3 vs joints 2"]),
        ("YY " + rest, "3", None, []),  # the blank joint may be the third
        ("YY " + rest, "4", None, ["Count 4 vs joints 2"]),
        ("YYN" + rest, "5", "Y", []),  # our own sum is not the form's
    ]
    tables = [
        {"sdtm.mk": [*joint_records(joints), count_record("TJC28", count, MKDRVFL=derived)]}
        for joints, count, derived, _ in cases
    ]
    assert details(found_apart(tmp_path, "BX-MK-01", tables), "") == [expected for *_, expected in cases]


def visits_of(*oids: str, performed: str = "Y", day: str = "01-MAR-2027") -> Rows:
    return [
        {"SUBJID": WHO, "VISITOID": oid, "VISITNAME": oid, "SVPERF": performed, "SVDAT": day, "_line": n + 2}
        for n, oid in enumerate(oids)
    ]


FORM = {"SUBJID": WHO, "VISITOID": "W4", "VISITNAME": "W4", "RECORDID": "F1", "_line": 9}
NO_FATE: Rows = [{"source": "edc_jc28", "line": 1, "fate": "superseded"}]
ALL_JOINTS = joint_records("N" * 28, "N" * 28)
COUNTS = [count_record("TJC28", "0"), count_record("SJC28", "0")]


def with_joints(records: Rows) -> dict[str, Rows]:
    return {
        "live.edc_sv": visits_of("W4"),
        "live.edc_jc28": [FORM],
        "sdtm.mk": records,
        "quarantine.edc_jc28": NOWHERE,
        "ops.aside_mk": NO_FATE,
    }


def test_a_joint_form_is_complete(tmp_path: Path) -> None:
    cases: list[tuple[Rows, list[str]]] = [
        ([*ALL_JOINTS, *COUNTS], []),
        ([*joint_records("X" + "N" * 27, "X" + "N" * 27), *COUNTS], []),
        (
            [*joint_records("X" + "N" * 27, "N" * 28, reason=None), *COUNTS],
            ["56 of 56 joint answers, 2 of 2 counts, 1"],
        ),
        ([*joint_records(" " + "N" * 27, "N" * 28), *COUNTS], ["55 of 56 joint answers, 2 of 2 counts, 0"]),
        ([*ALL_JOINTS, COUNTS[0]], ["56 of 56 joint answers, 1 of 2 counts, 0"]),
    ]
    found = found_apart(tmp_path, "BX-MK-02", [with_joints(records) for records, _ in cases])
    told = details(found, "Joint assessment incomplete: ")
    assert [[text.removesuffix(" not done without a reason") for text in texts] for texts in told] == [
        expected for _, expected in cases
    ]
    assert {row["line"] % 100 for rows in found for row in rows} == {9}


def test_a_joint_form_is_missed_once_and_not_before_it_is_due(tmp_path: Path) -> None:
    def missed(name: str, cut: str = SETTLED, **more: Rows) -> list[int]:
        elsewhere = [{**FORM, "SUBJID": "101-009", "VISITOID": "W8"}]
        asked: dict[str, Any] = {
            **with_joints([*ALL_JOINTS, *COUNTS]),
            "live.edc_jc28": pl.DataFrame(elsewhere),
        }
        aside = [{"source": "edc_jc28", "line": 9, "fate": "quarantined"}]
        asked |= {
            "ops.aside_mk": pl.DataFrame(aside),
            **{key.replace("__", "."): rows for key, rows in more.items()},
        }
        found: list[int] = findings_of(tmp_path / name, "BX-MK-02", asked, cut=cut)["line"].to_list()
        return found

    assert missed("last day", cut="2027-03-08") == []
    assert missed("next day", cut="2027-03-09") == [2]
    assert missed("quarantined", quarantine__edc_jc28=[{"SUBJID": "101 001", "VISITOID": " W4"}]) == []
    assert missed("not done", live__edc_sv=visits_of("W4", performed="N")) == []
    assert missed("without a day", live__edc_sv=visits_of("W4", day="UN-MAR-2027")) == []
    assert missed("no such form", live__edc_sv=visits_of("W1", "W14")) == []


def test_a_joint_keeps_its_status(tmp_path: Path) -> None:
    cases: list[tuple[str, str, list[str]]] = [
        ("NN", "NN", []),
        ("XN", "XN", []),
        ("NN", "XN", ["RIGHT JOINT 0 evaluated on Day 1, not evaluable at this visit"]),
        ("XN", "NN", ["RIGHT JOINT 0 not evaluable on Day 1, evaluated at this visit"]),
        ("NN", "XX", []),  # nothing was assessed at all
    ]
    tables = [
        {"sdtm.mk": [*joint_records(before, before), *joint_records(after, after, visit=5.0, form="F2")]}
        for before, after, _ in cases
    ]
    found = found_apart(tmp_path, "BX-MK-03", tables)
    assert details(found, "Joint status changed: ") == [expected for *_, expected in cases]


def test_the_assessor_stays(tmp_path: Path) -> None:
    cases = {"A1": 0, "A2": 1, None: 0}
    tables = [
        {
            "live.edc_jc28": [
                {"SUBJID": WHO, "VISITOID": oid, "VISITNAME": oid, "JCASSR": who, "_line": n}
                for n, (oid, who) in enumerate((("D1", "A1"), ("W4", "A9"), ("W12", later)), start=2)
            ]
        }
        for later in cases
    ]
    found = found_apart(tmp_path, "BX-MK-04", tables)
    assert [len(rows) for rows in found] == list(cases.values())


def scale(value: str, unit: str = "mm", test: str = "PTGA0101", visit: float = 5.0) -> dict[str, Any]:
    mm = str(round(float(value) * 10)) if unit == "cm" else value
    return {
        "USUBJID": SUBJECT, "QSSEQ": 1.0, "QSTESTCD": test, "QSORRES": value, "QSORRESU": unit, "QSSTRESC": mm,
        "VISITNUM": visit, "VISIT": NAMES[visit],
    }  # fmt: skip


def with_scales(rows: Rows | None = None, *haq: dict[str, Any], **tables: Rows) -> dict[str, Rows]:
    blank = {"VISITNAME": "W4", "HAQ17": None, "HAQ18": None, "HAQ40": None, "HAQ41": None, "_line": 5}
    named = {
        "sdtm.qs": rows or [scale("1")],
        "live.edc_sv": visits_of("W4"),
        "live.edc_haq": [{"SUBJID": WHO, "VISITOID": "W4", **blank, **form} for form in haq or ({},)],
        **{f"live.edc_{form}": [{"SUBJID": WHO, "VISITOID": "W4"}] for form in ("ptga", "phga")},
        **{f"quarantine.edc_{form}": NOWHERE for form in ("haq", "ptga", "phga")},
    }
    return {**named, **{name.replace("__", "."): rows for name, rows in tables.items()}}


BOXES = {"HAQ17": pl.Int64, "HAQ40": pl.Int64}


def test_a_scale_is_whole_millimetres(tmp_path: Path) -> None:
    cases: list[tuple[str, str, list[str]]] = [
        ("0", "mm", []),
        ("100", "mm", []),
        ("101", "mm", ["ERROR outside 0 to 100 mm"]),
        ("-1", "mm", ["ERROR outside 0 to 100 mm"]),
        ("45.5", "mm", ["ERROR not a whole number of mm"]),
        ("45.0", "mm", []),
        ("4.5", "cm", ["WARN not marked in mm"]),
        ("4.55", "cm", ["ERROR not a whole number of mm"]),
        ("10.1", "cm", ["ERROR outside 0 to 100 mm"]),
    ]
    found = found_apart(
        tmp_path, "BX-QS-01", [with_scales([scale(value, unit)]) for value, unit, _ in cases], columns=BOXES
    )
    told = [[f"{row['severity']} {row['detail'].split(', ')[1]}" for row in rows] for rows in found]
    assert told == [expected for *_, expected in cases]


def test_another_aid_is_described_only_with_its_box_and_a_missing_form_is_asked_for(tmp_path: Path) -> None:
    elsewhere: Rows = [{"SUBJID": WHO, "VISITOID": "W8"}]
    unread: Rows = [{"SUBJID": WHO, "VISITOID": "W4", "_line": 1}]
    cases: list[tuple[dict[str, Rows], list[tuple[str, int, str]]]] = [
        (with_scales(None, {"HAQ17": 1, "HAQ18": "HOOK"}), []),
        (with_scales(None, {"HAQ17": 0, "HAQ18": "HOOK"}), [("edc_haq", 5, "HAQ18")]),
        (with_scales(None, {"HAQ40": None, "HAQ41": "HOOK"}), [("edc_haq", 5, "HAQ41")]),
        (with_scales(live__edc_ptga=elsewhere), [("edc_sv", 2, "PTGA")]),
        (with_scales(live__edc_ptga=elsewhere, quarantine__edc_ptga=unread), []),
    ]
    found = found_apart(tmp_path, "BX-QS-01", [tables for tables, _ in cases], columns=BOXES)
    told = [[(row["source"], row["line"] % 100, row["variable"]) for row in rows] for rows in found]
    assert told == [expected for _, expected in cases]


def test_a_zero_is_implausible_with_four_tender_joints(tmp_path: Path) -> None:
    cases = [("0", "4", 1), ("0", "3", 0), ("1", "28", 0), ("0.0", "4", 1)]
    tables = [
        {"sdtm.qs": [scale(value, test="HAQ0146")], "sdtm.mk": [count_record("TJC28", tender, visit=5.0)]}
        for value, tender, _ in cases
    ]
    found = found_apart(tmp_path, "BX-QS-02", tables)
    assert [len(rows) for rows in found] == [expected for *_, expected in cases]


def test_day_1_lies_before_the_infusion(tmp_path: Path) -> None:
    cases = {
        "2027-02-01": 0,  # a day without a time may lie before
        "2027-02-02": 1,
        "2027-02-01T09:59": 0,
        "2027-02-01T10:00": 0,
        "2027-02-01T10:01": 1,
        "2027-02": 0,
        "2027-03": 1,
        "2027": 0,
    }
    lab = {"USUBJID": SUBJECT, "LBSEQ": 1.0, "LBTESTCD": "CRP", "LBSTAT": None, "VISIT": "DAY 1"}
    later = {**lab, "LBSEQ": 2.0, "LBDTC": "2027-03-01T08:00", "VISITNUM": 5.0}
    early = {"USUBJID": SUBJECT, "VISIT": "DAY 1", "VISITNUM": 1.0}
    tables = [
        {
            "sdtm.lb": [{**lab, "LBDTC": dated, "VISITNUM": 1.0}, later],
            **{
                f"sdtm.{name.lower()}": [
                    {
                        **early,
                        f"{name}SEQ": 1.0,
                        f"{name}CAT": "X",
                        f"{name}SPID": "F1",
                        f"{name}DTC": "2027-02-01",
                    }
                ]
                for name in ("QS", "MK")
            },
            "derived.subjects": INFUSED,
        }
        for dated in cases
    ]
    found = found_apart(tmp_path, "BX-QS-03", tables)
    assert [len(rows) for rows in found] == list(cases.values())


def compared(verdict: str, kind: str, visit: float, **more: Any) -> dict[str, Any]:
    test = "CDAIRA" if kind == "index" else "ACR50"
    return {
        "USUBJID": SUBJECT, "VISITNUM": visit, "RSTESTCD": test, "kind": kind, "collected": "12.0",
        "recalculated": "12.1", "verdict": verdict, "complete": True, "source": "edc_dar", "line": 4, **more,
    }  # fmt: skip


def of_visits(*numbers: float) -> Rows:
    oids = {0.0: "SCR", 1.0: "D1", 5.0: "W4", 7.0: "W12"}
    return [
        {"USUBJID": SUBJECT, "SUBJID": WHO, "oid": oids[number], "VISITNUM": number, "VISIT": NAMES[number]}
        for number in numbers
    ]


def test_what_the_edc_shows_is_compared(tmp_path: Path) -> None:
    cases: list[tuple[str, str, float, list[str]]] = [
        ("AGREES", "index", 5.0, []),
        ("NOT SHOWN", "index", 5.0, []),
        ("DIFFERS", "index", 1.0, ["ERROR CDAIRA: EDC 12.0 vs recalculated 12.1"]),
        ("DIFFERS", "response", 5.0, ["ERROR ACR50: EDC 12.0 vs recalculated 12.1"]),
        ("NOT RECALCULABLE", "index", 5.0, ["WARN CDAIRA: EDC 12.0 vs recalculated 12.1"]),
        ("NOT RECALCULABLE", "response", 5.0, ["ERROR ACR50: EDC 12.0 vs recalculated 12.1"]),
        ("NOT RECALCULABLE", "response", 1.0, []),  # BX-RS-02 asks for a response before the infusion
    ]
    tables = [
        {"qc.rs_recalc": [compared(verdict, kind, visit)], "derived.visits": of_visits(1.0, 5.0)}
        for verdict, kind, visit, _ in cases
    ]
    found = found_apart(tmp_path, "BX-RS-01", tables)
    told = [[f"{row['severity']} {row['detail']}" for row in rows] for rows in found]
    assert told == [expected for *_, expected in cases]


def test_responses_are_a_hierarchy_after_the_infusion(tmp_path: Path) -> None:
    cases: list[tuple[str, float, str, list[str]]] = [
        ("YYY", 5.0, "2027-03-01", []),
        ("YYN", 5.0, "2027-03-01", []),
        ("NYN", 5.0, "2027-03-01", ["ACR50 Y, but ACR20 N"]),
        ("YNY", 5.0, "2027-03-01", ["ACR70 Y, but ACR50 N"]),
        ("NUY", 5.0, "2027-03-01", ["ACR70 Y, but ACR50 not done"]),
        ("N Y", 5.0, "2027-03-01", ["ACR70 Y, but ACR20 N"]),
        ("Y  ", 1.0, "2027-02-01", ["ACR20 Y, before the infusion"]),
        ("Y  ", 5.0, "2027-01-31", ["ACR20 Y, before the infusion"]),
        ("Y  ", 5.0, "2027-01", ["ACR20 Y, before the infusion"]),
        ("Y  ", 5.0, "2027-02", []),
    ]
    tables = [
        {
            "sdtm.rs": [
                {
                    "USUBJID": SUBJECT, "RSSEQ": float(n), "RSSPID": "F1", "RSTESTCD": f"ACR{level}", "RSDTC": dated,
                    "RSSTRESC": None if answer == "U" else answer, "VISITNUM": visit, "VISIT": NAMES[visit],
                }
                for n, (level, answer) in enumerate(zip((20, 50, 70), answers, strict=True), start=1)
                if answer != " "
            ],
            "derived.subjects": INFUSED,
        }
        for answers, visit, dated, _ in cases
    ]  # fmt: skip
    found = found_apart(tmp_path, "BX-RS-02", tables)
    assert details(found, "ACR hierarchy: ") == [expected for *_, expected in cases]


def with_responses(dar: Rows, *rows: dict[str, Any], **tables: Rows) -> dict[str, Rows]:
    form = {"SUBJID": WHO, "VISITOID": "W12", "VISITNAME": "Week 12", "ACR20": "Y", "_line": 4}
    named = {
        "live.edc_dar": [{**form, **each} for each in dar] or [{**form, "VISITOID": "W52"}],
        "live.edc_resc": NOWHERE,
        "live.edc_sv": visits_of("W4", "W12"),
        "quarantine.edc_dar": NOWHERE,
        "quarantine.edc_resc": NOWHERE,
        "qc.rs_recalc": list(rows) or [compared("AGREES", "response", 5.0)],
        "derived.visits": of_visits(5.0, 7.0),
    }
    return {**named, **{name.replace("__", "."): rows for name, rows in tables.items()}}


def test_a_response_is_asked_for_where_it_is_missing(tmp_path: Path) -> None:
    unread: Rows = [{"SUBJID": WHO, "VISITOID": "W12", "_line": 2}]
    both: Rows = [{}, {"VISITOID": "W4", "VISITNAME": "Week 4", "_line": 3}]
    missing = compared("NOT SHOWN", "response", 5.0)
    index = compared("NOT SHOWN", "index", 5.0)
    cases: list[tuple[dict[str, Rows], list[tuple[Any, ...]]]] = [
        (with_responses([{}]), []),
        (with_responses([{"ACR20": "U"}]), []),
        (with_responses([{"ACR20": None}]), [("ERROR", "edc_dar", 4, "ACR20")]),
        (with_responses([]), [("ERROR", "edc_sv", 3, "ACR20")]),
        (with_responses([], quarantine__edc_dar=unread), []),
        (with_responses([], live__edc_sv=visits_of("W12", day="30-MAR-2027")), []),
        (with_responses(both, missing), [("WARN", "edc_dar", 3, "ACR50")]),
        (with_responses(both, {**missing, "complete": False}), []),
        (with_responses([{}], missing, {**missing, "RSTESTCD": "ACR70"}), [("WARN", "edc_sv", 2, "edc_dar")]),
        (with_responses(both, index), []),
    ]
    found = found_apart(tmp_path, "BX-RS-03", [tables for tables, _ in cases], cut=SETTLED)
    told = [
        [(row["severity"], row["source"], row["line"] % 100, row["variable"]) for row in rows]
        for rows in found
    ]
    assert told == [expected for _, expected in cases]


def test_components_lie_within_a_week_of_the_joints(tmp_path: Path) -> None:
    cases: list[tuple[str | None, str, int]] = [
        ("2027-03-01", "2027-03-08", 0),
        ("2027-03-01", "2027-03-09", 1),
        ("2027-03-01", "2027-02-21T23:00", 1),
        ("2027-03", "2027-03-31", 0),
        (None, "2027-03-31", 0),
    ]
    parts = ("ptga", "phga", "pain", "haq", "crp", "esr")
    blank = {f"{part}{name}": None for part in parts for name in ("", "_dtc", "_dataset", "_seq")}
    marked = {**blank, "ptga": "40", "ptga_dataset": "QS", "ptga_seq": 3, "tjc": "4"}
    tables = [
        {
            "derived.components": [
                {"USUBJID": SUBJECT, "VISITNUM": 5.0, **marked, "joints_dtc": joints, "ptga_dtc": dated}
            ],
            "derived.visits": of_visits(5.0),
        }
        for joints, dated, _ in cases
    ]
    found = found_apart(tmp_path, "BX-RS-04", tables, columns={f"{part}_seq": pl.Int64 for part in parts})
    assert [len(rows) for rows in found] == [expected for *_, expected in cases]
