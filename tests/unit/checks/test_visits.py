"""Checks of visits, disposition and clocks at their limits."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.unit.checks.asked import findings_of

WHO, PERSON = "101-001", "BXU001-RA-101-001"
SUBJECT = {
    "USUBJID": PERSON,
    "SUBJID": WHO,
    "SITEID": "101",
    "RFICDTC": "2027-01-04",
    "RFXSTDTC": "2027-02-01T10:00",
    "ENDDTC": None,
    "LASTDTC": None,
    "DTHDTC": None,
    "RANDOMIZED": True,
}
SUBJECTS = pl.Schema({name: pl.Boolean if name == "RANDOMIZED" else pl.String for name in SUBJECT})
FORM = pl.Schema(
    {
        "SUBJID": pl.String,
        "VISITOID": pl.String,
        "SVDAT": pl.String,
        "_line": pl.UInt32,
        "VISITNAME": pl.String,
    }
)


def subject(**changes: object) -> pl.DataFrame:
    return pl.DataFrame([SUBJECT | changes], schema=SUBJECTS)


def visit(number: float, name: str, day: str | None, occurred: str = "Y") -> dict[str, object]:
    return {
        "USUBJID": PERSON,
        "VISITNUM": number,
        "VISIT": name,
        "SVSTDTC": day,
        "SVENDTC": day,
        "SVOCCUR": occurred,
    }


def first_row(oid: str, source: str = "edc_sv") -> list[dict[str, object]]:
    return [{"USUBJID": PERSON, "oid": oid, "first_source": source, "first_line": 7}]


def form(oid: str, line: int = 7) -> pl.DataFrame:
    return pl.DataFrame(
        [{"SUBJID": WHO, "VISITOID": oid, "SVDAT": None, "_line": line, "VISITNAME": oid}], schema=FORM
    )


@pytest.mark.parametrize(
    ("second", "found"), [("2027-02-08", 0), ("2027-02-02", 1), ("2027-02-01", 1), ("2027-02", 1)]
)
def test_a_planned_visit_lies_after_the_one_before(tmp_path: Path, second: str, found: int) -> None:
    visits = [visit(2, "DAY 2", "2027-02-02"), visit(3, "WEEK 1", second)]
    findings = findings_of(tmp_path, "BX-SV-01", {"sdtm.sv": visits, "derived.visits": first_row("W1")})
    assert findings.select("source", "line").rows() == [("edc_sv", 7)] * found


@pytest.mark.parametrize(("source", "variable"), [("edc_sv", "SVDAT"), ("edc_vs", "SVSTDTC")])
@pytest.mark.parametrize("check", ["BX-SV-01", "BX-SV-03"])
def test_a_visit_is_asked_about_where_its_date_comes_from(
    tmp_path: Path, check: str, source: str, variable: str
) -> None:
    visits = [visit(2, "DAY 2", "2027-02-02"), visit(3, "WEEK 1", "2027-01-20")]
    tables = {"sdtm.sv": visits, "derived.visits": first_row("W1", source), "derived.subjects": subject()}
    findings = findings_of(tmp_path, check, tables).filter(pl.col("visit") == "WEEK 1")
    assert findings.select("source", "line", "variable").rows() == [(source, 7, variable)]


@pytest.mark.parametrize(
    ("dated", "found"),
    [("03-JAN-2027", 1), ("04-JAN-2027", 0), ("UN-DEC-2026", 1), ("UN-JAN-2027", 0), (None, 0)],
)
def test_a_form_of_a_visit_is_not_dated_before_consent(tmp_path: Path, dated: str | None, found: int) -> None:
    records = {
        f"sdtm.{name}": pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        for name, columns in {
            **{
                name: ("USUBJID", f"{name.upper()}SEQ", "VISIT", f"{name.upper()}DTC")
                for name in ("vs", "lb", "is", "mb", "mk", "qs", "rs", "ie")
            },
            "dm": ("USUBJID", "DMDTC"),
            "ds": ("USUBJID", "DSSEQ", "DSSTDTC"),
        }.items()
    }
    forms = form("W1").with_columns(SVDAT=pl.lit(dated, pl.String), SVENDAT=pl.lit(None, pl.String))
    findings = findings_of(
        tmp_path, "BX-DS-03", {**records, "derived.subjects": subject(), "live.edc_sv": forms}
    )
    assert findings.select("source", "line", "variable").rows() == [("edc_sv", 7, "SVDAT")] * found


@pytest.mark.parametrize(
    ("performed", "dated", "found"), [("N", "08-FEB-2027", 1), ("N", None, 0), ("Y", "08-FEB-2027", 0)]
)
def test_a_visit_that_did_not_take_place_has_no_date(
    tmp_path: Path, performed: str, dated: str | None, found: int
) -> None:
    forms = form("W1").with_columns(
        SVPERF=pl.lit(performed), SVDAT=pl.lit(dated, pl.String), SVENDAT=pl.lit(None, pl.String)
    )
    assert findings_of(tmp_path, "BX-SV-04N", {"live.edc_sv": forms}).height == found


@pytest.mark.parametrize(
    ("number", "name", "oid", "day", "out"),
    [
        (3, "WEEK 1", "W1", "2027-02-06", None),  # two days before day 8
        (3, "WEEK 1", "W1", "2027-02-05", "1"),
        (3, "WEEK 1", "W1", "2027-02-10", None),
        (3, "WEEK 1", "W1", "2027-02-12", "2"),
        (2, "DAY 2", "D2", "2027-02-03", "1"),
        (0, "SCREENING", "SCR", "2027-01-04", None),  # 28 days before
        (0, "SCREENING", "SCR", "2027-01-03", "1"),
        (0, "SCREENING", "SCR", "2027-02-01", "1"),  # on the day of infusion
        (3, "WEEK 1", "W1", "2027-02", None),  # the day is not known
    ],
)
def test_a_visit_is_out_of_its_window_from_the_first_day_outside(
    tmp_path: Path, number: int, name: str, oid: str, day: str, out: str | None
) -> None:
    tables = {
        "sdtm.sv": [visit(number, name, day)],
        "derived.subjects": subject(),
        "derived.visits": first_row(oid),
    }
    findings = findings_of(tmp_path, "BX-SV-03", tables)
    assert findings["detail"].to_list() == ([f"Out of window by {out} d"] if out else [])


@pytest.mark.parametrize(
    ("cut", "ended", "found"),
    [
        ("2027-03-02", None, 0),
        ("2027-03-03", None, 1),
        ("2027-03-03", "2027-02-02", 0),
        ("2027-03-10", None, 1),
    ],
)
def test_a_visit_is_missed_when_its_window_and_the_days_for_entry_are_over(
    tmp_path: Path, cut: str, ended: str | None, found: int
) -> None:
    """Day 2 closes on 2 February, Week 1 on 10 February; 28 days are allowed for entry."""
    tables = {
        "sdtm.sv": [visit(1, "DAY 1", "2027-02-01")],
        "derived.subjects": subject(ENDDTC=ended),
        "quarantine.edc_sv": FORM.to_frame(),
    }
    findings = findings_of(tmp_path, "BX-SV-04", tables, cut=cut)
    assert findings["visit"].to_list() == ["DAY 2"] * found


@pytest.mark.parametrize(
    ("zone", "clock", "found"),
    [("America/New_York", "02:30", 1), ("America/New_York", "03:00", 0), ("America/Phoenix", "02:30", 0)],
)
def test_the_hour_that_a_clock_left_out_is_told(tmp_path: Path, zone: str, clock: str, found: int) -> None:
    tables = {
        "sdtm.ae": [{"USUBJID": PERSON, "AESEQ": 1, "AESTDTC": f"2027-03-14T{clock}"}],
        "derived.subjects": subject(),
        "live.rtsm_sites": [{"SITEID": "101", "TZ": zone}],
    }
    assert findings_of(tmp_path, "BX-DAT-02", tables).height == found
