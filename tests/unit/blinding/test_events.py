"""The record of unblindings can grow and cannot be rewritten."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.blinding.events import START, Event, Request, append_event, events, latest
from pipeline.blinding.modes import Mode, unblinded_mode
from pipeline.errors import Refused, UsageError

REQUEST = Request(
    study="s",
    mode=Mode.DSMB,
    delivery="2027-06-30-0123456789",
    who="operator",
    approvers=("Ada Approver", "Ben Approver"),
    why="interim look",
    when="2027-07-01T09:00:00+00:00",
    key="k" * 64,
    lock="l" * 64,
)


def three(log: Path) -> list[Event]:
    later = [REQUEST, replace(REQUEST, why="second look"), replace(REQUEST, mode=Mode.FINAL, why="lock")]
    return [append_event(log, request) for request in later]


def test_an_event_is_read_back_as_it_was_written_and_names_the_one_before(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "events.jsonl"
    written = three(log)
    assert list(events(log)) == written
    assert [event.previous for event in written] == [START, written[0].hash, written[1].hash]
    assert json.loads(log.read_text().splitlines()[2])["approvers"] == ["Ada Approver", "Ben Approver"]


def test_appending_leaves_the_earlier_bytes_as_they_are(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    append_event(log, REQUEST)
    before = log.read_bytes()
    append_event(log, replace(REQUEST, why="again"))
    assert log.read_bytes().startswith(before)
    assert log.stat().st_mode & 0o222 == 0


def test_no_record_is_no_event(tmp_path: Path) -> None:
    assert events(tmp_path / "none.jsonl") == ()


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(lambda lines: [lines[0].replace("interim", "planned"), *lines[1:]], id="changed"),
        pytest.param(lambda lines: [lines[0], lines[2]], id="removed from the middle"),
        pytest.param(lambda lines: lines[1:], id="removed from the start"),
        pytest.param(lambda lines: [lines[1], lines[0], lines[2]], id="swapped"),
        pytest.param(lambda lines: [*lines, lines[2]], id="repeated"),
        pytest.param(lambda lines: [*lines, "not json\n"], id="foreign line"),
        pytest.param(lambda lines: [*lines[:2], lines[2].rstrip("\n")], id="cut off"),
        pytest.param(lambda lines: [lines[0].replace('":"', '": "', 1), *lines[1:]], id="respaced"),
    ],
)
def test_a_tampered_record_is_refused_for_reading_and_writing(tmp_path: Path, tamper) -> None:
    log = tmp_path / "events.jsonl"
    three(log)
    lines = log.read_text().splitlines(keepends=True)
    log.chmod(0o600)
    log.write_text("".join(tamper(lines)))
    with pytest.raises(Refused, match="is not the one written"):
        events(log)
    kept = log.read_bytes()
    with pytest.raises(Refused):
        append_event(log, REQUEST)
    assert log.read_bytes() == kept


def test_a_recomputed_hash_does_not_help_when_later_events_exist(tmp_path: Path) -> None:
    log, other = tmp_path / "events.jsonl", tmp_path / "other.jsonl"
    three(log)
    forged = append_event(other, replace(REQUEST, why="something else"))
    lines = log.read_text().splitlines(keepends=True)
    log.chmod(0o600)
    log.write_text(other.read_text() + "".join(lines[1:]))
    assert forged.previous == START
    with pytest.raises(Refused, match="event 2"):
        events(log)


@pytest.mark.parametrize(
    ("approvers", "told"),
    [
        ((), "0 named"),
        (("Ada Approver",), "1 named"),
        (("Ada Approver", "  "), "1 named"),
        (("A", "B", "C"), "3 named"),
        (("Ada Approver", "ada  approver "), "the same person twice"),
    ],
)
def test_exactly_two_different_people_approve(tmp_path: Path, approvers: tuple[str, ...], told: str) -> None:
    log = tmp_path / "events.jsonl"
    with pytest.raises(UsageError, match=told):
        append_event(log, replace(REQUEST, approvers=approvers))
    assert not log.exists()


def test_a_reason_must_be_given(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--why"):
        append_event(tmp_path / "events.jsonl", replace(REQUEST, why=" "))


def test_the_last_event_of_a_mode_counts_and_one_of_another_mode_does_not(tmp_path: Path) -> None:
    found = tuple(three(tmp_path / "events.jsonl"))
    assert latest(found, Mode.DSMB) == found[1]
    assert latest(found, Mode.FINAL) == found[2]
    with pytest.raises(Refused, match="nobody has approved it"):
        latest(found[:2], Mode.FINAL)


def test_blinded_is_no_mode_to_unblind_to() -> None:
    assert unblinded_mode("FINAL") is Mode.FINAL
    with pytest.raises(UsageError, match="does not unblind"):
        unblinded_mode("BLINDED")
