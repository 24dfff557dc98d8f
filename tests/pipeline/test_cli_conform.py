"""Judging a release from the command line; with SDTM_SLOW=1 by the engine itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.flow.conform import Judge
from pipeline.flow.context import study_parts
from pipeline.flow.release import release_of
from pipeline.settings import CHECKOUT, Settings
from pipeline.warehouse.builds import Build
from tests.conftest import once
from tests.pipeline.terminal import Terminal
from tests.slow import slow

CACHE = CHECKOUT.parent / "shared" / "core" / "cache"
# A rule that finds what is explained, one of define.xml, one that passes, and one that looks at other datasets.
OUTCOMES = {"success", "issue reported", "skipped", "execution error"}


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory, night: Build) -> Path:
    """The release of the small night; not to be changed."""
    settings = Settings(home=Path())
    return once(
        tmp_path_factory,
        "shelf",
        lambda folder: (release_of(night, study_parts(settings), folder, Judge()), None)[1],
    )


@pytest.fixture
def released(shelf: Path) -> Path:
    (folder,) = shelf.glob("*-draft-blinded-01")
    return folder


@pytest.fixture
def sdtm(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.delenv("SDTM_CORE_CACHE", raising=False)
    return Terminal(tmp_path / "home", monkeypatch, capsys)


def test_without_a_rules_cache_the_own_checks_are_told_and_the_engine_is_missed(
    sdtm: Terminal, released: Path
) -> None:
    told = sdtm("conform", released)
    assert (told.code, told.err) == (0, "")
    assert "not asked: name --core-cache" in told.out
    assert "own checks: passed" in told.out
    as_json = sdtm("conform", released, "--json").told
    assert (as_json["engine"], as_json["unexplained"], as_json["mode"]) == (None, 0, "BLINDED")
    assert as_json["own_checks"] == {"not filed": 2, "passed": 22}
    assert as_json["stale"] == []


def test_what_cannot_be_judged_is_one_line(sdtm: Terminal, released: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    line = sdtm("conform", released, "--core-cache", tmp_path / "empty").in_one_line(2)
    assert "is no rules cache of CDISC CORE" in line
    assert "is no release" in sdtm("conform", tmp_path / "empty").in_one_line(2)


@slow
@pytest.mark.skipif(not CACHE.is_dir(), reason="there is no rules cache of CDISC CORE beside the checkout")
def test_the_engine_finds_nothing_unexplained_in_the_small_night(sdtm: Terminal, released: Path) -> None:
    """Needs Python 3.12 and, the first time, the package index."""
    told = sdtm("conform", released, "--core-cache", CACHE, "--json")
    assert told.code == 0, json.dumps([each for each in told.told["issues"] if not each["why"]], indent=1)
    assert set(told.told["rules"]) == OUTCOMES
    assert sum(told.told["rules"].values()) == 430
    assert told.told["rules"]["execution error"] == 0
    assert told.told["explained"] > 0
    assert told.err == ""
    subject = "BXU001-RA-102"  # places of findings are in the warehouse, not on the terminal
    assert subject not in told.out
