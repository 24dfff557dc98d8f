"""A finished release is judged, and what is found lies with those who may read it, and only there."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.commands import unblind
from pipeline.commands.conform import conform_result
from pipeline.conformance.facts import FINAL
from pipeline.conformance.verdict import BROKEN, CoreResult, RuleOutcome
from pipeline.emit.manifest import FILE, manifest_text, packaged_file
from pipeline.emit.opened import OpenRelease, opened_release
from pipeline.emit.package import Described
from pipeline.emit.releases import ReleaseName
from pipeline.errors import EXIT_BUILD, Refused, UsageError
from pipeline.flow.conform import Judge, package_facts
from pipeline.flow.conform_release import judge_release
from pipeline.flow.making import Made, refused
from pipeline.restricted import VARIABLE
from pipeline.settings import Settings
from pipeline.warehouse.builds import build_lock, publish
from pipeline.warehouse.catalog import query, write_catalog
from pipeline.warehouse.conformance import CONFORMANCE
from pipeline.warehouse.places import Place
from pipeline.warehouse.store import Store
from tests.unit.conformance.packages import STUDY, packed
from tests.unit.emit import submission_frames as sf

BLINDED = "BLINDED"


def release(shelf: Path, mode: str, study: str = STUDY) -> OpenRelease:
    """A finished release of a small package."""
    name = ReleaseName(study, date(2027, 3, 1), mode)
    tree = packed(shelf / name.folder, mode)
    files = [packaged_file(tree.root, path) for path in sorted(tree.root.rglob("*")) if path.is_file()]
    identity = {
        "release": name.facts,
        "build": {"id": "b", "delivery": "d", "manifest_sha256": "0"},
        "code": {"digest": "c", "engine": "e", "commit": None, "dirty": False},
    }
    (tree.root / FILE).write_text(manifest_text(identity, files), encoding="ascii")
    return opened_release(tree.root)


def unsorted(shelf: Path, mode: str) -> OpenRelease:
    """The same with the records of AE in another order, and a manifest that knows it."""
    made = release(shelf, mode)
    path = made.tree.tabulations / "ae.xpt"
    octets = bytearray(path.read_bytes())
    data = octets.index(b"OBS     HEADER RECORD") + 80 - octets.index(b"OBS     HEADER RECORD") % 80
    size = sum(each.length for each in facts_of(made, "AE"))
    first, second = octets[data : data + size], octets[data + size : data + 2 * size]
    octets[data : data + 2 * size] = second + first
    path.write_bytes(octets)
    manifest = json.loads((made.folder / FILE).read_text())
    named = packaged_file(made.folder, path)
    for file in manifest["files"]:
        if file["name"] == named.name:
            file["sha256"] = named.sha256
    (made.folder / FILE).write_text(json.dumps(manifest))
    return opened_release(made.folder)


def facts_of(made: OpenRelease, name: str) -> tuple[object, ...]:
    found = package_facts(made.folder, sf.study(), made.mode, sf.CUT).dataset(name)
    assert found
    return found.columns


def place_with_a_build(root: Path) -> Place:
    place = Place(root, "bxu001_ra", BLINDED)
    store = Store(root, "bxu001_ra", BLINDED, "d-1", "b-1")
    with build_lock(root, "bxu001_ra", BLINDED):
        store.write("qc", "findings", pl.DataFrame({"rule": ["R"]}))
        publish(store, {})
        write_catalog(root, "bxu001_ra", BLINDED)
    return place


def test_what_is_found_is_a_view_of_the_warehouse_whatever_release_it_is_of(tmp_path: Path) -> None:
    place = place_with_a_build(tmp_path / "warehouse")
    good = release(tmp_path / "good", BLINDED)
    assert judge_release(good, sf.study(), place, Judge()).verdict.unexplained == ()
    wrong = unsorted(tmp_path / "wrong", BLINDED)
    judged = judge_release(wrong, sf.study(), place, Judge())
    assert [(issue.rule, issue.dataset) for issue in judged.verdict.unexplained] == [("PKG-SORT", "AE")]
    rows = query(place.root, place.study, place.mode, "SELECT * FROM qc.conformance")
    assert rows.to_dicts() == [
        {
            "release": wrong.name,
            "source": "OWN",
            "rule": "PKG-SORT",
            "dataset": "AE",
            "variable": None,
            "record": 2,
            "subject": None,
            "seq": None,
            "message": "its records are not sorted by its keys",
            "explained": False,
            "why": None,
        }
    ]


def test_rules_that_broke_in_the_engine_fail_the_judgement_and_forbid_a_filing(tmp_path: Path) -> None:
    broken = CoreResult("0.17.1", rules=(RuleOutcome("CORE-000701", {BROKEN: 1}, broken=("AE",)),))
    place = place_with_a_build(tmp_path / "warehouse")
    judged = judge_release(release(tmp_path, FINAL), sf.study(), place, Judge(recorded=broken))
    told = conform_result(judged)
    assert (told["exit_code"], told["unexplained"]) == (EXIT_BUILD, 2)
    assert told["errors"] == [{"rule": "CORE-000701", "datasets": "AE", "kinds": ""}]
    found = refused(Made(Described((), ()), (), {"release": {"mode": FINAL}}, judged.verdict))
    assert found is not None
    assert found.message == "no rule has looked at any dataset"


def test_judging_again_replaces_what_was_known(tmp_path: Path) -> None:
    place = place_with_a_build(tmp_path / "warehouse")
    for _ in range(2):
        judge_release(unsorted(tmp_path / "wrong", BLINDED), sf.study(), place, Judge())
        (tmp_path / "wrong").rename(tmp_path / f"wrong{_}")
    assert query(place.root, place.study, place.mode, "SELECT count(*) n FROM qc.conformance")["n"][0] == 1


def test_a_release_of_another_study_is_refused(tmp_path: Path) -> None:
    other = release(tmp_path, BLINDED, study="BXU002-RA")
    with pytest.raises(UsageError, match="is a release of another study"):
        judge_release(other, sf.study(), Place(tmp_path / "w", "s", BLINDED), Judge())


def test_a_release_that_was_changed_is_not_judged(tmp_path: Path) -> None:
    made = release(tmp_path, BLINDED)
    (made.tree.tabulations / "ae.xpt").write_bytes(b"")
    with pytest.raises(Refused, match=r"ae\.xpt: is not what its manifest says"):
        opened_release(made.folder)


def test_an_unblinded_release_leaves_its_findings_below_the_restricted_root_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, restricted = Settings(tmp_path / "home"), tmp_path / "restricted"
    monkeypatch.setenv(VARIABLE, str(restricted))
    made = unsorted(tmp_path / "shelf", FINAL)
    result = unblind.conformed(settings, made, None, 1, quiet=True)
    assert result["exit_code"] == EXIT_BUILD
    folder = Place(restricted / "warehouse", "bxu001_ra", FINAL).folder / CONFORMANCE
    assert [path.stem for path in folder.glob("*.parquet")] == [made.name]
    assert not (tmp_path / "home").exists()


def test_an_unblinded_release_in_the_blinded_root_is_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "restricted"))
    made = release(tmp_path / "home" / "shelf", FINAL)
    with pytest.raises(UsageError, match="lies in the blinded root"):
        unblind.conformed(Settings(tmp_path / "home"), made, None, 1, quiet=True)


def test_an_unblinded_release_needs_the_restricted_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(UsageError, match="restricted root"):
        unblind.conformed(Settings(tmp_path / "home"), release(tmp_path / "s", FINAL), None, 1, quiet=True)
