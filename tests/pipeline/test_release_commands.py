"""``./sdtm diff`` and ``./sdtm verify`` at the terminal: what they say, refuse, and keep to themselves."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.blinding.events import Request, append_event
from pipeline.blinding.modes import Mode
from pipeline.restricted import VARIABLE, RestrictedSettings
from pipeline.settings import Settings
from tests.pipeline.terminal import MARKER, Terminal
from tests.pipeline.tiny import ORIGIN, tiny_release
from tests.pipeline.unblinding import digests
from tests.unit.emit import submission_frames as sf


@dataclass(frozen=True)
class Shelf:
    """A home, and beside it two blinded releases, a final one, and one of another study."""

    home: Path
    first: Path
    second: Path
    final: Path
    other: Path


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("commands")
    worse = sf.records("AE", sf.HEADACHE | {"AETERM": MARKER}, sf.RASH)
    code = ORIGIN["code"] | {"engine": "e-2", "commit": "def5678", "dirty": True}
    origin = {"code": code, "inputs": [ORIGIN["inputs"][0] | {"sha256": "3" * 64, "rows": 3}]}
    return Shelf(
        folder / "home",
        tiny_release(folder),
        tiny_release(folder, {"AE": worse}, number=2, documents={"acrf.pdf": b"%PDF-1.7"}, **origin),
        tiny_release(folder / "final", mode="FINAL"),
        tiny_release(folder, study="OTHER-1"),
    )


@pytest.fixture
def sdtm(shelf: Shelf, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    monkeypatch.delenv(VARIABLE, raising=False)
    return Terminal(shelf.home, monkeypatch, capsys)


def test_the_terminal_counts_and_the_files_hold_the_values(
    sdtm: Terminal, shelf: Shelf, tmp_path: Path
) -> None:
    said = sdtm("diff", shelf.first, shelf.second, "--to", tmp_path / "d")
    assert said.code == 0
    assert MARKER not in said.out + said.err
    for words in (
        "delivered edc_ae",
        "2 rows",
        "3 rows",
        "abc1234",
        "def5678 with changes",
        "not in the warehouse",
    ):
        assert words in said.out
    assert MARKER in (tmp_path / "d/diff.html").read_text()
    told = json.loads((tmp_path / "d/diff.json").read_text())
    assert sdtm("diff", shelf.first, shelf.second, "--json").told == told
    assert [each["file"].rpartition("/")[2] for each in told["files"] if each["change"] == "added"] == [
        "acrf.pdf"
    ]


def test_the_same_release_twice_is_said_to_be_the_same(sdtm: Terminal, shelf: Shelf) -> None:
    assert "the two releases are the same" in sdtm("diff", shelf.first, shelf.first).out


def test_what_is_no_release_or_of_another_study_is_refused_in_one_line(
    sdtm: Terminal, shelf: Shelf, tmp_path: Path
) -> None:
    for command in (("diff", shelf.first, tmp_path), ("verify", tmp_path)):
        assert "is no release; name the folder that holds its manifest.json" in sdtm(*command).in_one_line(2)
    (tmp_path / "manifest.json").write_text('{"files": []}')
    assert "its manifest tells of no release" in sdtm("diff", tmp_path, shelf.first).in_one_line(2)
    assert "name two releases of one study" in sdtm("diff", shelf.first, shelf.other).in_one_line(2)
    assert "set SDTM_STUDY" in sdtm("verify", shelf.other).in_one_line(2)


@pytest.mark.parametrize("harm", ["changed", "added", "removed"])
def test_a_release_that_is_not_as_its_manifest_says_is_not_compared(
    sdtm: Terminal, shelf: Shelf, tmp_path: Path, harm: str
) -> None:
    copy = shutil.copytree(shelf.second, tmp_path / "copy")
    events = next(copy.rglob("ae.xpt"))
    if harm == "changed":
        events.write_bytes(events.read_bytes().replace(b"RASH", b"ITCH"))
    elif harm == "removed":
        events.unlink()
    else:
        events.with_name("ae.xpt").rename(events.with_name("ae2.xpt"))
        shutil.copy(events.with_name("ae2.xpt"), events)
    line = sdtm("diff", shelf.first, copy).in_one_line(3)
    assert "is not what its manifest says" in line
    assert ("ae2.xpt" if harm == "added" else "ae.xpt") in line


def test_a_release_without_its_origin_is_told_so_and_is_no_proof(sdtm: Terminal, shelf: Shelf) -> None:
    said = sdtm("verify", shelf.first)
    assert said.code == 4
    assert "edc_ae: edc/AE.csv of delivery d-1 is not among the landed files" in said.out
    assert "check out commit abc1234" in said.out
    assert "not rebuilt" in said.out
    assert not any(shelf.home.rglob("*"))


def test_an_unblinded_release_is_for_people_with_the_restricted_root(sdtm: Terminal, shelf: Shelf) -> None:
    for command in (
        ("diff", shelf.first, shelf.final),
        ("diff", shelf.final, shelf.final),
        ("verify", shelf.final),
    ):
        assert "only unblinded people have one" in sdtm(*command).in_one_line(2)


def test_a_diff_that_unblinds_needs_an_approval_and_stays_out_of_the_blinded_root(
    sdtm: Terminal, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "restricted"))
    assert "nobody has approved it" in sdtm("diff", shelf.first, shelf.final).in_one_line(3)
    approved(shelf.home, tmp_path / "restricted")
    inside = shelf.home / "diff"
    assert "lies in the blinded root" in sdtm("diff", shelf.first, shelf.final, "--to", inside).in_one_line(2)
    before = digests(shelf.home)
    said = sdtm("diff", shelf.first, shelf.final, "--to", tmp_path / "restricted/diff")
    assert (said.code, digests(shelf.home)) == (0, before)
    told = json.loads((tmp_path / "restricted/diff/diff.json").read_text())
    assert told["causes"]["facts"] == {"mode": ["BLINDED", "FINAL"]}
    comment = next(each for each in told["define"] if each.get("aspect") == "comment")
    assert comment["old"].startswith("DRAFT-BLINDED")


def approved(home: Path, restricted: Path) -> None:
    roots = RestrictedSettings.apart_from(Settings(home), restricted).prepared()
    request = Request(
        "bxu001_ra", Mode.FINAL, "d-1", "operator", ("Ada", "Ben"), "test", "2027-07-02", key="k", lock="l"
    )
    roots.events.parent.mkdir()
    append_event(roots.events, request)
