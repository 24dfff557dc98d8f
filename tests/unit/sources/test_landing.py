"""A delivery lands whole, once, and a bad file leaves the last good one in use."""

from __future__ import annotations

import json
import os
import stat
from datetime import date
from pathlib import Path

import pytest

from pipeline.errors import MachineError, Refused, SpecError, UsageError
from pipeline.sources.delivery import RECORD, deliveries, resolve
from pipeline.sources.landing import land
from pipeline.sources.refusals import NothingAccepted, StopDelivery
from pipeline.specs.layout import SourceLayout

LAYOUTS = {
    "edc_ae": SourceLayout("edc_ae", "edc/AE.csv", ("STUDYID", "TERM"), study_names=("S1",)),
    "edc_vs": SourceLayout(
        "edc_vs", "edc/VS.csv", ("STUDYID", "PULSE"), study_names=("S1",), may_be_empty=True
    ),
    "lab": SourceLayout(
        "lab", "lab/*_LAB_*.txt", ("STUDYID", "RESULT"), separator="|", study_names=("S1",), cumulative=True
    ),
}
LIMIT = {"shrink_limit_percent": "5"}
AE, VS, LAB = b"STUDYID,TERM\nS1,ache\n", b"STUDYID,PULSE\nS1,60\n", b"STUDYID|RESULT\r\nS1|5\r\n"


def sent(folder: Path, day: str = "20270301", **changed: bytes | None) -> Path:
    """A delivery folder with good files, but for those that the caller changes or (None) leaves out."""
    files = {"edc/AE.csv": changed.get("ae", AE), "edc/VS.csv": changed.get("vs", VS)}
    files[f"lab/S1_LAB_{day}_1.txt"] = changed.get("lab", LAB)
    for name, content in files.items():
        if content is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_files_land_unchanged_read_only_and_with_their_facts(tmp_path):
    landed = land(sent(tmp_path / "in"), tmp_path / "landing", LAYOUTS)
    assert landed.new
    assert landed.delivery_id.startswith("2027-03-01-")
    assert len(landed.delivery_id) == len("2027-03-01-") + 10
    files = resolve(landed.delivery)
    assert list(files) == ["edc_ae", "edc_vs", "lab"]
    assert files["lab"].path.read_bytes() == LAB
    assert (files["lab"].file, files["lab"].rows) == ("lab/S1_LAB_20270301_1.txt", 1)
    assert stat.S_IMODE(files["lab"].path.stat().st_mode) == 0o444
    entry = json.loads((landed.delivery.folder / RECORD).read_text())["sources"]["edc_ae"]
    assert (entry["state"], entry["bytes"], entry["rows"]) == ("accepted", len(AE), 1)


def test_what_is_recorded_is_what_is_read_back(tmp_path):
    landed = land(sent(tmp_path / "in", ae=AE + b"S1,caf\xe9\n", vs=b"?"), tmp_path / "landing", LAYOUTS)
    assert deliveries(tmp_path / "landing") == [landed.delivery]
    assert resolve(landed.delivery)["edc_ae"].foreign_lines == (3,)


def test_the_same_bytes_land_once(tmp_path):
    first = land(sent(tmp_path / "in"), tmp_path / "landing", LAYOUTS)
    before = everything(tmp_path / "landing")
    again = land(sent(tmp_path / "elsewhere"), tmp_path / "landing", LAYOUTS)
    assert (again.new, again.delivery) == (False, first.delivery)
    assert everything(tmp_path / "landing") == before


def test_the_same_bytes_with_a_refused_or_missing_file_land_once_too(tmp_path):
    for name, changed in {"refused": {"ae": b"x\n"}, "missing": {"ae": None}}.items():
        first = land(sent(tmp_path / name, **changed), tmp_path / "landing", LAYOUTS)
        again = land(tmp_path / name, tmp_path / "landing", LAYOUTS)
        assert (first.new, again.new, again.delivery) == (True, False, first.delivery)


def test_a_file_that_was_refused_can_land_after_its_layout_was_mended(tmp_path):
    folder = sent(tmp_path / "in", ae=b"STUDYID,TERM,NEWCOL\nS1,ache,x\n")
    first = land(folder, tmp_path / "landing", LAYOUTS)
    mended = {
        **LAYOUTS,
        "edc_ae": SourceLayout("edc_ae", "edc/AE.csv", ("STUDYID", "TERM", "NEWCOL"), study_names=("S1",)),
    }
    second = land(folder, tmp_path / "landing", mended)
    assert second.new
    assert second.delivery_id != first.delivery_id
    assert deliveries(tmp_path / "landing")[-1] == second.delivery
    assert not second.delivery.in_state("refused")


