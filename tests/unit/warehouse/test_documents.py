"""Pages beside a build: whole or not at all, unchanging once the build is finished, gone with it."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import BuildFailed
from pipeline.warehouse.builds import build_lock, publish
from pipeline.warehouse.documents import EXPECTATIONS, documents_of, documents_written, folder_digest
from pipeline.warehouse.prune import prune
from pipeline.warehouse.store import Store

WHERE = ("study", "blinded")


def store(root: Path, build: str) -> Store:
    made = Store(root, *WHERE, "2027-03-01-0123456789", build)
    made.write("ops", "table", pl.DataFrame({"n": [1]}))
    return made


def write(made: Store, text: str) -> Path:
    with documents_written(made, EXPECTATIONS) as pages:
        (pages / "inner").mkdir()
        (pages / "inner" / "page.html").write_text(text)
    return documents_of(made.place, EXPECTATIONS, made.build)


def test_pages_that_fail_half_way_leave_nothing_behind(tmp_path: Path) -> None:
    made = store(tmp_path, "b1")

    def half() -> None:
        with documents_written(made, EXPECTATIONS) as pages:
            (pages / "index.html").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert not list(made.place.folder.rglob("index.html"))
    assert not list(made.place.folder.rglob("*.part"))


def test_pages_of_an_unfinished_build_are_replaced_and_those_of_a_finished_one_stay(tmp_path: Path) -> None:
    made = store(tmp_path, "b1")
    first = folder_digest(write(made, "old"))
    folder = write(made, "new")
    assert folder_digest(folder) != first
    publish(made, {})
    assert write(made, "new") == folder
    with pytest.raises(BuildFailed, match=re.escape("finished and would change")):
        write(made, "newer")
    assert (folder / "inner" / "page.html").read_text() == "new"


def test_pages_go_with_their_build(tmp_path: Path) -> None:
    for build in ("b1", "b2"):
        made = store(tmp_path, build)
        write(made, build)
        publish(made, {})
    assert prune(tmp_path, *WHERE, keep=0) == ("b1",)
    assert [path.name for path in (made.place.folder / EXPECTATIONS).iterdir()] == ["b2"]


def test_a_folder_that_a_killed_build_has_left_is_cleared_away(tmp_path: Path) -> None:
    made = store(tmp_path, "b1")
    left = made.place.folder / EXPECTATIONS / ".b1.0123abcd.part"
    (left / "inner").mkdir(parents=True)
    (left / "inner" / "page.html").touch()
    with build_lock(tmp_path, *WHERE):
        assert not left.exists()
