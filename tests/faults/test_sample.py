"""A few of the cases of ``./sdtm faults`` and ``./sdtm fuzz``, so that the programs themselves stay whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.flow.deliver import load_delivery
from pipeline.flow.run import KEPT_BUILDS, run_build
from pipeline.settings import Settings
from tests.faults.fuzz import cases, made
from tests.faults.judging import Night, judged
from tests.faults.launch import kind_of
from tests.faults.oracle import rows_of
from tests.faults.points import kill_points
from tests.faults.spoiling import SPOILS
from tests.faults.stage import Stage, add_old_builds, tree
from tests.faults.state import left_behind


def test_a_load_killed_in_the_middle_is_no_delivery_and_the_next_load_tidies_up(
    tmp_path: Path, delivered: Path
) -> None:
    stage = Stage(tmp_path / "stage")
    stage.home.mkdir(parents=True)
    stage.out.mkdir()
    said = stage.run(("load", str(delivered)), key="*", nth=100, act="kill")
    assert said.code == -9, said
    left = tree(stage.home)
    assert left_behind(left)
    assert not [name for name in left if name.endswith("delivery.json")]
    load_delivery(stage.settings, delivered)
    load_delivery(Settings(home=tmp_path / "calm" / "home"), delivered)
    assert tree(stage.home) == tree(tmp_path / "calm" / "home")


def test_a_build_that_is_there_clears_away_what_a_killed_run_had_no_time_for(
    tmp_path: Path, home: Path
) -> None:
    stage = Stage(tmp_path / "stage")
    shutil.copytree(home, stage.home)
    add_old_builds(stage)
    emptied = stage.place.folder / "raw" / "edc_ae" / "delivery=2020-01-01-0123456789"
    emptied.mkdir()
    assert not run_build(stage.settings).new
    assert len(list(stage.place.manifest("x").parent.glob("*.json"))) == 1 + KEPT_BUILDS
    assert not emptied.exists()


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory, delivered: Path) -> Night:
    return Night(delivered, tmp_path_factory.mktemp("fuzz"))


def test_spoilt_files_are_refused_in_one_line_or_read_exactly(fuzzed: Night) -> None:
    found = [*cases(fuzzed, 3, range(2 * len(SPOILS))), *made(fuzzed, 3, 1)]
    assert [one for one in found if one.judged.verdict == "failed"] == []
    assert {one.judged.verdict for one in found} == {"accepted", "refused"}


def test_a_reader_that_loses_a_row_or_tells_a_value_would_be_found(
    fuzzed: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.faults import judging

    content = fuzzed.paths["edc_ae"].read_bytes()
    real = judging.read_raw
    with monkeypatch.context() as patched:
        patched.setattr(judging, "read_raw", lambda path, layout: real(path, layout).slice(1))
        assert judged(fuzzed, "edc_ae", content, 300).verdict == "failed"
    head, first, rest = content.split(b"\n", 2)
    term = rows_of(content, ",")[0][1][fuzzed.parts.layouts["edc_ae"].columns.index("AETERM")]
    assert len(term) > 5
    assert "tells a value" in judging.unclear(f"line 2 holds {term}", judging.secrets(fuzzed, "edc_ae"))
    assert "not one line" in judging.unclear("a\nb", ())
    joined = judged(fuzzed, "edc_ae", head + b"," + first + b"\n" + rest, 300)
    assert joined.verdict == "refused"
    assert "fields more than declared" in joined.told


def test_points_cover_every_kind_of_event_of_the_main_phases() -> None:
    key = "open home/<layer>/*.parquet~ store.py:write"
    events = {name: [key] * 60 + [f"mkdir {name} x"] for name in ("load", "build", "release")}
    others = {name: [key] for name in ("first load", "first build", "build again", "release again")}
    points = kill_points(events | others, 1, thorough=True)
    assert {point.key for point in points if point.key} == {key, *(f"mkdir {name} x" for name in events)}
    assert len({point.nth for point in points if point.key == key and point.phase == "load"}) >= 3
    assert points == kill_points(events | others, 1, thorough=True)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("w/s/B/qc/x/delivery=2027-01-01-0123456789/0123456789ab.parquet", "home/w/s/B/<layer>/*.parquet"),
        ("warehouse/s/B/.published.json.0a1b2c3d.part", "home/warehouse/s/B/*.json~"),
        ("warehouse/s/B/.lock", "home/warehouse/s/B/.lock"),
        ("warehouse/s/B/.pieces-a_b1c2d3.part/x.parquet", "home/warehouse/s/B/pieces~/*.parquet"),
    ],
)
def test_files_of_one_kind_have_one_name(path: str, kind: str) -> None:
    assert kind_of("home", Path(path)) == kind
