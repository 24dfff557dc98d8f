"""What a set-aside row of a reference source makes unknown: nothing may be said instead of it."""

from __future__ import annotations

import pytest

from tests.unit.domains.trial import ONE, TWO, Row, Rows, Trial, infusion, one, subject

EVENT: Row = {"VISITOID": "LOG", "AETERM": "RASH", "AESTDAT": "10-FEB-2027", "AEONGO": "1"}
ARMS = ("ARMCD", "ACTARMCD", "ARMNRS")


def without(source: str, column: str, *, kind: str = "form", **facts: object) -> Trial:
    """A randomized, infused subject with an ongoing event, whose row of ``source`` broke its contract at ``column``."""
    rows = subject(ended="10-JUN-2027", rescue="12-MAY-2027", visits={"SCR": "04-JAN-2027"})
    rows["edc_ae"] = [dict(EVENT)]
    moved: Row = {**rows.pop(source)[0], **facts, "_reasons": f"{source}.{column}.{kind}"}
    return Trial(rows, broken={source: [moved]})


def told(trial: Trial) -> list[tuple[object, ...]]:
    found = trial.built("DM").findings
    return found.select("rule", "severity", "source", "line", "subject", "variable", "quarantined").rows()


def critical(source: str, variable: str) -> tuple[object, ...]:
    return ("DM.reference", "CRITICAL", source, 90, ONE, variable, True)


def test_an_infusion_that_is_set_aside_is_not_taken_for_none() -> None:
    trial = without("edc_ec", "ECVOLPRP")
    assert trial.records("DM", "RFSTDTC", *ARMS) == [(None, "MASKED", None, None)]
    assert trial.records("SE", "ETCD", "SESTDTC", "SEENDTC") == [("SCRN", "2027-01-04", None)]
    assert trial.records("SUPPAE", "QNAM", "QVAL") == []
    assert one(trial.records("AE", "EPOCH")) is None
    assert told(trial) == [critical("edc_ec", "RFXSTDTC, RFXENDTC")]


def test_a_row_that_says_itself_that_nothing_was_infused_withholds_nothing() -> None:
    trial = without("edc_ec", "ECVOLPRP", ECYN="N")
    assert trial.records("DM", *ARMS) == [("MASKED", None, "ASSIGNED, NOT TREATED")]
    assert told(trial) == []


def test_a_row_that_broke_its_contract_in_what_says_whether_it_counts_may_count() -> None:
    trial = without("edc_ec", "ECYN", kind="code", ECYN="Z")
    assert one(trial.records("DM", "ARMNRS")) is None
    assert told(trial) == [critical("edc_ec", "RFXSTDTC, RFXENDTC")]


def test_a_deleted_row_that_is_set_aside_withholds_nothing() -> None:
    assert told(without("edc_ec", "ECVOLPRP", RECSTATUS="DELETED")) == []


def test_a_moment_that_another_row_tells_is_known() -> None:
    broken: Rows = {"edc_ec": [{**infusion("01-FEB-2027"), "_reasons": "edc_ec.ECVOLPRP.form"}]}
    trial = Trial(subject(infused="01-FEB-2027"), broken=broken)
    assert one(trial.records("DM", "RFXSTDTC")) == "2027-02-01T09:30"
    assert told(trial) == []


def test_an_assignment_that_is_set_aside_leaves_arms_and_reason_blank() -> None:
    trial = without("rtsm_assign", "RANDDT")
    assert trial.records("DM", *ARMS) == [(None, None, None)]
    assert told(trial) == [critical("rtsm_assign", "RANDOMIZED")]


def test_an_end_that_is_set_aside_is_neither_open_participation_nor_a_contact_at_the_cut() -> None:
    trial = without("edc_dseos", "DSEOSDAT", kind="date")
    assert trial.records("DM", "RFENDTC", "RFPENDTC") == [(None, None)]
    assert one(trial.records("AE", "AEENTPT")) is None
    assert told(trial) == [critical("edc_dseos", "ENDDTC, LASTDTC")]


def test_nobody_is_said_not_to_be_assigned_while_the_end_of_participation_is_set_aside() -> None:
    rows = subject(infused=None, randomized=False, ended="10-JAN-2027")
    end: Row = {**rows.pop("edc_dseos")[0], "_reasons": "edc_dseos.DSEOSDAT.date"}
    assert one(Trial(rows, broken={"edc_dseos": [end]}).records("DM", "ARMNRS")) is None


def test_a_consent_that_is_set_aside_leaves_the_time_before_the_infusion_without_an_epoch() -> None:
    trial = without("edc_dsic", "ICDAT", kind="date")
    assert [row[0] for row in trial.records("SE", "ETCD")] == ["MASKED", "EFU", "SOC"]
    assert told(trial) == [critical("edc_dsic", "RFICDTC")]


def test_a_rescue_that_is_set_aside_leaves_the_time_from_the_infusion_without_an_epoch() -> None:
    trial = without("edc_cmra", "CMSTDAT", kind="date")
    assert trial.records("SE", "ETCD", "SEENDTC") == [("SCRN", "2027-02-01T09:30"), ("MASKED", None)]
    assert one(trial.records("AE", "EPOCH")) is None
    assert trial.records("SUPPAE", "QNAM", "QVAL") == [("AETRTEM", "Y")]


def test_a_follow_up_that_rests_on_the_end_of_participation_is_not_assumed() -> None:
    rows = subject(visits={"W14": None}, ended="10-JUN-2027")
    end: Row = {**rows.pop("edc_dseos")[0], "_reasons": "edc_dseos.DSEOSDAT.date"}
    trial = Trial(rows, broken={"edc_dseos": [end]})
    assert trial.records("SE", "ETCD", "SEENDTC")[-1] == ("MASKED", None)


@pytest.mark.parametrize(("dataset", "source"), [("AE", "edc_ae"), ("SV", "edc_sv"), ("CO", "edc_co")])
def test_rows_behind_a_set_aside_row_of_the_roster_say_so(dataset: str, source: str) -> None:
    rows = subject(TWO)
    person: Row = {**rows.pop("edc_dm")[0], "_reasons": "edc_dm.BRTHDAT.date"}
    rows["edc_ae"] = [{**EVENT, "SUBJID": TWO}]
    rows["edc_co"] = [{"SUBJID": TWO, "COVAL": "a comment"}]
    trial = Trial(subject(ONE), rows, broken={"edc_dm": [person]})
    assert {row[3] for row in trial.fates(dataset) if row[2] == "quarantined"} == {f"{source}.roster"}
    assert told(trial) == [("DM.reference", "CRITICAL", "edc_dm", 90, TWO, "SUBJID", True)]
