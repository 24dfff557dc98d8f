"""A load that is killed, out of space or not alone leaves the landing folder whole."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import MachineError, Refused
from pipeline.sources.delivery import deliveries, resolve
from pipeline.sources.landing import land
from pipeline.specs.layout import SourceLayout
from tests.full_disk import disk_of

LAYOUTS = {
    name: SourceLayout(name, f"{name}_20270301_.csv", ("STUDYID", "TERM"), study_names=("S1",))
    for name in ("one", "two", "three")
}
LOAD = """
import sys, os, signal
from pathlib import Path
sys.path.insert(0, {root!r})
from tests_layouts import LAYOUTS
from pipeline.sources.landing import land
seen, landing = 0, {landing!r}
def kill(event, args):
    global seen
    if event in ("open", "os.rename", "os.mkdir", "os.chmod", "shutil.copyfile") and landing in repr(args):
        seen += 1
        if seen == {kill_at}:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill)
land(Path({folder!r}), Path(landing), LAYOUTS)
print(seen)
"""
ROOT = str(Path(__file__).parents[3])


def delivery(folder: Path, word: str = "ache") -> Path:
    folder.mkdir()
    for name in LAYOUTS:
        (folder / f"{name}_20270301_.csv").write_bytes(b"STUDYID,TERM\n" + f"S1,{word}\n".encode() * 5000)
    return folder


def killed_load(tmp_path: Path, kill_at: int) -> subprocess.CompletedProcess[str]:
    layouts = tmp_path / "code" / "tests_layouts.py"
    layouts.parent.mkdir(exist_ok=True)
    facts = {name: vars(layout) for name, layout in LAYOUTS.items()}
    layouts.write_text(
        "from pipeline.specs.layout import SourceLayout\n"
        f"LAYOUTS = {{name: SourceLayout(**one) for name, one in {facts!r}.items()}}\n"
    )
    code = LOAD.format(
        root=str(layouts.parent),
        landing=str(tmp_path / "landing"),
        kill_at=kill_at,
        folder=str(tmp_path / "new"),
    )
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def visible(landing: Path) -> list[str]:
    return sorted(path.name for path in landing.iterdir() if path.name != ".lock")


def test_a_load_killed_at_any_moment_leaves_the_old_state_or_the_new_one_and_the_next_load_tidies_up(
    tmp_path,
):
    old = land(delivery(tmp_path / "old"), tmp_path / "landing", LAYOUTS).delivery
    delivery(tmp_path / "new", "pain")
    for kill_at in (2, 6, 13):
        result = killed_load(tmp_path, kill_at)
        assert result.returncode == -9, result.stderr
        assert deliveries(tmp_path / "landing") == [old]
        assert all(resolve(old).values())
    assert len(visible(tmp_path / "landing")) == 2, "the killed load should have left something to tidy up"
    new = land(tmp_path / "new", tmp_path / "landing", LAYOUTS)
    assert new.new
    assert visible(tmp_path / "landing") == sorted([old.delivery_id, new.delivery_id])


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(tmp_path):
    folder = delivery(tmp_path / "in")
    with disk_of(10_000), pytest.raises(MachineError) as caught:
        land(folder, tmp_path / "landing", LAYOUTS)
    assert caught.value.exit_code == 5
    assert "\n" not in str(caught.value)
    assert visible(tmp_path / "landing") == []
    assert land(folder, tmp_path / "landing", LAYOUTS).new


def test_a_landing_folder_that_cannot_be_written_is_one_line(tmp_path):
    folder = delivery(tmp_path / "in")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MachineError, match="Not a directory"):
        land(folder, tmp_path / "file" / "landing", LAYOUTS)


def test_a_second_load_at_the_same_time_is_turned_away(tmp_path):
    folder = delivery(tmp_path / "in")
    (tmp_path / "landing").mkdir()
    holder = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX);"
    holder += "print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path / "landing" / ".lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(MachineError, match="another load is running"):
            land(folder, tmp_path / "landing", LAYOUTS)
        other.communicate(b"\n")
    assert land(folder, tmp_path / "landing", LAYOUTS).new


def test_a_file_that_changes_while_it_is_copied_does_not_land(tmp_path, monkeypatch):
    folder = delivery(tmp_path / "in")
    copy = shutil.copyfile

    def grow_and_copy(source: Path, target: Path) -> None:
        with source.open("ab") as file:
            file.write(b"S1,late\n")
        copy(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", grow_and_copy)
        with pytest.raises(Refused, match="changed while it was being landed"):
            land(folder, tmp_path / "landing", LAYOUTS)
    assert visible(tmp_path / "landing") == []
    assert land(folder, tmp_path / "landing", LAYOUTS).new