def test_an_older_snapshot_that_has_landed_stays_landed_when_a_longer_one_followed(tmp_path):
    first = land(sent(tmp_path / "a"), tmp_path / "landing", LAYOUTS, **LIMIT)
    land(
        sent(tmp_path / "b", "20270302", lab=LAB + b"S1|6\r\n"),
        tmp_path / "landing",
        LAYOUTS,
        **LIMIT,
    )
    again = land(tmp_path / "a", tmp_path / "landing", LAYOUTS, **LIMIT)
    assert (again.new, again.delivery) == (False, first.delivery)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"STUDYID,TERM\n",
        b"STUDYID\nS1\n",
        b"TERM,STUDYID\nx,S1\n",
        b"STUDYID,TERM\nS2,ache\n",
        AE + b"S1,b",
        None,
    ],
)
def test_a_bad_or_missing_file_is_refused_whole_and_the_last_good_one_stays_in_use(tmp_path, bad):
    good = land(sent(tmp_path / "a"), tmp_path / "landing", LAYOUTS)
    land(sent(tmp_path / "b", "20270302", ae=bad, vs=VS + b"S1,61\n"), tmp_path / "landing", LAYOUTS)
    third = land(sent(tmp_path / "c", "20270303", ae=bad, vs=VS + b"S1,62\n"), tmp_path / "landing", LAYOUTS)
    files = resolve(third.delivery)
    assert files["edc_ae"].delivery_id == good.delivery_id
    assert files["edc_ae"].path.read_bytes() == AE
    assert files["edc_vs"].delivery_id == third.delivery_id
    assert not (third.delivery.folder / "edc" / "AE.csv").exists()
    assert (third.delivery.entries["edc_ae"].reason is None) == (bad is None)


def test_a_source_without_any_good_file_is_recorded_as_absent(tmp_path):
    landed = land(sent(tmp_path / "in", ae=None, vs=b"x\n"), tmp_path / "landing", LAYOUTS)
    assert landed.delivery.entries["edc_ae"].state == "missing"
    assert landed.delivery.entries["edc_ae"].required
    assert landed.delivery.in_state("refused")["edc_vs"].kept_from is None
    assert resolve(landed.delivery)["edc_ae"] is None


def test_an_older_cut_that_lands_late_uses_nothing_younger(tmp_path):
    land(sent(tmp_path / "a", "20270305"), tmp_path / "landing", LAYOUTS)
    late = land(sent(tmp_path / "b", "20270301", ae=None), tmp_path / "landing", LAYOUTS)
    assert late.delivery.entries["edc_ae"].kept_from is None
    assert [one.cut.day for one in deliveries(tmp_path / "landing")] == [1, 5]


def test_two_deliveries_of_one_day_keep_the_order_of_their_landing(tmp_path):
    ids = [
        land(sent(tmp_path / str(n), lab=LAB + b"S1|%d\r\n" % n), tmp_path / "landing", LAYOUTS).delivery_id
        for n in range(6)
    ]
    assert [one.delivery_id for one in deliveries(tmp_path / "landing")] == ids


def test_a_form_that_had_records_may_not_become_empty(tmp_path):
    land(sent(tmp_path / "a"), tmp_path / "landing", LAYOUTS)
    landed = land(sent(tmp_path / "b", "20270302", vs=b"STUDYID,PULSE\n"), tmp_path / "landing", LAYOUTS)
    assert (
        landed.delivery.entries["edc_vs"].reason
        == "it has a header and no data, but its last good file had 1 records"
    )


def test_a_cumulative_file_that_shrinks_is_blocked_until_someone_releases_it(tmp_path):
    land(sent(tmp_path / "a", lab=LAB + b"S1|5\r\n" * 99), tmp_path / "landing", LAYOUTS, **LIMIT)
    for day, count, state in ((2, 95, "accepted"), (3, 91, "accepted"), (4, 86, "refused")):
        folder = sent(tmp_path / str(day), f"2027030{day}", lab=LAB + b"S1|5\r\n" * (count - 1))
        landed = land(folder, tmp_path / "landing", LAYOUTS, **LIMIT)
        assert landed.delivery.entries["lab"].state == state
    released = land(folder, tmp_path / "landing", LAYOUTS, **LIMIT, released=["lab"])
    assert released.delivery.entries["lab"].state == "accepted"


