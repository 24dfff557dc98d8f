"""Checks of who may take part, by what examinations and the laboratory say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.checks.cases import subject
from tests.unit.checks.screened import SCREENED, Tables, asked, severities


@pytest.mark.parametrize(("check", "test"), [("BX-ELIG-04", "TJC28"), ("BX-ELIG-04S", "SJC28")])
def test_four_joints_are_enough_at_screening_and_at_baseline_only(
    tmp_path: Path, check: str, test: str
) -> None:
    other = {"TJC28": "SJC28", "SJC28": "TJC28"}[test]
    cases: list[Tables] = [
        {"sdtm.mk": [{"MKTESTCD": code, "MKSTRESC": count, "VISITNUM": visit, "VISIT": "V"}]}
        for code, count, visit in (
            (test, "3", 0.0),
            (test, "4", 0.0),
            (test, "3", 1.0),
            (test, "3", 5.0),
            (test, None, 0.0),
            (other, "3", 0.0),
        )
    ]
    assert severities(asked(tmp_path, check, cases)) == "E - E - - -"


CRP = {
    ("5.1", "5.0"): "- -",
    ("5.0", "5.0"): "E -",
    ("<5.0", "5.0"): "E -",
    ("<5.1", "5.0"): "- W",
    (">5.0", "5.0"): "- -",
    (">4.9", "5.0"): "- W",
    ("9.0", None): "- W",
    (None, "5.0"): "- -",
}


def test_crp_is_judged_by_its_own_limit_and_a_censored_one_by_its_bound(tmp_path: Path) -> None:
    cases: list[Tables] = [{"sdtm.lb": [{"LBTESTCD": "CRP", "LBORRES": x, "LBORNRHI": u}]} for x, u in CRP]
    told = [asked(tmp_path / check, check, cases) for check in ("BX-ELIG-05", "BX-ELIG-05A")]
    assert [severities(list(pair)) for pair in zip(*told, strict=True)] == list(CRP.values())


def test_the_last_crp_before_day_1_and_the_infusion_decides(tmp_path: Path) -> None:
    def drawn(*results: tuple[str, str, float]) -> Tables:
        return {
            "sdtm.lb": [
                {"LBSEQ": n + 1.0, "LBTESTCD": "CRP", "LBORRES": x, "LBORNRHI": "5", "LBDTC": day, "VISITNUM": visit}
                for n, (x, day, visit) in enumerate(results)
            ]
        }  # fmt: skip

    cases: list[Tables] = [
        drawn(("9", "2026-12-16", 0.0), ("3", "2026-12-20", 0.01)),
        drawn(("3", "2026-12-16", 0.0), ("9", "2026-12-20", 0.01)),
        drawn(("9", "2026-12-16", 0.0), ("3", "2027-01-12", 1.0)),
        drawn(("9", "2026-12-16", 0.0), ("3", "2027-01-13", 0.01)),
        {**drawn(("3", "2026-12-16", 0.0)), **SCREENED},
    ]
    assert severities(asked(tmp_path, "BX-ELIG-05", cases)) == "E - - - -"


def serology(rf: tuple[str | None, str | None] | None, ccp: tuple[str | None, str | None] | None) -> Tables:
    rows = [("RFATAB", rf), ("ATIGGAB", ccp)]
    told = [
        {"ISSEQ": n + 1.0, "ISTESTCD": test, "ISORRES": x[0], "ISORNRHI": x[1]}
        for n, (test, x) in enumerate(rows)
        if x is not None
    ]
    return {"sdtm.is": told, "sdtm.lb": [{"LBTESTCD": "ALT"}]}


def test_one_of_rf_and_anti_ccp_is_above_its_limit(tmp_path: Path) -> None:
    digits = subject(6).replace("-", "")
    cases: list[Tables] = [
        serology(("14.1", "14.0"), ("20", "20")),
        serology(("14.0", "14.0"), ("20", "20")),
        serology(("<10", "14.0"), (">20", "20")),
        serology(("<10", "14.0"), ("30", None)),
        serology((None, "14.0"), None),
        {**serology(None, None), "sdtm.lb": []},  # nothing of the sample has arrived
        {**serology(None, None), "quarantine.lab_results": [{"SUBJID": digits, "LABTESTCD": "RF"}]},
        {
            **serology(None, None),
            "live.lab_results": [{"LABTESTCD": "CCP"}],
            "ops.aside_is": [{"source": "lab_results"}],
        },
    ]
    found = asked(tmp_path, "BX-ELIG-06", cases)
    assert severities(found) == "- E - W E - - -"
    assert [found[n][0]["record"] for n in (1, 4)] == ["IS/1", None]


def test_enzymes_are_at_most_twice_their_limit(tmp_path: Path) -> None:
    results = (
        ("ALT", "110"),
        ("ALT", "111"),
        ("AST", ">110"),
        ("AST", ">109"),
        ("AST", "<110"),
        ("GGT", "900"),
    )
    cases: list[Tables] = [
        {"sdtm.lb": [{"LBTESTCD": test, "LBORRES": x, "LBORNRHI": "55"}]} for test, x in results
    ]
    cases.append({"sdtm.lb": [{"LBTESTCD": "ALT", "LBORRES": "40"}]})
    found = asked(tmp_path, "BX-ELIG-07", cases)
    assert severities(found) == "- E E W - - W"
    assert found[1][0]["detail"] == "ALT 111 > 2xULN"


def test_filtration_is_judged_unrounded_by_the_form_of_the_study(tmp_path: Path) -> None:
    def rate(idms: str | None, original: str | None, **more: Any) -> Tables:
        answers = {
            "idms_below": idms,
            "original_below": original,
            "disagree": "Y" if idms != original else "N",
        }
        return {"qc.egfr": [{"idms": "45.0", "original": "47.8", **answers, **more}]}

    cases: list[Tables] = [
        rate("N", "N"),
        rate("Y", "N"),
        rate("Y", "Y"),
        rate(None, None, problem="creatinine"),
        rate(None, None, problem="race"),  # asked by BX-DM-02
        rate("Y", "N", VISITNUM=1.0),
        {**rate("Y", "N"), **SCREENED},
    ]
    assert severities(asked(tmp_path / "8", "BX-ELIG-08", cases)) == "- E E W - - -"
    assert severities(asked(tmp_path / "8w", "BX-ELIG-08W", cases)) == "- W - - - - W"


def test_infection_tests_are_negative_before_the_infusion(tmp_path: Path) -> None:
    def tested(*results: tuple[str | None, str]) -> Tables:
        return {
            "sdtm.mb": [{"MBSEQ": n + 1.0, "MBSTRESC": x, "MBDTC": d} for n, (x, d) in enumerate(results)]
        }

    core = {"ISCAT": "INFECTION SCREENING", "ISTESTCD": "MBAB", "ISBDAGNT": "HEPATITIS B VIRUS CORE ANTIGEN"}
    cases: list[Tables] = [
        tested(("NEGATIVE", "2026-12-20")),
        tested(("POSITIVE", "2026-12-20"), ("NEGATIVE", "2026-12-28")),
        tested(("INDETERMINATE", "2026-12-20"), ("NEGATIVE", "2026-12-28")),
        tested(("INDETERMINATE", "2026-12-20")),
        tested((None, "2026-12-20")),
        tested(("POSITIVE", "2027-01-13")),
        {"sdtm.is": [{**core, "ISSTRESC": "POSITIVE"}]},
        {"sdtm.is": [{**core, "ISBDAGNT": "HEPATITIS C VIRUS", "ISSTRESC": "POSITIVE"}]},
        {**tested(("POSITIVE", "2026-12-20")), **SCREENED},
    ]
    assert severities(asked(tmp_path, "BX-ELIG-09", cases)) == "- C - W - - W C -"


def hcg(
    serum: str | None,
    urine: str | None,
    at: str = "2027-01-12T08:30",
    *,
    potential: str | None = "Y",
    sex: str = "F",
) -> Tables:
    rows = [
        {"LBSEQ": 1.0, "LBTESTCD": "HCG", "LBSTRESC": serum},
        {
            "LBSEQ": 2.0, "LBTESTCD": "HCG", "LBSPEC": "URINE", "LBSTRESC": urine, "LBDTC": at, "VISITNUM": 1.0,
            "LBREFID": None,
        },
    ]  # fmt: skip
    return {"sdtm.dm": [{"_q.CHILDPOT": potential, "SEX": sex}], "sdtm.lb": rows}


def test_a_woman_who_can_conceive_has_two_negative_tests_before_the_infusion(tmp_path: Path) -> None:
    negative = hcg("NEGATIVE", "NEGATIVE")
    no_urine = {**negative, "sdtm.lb": negative["sdtm.lb"][:1]}
    cases: list[Tables] = [
        negative,
        hcg("POSITIVE", "NEGATIVE"),
        hcg("NEGATIVE", "POSITIVE"),
        hcg("NEGATIVE", None),
        no_urine,
        {**negative, "sdtm.lb": [*negative["sdtm.lb"][1:], {"LBSEQ": 3.0, "LBTESTCD": "ALT"}]},
        hcg("NEGATIVE", "NEGATIVE", "2027-01-12T09:31"),
        hcg("NEGATIVE", "NEGATIVE", "2027-01-12"),
        hcg("POSITIVE", "POSITIVE", potential="N"),
        hcg("NEGATIVE", None, potential=None),
        hcg("POSITIVE", None, sex="M"),
        {**no_urine, "quarantine.edc_upt": [{}]},
        {**no_urine, "derived.subjects": [{"RFXSTDTC": None}]},
        {**hcg("POSITIVE", None), **SCREENED},
    ]
    found = asked(tmp_path, "BX-ELIG-10", cases)
    assert severities(found) == "- C C C C C C - - C - - - -"
    assert [found[n][0]["record"] for n in (2, 3, 4)] == ["LB/2", "LB/2", None]


@pytest.mark.parametrize(("cut", "asked_for"), [("2027-01-18", "-"), ("2027-01-19", "C")])
def test_a_urine_test_is_missed_once_its_form_is_due(tmp_path: Path, cut: str, asked_for: str) -> None:
    tables = hcg("NEGATIVE", "NEGATIVE")
    found = asked(tmp_path, "BX-ELIG-10", [{**tables, "sdtm.lb": tables["sdtm.lb"][:1]}], cut=cut)
    assert severities(found) == asked_for


def test_the_baseline_activity_is_above_the_cut_off(tmp_path: Path) -> None:
    def index(value: str | None, flag: str | None = "Y", visit: float = 1.0) -> Tables:
        return {"sdtm.rs": [{"RSTESTCD": "DAS28CRP", "RSSTRESC": value, "RSLOBXFL": flag, "VISITNUM": visit}]}

    never = {"derived.subjects": [{"RFXSTDTC": None}]}
    cases: list[Tables] = [
        index("3.21"),
        index("3.20"),
        index("2.0", None, 0.0),
        index("2.0", None),
        {**index("2.0", None), **never},
        {**index("2.0", None, 0.0), **never},
        index(None),
        {**index("2.0"), **SCREENED},
    ]
    assert severities(asked(tmp_path, "BX-ELIG-15", cases)) == "- W - - W - - -"
