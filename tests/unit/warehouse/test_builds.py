"""A reader sees the last good build or the new one; nothing in between, nothing damaged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import BuildFailed, MachineError
from pipeline.warehouse.builds import build_lock, publish, published, verify
from pipeline.warehouse.prune import prune
from pipeline.warehouse.store import Store

ROOT = Path(__file__).parents[3]
WHERE = ("study", "blinded")


def built(root: Path, build: str, number: int = 1, *, visible: bool = True) -> Store:
    store = Store(root, *WHERE, "2027-03-01-0123456789", build)
    for layer, table in (("raw", "t"), ("typed", "t"), ("sdtm", "DM")):
        store.write(layer, table, pl.DataFrame({"n": [number] * 3}))
    if visible:
        publish(store, {"number": number})
    return store


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_nothing_is_published_at_first(tmp_path):
    assert published(tmp_path, *WHERE) is None


def test_a_published_build_tells_its_files_and_facts(tmp_path):
    built(tmp_path, "b1", 7)
    build = published(tmp_path, *WHERE)
    assert (build.build, build.delivery, build.facts) == ("b1", "2027-03-01-0123456789", {"number": 7})
    assert [(file.layer, file.table, file.rows) for file in build.files] == [
        ("raw", "t", 3),
        ("typed", "t", 3),
        ("sdtm", "DM", 3),
    ]
    assert build.read("typed", "t").collect()["n"].to_list() == [7, 7, 7]
    assert verify(build) == ()
    with pytest.raises(BuildFailed, match="no such table"):
        build.read("typed", "other")


def test_a_build_that_is_not_published_is_not_seen(tmp_path):
    built(tmp_path, "b1")
    built(tmp_path, "b2", 2, visible=False)
    assert published(tmp_path, *WHERE).build == "b1"


def test_publishing_again_changes_no_byte(tmp_path):
    store = built(tmp_path, "b1")
    before = everything(tmp_path)
    publish(store, {"number": 1})
    assert everything(tmp_path) == before


def test_two_roots_with_the_same_build_have_the_same_manifest(tmp_path):
    built(tmp_path / "one", "b1")
    built(tmp_path / "two", "b1")
    assert everything(tmp_path / "one") == everything(tmp_path / "two")


def test_an_older_build_can_be_published_again(tmp_path):
    first = built(tmp_path, "b1")
    built(tmp_path, "b2", 2)
    publish(first, {"number": 1})
    assert published(tmp_path, *WHERE).build == "b1"


def test_a_finished_build_cannot_be_published_with_other_facts_nor_without_tables(tmp_path):
    store = built(tmp_path, "b1")
    with pytest.raises(BuildFailed, match="other contents"):
        publish(store, {"number": 2})
    with pytest.raises(BuildFailed, match="no table"):
        publish(Store(tmp_path, *WHERE, "d", "empty"), {})
    assert published(tmp_path, *WHERE).facts == {"number": 1}


def test_damage_is_found_before_anybody_reads(tmp_path):
    build = (built(tmp_path, "b1"), published(tmp_path, *WHERE))[1]
    path = build.path(build.files[0])
    good = path.read_bytes()
    path.write_bytes(good[:-9] + b"x" + good[-8:])
    assert verify(build) == (build.files[0].path,)
    path.unlink()
    assert verify(build) == (build.files[0].path,)
    with pytest.raises(MachineError, match="missing or damaged"):
        published(tmp_path, *WHERE)
    path.write_bytes(good)
    manifest = build.place.manifest("b1")
    manifest.write_text(manifest.read_text() + " ")
    with pytest.raises(MachineError, match="has changed since"):
        published(tmp_path, *WHERE)
    manifest.write_text("{")
    with pytest.raises(MachineError, match="not JSON"):
        published(tmp_path, *WHERE)


KILLED = """
import os, signal, sys
from pathlib import Path
import polars as pl
from pipeline.warehouse.builds import build_lock, publish
from pipeline.warehouse.catalog import write_catalog
from pipeline.warehouse.store import Store
root, kill_at, seen = Path(sys.argv[1]), int(sys.argv[2]), 0
def kill(event, args):
    global seen
    if event in ("os.rename", "open") and (".part" in repr(args) or "published" in repr(args)):
        seen += 1
        if seen == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
with build_lock(root, "study", "blinded"):
    store = Store(root, "study", "blinded", "2027-03-01-0123456789", "b2")
    sys.addaudithook(kill)
    for layer, table in (("raw", "t"), ("typed", "t"), ("sdtm", "DM")):
        store.write(layer, table, pl.DataFrame({"n": [2] * 3}))
    publish(store, {"number": 2})
"""


def killed_build(root: Path, kill_at: int) -> int:
    return subprocess.run(
        [sys.executable, "-c", KILLED, str(root), str(kill_at)], cwd=ROOT, check=False
    ).returncode


def test_a_build_killed_at_any_moment_leaves_the_last_good_build_or_the_new_one(tmp_path):
    built(tmp_path, "b1")
    seen = []
    for kill_at in (2, 7, 9, 11, 99):
        code = killed_build(tmp_path, kill_at)
        build = published(tmp_path, *WHERE)
        seen.append((code, build.build))
        assert verify(build) == ()
        assert {build.read(file.layer, file.table).collect()["n"][0] for file in build.files} == {
            build.facts["number"]
        }
    assert seen[0] == (-9, "b1")
    assert (-9, "b1") in seen[2:4], "no kill fell between the manifest and the pointer"
    assert seen[-1] == (0, "b2")
    assert not list(tmp_path.rglob("*.part*"))


def test_two_builds_at_once_are_one_too_many(tmp_path):
    code = "import sys; from pathlib import Path; from pipeline.warehouse.builds import build_lock\n"
    code += "with build_lock(Path(sys.argv[1]), 'study', 'blinded'): print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(MachineError, match="another build is running"), build_lock(tmp_path, *WHERE):
            pass
        with build_lock(tmp_path, "study", "dsmb"):
            pass
        other.communicate(b"\n")
    with build_lock(tmp_path, *WHERE):
        pass


def aged(store: Store, seconds: int) -> None:
    for path in (store.root / "study").rglob(f"{store.build}.*"):
        os.utime(path, (seconds, seconds))


def test_pruning_keeps_the_published_build_and_the_youngest_others(tmp_path):
    for age, build in enumerate(["b1", "b4", "b2", "b3"]):
        aged(built(tmp_path, build, age), 1000 + age)
    aged(built(tmp_path, "leftover", 9, visible=False), 500)
    publish(Store(tmp_path, *WHERE, "2027-03-01-0123456789", "b1"), {"number": 0})
    assert prune(tmp_path, *WHERE, keep=1) == ("b2", "b4", "leftover")
    build = published(tmp_path, *WHERE)
    assert (build.build, verify(build)) == ("b1", ())
    stems = {path.stem for path in (tmp_path / "study").rglob("*") if path.is_file()}
    assert stems == {"b1", "b3", "published"}
    assert prune(tmp_path, *WHERE, keep=0) == ("b3",)


def test_the_manifest_is_plain_json_with_sorted_keys(tmp_path):
    store = built(tmp_path, "b1")
    text = store.place.manifest("b1").read_text()
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"


def test_a_pointer_without_its_facts_is_one_line(tmp_path):
    built(tmp_path, "b1").place.pointer.write_text("{}")
    with pytest.raises(MachineError, match="lacks what"):
        published(tmp_path, *WHERE)
