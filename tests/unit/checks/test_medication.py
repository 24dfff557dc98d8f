"""Checks of medication at their limits: infusion and randomization 12-JAN-2027, consent 15-DEC-2026."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.unit.checks.cases import Row, counts, of_cases, people, subject, table

CM = (
    "USUBJID", "CMSEQ", "CMSPID", "CMTRT", "CMMODIFY", "CMDECOD", "CMCAT", "CMSCAT", "CMDOSE", "CMDOSTXT", "CMDOSU",
    "CMDOSFRQ", "CMROUTE", "CMRSDISC", "EPOCH", "CMSTDTC", "CMENDTC", "CMENRTPT",
)  # fmt: skip
BACKGROUND, PRIOR, RESCUE = "BACKGROUND RA THERAPY", "PRIOR RA THERAPY", "RESCUE STANDARD OF CARE"
WEEK14 = "2027-04-20"


def drug(name: str, start: str | None = "2026-01-01", end: str | None = None, **more: Any) -> Row:
    ends = {"CMENDTC": end, "CMENRTPT": None if end else "ONGOING"}
    return {"CMTRT": name.upper(), "CMDECOD": name, "CMCAT": BACKGROUND, "CMSTDTC": start, **ends, **more}


def mtx(start: str | None = "2026-01-01", end: str | None = None, dose: float = 15, **more: Any) -> Row:
    usual = {"CMSCAT": "CSDMARD", "CMDOSE": dose, "CMDOSU": "mg", "CMDOSFRQ": "EVERY WEEK", "CMROUTE": "ORAL"}
    return drug("Methotrexate", start, end, **{**usual, **more})


def oral(name: str, dose: float | None, frequency: str | None = "QD", *when: str | None, **more: Any) -> Row:
    usual = {"CMDOSE": dose, "CMDOSU": "mg", "CMDOSFRQ": frequency, "CMROUTE": "ORAL"}
    return drug(name, *when, **{**usual, **more})


def steroid(*facts: Any, **more: Any) -> Row:
    return oral(*facts, **{"CMSCAT": "CORTICOSTEROID", **more})


def asked(
    folder: Path, check: str, cases: Sequence[Sequence[Row]], **more: Any
) -> tuple[list[int], pl.DataFrame]:
    rows = of_cases(cases, {}, sequence="CMSEQ", record="CMSPID")
    collected = [{**row, "RECORDID": row["CMSPID"]} for row in rows]
    none = table([], ["SUBJID"])
    tables: dict[str, Any] = {
        "sdtm.cm": table(rows, CM),
        "live.edc_cmra": table(collected, ["SUBJID", "RECORDID"]),
        "quarantine.edc_cmra": none,
        "quarantine.edc_resc": none,
        "quarantine.edc_jc28": none,
        "derived.subjects": people(len(cases)),
        "sdtm.sv": _visits(len(cases)),
        "sdtm.ds": _randomized(len(cases)),
        **more,
    }
    return counts(folder, check, tables, len(cases))


def _visits(cases: int) -> pl.DataFrame:
    rows = [{"USUBJID": f"BXU001-RA-{subject(n)}", "VISITNUM": 8.0, "SVSTDTC": WEEK14} for n in range(cases)]
    return table(rows, ["USUBJID", "VISITNUM", "SVSTDTC"])


def _randomized(cases: int) -> pl.DataFrame:
    rows = [
        {"USUBJID": f"BXU001-RA-{subject(n)}", "DSDECOD": "RANDOMIZED", "DSSTDTC": "2027-01-12T08:00"}
        for n in range(cases)
    ]
    return table(rows, ["USUBJID", "DSDECOD", "DSSTDTC"])


Cases = Sequence[tuple[str, list[Row], int]]

BX_CM_01: Cases = (
    ("three months to the day", [mtx("2026-09-15")], 0),
    ("a day short of three months", [mtx("2026-09-16")], 1),
    ("the month may be early enough", [mtx("2026-09")], 0),
    ("the month is too late", [mtx("2026-10")], 1),
    ("start unknown", [mtx(None)], 0),
    ("stopped the day before the infusion", [mtx("2026-01-01", "2027-01-11")], 1),
    ("changed six weeks before", [mtx("2026-01-01", "2026-11-02"), mtx("2026-11-03", dose=20)], 0),
    ("changed a day later", [mtx("2026-01-01", "2026-11-03"), mtx("2026-11-04", dose=20)], 1),
    ("route changed", [mtx("2026-01-01", "2026-11-03"), mtx("2026-11-04", CMROUTE="SUBCUTANEOUS")], 1),
    ("the same dose entered again", [mtx("2026-01-01", "2026-11-03"), mtx("2026-11-04")], 0),
    ("a gap in the course", [mtx("2026-01-01", "2026-10-01"), mtx("2026-10-10")], 1),
    ("rescue is no background", [mtx("2026-01-01", CMCAT=RESCUE)], 1),
    ("nothing taken", [], 1),
)
BX_CM_02: Cases = (
    ("at the limit", [mtx(dose=25)], 0),
    ("above it", [mtx(dose=25.5)], 1),
    ("daily", [mtx(dose=2.5, CMDOSFRQ="QD")], 1),
    ("every other day below", [mtx(dose=7, CMDOSFRQ="QOD")], 0),
    ("every other day above", [mtx(dose=7.5, CMDOSFRQ="QOD")], 1),
    ("in grams", [mtx(dose=0.03, CMDOSU="g")], 1),
    ("as needed", [mtx(dose=50, CMDOSFRQ="PRN")], 0),
    ("dose in words", [mtx(CMDOSE=None, CMDOSTXT="A LOT")], 0),
    ("not coded yet", [mtx(dose=30, CMDECOD=None)], 1),
    ("another drug", [oral("Leflunomide", 30)], 0),
)
_LEF = oral("Leflunomide", 20, "QD", "2026-06-01")
BX_CM_03: Cases = (
    ("SSZ 3 g", [oral("Sulfasalazine", 1500, "BID")], 0),
    ("SSZ above", [oral("Sulfasalazine", 1500.5, "BID")], 1),
    ("SSZ 3 g in grams", [oral("Sulfasalazine", 3, CMDOSU="g")], 0),
    ("HCQ 400 mg", [oral("Hydroxychloroquine", 400)], 0),
    ("HCQ above", [oral("Hydroxychloroquine", 200, "TID")], 1),
    ("LEF 20 mg", [_LEF], 0),
    ("LEF above", [oral("Leflunomide", 20.5)], 1),
    ("LEF above, over before consent", [oral("Leflunomide", 40, "QD", "2026-01-01", "2026-12-14")], 0),
    ("LEF above as rescue", [oral("Leflunomide", 40, CMCAT=RESCUE)], 0),
    ("MTX with LEF", [mtx(), _LEF], 1),
    ("MTX after LEF", [oral("Leflunomide", 20, "QD", "2026-01-01", "2026-12-20"), mtx("2026-12-21")], 0),
    ("a day together", [oral("Leflunomide", 20, "QD", "2026-01-01", "2026-12-21"), mtx("2026-12-21")], 1),
    ("together perhaps", [oral("Leflunomide", 20, "QD", "2026-01-01", "2026-12"), mtx("2026-12-21")], 0),
)
_TNF, _OTHER = {"CMSCAT": "BDMARD TNFI"}, {"CMSCAT": "BDMARD OTHER"}
BX_CM_04: Cases = (
    ("four weeks", [drug("Adalimumab", "2026-01-01", "2026-12-15", **_TNF)], 0),
    ("a day less", [drug("Adalimumab", "2026-01-01", "2026-12-16", **_TNF)], 1),
    ("some day of December", [drug("Adalimumab", "2026-01-01", "2026-12", **_TNF)], 0),
    ("some day of January", [drug("Adalimumab", "2026-01-01", "2027-01", **_TNF)], 1),
    ("rituximab six months", [drug("Rituximab", "2026-07-12", "2026-07-12", **_OTHER)], 0),
    ("a day less", [drug("Rituximab", "2026-07-13", "2026-07-13", **_OTHER)], 1),
    ("not stopped", [drug("Abatacept", **_OTHER)], 1),
    ("begun after the infusion", [drug("Abatacept", "2027-02-01", **_OTHER)], 0),
    ("on the other log, without a class", [drug("Golimumab", "2026-01-01", "2027-01-01")], 1),
)
_SHOT = {"CMROUTE": "INTRAMUSCULAR", "CMDOSFRQ": "ONCE"}
BX_CM_05: Cases = (
    ("prednisone 10 mg", [steroid("Prednisone", 10)], 0),
    ("above", [steroid("Prednisone", 10.5)], 1),
    ("methylprednisolone 8 mg", [steroid("Methylprednisolone", 8)], 0),
    ("above", [steroid("Methylprednisolone", 8.1)], 1),
    ("dexamethasone 1.5 mg", [steroid("Dexamethasone", 1.5)], 0),
    ("hydrocortisone 2 x 20 mg", [steroid("Hydrocortisone", 20, "BID")], 0),
    ("two steroids at the limit", [steroid("Prednisone", 5), steroid("Prednisolone", 5)], 0),
    ("two steroids above together", [steroid("Prednisone", 5), steroid("Prednisolone", 7.5)], 1),
    ("no equivalent", [steroid("Deflazacort", 6)], 1),
    ("as needed", [steroid("Prednisone", 5, "PRN")], 1),
    ("no dose", [steroid("Prednisone", None)], 1),
    ("injected 29 days before", [steroid("Triamcinolone", 40, None, "2026-12-14", "2026-12-14", **_SHOT)], 0),
    ("injected 28 days before", [steroid("Triamcinolone", 40, None, "2026-12-15", "2026-12-15", **_SHOT)], 1),
    ("on the day itself", [steroid("Triamcinolone", 40, None, "2027-01-12", "2027-01-12", **_SHOT)], 0),
    ("into a joint", [steroid("Triamcinolone", 40, CMROUTE="INTRA-ARTICULAR")], 0),
    ("begun 28 days before", [steroid("Prednisone", 5, "QD", "2026-12-15")], 0),
    ("begun a day later", [steroid("Prednisone", 5, "QD", "2026-12-16")], 1),
    ("begun in December", [steroid("Prednisone", 5, "QD", "2026-12")], 0),
    ("ended the day before", [steroid("Prednisone", 5, "QD", "2026-01-01", "2027-01-11")], 0),
    ("ended two days before", [steroid("Prednisone", 5, "QD", "2026-01-01", "2027-01-10")], 1),
)
_NSAID = {"CMSCAT": "NSAID"}


def _naproxen(start: str, end: str | None = None, dose: float = 500) -> Row:
    return oral("Naproxen", dose, "BID", start, end, **_NSAID)


BX_CM_06: Cases = (
    ("ongoing", [_naproxen("2026-01-01")], 0),
    ("stopped", [_naproxen("2026-01-01", "2027-02-01")], 1),
    ("stopped perhaps before the infusion", [_naproxen("2026-01-01", "2027-01")], 0),
    ("dose changed", [_naproxen("2026-01-01", "2027-02-01"), _naproxen("2027-02-02", None, 250)], 1),
    ("entered again as it was", [_naproxen("2026-01-01", "2027-02-01"), _naproxen("2027-02-02")], 0),
    ("dose added", [_naproxen("2026-01-01"), _naproxen("2027-02-02", None, 250)], 1),
    ("an NSAID added", [_naproxen("2027-02-02")], 1),
    ("for an event", [{**_naproxen("2027-02-02"), "CMCAT": "GENERAL"}], 0),
    ("a csDMARD before Week 14", [oral("Sulfasalazine", 500, "BID", "2027-04-19", CMSCAT="CSDMARD")], 0),
    ("a csDMARD from Week 14", [oral("Sulfasalazine", 500, "BID", WEEK14, CMSCAT="CSDMARD")], 1),
)
BX_CM_07: Cases = (
    ("biologic on the day of infusion", [drug("Adalimumab", "2027-01-12", **_TNF)], 1),
    ("before Week 14", [drug("Adalimumab", "2027-04-19", **_TNF)], 1),
    ("at Week 14", [drug("Adalimumab", WEEK14, **_TNF)], 0),
    ("perhaps before the infusion", [drug("Adalimumab", "2027-01", **_TNF)], 0),
    ("rescue on Day 95", [drug("Adalimumab", "2027-04-16", **{**_TNF, "CMCAT": RESCUE})], 1),
    ("rescue on Day 96", [drug("Adalimumab", "2027-04-17", **{**_TNF, "CMCAT": RESCUE})], 0),
    ("a targeted drug without a class", [drug("Tofacitinib", "2027-02-01")], 1),
    ("a new csDMARD", [oral("Sulfasalazine", 500, "BID", "2027-02-01", CMSCAT="CSDMARD")], 1),
    ("a csDMARD in another dose", [mtx("2026-01-01", "2027-01-31"), mtx("2027-02-01", dose=20)], 0),
    ("a low steroid", [steroid("Prednisone", 10, "QD", "2027-02-01")], 0),
    ("a burst", [steroid("Prednisone", 10.5, "QD", "2027-02-01")], 1),
    ("into a vein", [steroid("Prednisolone", None, None, "2027-02-01", CMROUTE="INTRAVENOUS")], 1),
    (
        "premedication",
        [steroid("Prednisolone", 50, None, "2027-01-12", CMROUTE="INTRAVENOUS", EPOCH="SCREENING")],
        0,
    ),
)
BX_CM_10: Cases = (
    ("50 days before", [drug("Red blood cells", "2026-11-23", "2026-11-23", CMCAT="BLOOD PRODUCT")], 1),
    ("51 days before", [drug("Red blood cells", "2026-11-22", "2026-11-22", CMCAT="BLOOD PRODUCT")], 0),
    ("on the day of infusion", [drug("Platelets", "2027-01-12", "2027-01-12", CMCAT="BLOOD PRODUCT")], 0),
    ("some day of December", [drug("Platelets", "2026-12", "2026-12", CMCAT="BLOOD PRODUCT")], 1),
    ("some day of November", [drug("Platelets", "2026-11", "2026-11", CMCAT="BLOOD PRODUCT")], 0),
    ("albumin", [drug("Albumin human", "2026-12-20", "2026-12-20", CMCAT="BLOOD PRODUCT")], 0),
    ("another medication", [drug("Red clover", "2026-12-20", "2026-12-20", CMCAT="GENERAL")], 0),
)


@pytest.mark.parametrize(
    ("check", "cases"),
    [
        ("BX-CM-01", BX_CM_01),
        ("BX-CM-02", BX_CM_02),
        ("BX-CM-03", BX_CM_03),
        ("BX-CM-04", BX_CM_04),
        ("BX-CM-05", BX_CM_05),
        ("BX-CM-06", BX_CM_06),
        ("BX-CM-07", BX_CM_07),
        ("BX-CM-10", BX_CM_10),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rule_of_medication_is_broken_just_beyond_its_limit(
    tmp_path: Path, check: str, cases: Cases
) -> None:
    found, _ = asked(tmp_path, check, [rows for _, rows, _ in cases])
    told = {f"{n} {what}": count for n, ((what, _, _), count) in enumerate(zip(cases, found, strict=True))}
    assert told == {f"{n} {what}": count for n, (what, _, count) in enumerate(cases)}


def test_a_missing_background_is_not_asked_for_while_a_row_is_in_quarantine(tmp_path: Path) -> None:
    held = table([{"SUBJID": subject(0)}], ["SUBJID"])
    found, _ = asked(tmp_path, "BX-CM-01", [[], []], **{"quarantine.edc_cmra": held})
    assert found == [0, 1]


def test_a_background_may_change_from_the_day_of_rescue_or_the_end(tmp_path: Path) -> None:
    ends = ["2027-04-19", "2027-04-20", "2027-11-30", "2027-12-01"]
    rescued, ended = {"RESCUEDTC": "2027-04-20"}, {"ENDDTC": "2027-12-01"}
    cases = [[_naproxen("2026-01-01", end)] for end in ends]
    who = people(4, more={0: rescued, 1: rescued, 2: ended, 3: ended})
    found, told = asked(tmp_path, "BX-CM-06", cases, **{"derived.subjects": who})
    assert found == [1, 0, 1, 0]
    assert told["detail"][0] == "NAPROXEN changed on 2027-04-19"


# rescue start, lack, decision, end of participation, participation in follow-up from -> severity and problem
RESCUES = (
    ("2027-04-20", "Y", "Y", None, None, None),
    ("2027-04-17", "Y", "Y", None, None, None),
    ("2027-04-16", "Y", "Y", None, None, ("ERROR", "early rescue")),
    ("2027-05-20", "Y", "Y", None, "2027-04-20", ("ERROR", "late rescue")),
    ("2027-04", "Y", "Y", None, None, None),
    ("2027-04-20", "N", "Y", None, None, ("ERROR", "rescue without lack of response")),
    ("2027-04-20", None, "Y", None, None, ("WARN", "rescue, and response not known")),
    ("2027-04-20", "Y", "N", None, None, ("ERROR", "rescue medication without a decision for rescue")),
    (None, "N", "N", None, "2027-04-20", None),
    (None, None, "N", None, "2027-04-20", None),
    (None, "Y", "N", None, "2027-04-20", ("ERROR", "lack of response without rescue")),
    (None, "N", "Y", None, "2027-04-20", ("ERROR", "rescue decided and none recorded")),
    (None, "Y", "Y", "2027-04-23", None, None),  # ended in the window of Week 14
    (None, "Y", "Y", "2027-04-24", None, ("ERROR", "lack of response without rescue")),
)


def _rescue_tables() -> dict[str, Any]:
    names = [f"BXU001-RA-{subject(n)}" for n in range(len(RESCUES))]
    responses = [
        {"USUBJID": name, "lack": case[1], "decision": True}
        for name, case in zip(names, RESCUES, strict=True)
    ]
    forms = [
        {"SUBJID": subject(n), "VISITOID": visit, "RESCUE": answer, "_line": 2.0 * n + place}
        for n, case in enumerate(RESCUES)
        for place, (visit, answer) in enumerate([("W12", "Y"), ("W14", case[2])])
    ]
    follow_up = [
        {"USUBJID": names[n], "ETCD": "EFU", "SESTDTC": case[4]} for n, case in enumerate(RESCUES) if case[4]
    ]
    return {
        "derived.response": table(responses, ["USUBJID", "lack", "decision"]),
        "live.edc_resc": table(forms, ["SUBJID", "VISITOID", "RESCUE", "_line"]),
        "sdtm.se": table(follow_up, ["USUBJID", "ETCD", "SESTDTC"]),
        "derived.subjects": people(
            len(RESCUES), more={n: {"ENDDTC": case[3]} for n, case in enumerate(RESCUES)}
        ),
    }


def test_rescue_is_recorded_exactly_where_the_response_lacks_and_the_decision_says_so(tmp_path: Path) -> None:
    cases = [[drug("Adalimumab", case[0], CMCAT=RESCUE)] if case[0] else [] for case in RESCUES]
    _, found = asked(tmp_path, "BX-CM-08", cases, **_rescue_tables())
    told = {
        row["subject"]: (row["severity"], row["detail"].partition(": ")[2])
        for row in found.iter_rows(named=True)
    }
    assert told == {subject(n): case[5] for n, case in enumerate(RESCUES) if case[5]}
    assert found.height == len(told)


@pytest.mark.parametrize(("cut", "asked_for"), [("2027-04-30", 0), ("2027-05-01", 1)])
def test_a_missing_rescue_is_asked_for_a_week_after_the_window_of_week_14(
    tmp_path: Path, cut: str, asked_for: int
) -> None:
    none, who = table([], ["SUBJID"]), people(1)
    tables = {
        **dict.fromkeys(("quarantine.edc_cmra", "quarantine.edc_resc", "quarantine.edc_jc28"), none),
        "sdtm.cm": table([], CM),
        "sdtm.se": table([], ["USUBJID", "ETCD", "SESTDTC"]),
        "derived.subjects": who,
        "derived.response": table(
            [{"USUBJID": who["USUBJID"][0], "lack": "Y", "decision": True}], ["USUBJID", "lack", "decision"]
        ),
        "live.edc_resc": table([], ["SUBJID", "VISITOID", "RESCUE", "_line"]),
    }
    assert counts(tmp_path, "BX-CM-08", tables, 1, cut=cut)[0] == [asked_for]


def _failed(name: str, kind: str, reason: str = "INADEQUATE RESPONSE") -> Row:
    return drug(name, "2024-01-01", "2025-01-01", CMSCAT=kind, CMCAT=PRIOR, CMRSDISC=reason)


def test_failure_of_both_kinds_is_documented_and_a_biologic_is_rescue_only(tmp_path: Path) -> None:
    csdmard, tnf = _failed("Methotrexate", "CSDMARD", "INTOLERANCE"), _failed("Etanercept", "BDMARD TNFI")
    cases: Cases = (
        ("both", [csdmard, tnf], 0),
        ("another reason", [csdmard, _failed("Etanercept", "BDMARD TNFI", "SUPPLY ENDED")], 1),
        ("nothing", [], 2),
        ("in quarantine", [], 0),
        ("biologic from Week 14", [csdmard, tnf, drug("Abatacept", WEEK14, **_OTHER)], 1),
        ("biologic before Week 14", [csdmard, tnf, drug("Abatacept", "2027-04-19", **_OTHER)], 0),
        ("as rescue", [csdmard, tnf, drug("Abatacept", WEEK14, **{**_OTHER, "CMCAT": RESCUE})], 0),
        ("never randomized", [], 0),
    )
    more = {
        "quarantine.edc_cmra": table([{"SUBJID": subject(3)}], ["SUBJID"]),
        "derived.subjects": people(len(cases), more={7: {"RANDOMIZED": False}}),
    }
    found, _ = asked(tmp_path, "BX-CM-09", [rows for _, rows, _ in cases], **more)
    assert found == [count for _, _, count in cases]
