"""Cases of the checks of eligibility: consent 15-DEC-2026 and infusion 12-JAN-2027 at 09:30, unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tests.unit.checks.asked import findings_of
from tests.unit.checks.cases import subject

Tables = dict[str, list[dict[str, Any]]]
NUMBER, FLAG = pl.Float64(), pl.Boolean()
PREFIX = "BXU001-RA-"
LINES: tuple[str, ...] = ("_line", "line")
WHO = {"USUBJID": None, "SUBJID": None}
# Every table that a check of eligibility reads: its columns and what they usually hold.
USUAL: dict[str, dict[str, Any]] = {
    "derived.subjects": {**WHO, "RFICDTC": "2026-12-15T10:00", "RFXSTDTC": "2027-01-12T09:30", "RANDOMIZED": True},
    "sdtm.dm": {"USUBJID": None, "AGE": 50.0, "SEX": "F", "_q.CHILDPOT": "N"},
    "sdtm.rs": {
        "USUBJID": None, "RSSEQ": 1.0, "RSSPID": "R1", "RSTESTCD": None, "RSSTRESC": None, "RSLOBXFL": None,
        "VISITNUM": 0.0, "VISIT": "SCREENING",
    },
    "sdtm.mh": {
        "USUBJID": None, "MHSEQ": 1.0, "MHCAT": "PRIMARY DIAGNOSIS", "MHEVDTYP": "SYMPTOM ONSET", "MHSTDTC": None,
    },
    "sdtm.mk": {
        "USUBJID": None, "MKSEQ": 1.0, "MKTESTCD": None, "MKSTRESC": None, "VISITNUM": 0.0, "VISIT": "SCREENING",
    },
    "sdtm.lb": {
        "USUBJID": None, "LBSEQ": 1.0, "LBTESTCD": None, "LBSPEC": "SERUM", "LBORRES": None, "LBORNRHI": None,
        "LBSTRESC": None, "LBDTC": "2026-12-20T08:00", "LBREFID": "A1", "VISITNUM": 0.0, "VISIT": "SCREENING",
    },
    "sdtm.is": {
        "USUBJID": None, "ISSEQ": 1.0, "ISCAT": "AUTOIMMUNITY", "ISTESTCD": "RFATAB", "ISBDAGNT": None,
        "ISORRES": None, "ISORNRHI": None, "ISSTRESC": None, "ISDTC": "2026-12-20T08:00", "VISITNUM": 0.0,
        "VISIT": "SCREENING",
    },
    "sdtm.mb": {
        "USUBJID": None, "MBSEQ": 1.0, "MBTESTCD": "HBSAG", "MBTEST": "HBsAg", "MBSTRESC": None,
        "MBDTC": "2026-12-20", "VISITNUM": 0.0, "VISIT": "SCREENING",
    },
    "sdtm.ie": {"USUBJID": None, "IESEQ": 1.0, "IETESTCD": None, "VISIT": "SCREENING"},
    "sdtm.ds": {"USUBJID": None, "DSSEQ": 1.0, "DSDECOD": "SCREEN FAILURE", "DSTERM": None},
    "qc.egfr": {
        "USUBJID": None, "VISITNUM": 0.0, "dtc": "2026-12-20", "idms": None, "idms_below": None, "original": None,
        "original_below": None, "problem": None, "disagree": None, "source": "lab_results", "line": 2.0,
    },
    "live.edc_ie": {
        "SUBJID": None, "VISITOID": "SCR", "FORMREPEAT": "1", "IEYN": None, "IETESTCD": None, "_line": 2.0,
    },
    "live.edc_mhpre": {"SUBJID": None, "MHPTERM": None, "MHOCCUR": "Y", "MHDETAIL": None, "_line": 2.0},
    "live.edc_upt": {"SUBJID": None, "VISITOID": "D1", "_line": 2.0},
    "live.lab_results": {"SUBJID": None, "LABTESTCD": None, "_line": 2.0},
    "quarantine.lab_results": {"SUBJID": None, "LABTESTCD": None},
    "quarantine.edc_upt": {"SUBJID": None, "VISITOID": "D1"},
    "quarantine.edc_ie": {"SUBJID": None},
    **{f"ops.aside_{name}": {"source": None, "line": 2.0, "fate": "quarantined"} for name in ("is", "lb", "ie")},
}  # fmt: skip


def asked(folder: Path, check: str, cases: Sequence[Tables], **more: Any) -> list[list[dict[str, Any]]]:
    """Findings of every case; case n is subject n, whose lines begin at 100 n."""
    rows: Tables = {name: [] for name in USUAL}
    for number, tables in enumerate(cases):
        usual: Tables = {"derived.subjects": [{}], "sdtm.dm": [{}]}
        for name, told in {**usual, **tables}.items():
            rows[name] += [_own(name, row, number) for row in told]
    frames = {name: _frame(name, own) for name, own in rows.items()}
    found = findings_of(folder, check, frames, **more)
    return [found.filter(pl.col("subject") == subject(n)).to_dicts() for n in range(len(cases))]


def _own(name: str, row: dict[str, Any], number: int) -> dict[str, Any]:
    own: dict[str, Any] = {**USUAL[name], **row}
    who = {"USUBJID": PREFIX + subject(number), "SUBJID": subject(number)}
    place = {key: own[key] + 100 * number for key in LINES if key in own}
    return {**own, **{key: value for key, value in who.items() if key in own and own[key] is None}, **place}


def _frame(name: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    kinds = {
        column: NUMBER if isinstance(value, float) else FLAG if isinstance(value, bool) else pl.String()
        for column, value in USUAL[name].items()
    }
    return pl.DataFrame(rows, schema=kinds)


def severities(found: list[list[dict[str, Any]]]) -> str:
    """One word a case: the first letters of its findings' severities, - without any."""
    return " ".join("".join(row["severity"][0] for row in rows) or "-" for rows in found)


SCREENED: Tables = {"derived.subjects": [{"RANDOMIZED": False, "RFXSTDTC": None}]}
