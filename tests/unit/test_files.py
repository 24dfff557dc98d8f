"""Folders that are written aside: one writer a target, and what a killed one left is cleared by the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import MachineError
from pipeline.files import clear, folder_aside, folder_written_aside, only_one

ROOT = Path(__file__).parents[2]
WRITES = """
import sys
from pathlib import Path
from pipeline.files import folder_written_aside
with folder_written_aside(Path(sys.argv[1])) as aside:
    (aside / "half").write_text("x")
    print("at work", flush=True)
    input()
"""


def writer(target: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(target)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    return process


def test_a_second_writer_of_a_folder_is_turned_away_and_what_a_killed_one_left_is_cleared(
    tmp_path: Path,
) -> None:
    target = tmp_path / "pack[1]age"
    first = writer(target)
    with (
        pytest.raises(MachineError, match=r"another run is running; wait until it has ended"),
        folder_written_aside(target),
    ):
        pytest.fail("the second writer was let in")
    first.kill()
    first.communicate()
    assert len(list(tmp_path.iterdir())) == 1
    with folder_written_aside(target) as aside:
        assert len(list(tmp_path.iterdir())) == 1, "what the killed run left should be gone"
        (aside / "whole").write_text("y")
    assert [path.name for path in tmp_path.rglob("*")] == ["pack[1]age", "whole"]


TAKES_TURNS = """
import sys
from pathlib import Path
from pipeline.errors import MachineError
from pipeline.files import folder_aside
done = 0
input()
for _ in range(150):
    try:
        with folder_aside(Path(sys.argv[1])) as aside:
            (aside / "file").write_text("x")
            assert (aside / "file").read_text() == "x"
            assert len(list(aside.parent.iterdir())) == 1
            done += 1
    except MachineError as error:
        assert error.culprit == "another run is running", error
print(done)
"""


def test_of_two_writers_that_begin_at_once_one_works_and_the_other_is_told(tmp_path: Path) -> None:
    """Neither clears away what the other has just begun."""
    command = [sys.executable, "-c", TAKES_TURNS, str(tmp_path / "x")]
    both = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for each in both:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    said = [each.communicate() for each in both]
    assert [err for _, err in said] == ["", ""]
    assert all(int(out) for out, _ in said)
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_folder_is_cleared_away_too(tmp_path: Path) -> None:
    inner = tmp_path / "left" / "inner"
    inner.mkdir(parents=True)
    (inner / "file").touch(0o444)
    for folder in (inner, inner.parent):
        folder.chmod(0o555)
    clear(tmp_path / "left")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_for_a_comparison_is_gone_afterwards_and_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".other.12345678.part").mkdir()
    (tmp_path / ".x.12345678.part").write_text("a file that a killed run left")
    with folder_aside(tmp_path / "x") as aside:
        (aside / "file").write_text("z")
    assert [path.name for path in tmp_path.iterdir()] == [".other.12345678.part"]


def test_a_lock_on_a_folder_leaves_no_file_and_ends_with_the_block(tmp_path: Path) -> None:
    with only_one(tmp_path, "x", "run"), pytest.raises(MachineError), only_one(tmp_path, "x", "run"):
        pytest.fail("two at once")
    with only_one(tmp_path, "x", "run"):
        assert list(tmp_path.iterdir()) == []
