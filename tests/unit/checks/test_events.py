"""Checks of adverse events at their limits: infusion 12-JAN-2027 09:30 to 10:30, consent 15-DEC-2026 10:00."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.unit.checks.cases import Row, counts, of_cases, people, subject, table

AE = (
    "USUBJID", "AESEQ", "AESPID", "AETERM", "AEDECOD", "AECAT", "AESER", "AEACN", "AEOUT", "AESCAN", "AESCONG",
    "AESDISAB", "AESDTH", "AESHOSP", "AESLIFE", "AESMIE", "AECONTRT", "AETOXGR", "AESTDTC", "AEENDTC", "AEENRTPT",
    "_q.AETRTEM",
)  # fmt: skip
USUAL: Row = {
    "AETERM": "HEADACHE", "AEDECOD": "Headache", "AESER": "N", "AEOUT": "UNKNOWN", "AETOXGR": "1",
    "AESTDTC": "2027-02-01", "AEPRE": "N", "_q.AETRTEM": "Y",
}  # fmt: skip
RECOVERED, NOT_RECOVERED = "RECOVERED/RESOLVED", "NOT RECOVERED/NOT RESOLVED"
Case = tuple[str, list[Row], int]


def event(start: str | None = "2027-02-01", end: str | None = None, **more: Any) -> Row:
    return {"AESTDTC": start, "AEENDTC": end, **more}


def asked(
    folder: Path, check: str, cases: Sequence[Sequence[Row]], more: Mapping[str, Any] | None = None
) -> tuple[list[int], pl.DataFrame]:
    rows = of_cases(cases, USUAL, sequence="AESEQ", record="AESPID")
    forms = [{**row, "RECORDID": row["AESPID"], "AENO": row.get("AENO", row["AESPID"][8:])} for row in rows]
    tables: dict[str, Any] = {
        "sdtm.ae": table(rows, AE),
        "live.edc_ae": table(forms, ["SUBJID", "RECORDID", "AEPRE", "AENO", "AECONTRT", "_line"]),
        "derived.subjects": people(len(cases)),
        **{
            f"quarantine.edc_{form}": table([], ["SUBJID"])
            for form in ("ae", "cm", "cmra", "dth", "dseos", "ec")
        },
        **(more or {}),
    }
    return counts(folder, check, tables, len(cases))


def _ends(days: Sequence[str | None], **more: Any) -> pl.DataFrame:
    rows = [
        {"USUBJID": f"BXU001-RA-{subject(n)}", "DSSTDTC": day, **more} for n, day in enumerate(days) if day
    ]
    return table(rows, ["USUBJID", "DSSCAT", "DSDECOD", "DSSTDTC"])


REACTION = {"AECAT": "INFUSION REACTION"}
UNCLEAR: tuple[Case, ...] = (
    ("after the infusion", [event()], 0),
    ("after it and said to be before", [event(AEPRE="Y")], 1),
    ("before and said to be before", [event("2027-01-11", AEPRE="Y", **{"_q.AETRTEM": "N"})], 0),
    ("before and said to be after", [event("2027-01-11", **{"_q.AETRTEM": "N"})], 1),
    ("on the day without a time", [event("2027-01-12")], 1),
    ("at the start", [event("2027-01-12T09:30")], 0),
    ("a minute before it", [event("2027-01-12T09:29", AEPRE="Y", **{"_q.AETRTEM": "N"})], 0),
    ("a minute before it, said to be after", [event("2027-01-12T09:29", **{"_q.AETRTEM": "N"})], 1),
    ("the flag is wrong", [event(**{"_q.AETRTEM": "N"})], 1),
    ("some day of January", [event("2027-01")], 0),
    ("some day of January, said to be before", [event("2027-01", AEPRE="Y")], 1),
    ("start unknown", [event(None)], 0),
)
SERIOUS: tuple[Case, ...] = (
    ("serious with a reason", [event(AESER="Y", AESHOSP="Y", AESLIFE="N")], 0),
    ("serious without one", [event(AESER="Y", AESHOSP="N")], 1),
    ("a reason and not serious", [event(AESMIE="Y")], 1),
    ("seriousness blank with a reason", [event(AESER=None, AESCAN="Y")], 1),
    ("fatal", [event(AESER="Y", AESDTH="Y", AETOXGR="5", AEOUT="FATAL")], 0),
    ("grade 5 and recovered", [event(AETOXGR="5", AEOUT=RECOVERED)], 1),
    ("fatal of grade 4", [event(AESER="Y", AESDTH="Y", AESLIFE="Y", AETOXGR="4", AEOUT="FATAL")], 1),
    ("grade 4 life-threatening", [event(AESER="Y", AESLIFE="Y", AETOXGR="4")], 0),
    ("grade 4 and not serious", [event(AETOXGR="4")], 1),
    ("grade blank", [event(AETOXGR=None)], 0),
)
OUTCOMES: tuple[Case, ...] = (
    ("recovered", [event("2027-02-01", "2027-02-01", AEOUT=RECOVERED)], 0),
    ("recovered without an end", [event(AEOUT=RECOVERED)], 1),
    ("recovered with sequelae without an end", [event(AEOUT="RECOVERED/RESOLVED WITH SEQUELAE")], 1),
    ("not recovered", [event(AEOUT=NOT_RECOVERED, AEENRTPT="ONGOING")], 0),
    ("not recovered with an end", [event("2027-02-01", "2027-02-03", AEOUT=NOT_RECOVERED)], 1),
    ("ongoing with an end", [event("2027-02-01", "2027-02-03", AEENRTPT="ONGOING")], 1),
    ("ends the day before", [event("2027-02-02", "2027-02-01")], 1),
    ("ends a minute before", [event("2027-02-01T10:00", "2027-02-01T09:59")], 1),
    ("ends on the day, time unknown", [event("2027-02-01T10:00", "2027-02-01")], 0),
    ("ends in the month", [event("2027-02-10", "2027-02")], 0),
    ("ends in the month before", [event("2027-02-10", "2027-01")], 1),
)
REACTIONS: tuple[Case, ...] = (
    ("during", [event("2027-01-12T09:30", **REACTION)], 0),
    ("24 hours after the end", [event("2027-01-13T10:30", **REACTION)], 0),
    ("a minute later", [event("2027-01-13T10:31", **REACTION)], 1),
    ("the day after", [event("2027-01-13", **REACTION)], 0),
    ("two days after", [event("2027-01-14", **REACTION)], 1),
    ("before the infusion", [event("2027-01-12T09:29", **REACTION)], 1),
    ("some day of January", [event("2027-01", **REACTION)], 0),
    ("no reaction", [event("2027-03-01")], 0),
)
CONSENTS: tuple[Case, ...] = (
    ("the day before", [event("2026-12-14")], 1),
    ("on the day", [event("2026-12-15")], 0),
    ("a minute before", [event("2026-12-15T09:59")], 1),
    ("at the minute", [event("2026-12-15T10:00")], 0),
    ("the month before", [event("2026-11")], 1),
    ("the month", [event("2026-12")], 0),
    ("start unknown", [event(None)], 0),
)
TWINS: tuple[Case, ...] = (
    ("one after the other", [event("2027-02-01", "2027-02-03"), event("2027-02-04", "2027-02-05")], 0),
    ("follows on the last day", [event("2027-02-01", "2027-02-03"), event("2027-02-03", "2027-02-05")], 0),
    ("a day together", [event("2027-02-01", "2027-02-03"), event("2027-02-02", "2027-02-05")], 1),
    ("the same day", [event("2027-02-01", "2027-02-01"), event("2027-02-01", "2027-02-01")], 1),
    ("the first goes on", [event("2027-02-01", AEENRTPT="ONGOING"), event("2027-05-01", "2027-05-02")], 1),
    ("other terms", [event("2027-02-01", "2027-02-09"), event("2027-02-01", AETERM="X", AEDECOD="X")], 0),
    ("not coded yet", [event("2027-02-01", "2027-02-09"), event("2027-02-02", "2027-02-03", AEDECOD=None)], 1),
    ("perhaps together", [event("2027-02-10", "2027-02-20"), event("2027-02", "2027-02")], 0),
    ("a number twice", [event(AENO="1"), event(AENO="01", AETERM="X", AEDECOD="X")], 1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("check", "cases"),
    [
        ("BX-AE-02", UNCLEAR),
        ("BX-AE-03", SERIOUS),
        ("BX-AE-05", OUTCOMES),
        ("BX-AE-08", REACTIONS),
        ("BX-AE-09", TWINS),
        ("BX-AE-10", CONSENTS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rule_of_events_is_broken_just_beyond_its_limit(
    tmp_path: Path, check: str, cases: Sequence[Case]
) -> None:
    found, _ = asked(tmp_path, check, [rows for _, rows, _ in cases])
    told = {what: count for (what, _, _), count in zip(cases, found, strict=True)}
    assert told == {what: count for what, _, count in cases}


def test_a_grade_four_to_be_looked_at_is_only_a_warning(tmp_path: Path) -> None:
    _, found = asked(tmp_path, "BX-AE-03", [[event(AETOXGR="4")], [event(AETOXGR="4", AESER="Y")]])
    assert found.sort("subject")["severity"].to_list() == ["WARN", "ERROR"]


def test_no_event_starts_after_the_end_of_participation(tmp_path: Path) -> None:
    starts = ["2027-05-01", "2027-05-02", "2027-05", "2027-06", "2027-06-01"]
    ends = _ends(["2027-05-01"] * 4 + [None], DSSCAT="STUDY PARTICIPATION")
    found, told = asked(tmp_path, "BX-AE-01", [[event(start)] for start in starts], {"sdtm.ds": ends})
    assert found == [0, 1, 0, 1, 0]
    assert "AE starts 2027-05-02, participation ended 2027-05-01" in told["detail"].to_list()


FATAL = event(AESER="Y", AESDTH="Y", AEOUT="FATAL", AETOXGR="5")
# events, date of death, flag, day of the disposition DEATH, findings
DEATHS: tuple[tuple[list[Row], str | None, str | None, str | None, int], ...] = (
    ([event()], None, None, None, 0),
    ([FATAL], "2027-05-01", "Y", "2027-05-01", 0),
    ([event(), FATAL], "2027-05-01", "Y", "2027-05-01", 0),
    ([FATAL], "2027-05-01", "Y", "2027-05-02", 1),
    ([FATAL], "2027-05", "Y", "2027-05-02", 0),
    ([FATAL], None, "Y", "2027-05-01", 1),
    ([FATAL], "2027-05-01", "Y", None, 1),
    ([FATAL], "2027-05-01", None, "2027-05-01", 1),
    ([event()], "2027-05-01", "Y", "2027-05-01", 1),
    ([event(AESER="Y", AESDTH="Y")], None, None, None, 1),
    ([{**FATAL, "AESDTH": "N"}, FATAL], "2027-05-01", "Y", "2027-05-01", 1),
)


def _death_tables() -> dict[str, pl.DataFrame]:
    flags = [
        {"USUBJID": f"BXU001-RA-{subject(n)}", "DTHDTC": case[1], "DTHFL": case[2]}
        for n, case in enumerate(DEATHS)
    ]
    return {
        "sdtm.dm": table(flags, ["USUBJID", "DTHDTC", "DTHFL"]),
        "sdtm.ds": _ends([case[3] for case in DEATHS], DSDECOD="DEATH"),
    }


def test_all_sources_of_a_death_say_the_same(tmp_path: Path) -> None:
    found, told = asked(tmp_path, "BX-AE-04", [case[0] for case in DEATHS], _death_tables())
    assert found == [case[4] for case in DEATHS]
    assert set(told["severity"]) == {"CRITICAL"}


def test_a_death_is_not_asked_for_twice_while_its_event_is_in_quarantine(tmp_path: Path) -> None:
    held = table([{"SUBJID": subject(8)}], ["SUBJID"])
    tables = {**_death_tables(), "quarantine.edc_ae": held}
    found, _ = asked(tmp_path, "BX-AE-04", [case[0] for case in DEATHS], tables)
    assert found[8] == 0


STOPPED = {"AEACN": "DRUG INTERRUPTED"}
# events, whether the infusion was interrupted (None: not given), findings
ACTIONS: tuple[tuple[str, list[Row], str | None, int], ...] = (
    ("during an interrupted infusion", [event("2027-01-12T09:40", **STOPPED)], "Y", 0),
    ("at its last minute", [event("2027-01-12T10:30", **STOPPED)], "Y", 0),
    ("a minute later", [event("2027-01-12T10:31", **STOPPED)], "Y", 1),
    ("that was not interrupted", [event("2027-01-12T09:40", **STOPPED)], "N", 1),
    ("no answer", [event("2027-01-12T09:40", **STOPPED)], "", 1),
    ("time unknown", [event("2027-01-12", **STOPPED)], "Y", 0),
    ("days later", [event("2027-01-20", AEACN="DRUG WITHDRAWN")], "Y", 1),
    ("never infused", [event("2027-01-20", **STOPPED)], None, 1),
    ("a reaction without the action", [event("2027-01-12T09:40", **REACTION)], "Y", 1),
    ("another event has it", [event("2027-01-12T09:40", **REACTION), event("2027-01-12T09:40", **STOPPED)], "Y", 0),
    ("a reaction after it", [event("2027-01-12T11:00", **REACTION)], "Y", 0),
)  # fmt: skip


def test_an_infusion_is_interrupted_by_an_event_that_starts_during_it(tmp_path: Path) -> None:
    rows = [
        {"USUBJID": f"BXU001-RA-{subject(n)}", "ECOCCUR": "Y", "_q.ECINTRP": case[2] or None}
        for n, case in enumerate(ACTIONS)
        if case[2] is not None
    ]
    infusions = table(rows, ["USUBJID", "ECOCCUR", "_q.ECINTRP"])
    found, _ = asked(tmp_path, "BX-AE-06", [case[1] for case in ACTIONS], {"sdtm.ec": infusions})
    told = {case[0]: count for case, count in zip(ACTIONS, found, strict=True)}
    assert told == {case[0]: case[3] for case in ACTIONS}


@pytest.mark.parametrize("log", ["edc_cm", "edc_cmra"])
def test_a_treated_event_and_its_medication_name_each_other(tmp_path: Path, log: str) -> None:
    cases = [
        ([event(AECONTRT="Y")], "1", 0),
        ([event(AECONTRT="N")], None, 0),
        ([event(AECONTRT="Y")], None, 1),
        ([event(AECONTRT="N")], "1", 1),
        ([event(AECONTRT=None)], "01", 1),
        ([event(AECONTRT="N")], "2", 1),
        ([event(AECONTRT="Y")], "2", 2),
        ([event(AECONTRT="Y")], None, 0),  # a medication of the subject is in quarantine
        ([], "1", 0),  # the event is in quarantine
    ]
    given = [
        {"SUBJID": subject(n), "CMAENO": case[1], "_line": 2.0 + n} for n, case in enumerate(cases) if case[1]
    ]
    other = {"edc_cm": "edc_cmra", "edc_cmra": "edc_cm"}[log]
    tables = {
        f"live.{log}": table(given, ["SUBJID", "CMAENO", "_line"]),
        f"live.{other}": table([], ["SUBJID", "CMAENO", "_line"]),
        f"quarantine.{log}": table([{"SUBJID": subject(7)}], ["SUBJID"]),
        "quarantine.edc_ae": table([{"SUBJID": subject(8)}], ["SUBJID"]),
    }
    found, _ = asked(tmp_path, "BX-AE-07", [case[0] for case in cases], tables)
    assert found == [case[2] for case in cases]
