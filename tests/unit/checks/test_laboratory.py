"""Checks of the central laboratory, at their limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from pipeline.domains.records import LINK
from tests.unit.checks.apart import details, found_apart
from tests.unit.checks.asked import Rows, findings_of

SUBJECT, WHO = "BXU001-RA-101-001", "101-001"
TEXTS = (
    "LBORRES", "LBORNRLO", "LBORNRHI", "LBSTRESC", "LBSTAT", "LBDRVFL", "LBNRIND", "LBSTNRC", "LBMETHOD", "LBANMETH",
)  # fmt: skip


def record(seq: int, test: str, value: str | None, **more: Any) -> dict[str, Any]:
    return {
        "USUBJID": SUBJECT, "LBSEQ": float(seq), "LBTESTCD": test, "LBSPEC": "SERUM", "LBCAT": "CHEMISTRY",
        "LBREFID": "A1", "LBDTC": "2027-03-01T08:00", "VISITNUM": 5.0, "VISIT": "WEEK 4", "LBORRESU": "U/L",
        "LBNAM": "LAB", **dict.fromkeys(TEXTS), "LBORRES": value, "LBSTRESC": value, **more,
    }  # fmt: skip


def links(*lines: int) -> Rows:
    return [
        {"source": "lab_results", "line": line, "subject": SUBJECT, "seq": seq, "role": "record"}
        for seq, line in enumerate(lines, start=1)
    ]


ELSEWHERE: Rows = [{"source": "edc_upt", "line": 1, "subject": SUBJECT, "seq": 1, "role": "record"}]
LINKED = {"ops.links_lb": links(2, 3, 4, 5), "ops.links_is": ELSEWHERE, "ops.links_mb": ELSEWHERE}


def drawn(alt: str | None, limit: str | None, bilirubin: str, visit: float = 5.0) -> Rows:
    return [
        record(1, "ALT", alt, LBORNRHI=limit, VISITNUM=visit),
        record(2, "AST", "20", LBORNRHI="48", VISITNUM=visit),
        record(3, "BILI", bilirubin, LBORNRHI="1.2", VISITNUM=visit),
    ]


def with_event(rows: Rows, event: dict[str, Any] | None = None, named: str = "X") -> dict[str, Rows]:
    usual = {"AETERM": "HEADACHE", "AEDECOD": "Headache", "AESTDTC": "2027-03-01", "AEENDTC": None}
    return {
        "sdtm.lb": rows,
        "sdtm.ae": [{"USUBJID": SUBJECT, **usual, **(event or {})}],
        "live.edc_ae": [{"SUBJID": WHO, "AEACCESSN": named}],
        "quarantine.edc_ae": [{"SUBJID": WHO, "AEACCESSN": "Y"}],
    }


def test_signs_of_liver_injury_are_judged_by_their_limits(tmp_path: Path) -> None:
    cases = [
        (drawn("166", "55", "2.5"), ["ERROR"]),
        (drawn("165", "55", "2.5"), []),
        (drawn("166", "55", "2.4"), []),
        (drawn("166", "55", "2.5", visit=1.0), []),  # not after Day 1
        (drawn(">165", "55", "2.5"), ["ERROR"]),
        (drawn(">164", "55", "2.5"), ["WARN"]),
        (drawn("<165", "55", "2.5"), []),
        (drawn("166", None, "2.5"), ["WARN"]),
        (drawn("166", None, "2.4"), []),
        (drawn(None, "55", "2.5"), []),
    ]
    found = found_apart(tmp_path, "BX-LB-01", [with_event(rows) for rows, _ in cases])
    assert [[row["severity"] for row in rows] for rows in found] == [severities for _, severities in cases]


def test_an_adverse_event_explains_signs_of_liver_injury(tmp_path: Path) -> None:
    hepatitis = {"AETERM": "HEPATITIS", "AEDECOD": None}
    cases = [
        (with_event(drawn("200", "55", "3.0"), named="A1"), 0),
        (with_event(drawn("200", "55", "3.0"), {"AETERM": "ELEVATED LIVER ENZYMES"}), 0),
        (with_event(drawn("200", "55", "3.0"), {"AEDECOD": "Jaundice", "AESTDTC": "2027-03-15"}), 0),
        (with_event(drawn("200", "55", "3.0"), {**hepatitis, "AESTDTC": "2027-03-16"}), 1),
        (with_event(drawn("200", "55", "3.0"), {**hepatitis, "AESTDTC": "2027-01", "AEENDTC": "2027-02"}), 1),
    ]
    found = found_apart(tmp_path, "BX-LB-01", [tables for tables, _ in cases])
    assert [len(rows) for rows in found] == [expected for _, expected in cases]


def form(accession: str | None = "A1", **more: Any) -> dict[str, Any]:
    return {
        "SUBJID": WHO, "VISITOID": "W4", "VISITNAME": "Week 4", "LBPERF": "Y", "LBDAT": "01-MAR-2027",
        "LBTIM": "08:00", "ACCESSN": accession, "_line": 7, **more,
    }  # fmt: skip


def result(line: int = 2, **more: Any) -> dict[str, Any]:
    return {
        "SUBJID": WHO, "ACCESSN": "A1", "COLLDT": "20270301", "COLLTM": "0800", "VISITLBL": "WEEK 4", "SEX": "F",
        "BRTHYR": "1961", "_line": line, **more,
    }  # fmt: skip


ASIDE: Rows = [{"SUBJID": "999-999", "ACCESSN": "Z1"}]


def unmatched(folder: Path, forms: Rows, results: Rows, cut: str = "2027-03-31", **tables: Rows) -> list[Any]:
    named = {
        "live.edc_lbc": pl.DataFrame(forms) if forms else pl.DataFrame([form()]).clear(),
        "live.lab_results": pl.DataFrame(results) if results else pl.DataFrame([result()]).clear(),
        "derived.subjects": [{"SUBJID": WHO}],
        **dict.fromkeys(("quarantine.edc_lbc", "quarantine.lab_results"), ASIDE),
        **LINKED,
    }
    asked: dict[str, Any] = {**named, **{name.replace("__", "."): rows for name, rows in tables.items()}}
    found = findings_of(folder, "BX-LB-02", asked, cut=cut)
    return sorted(found.select("source", "line", "variable").rows())


def test_every_collection_form_has_its_results_and_every_draw_its_form(tmp_path: Path) -> None:
    aside: Rows = [{"SUBJID": "101001", "ACCESSN": "A1 "}]
    no_result, no_form = [("edc_lbc", 7, "ACCESSN")], [("lab_results", 2, "ACCESSN")]
    cases: dict[str, tuple[Rows, Rows, dict[str, Any], list[Any]]] = {
        "both": ([form()], [result(), result(3)], {}, []),
        "not due": ([form()], [], {"cut": "2027-03-08"}, []),
        "due": ([form()], [], {"cut": "2027-03-09"}, no_result),
        "not drawn": ([form(None, LBPERF="N")], [], {}, []),
        "not drawn, but there": (
            [form(LBPERF="N")],
            [result(), result(3)],
            {},
            [("edc_lbc", 7, "LBPERF")],
        ),
        "a result set aside": ([form()], [], {"quarantine__lab_results": aside}, []),
        "a result of nobody": ([form()], [result(SUBJID="999-999")], {"ops__links_lb": ELSEWHERE}, []),
        "the form set aside": ([], [result()], {"quarantine__edc_lbc": aside}, []),
        "another number": ([form("A9")], [result(), result(3)], {}, [*no_result, *no_form]),
        "a row that does not count": ([], [result(9)], {}, []),
    }
    for name, (forms, results, more, found) in cases.items():
        assert unmatched(tmp_path / name, forms, results, **more) == found, name


def test_form_and_laboratory_tell_the_same_time(tmp_path: Path) -> None:
    cases: list[tuple[str, str | None, list[str]]] = [
        ("01-MAR-2027", "08:00", []),
        ("01-MAR-2027", "08:01", ["LBTIM"]),
        ("01-MAR-2027", "UN:UN", []),
        ("01-MAR-2027", None, []),
        ("02-MAR-2027", "08:00", ["LBDAT"]),
        ("UN-MAR-2027", "08:00", []),
    ]
    tables = [
        {
            "live.edc_lbc": [form(LBDAT=day, LBTIM=time)],
            "live.lab_results": [result(), result(3, COLLDT="01MAR2027")],
            "derived.subjects": [{"SUBJID": WHO}],
            **dict.fromkeys(("quarantine.edc_lbc", "quarantine.lab_results"), ASIDE),
            **LINKED,
        }
        for day, time, _ in cases
    ]
    found = found_apart(tmp_path, "BX-LB-02", tables)
    assert [[row["variable"] for row in rows] for rows in found] == [expected for _, _, expected in cases]


def test_the_label_names_the_visit_of_the_form(tmp_path: Path) -> None:
    cases = {"WEEK 4": 0, "wk-4": 0, "WEEK 8": 1, "UNSCH": 1, "SOMETIME": 0}
    tables = [
        {
            "live.lab_results": [result(VISITLBL=label), result(3, VISITLBL=label)],
            "live.edc_lbc": [form()],
            **LINKED,
        }
        for label in cases
    ]
    found = found_apart(tmp_path, "BX-LB-03", tables)
    assert [len(rows) for rows in found] == list(cases.values())
    assert [row["line"] % 100 for rows in found for row in rows] == [2, 2]


def test_a_sample_is_of_the_subject(tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], tuple[int, ...], list[tuple[str, int]]]] = [
        ({}, (), []),
        ({"SEX": "M"}, (2, 3, 4), [("SEX", 2)]),
        ({"BRTHDAT": "UN-UNK-1962"}, (2, 3), [("BRTHYR", 2)]),
        ({"BRTHDAT": "UN-UNK-1961"}, (3,), [("BRTHYR", 3)]),  # whatever the reason, what is set aside is told
    ]
    roster = {"SUBJID": WHO, "SEX": "F", "BRTHDAT": "11-MAY-1961"}
    none: Rows = [{"line": 9, "rule": "another"}]
    tables = [
        {
            "live.lab_results": [result(), result(3), result(4, SEX="F", BRTHYR="1961")],
            "live.edc_dm": [{**roster, **person}],
            "ops.aside_lb": [{"line": line, "rule": "BX-LB-04"} for line in lines] or none,
            "ops.aside_is": none,
            "ops.aside_mb": none,
        }
        for person, lines, _ in cases
    ]
    found = found_apart(tmp_path, "BX-LB-04", tables)
    told = [[(row["variable"], row["line"] % 100) for row in rows] for rows in found]
    assert told == [expected for _, _, expected in cases]


def test_the_flag_fits_result_and_limits(tmp_path: Path) -> None:
    cases: list[tuple[str | None, str | None, int]] = [
        ("N", "NORMAL", 0), ("N", "HIGH", 1), ("N", "ABNORMAL", 1), ("H", "HIGH", 0), ("HH", "HIGH", 0),
        ("H", "LOW", 1), ("L", "LOW", 0), ("LL", "NORMAL", 1), ("A", "ABNORMAL", 0), ("A", "LOW", 0),
        ("A", "NORMAL", 1),
        ("H", "ABNORMAL", 0), (None, "HIGH", 0), ("H", None, 0),
    ]  # fmt: skip
    tables = [
        {
            "sdtm.lb": [record(1, "K", "4.0", LBNRIND=ours)],
            "ops.links_lb": links(2),
            "live.lab_results": [{"ABNFL": flag, "_line": 2}],
        }
        for flag, ours, _ in cases
    ]
    found = found_apart(tmp_path, "BX-LB-05", tables)
    assert [len(rows) for rows in found] == [expected for _, _, expected in cases]


def test_a_blood_count_adds_up(tmp_path: Path) -> None:
    percentages: list[tuple[tuple[str | None, ...], list[str]]] = [
        (("60.0", "30.0", "5.0", "1.5", "0.5"), []),  # 97
        (("60.0", "30.0", "5.0", "1.4", "0.5"), ["96.9 instead of 97 to 103"]),
        (("62.0", "34.0", "5.0", "1.5", "0.5"), []),  # 103
        (("62.1", "34.0", "5.0", "1.5", "0.5"), ["103.1 instead of 97 to 103"]),
        (("62.1", "34.0", "5.0", "1.5", None), []),
        (("62.1", "34.0", "5.0", "1.5", "<0.5"), []),
    ]
    neutrophils = [
        ("4.00", []),  # 10.50 of 10.00: 5 per cent
        ("4.01", ["10.51 instead of 10"]),
        ("3.00", []),
        ("2.99", ["9.49 instead of 10"]),
    ]
    names = ("NEUTLE", "LYMLE", "MONOLE", "EOSLE", "BASOLE")
    others = {"LYM": "5.00", "MONO": "1.00", "EOS": "0.40", "BASO": "0.10", "WBC": "10.00"}
    counted: list[dict[str, str | None]] = [
        dict(zip(names, values, strict=True)) for values, _ in percentages
    ]
    counted += [{"NEUT": value, **others} for value, _ in neutrophils]
    tables = [
        {
            "sdtm.lb": [
                record(n, test, value, LBCAT="HEMATOLOGY") for n, (test, value) in enumerate(values.items())
            ]
        }
        for values in counted
    ]
    found = found_apart(tmp_path, "BX-LB-06", tables)
    expected = [told for _, told in percentages] + [told for _, told in neutrophils]
    assert details(found, "Differential does not add up: ") == expected


Limits = tuple[str | None, str | None]
F, M, NEW, NONE = ("4", "5"), ("5", "6"), ("4", "7"), (None, None)
RANGES: list[tuple[list[Limits], list[Limits], list[tuple[int, str]]]] = [
    ([F, F, F, F], [M, M, M, M], []),
    ([F, F, M, F], [M, M, M, M], [(3, "that of the other sex")]),
    ([F, F, F, M], [M, M, M, M], [(4, "that of the other sex")]),
    ([M, F, F, F], [M, M, M, M], [(1, "that of the other sex")]),
    ([F, F, NEW, F], [M, M, M, M], [(3, "not that of its time")]),
    ([F, F, F, NEW], [M, M, M, M], []),  # may be the first of a new range
    ([F, F, NEW, NEW], [M, M, M, M], []),
    ([F, NEW, NEW, NEW], [F, F, F, NEW], []),  # both sexes change, one has more results before
    ([F, F, F, NONE], [M, M, M, M], [(4, "missing")]),
    ([NONE, NONE, NONE], [M, M, M, M], []),  # a test without a range
]


def ranges(exempt: str | None = None) -> dict[str, Any]:
    """Every case is a laboratory of its own; women are one subject, men another."""
    rows: Rows = []
    reports: Rows = []
    tied = []
    for case, (women, men, _) in enumerate(RANGES):
        for who, results in ((SUBJECT, women), ("BXU001-RA-101-002", men)):
            for place, (low, high) in enumerate(results, start=1):
                seq, line = 10 * case + place, len(rows) + 2
                limits = {"LBORNRLO": low, "LBORNRHI": high, "LBNAM": f"LAB {case}"}
                rows.append(record(seq, exempt or "HGB", "4.5", USUBJID=who, **limits))
                tied.append(("lab_results", line, who, seq, "record"))
                reports.append({"RPTDT": f"202703{place:02}T1800", "_line": line})
    return {
        "sdtm.lb": pl.DataFrame(rows, schema_overrides=dict.fromkeys(TEXTS, pl.String)),
        "ops.links_lb": pl.DataFrame(tied, schema=LINK, orient="row"),
        "live.lab_results": reports,
        "sdtm.dm": [{"USUBJID": SUBJECT, "SEX": "F"}, {"USUBJID": "BXU001-RA-101-002", "SEX": "M"}],
    }


def test_the_range_is_that_of_test_sex_and_time(tmp_path: Path) -> None:
    found = findings_of(tmp_path, "BX-LB-07", ranges())
    told = {int(row["record"].split("/")[1]): row["detail"].split(" is ")[1] for row in found.to_dicts()}
    assert told == {10 * case + place: why for case, (_, _, odd) in enumerate(RANGES) for place, why in odd}
    assert set(found["subject"]) == {WHO}


def test_the_range_of_the_esr_may_change_with_age(tmp_path: Path) -> None:
    assert findings_of(tmp_path, "BX-LB-07", ranges("ESR")).is_empty()


def test_the_rate_of_the_laboratory_is_that_of_the_creatinine(tmp_path: Path) -> None:
    cases = {"60.0": 0, "63.0": 0, "63.1": 1, "57.0": 0, "56.9": 1, None: 0}
    rates = {"USUBJID": SUBJECT, "specimen": "A1", "idms": "60.0", "original": "64.0"}
    tables = [
        {
            "qc.egfr": [{**rates, "reported": reported}],
            "sdtm.lb": [
                record(1, "GFRE", reported, LBANMETH="MDRD ENZYMATIC FORMULA"),
                record(2, "GFRE", "99", LBANMETH="CKD-EPI CREATININE 2021 FORMULA"),
            ],
        }
        for reported in cases
    ]
    found = found_apart(tmp_path, "BX-LB-08", tables)
    assert [len(rows) for rows in found] == list(cases.values())


def test_a_pregnancy_after_the_infusion_is_an_event(tmp_path: Path) -> None:
    cases = [
        ("POSITIVE", "2027-03-01T08:00", 5.0, "HEADACHE", 1),
        ("NEGATIVE", "2027-03-01T08:00", 5.0, "HEADACHE", 0),
        ("POSITIVE", "2027-02-01T09:00", 1.0, "HEADACHE", 0),
        ("POSITIVE", "2027-02-01T11:00", 1.0, "HEADACHE", 1),
        ("POSITIVE", "2027-02-01", 1.0, "HEADACHE", 0),
        ("POSITIVE", "2027-02-02", 2.0, "HEADACHE", 1),
        ("POSITIVE", "2027-03-01T08:00", 5.0, "PREGNANCY", 0),
    ]
    tables = [
        {
            "sdtm.lb": [record(1, "HCG", value, LBDTC=dated, VISITNUM=visit)],
            "sdtm.ae": [{"USUBJID": SUBJECT, "AETERM": term, "AEDECOD": ""}],
            "derived.subjects": [{"USUBJID": SUBJECT, "RFXSTDTC": "2027-02-01T10:00"}],
        }
        for value, dated, visit, term, _ in cases
    ]
    found = found_apart(tmp_path, "BX-LB-09", tables)
    assert [len(rows) for rows in found] == [case[-1] for case in cases]
