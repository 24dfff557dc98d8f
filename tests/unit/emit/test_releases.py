"""Releases on their shelf: names, numbers, manifests, and the page that lists them."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.emit.index_page import index_page
from pipeline.emit.manifest import (
    EMPTY_FOLDER,
    LINK,
    SPECIAL,
    changed_files,
    contents,
    manifest_text,
    packaged_file,
    read_manifest,
)
from pipeline.emit.releases import (
    ReleaseName,
    alike,
    next_number,
    release_name,
    same_contents,
    shelved,
    strays,
)
from pipeline.emit.tree import ectd_name
from pipeline.errors import MachineError

NAME = ReleaseName("BXU001-RA", date(2027, 6, 30), "BLINDED")
CODE = {"digest": "d" * 64, "commit": "c" * 40, "dirty": False}
BUILD = {"id": "b1", "delivery": "2027-06-30-x", "manifest_sha256": "m"}


def identity(name: ReleaseName = NAME, **more: Any) -> dict[str, Any]:
    return {"release": name.facts, "code": CODE, "build": BUILD, "marking": "DRAFT-BLINDED", **more}


def shelve(shelf: Path, name: ReleaseName = NAME, text: str = "records") -> Path:
    folder = shelf / name.folder
    folder.mkdir(parents=True)
    (folder / "ae.xpt").write_text(text)
    files = [packaged_file(folder, folder / "ae.xpt", rows=2)]
    (folder / "manifest.json").write_text(manifest_text(identity(name), files))
    return folder


def numbered(number: int, mode: str = "BLINDED") -> ReleaseName:
    return ReleaseName(NAME.study, NAME.cut, mode, number)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        (NAME, "bxu001-ra-2027-06-30-draft-blinded-01"),
        (numbered(12, "FINAL"), "bxu001-ra-2027-06-30-final-12"),
        (ReleaseName("A B/c_2", NAME.cut, "DSMB", 3), "a-b-c-2-2027-06-30-draft-dsmb-03"),
    ],
)
def test_a_release_is_named_by_study_cut_mode_and_number(name: ReleaseName, folder: str) -> None:
    assert name.folder == folder
    assert ectd_name(folder) == folder


def test_a_manifest_whose_parts_do_not_make_its_name_names_nothing() -> None:
    facts = NAME.facts
    assert release_name({"release": facts}) == NAME
    for other in (
        {**facts, "number": 7},
        {**facts, "name": facts["name"].replace("-01", "-07")},
        {**facts, "number": "1"},
        {**facts, "cut": "2027-06-31"},
        {**facts, "mode": "FINAL"},
        {**facts, "more": 1},
        {},
    ):
        assert release_name({"release": other}) is None


def test_a_manifest_is_sorted_text_that_can_be_read_again(tmp_path: Path) -> None:
    folder = shelve(tmp_path)
    told = read_manifest(folder)
    assert (folder / "manifest.json").read_text() == json.dumps(told, indent=2, sort_keys=True) + "\n"
    assert told["files"] == [{"name": "ae.xpt", "rows": 2, "bytes": 7, "sha256": told["files"][0]["sha256"]}]


@pytest.mark.parametrize("text", [None, "", "[]", '{"files": [{"name": 1}]}'])
def test_a_folder_without_a_readable_manifest_is_no_release(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(MachineError, match="holds no readable manifest"):
        read_manifest(tmp_path)


def test_a_changed_a_missing_and_an_added_file_are_told(tmp_path: Path) -> None:
    folder = shelve(tmp_path)
    manifest = read_manifest(folder)
    assert changed_files(folder, manifest) == ()
    (folder / "more.txt").write_text("")
    (folder / "ae.xpt").write_text("other")
    assert changed_files(folder, manifest) == ("ae.xpt", "more.txt")
    (folder / "ae.xpt").unlink()
    assert changed_files(folder, manifest) == ("ae.xpt", "more.txt")


def test_links_special_files_and_empty_folders_are_no_part_of_a_release(tmp_path: Path) -> None:
    folder = shelve(tmp_path)
    manifest, elsewhere = read_manifest(folder), tmp_path / "ae.xpt"
    (folder / "ae.xpt").rename(elsewhere)
    (folder / "ae.xpt").symlink_to(elsewhere)
    (folder / "dangling").symlink_to("nowhere")
    (folder / "folder").symlink_to(tmp_path)
    (folder / "empty" / "inner").mkdir(parents=True)
    os.mkfifo(folder / "pipe")
    assert contents(folder) == {
        "ae.xpt": LINK,
        "dangling": LINK,
        "empty/inner": EMPTY_FOLDER,
        "folder": LINK,
        "pipe": SPECIAL,
    }
    assert changed_files(folder, manifest) == tuple(contents(folder))
    (folder / "manifest.json").rename(tmp_path / "told.json")
    (folder / "manifest.json").symlink_to(tmp_path / "told.json")
    assert "manifest.json" in changed_files(folder, manifest)


def test_releases_stand_in_order_and_only_those_of_one_cut_and_mode_share_their_numbers(
    tmp_path: Path,
) -> None:
    for name in (numbered(10), numbered(2), numbered(1), numbered(1, "FINAL")):
        shelve(tmp_path, name)
    (tmp_path / "letters").mkdir()
    assert [one.folder.name[-10:] for one in shelved(tmp_path)] == [
        "blinded-01", "blinded-02", "blinded-10", "0-final-01",
    ]  # fmt: skip
    assert [one.number for one in alike(tmp_path, NAME)] == [1, 2, 10]
    assert alike(tmp_path, ReleaseName(NAME.study, date(2027, 7, 1), "BLINDED")) == []
    assert shelved(tmp_path / "nowhere") == []


def test_a_number_is_not_given_again_and_what_is_no_whole_release_is_named_and_left_alone(
    tmp_path: Path,
) -> None:
    assert next_number(tmp_path, NAME) == next_number(tmp_path / "nowhere", NAME) == 1
    shelve(tmp_path, numbered(1))
    (shelve(tmp_path, numbered(2)) / "manifest.json").unlink()
    assert next_number(tmp_path, NAME) == 3
    shelve(tmp_path, numbered(3)).rename(tmp_path / "moved")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "manifest.json").write_text("{")
    (tmp_path / "letters").mkdir()
    assert next_number(tmp_path, NAME) == 4
    assert next_number(tmp_path, numbered(1, "FINAL")) == 1
    assert [one.number for one in shelved(tmp_path)] == [1]
    assert [one.line for one in strays(tmp_path)] == [
        f"{numbered(2).folder}: is no whole release; finish the copy or move it away",
        "half: is no whole release; finish the copy or move it away",
        f"moved: is release {numbered(3).folder} under another name; give it its name again or move it away",
    ]


def test_number_and_commit_do_not_make_another_package_but_everything_else_does() -> None:
    one = identity(files=[])
    assert same_contents(one, identity(numbered(2), code={**CODE, "commit": None, "dirty": None}, files=[]))
    for other in (
        identity(files=[{"name": "ae.xpt"}]),
        identity(numbered(1, "FINAL"), files=[]),
        identity(code={**CODE, "digest": "e"}, files=[]),
        identity(build={**BUILD, "id": "b2"}, files=[]),
    ):
        assert not same_contents(one, other)


def test_the_page_lists_releases_with_what_can_be_opened_and_marks_drafts(tmp_path: Path) -> None:
    shelve(tmp_path)
    shelve(tmp_path, numbered(1, "FINAL"))
    manifests = [dict(one.manifest) for one in shelved(tmp_path)]
    manifests[1].pop("marking")
    page = index_page(manifests)
    assert page == index_page(manifests)
    assert page.index("final-01</span>") < page.index("draft-blinded-01</span>")
    assert 'href="bxu001-ra-2027-06-30-draft-blinded-01/manifest.json"' in page
    assert 'class="mark">DRAFT-BLINDED' in page
    assert 'class="mark final">FINAL' in page
    assert "not checked" in page
