"""Records of two releases, as their transport files hold them."""

from __future__ import annotations

import pytest

from pipeline.emit.opened import opened_release
from pipeline.flow.diff_records import ComparedRecords, compared_records
from tests.pipeline.tiny import tiny_release
from tests.unit.emit import submission_frames as sf


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ComparedRecords]:
    """From a release without QS to one in which the events have changed their numbers, and DS is gone."""
    shelf = tmp_path_factory.mktemp("shelf")
    swapped = sf.records("AE", sf.RASH | {"AESEQ": 1.0}, sf.HEADACHE | {"AESEQ": 2.0})
    old = tiny_release(shelf, {"QS": sf.records("QS")})
    new = tiny_release(shelf, {"AE": swapped, "DS": sf.records("DS")}, number=2)
    found = compared_records(opened_release(old), opened_release(new))
    return {each.dataset: each for each in found}


def test_records_of_a_dataset_that_came_or_went_are_counted(compared: dict[str, ComparedRecords]) -> None:
    came, went = compared["QS"], compared["DS"]
    assert (came.state, came.counts["added"], came.changes.height) == ("added", 2, 0)
    assert (went.state, went.counts["removed"], went.changes.height) == ("removed", 2, 0)


def test_the_key_is_that_of_define_without_its_number(compared: dict[str, ComparedRecords]) -> None:
    assert compared["AE"].key == ("USUBJID", "AEDECOD", "AESTDTC", "AESPID")
    assert compared["AE"].counts["renumbered"] == 2


def test_equal_bytes_that_point_at_another_record_are_a_change(compared: dict[str, ComparedRecords]) -> None:
    qualifiers = compared["SUPPAE"]
    assert qualifiers.state == "same"
    assert sorted(qualifiers.changes["change"]) == ["added", "removed"]
    assert compared["LB"].changes.is_empty()
