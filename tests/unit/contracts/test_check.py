"""The door of the room: rows in = rows accepted + rows quarantined, and every change and breach is told."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.contracts.check import Counts, check
from pipeline.errors import BuildFailed
from pipeline.findings import FINDING
from tests.unit.contracts.frames import CUT, FORM, MODELS, broken_rules, checked, delivered

SECRET = "Zebra77"


@pytest.mark.parametrize("source", sorted(MODELS))
def test_a_clean_file_passes_untouched(source):
    raw = delivered(source, {}) if source == "rtsm_sites" else delivered(source, {}, {})
    if source in {"rtsm_unblinding_key", "rtsm_emergency_unblind"}:
        raw = raw.head(1)
    outcome = check(raw, MODELS[source], file="f", cut=CUT, form=FORM, sites=["101"])
    assert outcome.findings.is_empty()
    assert outcome.quarantined.is_empty()
    assert outcome.accepted.cast({pl.Int64: pl.String}).equals(raw)


@pytest.mark.parametrize("source", sorted(MODELS))
def test_a_header_only_file_gives_empty_frames_of_the_same_shape(source):
    outcome = check(delivered(source), MODELS[source], file="f", cut=CUT, form=FORM)
    filled = check(delivered(source, {}), MODELS[source], file="f", cut=CUT, form=FORM)
    assert outcome.accepted.schema == filled.accepted.schema
    assert outcome.quarantined.schema == filled.quarantined.schema
    assert outcome.counts == Counts(0, 0, 0, 0, 0)


def test_integers_become_numbers_and_everything_else_stays_text():
    outcome = checked("edc_ae", {"AENO": "12", "AESTTIM": "", "AETERM": "Rash"})
    row = outcome.accepted.row(0, named=True)
    assert (row["AENO"], row["AESTTIM"], row["AETERM"], row["AESTDAT"]) == (12, None, "Rash", "05-MAR-2027")


def test_text_is_normalised_and_every_change_is_counted_once_a_column():
    outcome = checked(
        "edc_ae",
        {"AETERM": "  Rash on\u00a0 arm "},
        {"AETERM": "Crohn\u2019s flare", "AEACCESSN": "\tA1"},
        {"AETERM": "Fever"},
    )
    assert outcome.accepted["AETERM"].to_list() == ["Rash on arm", "Crohn's flare", "Fever"]
    assert outcome.findings.select("rule", "severity", "line", "quarantined").rows() == [
        ("edc_ae.AETERM.normalised", "INFO", None, False),
        ("edc_ae.AEACCESSN.normalised", "INFO", None, False),
    ]
    assert outcome.findings["message"][0].startswith("AETERM: 2 ")
    assert outcome.counts.changed == 3


def test_a_quarantined_row_keeps_its_bytes_its_line_and_all_its_reasons():
    outcome = checked("edc_ae", {}, {"AETERM": " ", "AESTDAT": "31-APR-2027"}, {})
    assert outcome.accepted["_line"].to_list() == [2, 4]
    row = outcome.quarantined.row(0, named=True)
    assert (row["_line"], row["AETERM"], row["AESTDAT"]) == (3, " ", "31-APR-2027")
    assert row["_reasons"] == "edc_ae.AESTDAT.date; edc_ae.AETERM.required"


def test_findings_of_a_row_come_in_column_order_with_subject_file_and_action():
    outcome = checked("edc_ae", {"AESTDAT": "5 March", "AENO": ""})
    assert broken_rules(outcome) == [(2, "edc_ae.AENO.required"), (2, "edc_ae.AESTDAT.date")]
    row = outcome.findings.row(1, named=True)
    assert outcome.findings.schema == FINDING
    assert (row["severity"], row["source"], row["file"]) == ("ERROR", "edc_ae", "edc_ae.csv")
    assert (row["subject"], row["variable"], row["quarantined"]) == ("101-001", "AESTDAT", True)
    assert row["message"].startswith("AESTDAT is not a possible date")
    assert row["action"]


def test_rows_that_share_a_record_id_are_all_set_aside():
    outcome = checked("edc_mh", {"RECORDID": "A"}, {"RECORDID": "B"}, {"RECORDID": "A "})
    assert broken_rules(outcome) == [(2, "edc_mh.RECORDID.key"), (4, "edc_mh.RECORDID.key")]
    assert outcome.accepted["RECORDID"].to_list() == ["B"]
    assert outcome.counts.shared_keys == 2


def test_blank_record_ids_are_missing_not_shared():
    outcome = checked("edc_mh", {"RECORDID": ""}, {"RECORDID": ""})
    assert {rule for _, rule in broken_rules(outcome)} == {"edc_mh.RECORDID.required"}


def test_a_composite_key_is_shared_only_as_a_whole():
    same_record = {"RECORDID": "R1", "RECVERSION": "2"}
    outcome = checked("coding_whodrug", {"RECORDID": "R1"}, same_record, same_record)
    assert broken_rules(outcome) == [
        (3, "coding_whodrug.RECORDID+RECVERSION.key"),
        (4, "coding_whodrug.RECORDID+RECVERSION.key"),
    ]
    assert outcome.findings["rule"].null_count() == 0


def test_revisions_of_a_laboratory_result_do_not_share_a_key():
    outcome = checked("lab_results", {"REVNO": "0"}, {"REVNO": "1"}, {"REVNO": "1"})
    assert outcome.counts.accepted == 3


def test_no_value_of_a_row_is_told_in_any_finding():
    columns = [name for name in delivered("edc_ae").columns if name != "_line"]
    outcome = checked("edc_ae", dict.fromkeys(columns, SECRET), {"AETERM": f"  {SECRET}\u4e2d"})
    assert outcome.counts.quarantined == 2
    told = outcome.findings.drop("subject", "detail").cast(pl.String)
    assert not told.select(pl.any_horizontal(pl.all().str.contains(SECRET).any())).item()
    assert not outcome.quarantined["_reasons"].str.contains(SECRET).any()


def test_a_findings_detail_tells_column_and_delivered_text_but_of_no_free_text():
    outcome = checked("edc_ae", {"AESTDAT": " 45-JAN-2027", "AEOUT": "", "AETERM": f"{SECRET} " * 40})
    told = dict(outcome.findings.filter("quarantined").select("variable", "detail").iter_rows())
    assert told["AESTDAT"] == "AESTDAT:  45-JAN-2027"
    assert told["AETERM"] is None


def test_of_a_restricted_source_no_value_is_told():
    outcome = checked("rtsm_unblinding_key", {"SUBJID": SECRET, "ARMCD": SECRET})
    assert outcome.findings.filter("quarantined").height
    assert outcome.findings["detail"].null_count() == outcome.findings.height


def test_a_site_is_asked_to_correct_what_it_collects_and_a_sender_what_a_system_writes():
    outcome = checked("edc_mhpre", {"MHOCCUR": "YES", "MHOCCUR_DEC": "Yess", "LOCKSTATUS": "?"})
    action = dict(outcome.findings.filter("quarantined").select("variable", "action").iter_rows())
    assert action["MHOCCUR"] == "ask the site to correct the entry"
    assert action["LOCKSTATUS"] == "ask the sender to correct the record and deliver again"
    nobody = checked("edc_mhpre", {"MHOCCUR": "YES", "SUBJID": SECRET}).findings.filter(variable="MHOCCUR")
    assert nobody["action"].to_list() == ["ask the sender to correct the record and deliver again"]


def test_a_subject_number_without_the_form_is_not_told_as_subject():
    outcome = checked("edc_ae", {"SUBJID": SECRET})
    assert outcome.findings["subject"].to_list() == [None]


@pytest.mark.parametrize("change", ["missing", "extra", "type"])
def test_a_frame_of_another_shape_is_refused(change):
    raw = delivered("edc_mh", {})
    frames = {
        "missing": raw.drop("MHTERM"),
        "extra": raw.with_columns(ARMCD=pl.lit(SECRET)),
        "type": raw.with_columns(MHTERM=pl.lit(1)),
    }
    with pytest.raises(BuildFailed) as failure:
        check(frames[change], MODELS["edc_mh"], file="f", cut=CUT, form=FORM)
    assert SECRET not in str(failure.value)


DIRT = st.sampled_from(
    ["", " ", "N", "\u00e9", "31-APR-2027", "UN-UNK-2027", "1", "x" * 201, "\u201cq\u201d"]
)
ROWS = st.lists(st.fixed_dictionaries({"MHTERM": DIRT, "MHSTDAT": DIRT, "MHONGO": DIRT}), max_size=8)


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_no_row_is_lost_or_doubled_whatever_the_dirt(rows):
    outcome = checked("edc_mh", *rows)
    lines = outcome.accepted["_line"].to_list() + outcome.quarantined["_line"].to_list()
    assert sorted(lines) == list(range(2, len(rows) + 2))
    told = outcome.findings.filter(pl.col("quarantined"))["line"].unique().to_list()
    assert sorted(told) == outcome.quarantined["_line"].to_list()
    assert outcome.counts.delivered == outcome.counts.accepted + outcome.counts.quarantined


@settings(max_examples=6, deadline=None)
@given(ROWS)
def test_the_verdict_on_a_row_does_not_depend_on_its_neighbours(rows):
    together = broken_rules(checked("edc_mh", *rows))
    alone = [
        (line, rule)
        for line, row in enumerate(rows, start=2)
        for _, rule in broken_rules(checked("edc_mh", row))
    ]
    assert together == alone