@pytest.mark.parametrize("where", ["edc/AE.csv", "edc/unknown.csv"])
def test_a_restricted_column_anywhere_in_a_blinded_delivery_lands_nothing(tmp_path, where):
    folder = sent(tmp_path / "in")
    (folder / where).write_bytes(b"STUDYID,TERM,ARMCD\nS1,ache,PBO\n")
    with pytest.raises(StopDelivery, match="ARMCD"):
        land(folder, tmp_path / "landing", LAYOUTS)
    assert not (tmp_path / "landing").exists()


def test_a_restricted_delivery_lands_below_its_own_root(tmp_path):
    layouts = {"key": SourceLayout("key", "key.csv", ("RANDNO", "ARMCD"), study_column=None, restricted=True)}
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "key.csv").write_bytes(b"RANDNO,ARMCD\n1,A\n")
    assert land(tmp_path / "in", tmp_path / "restricted", layouts, cut=date(2027, 3, 1)).new


def test_an_undeclared_file_is_named_and_not_copied(tmp_path):
    folder = sent(tmp_path / "in")
    (folder / "notes.txt").write_text("hello")
    landed = land(folder, tmp_path / "landing", LAYOUTS)
    assert landed.delivery.undeclared == ("notes.txt",)
    assert not list((tmp_path / "landing").rglob("notes.txt"))


def test_two_files_for_one_source_are_both_refused(tmp_path):
    folder = sent(sent(tmp_path / "in"), "20270302")
    landed = land(folder, tmp_path / "landing", LAYOUTS)
    assert landed.delivery.entries["lab"].reason == "2 files match lab/*_LAB_*.txt, one is expected"
    assert landed.delivery.cut == date(2027, 3, 2)
    assert not land(folder, tmp_path / "landing", LAYOUTS).new


def test_the_data_cut_comes_from_the_caller_or_from_a_file_name_or_is_asked_for(tmp_path):
    assert land(sent(tmp_path / "a"), tmp_path / "l", LAYOUTS, cut=date(2027, 2, 1)).delivery.cut == date(
        2027, 2, 1
    )
    with pytest.raises(UsageError, match="--cut"):
        land(sent(tmp_path / "b", lab=None), tmp_path / "l", LAYOUTS)
    with pytest.raises(UsageError, match="--cut"):
        land(sent(tmp_path / "c", "20271399"), tmp_path / "l", LAYOUTS)


def test_a_delivery_without_one_good_file_lands_nothing_and_says_why(tmp_path):
    folder = sent(tmp_path / "in", ae=b"", vs=b"x\n", lab=b"")
    with pytest.raises(NothingAccepted) as caught:
        land(folder, tmp_path / "landing", LAYOUTS)
    assert set(caught.value.reasons) == set(LAYOUTS)
    assert deliveries(tmp_path / "landing") == []
    (tmp_path / "empty").mkdir()
    with pytest.raises(Refused, match="no declared source"):
        land(tmp_path / "empty", tmp_path / "landing", LAYOUTS)


def test_a_missing_folder_and_two_sources_for_one_file_are_errors_of_the_caller(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        land(tmp_path / "nowhere", tmp_path / "landing", LAYOUTS)
    with pytest.raises(SpecError, match="both claim it"):
        land(sent(tmp_path / "in"), tmp_path / "landing", {**LAYOUTS, "other": LAYOUTS["edc_ae"]})


def test_a_landed_file_that_vanished_or_changed_is_not_used(tmp_path):
    landed = land(sent(tmp_path / "in"), tmp_path / "landing", LAYOUTS)
    path = resolve(landed.delivery)["lab"].path
    path.chmod(0o644)
    path.write_bytes(LAB[:-3])
    with pytest.raises(MachineError, match="gone or damaged"):
        resolve(landed.delivery)
    (landed.delivery.folder / RECORD).write_text("{")
    with pytest.raises(MachineError, match="unreadable"):
        deliveries(tmp_path / "landing")


def test_a_file_name_that_is_no_valid_text_is_recorded_all_the_same(tmp_path):
    folder = sent(tmp_path / "in")
    (folder / os.fsdecode(b"caf\xe9.txt")).write_text("x")
    landed = land(folder, tmp_path / "landing", LAYOUTS)
    assert deliveries(tmp_path / "landing") == [landed.delivery]
