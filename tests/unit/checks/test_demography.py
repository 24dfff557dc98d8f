"""Checks of who the subjects are, and of what the trial summary says about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from tests.unit.checks.apart import details, found_apart
from tests.unit.checks.asked import findings_of

WHO = {"USUBJID": "BXU001-RA-101-001", "SUBJID": "101-001"}


def on_roster(born: str | None, age: int | None, consent: str | None = "2026-12-15") -> dict[str, Any]:
    return {
        "derived.subjects": [{**WHO, "RFICDTC": consent}],
        "live.edc_dm": [{"SUBJID": "", "SITEID": "101", "BRTHDAT": born, "AGE": age, "_line": 2}],
        "live.rtsm_sites": [{"SITEID": "101"}],
        "sdtm.dm": [{"USUBJID": "", "AGE": None if age is None else float(age)}],
    }


def test_the_entered_age_is_possible_for_birth_and_consent(tmp_path: Path) -> None:
    cases = [
        (on_roster("15-DEC-1976", 50), 0),
        (on_roster("16-DEC-1976", 50), 1),
        (on_roster("16-DEC-1976", 49), 0),
        (on_roster("29-FEB-1976", 50), 0),
        (on_roster("UN-DEC-1976", 49), 0),
        (on_roster("UN-DEC-1976", 48), 1),
        (on_roster("UN-UNK-1976", 50), 0),
        (on_roster("UN-UNK-1976", 51), 1),
        (on_roster(None, 50), 0),
        (on_roster("16-DEC-1976", 50, "2026-12"), 0),
        (on_roster("01-JAN-1977", 50, "2026-12"), 1),
    ]
    found = found_apart(tmp_path, "BX-DM-01", [case for case, _ in cases], columns={"AGE": pl.Int64})
    assert [len(rows) for rows in found] == [number for _, number in cases]


def test_an_age_is_known_and_a_site_is_in_the_site_master(tmp_path: Path) -> None:
    ageless = on_roster("UN-UNK-UNK", None)
    elsewhere = on_roster("15-DEC-1976", 50)
    elsewhere["live.edc_dm"][0]["SITEID"] = "199"
    found = found_apart(tmp_path, "BX-DM-01", [ageless, elsewhere], columns={"AGE": pl.Int64})
    assert details(found, "DM identity ") == [
        ["(the age is not known)"],
        ["(the site is not in the site master)"],
    ]


def races(
    race: str | None, *reported: str, ethnicity: str | None = "NOT HISPANIC OR LATINO"
) -> dict[str, Any]:
    several = [{"USUBJID": "", "QNAM": f"RACE{n}", "QVAL": name} for n, name in enumerate(reported, start=1)]
    other = {"USUBJID": "", "QNAM": "RACEOTH", "QVAL": "MIXED HERITAGE"}
    return {
        "sdtm.dm": [{"USUBJID": "", "RACE": race, "ETHNIC": ethnicity}],
        "sdtm.suppdm": [*several, other],
    }


def test_race_and_ethnicity_are_coded_and_multiple_stands_for_several_races(tmp_path: Path) -> None:
    differ = "(DM and SUPPDM do not agree, {} races in SUPPDM)"
    cases = [
        (races("MULTIPLE", "WHITE", "ASIAN"), []),
        (races("MULTIPLE", "WHITE"), [differ.format(1)]),
        (races("WHITE"), []),
        (races("UNKNOWN"), []),
        (races("WHITE", "WHITE", "ASIAN"), [differ.format(2)]),
        (races("MULTIPLE", "WHITE", "UNKNOWN"), ["(unknown beside another race, 2 races in SUPPDM)"]),
        (races(None), ["(no race, 0 races in SUPPDM)"]),
        (races("WHITE", ethnicity=None), ["(no ethnicity, 0 races in SUPPDM)"]),
    ]
    found = found_apart(tmp_path, "BX-DM-02", [case for case, _ in cases])
    assert details(found, "Race inconsistent ") == [told for _, told in cases]


def summary(folder: Path, consents: dict[str, str | None], **told: str) -> list[str]:
    """What BX-TS-01 says of a summary and the consents of randomized subjects, on a cut of 2027-06-30."""
    shown = {"SSTDTC": "2026-12-01", "ACTSUB": str(len(consents)), "DCUTDTC": "2027-06-30", **told}
    everybody = {**consents, "101-009": "2026-10-01"}  # a screen failure
    tables: dict[str, Any] = {
        "sdtm.ts": [{"TSPARMCD": name, "TSVAL": value} for name, value in shown.items()],
        "sdtm.ds": pl.DataFrame(
            [{"USUBJID": f"BXU001-RA-{who}", "DSDECOD": "RANDOMIZED"} for who in consents],
            schema={"USUBJID": pl.String, "DSDECOD": pl.String},
        ),
        "derived.subjects": [
            {"USUBJID": f"BXU001-RA-{who}", "RFICDTC": consent, "RFICDTC_line": 2}
            for who, consent in everybody.items()
        ],
    }
    found = findings_of(folder, "BX-TS-01", tables, cut="2027-06-30")
    return sorted(detail.removeprefix("TS vs data ") for detail in found["detail"])


def test_the_summary_starts_with_the_first_certain_consent_and_counts_the_randomized(tmp_path: Path) -> None:
    usual: dict[str, str | None] = {"101-001": "2026-12-01T08:30", "101-002": "2026-12-04", "101-003": None}
    may_be_earlier = {**usual, "101-002": "2026"}
    earlier = {**usual, "101-002": "2026-11"}
    assert summary(tmp_path / "1", usual) == []
    assert summary(tmp_path / "2", may_be_earlier) == []
    assert summary(tmp_path / "3", earlier) == ["(SSTDTC 2026-12-01 against 2026-11)"]
    assert summary(tmp_path / "4", usual, SSTDTC="2026-11-30") == ["(SSTDTC 2026-11-30 against 2026-12-01)"]
    assert summary(tmp_path / "5", usual, ACTSUB="4") == ["(ACTSUB 4 against 3)"]
    assert summary(tmp_path / "6", {}) == []
    assert summary(tmp_path / "7", usual, DCUTDTC="2027-06-29") == ["(DCUTDTC 2027-06-29 against 2027-06-30)"]
