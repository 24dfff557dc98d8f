"""Two nights and two specifications of one study as releases: what differs, why, and whether each can be made again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.commands.diff import blinded_shelf, differed
from pipeline.commands.releases import Asked
from pipeline.commands.verify import verified
from pipeline.emit.manifest import manifest_of
from pipeline.errors import UsageError
from pipeline.flow.deliver import load_delivery
from pipeline.flow.diff_causes import NAMED, OWN
from pipeline.flow.release import release_build
from pipeline.flow.run import run_build
from pipeline.settings import Settings
from tests.pipeline.two import CUT, delivered, second_study, specifications
from tests.pipeline.unblinding import digests

ALONE = Asked(quiet=True)
DIZZY = "01/0001;S;1;T1;Dizzy"
ACHE = "ZZ-2;01;01/0001;S;1;T3;Ache;11-MAR-2027;12-MAR-2027;;N;\n"
NEXT_NIGHT = {
    "site/troubles.csv": ((f"ZZ-2;01;{DIZZY}", f"{ACHE}ZZ-2;01;{DIZZY}"), ("T2;Sleepy", "T2;Drowsy"))
}
OTHER_SPECIFICATION = {
    "two/domains/ae.yaml": (
        ("label: Adverse Events", "label: Adverse Happenings"),
        ("  AESTDY: {derived: day, origin: Derived}\n", ""),
        ("{derived: ongoing, origin: Collected}", "{derived: still there, origin: Derived}"),
        ("keys: [STUDYID, USUBJID, AETERM, AESTDTC, AESPID]", "keys: [STUDYID, USUBJID, AESTDTC, AESPID]"),
    ),
    "two/tables/codemaps.csv": (("JN,J,Y", "JN,J,Y\nJN,X,Y"),),
}


@dataclass(frozen=True)
class Shelf:
    """The releases of the first night, of the second, and of the second by another specification."""

    settings: Settings
    changed: Settings
    first: Path
    second: Path
    third: Path


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("releases")
    with second_study(folder / "home") as settings:
        changed = replace(settings, specs=specifications(folder / "specs", OTHER_SPECIFICATION))
        releases = []
        for night, edits, by in (("a", {}, settings), ("b", NEXT_NIGHT, settings), ("c", None, changed)):
            if edits is not None:
                load_delivery(settings, delivered(folder / night, edits), cut=CUT)
            run_build(by)
            releases.append(release_build(by).folder)
        yield Shelf(settings, changed, *releases)


def copied(release: Path, to: Path) -> Path:
    """A copy that can be changed."""
    copy = shutil.copytree(release, to / release.name)
    for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    return copy


def rewrite(release: Path, **code: Any) -> None:
    """The manifest says other things of the code."""
    path = release / "manifest.json"
    content = json.loads(path.read_text())
    path.chmod(0o644)
    path.write_text(manifest_of({**content, "code": {**content["code"], **code}}))


def told(settings: Settings, old: Path, new: Path, target: Path | None = None) -> dict[str, Any]:
    result = differed(blinded_shelf(settings), old, new, target)
    result.pop("show")
    return result


@pytest.fixture(scope="module")
def nights(shelf: Shelf) -> dict[str, Any]:
    return told(shelf.settings, shelf.first, shelf.second)


@pytest.fixture(scope="module")
def specs(shelf: Shelf) -> dict[str, Any]:
    return told(shelf.changed, shelf.second, shelf.third)


def of(found: dict[str, Any], dataset: str) -> dict[str, Any]:
    return next(each for each in found["datasets"] if each["dataset"] == dataset)


def test_records_are_added_and_changed_by_key_and_a_new_number_alone_is_counted(
    nights: dict[str, Any],
) -> None:
    events = of(nights, "AE")
    assert events["counts"] == {
        "old": 2, "new": 3, "added": 1, "removed": 0, "changed": 1, "repeated": 0, "renumbered": 1,
    }  # fmt: skip
    added, changed = sorted(events["records"], key=lambda each: each["change"])
    assert (added["change"], added["old_seq"], added["new_seq"]) == ("added", None, 1)
    assert (changed["change"], changed["old_seq"], changed["new_seq"]) == ("changed", 2, 3)
    assert changed["values"] == [
        {"variable": "AETERM", "old": "SLEEPY", "new": "DROWSY"},
        {"variable": "AEDECOD", "old": "Sleepy", "new": "Drowsy"},
    ]


def test_a_qualifier_whose_parent_got_another_number_is_no_change(nights: dict[str, Any]) -> None:
    qualifiers = of(nights, "SUPPAE")
    assert qualifiers["counts"] | {"renumbered": 0} == {
        "old": 2, "new": 3, "added": 1, "removed": 0, "changed": 0, "repeated": 0, "renumbered": 0,
    }  # fmt: skip


def test_a_change_is_followed_to_the_delivered_rows_that_made_it(nights: dict[str, Any]) -> None:
    events = of(nights, "AE")
    rows = {each["change"]: each["rows"] for each in events["records"]}
    (term,), (new,) = rows["changed"], rows["added"]
    assert (term["source"], term["row_change"], term["old_line"], term["new_line"]) == (
        "site_troubles",
        "changed",
        3,
        4,
    )
    assert (term["columns"], new["row_change"], new["new_line"]) == ("WHAT", "new", 2)
    assert events["causes"] == [{"kind": "delivered file", "name": "site_troubles", "how": OWN}]
    assert [each["source"] for each in nights["causes"]["delivered"]] == ["site_troubles"]
    assert (nights["causes"]["specification"], nights["causes"]["code"], nights["notes"]) == ([], None, [])


def test_datasets_in_which_nothing_happened_are_untouched(nights: dict[str, Any]) -> None:
    touched = {each["dataset"] for each in nights["datasets"] if each["touched"]}
    assert {"AE", "SUPPAE"} <= touched
    assert touched.isdisjoint({"DM", "QS", "SV"})
    assert nights["summary"]["datasets_touched"] == len(touched)


def test_what_define_says_differently_is_told_by_variable(specs: dict[str, Any]) -> None:
    found = [
        (each.get("item", ""), each.get("aspect", each["change"])) for each in of(specs, "AE")["metadata"]
    ]
    assert {
        ("", "label"),
        ("", "keys"),
        ("AETERM", "key"),
        ("AEENRTPT", "origin"),
        ("AESTDY", "removed"),
    } <= set(found)
    origin = next(each for each in of(specs, "AE")["metadata"] if each.get("aspect") == "origin")
    assert (origin["old"], origin["new"]) == ("Collected (Sponsor)", "Derived (Sponsor)")
    (method,) = [each for each in of(specs, "AE")["metadata"] if each.get("aspect") == "method"]
    assert (method.get("old"), method["new"]) == (None, "still there")


def test_a_removed_variable_changes_its_records_and_no_delivered_row_is_blamed(specs: dict[str, Any]) -> None:
    events = of(specs, "AE")
    assert [(each["change"], each["values"], each["rows"]) for each in events["records"]] == [
        ("changed", [{"variable": "AESTDY", "old": "1", "new": None}], []),
        ("changed", [{"variable": "AESTDY", "old": "2", "new": None}], []),
    ]
    assert specs["causes"]["delivered"] == []


def test_a_specification_is_a_cause_of_the_datasets_that_it_can_reach(specs: dict[str, Any]) -> None:
    files = {each["file"] for each in specs["causes"]["specification"]}
    assert files == {"sdtm_specs/two/domains/ae.yaml", "sdtm_specs/two/tables/codemaps.csv"}
    named = {each["name"].rpartition("/")[2]: each["how"] for each in of(specs, "AE")["causes"]}
    assert named == {"ae.yaml": NAMED, "codemaps.csv": NAMED}


def test_the_files_of_a_diff_are_the_same_every_time_and_complete(shelf: Shelf, tmp_path: Path) -> None:
    for name in ("a", "b"):
        told(shelf.settings, shelf.first, shelf.second, tmp_path / name)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    content = json.loads((tmp_path / "a/diff.json").read_text())
    assert content == told(shelf.settings, shelf.first, shelf.second)
    page = (tmp_path / "a/diff.html").read_text()
    assert "DROWSY" in page
    assert "http" not in page.replace("http-equiv", "")
    with pytest.raises(UsageError, match="exists"):
        told(shelf.settings, shelf.first, shelf.second, tmp_path / "a")
    with pytest.raises(UsageError, match="never changes"):
        told(shelf.settings, shelf.first, shelf.second, shelf.first / "diff")


def test_a_release_is_the_same_as_itself(shelf: Shelf) -> None:
    found = told(shelf.settings, shelf.first, shelf.first)
    assert not any(found["summary"][name] for name in found["summary"] if name != "datasets")


def test_without_their_builds_the_causes_are_told_from_the_specification(
    shelf: Shelf, tmp_path: Path
) -> None:
    bare = replace(shelf.settings, home=tmp_path)
    found = told(bare, shelf.first, shelf.second)
    assert of(found, "AE")["causes"] == [{"kind": "delivered file", "name": "site_troubles", "how": OWN}]
    assert not any(each["rows"] for each in of(found, "AE")["records"])
    (note,) = found["notes"]
    assert "not in the warehouse any more" in note


def test_a_release_elsewhere_and_of_another_commit_of_the_same_code_is_made_again_to_the_last_byte(
    shelf: Shelf, tmp_path: Path
) -> None:
    home, copy = shelf.settings.home, copied(shelf.first, tmp_path)
    rewrite(copy, commit=None, dirty=None)
    (home / ".verify.dead.part").mkdir()
    before = digests(home)
    found = verified(shelf.settings, copy, ALONE)
    assert (found["exit_code"], found["good"], found["problems"]) == (0, True, [])
    told = {each["file"]: each["rebuilt"] for each in found["files"]}
    assert told.pop("manifest.json") == "same but for the commit"
    assert set(told.values()) == {"same"}
    assert {*told, "manifest.json"} == {*digests(copy)}
    assert digests(home) == before
    assert not list(home.glob(".verify*"))


def test_a_forged_identity_and_a_tampered_a_foreign_and_a_missing_file_are_found(
    shelf: Shelf, tmp_path: Path
) -> None:
    copy = copied(shelf.second, tmp_path)
    rewrite(copy, commit="0" * 40, engine="f" * 64)
    copy = copy.rename(copy.with_name("other"))
    folder = next(copy.glob("m5/datasets/*/tabulations/sdtm"))
    tampered = folder / "ae.xpt"
    tampered.chmod(0o644)
    tampered.write_bytes(tampered.read_bytes().replace(b"DROWSY", b"SLEEPY"))
    (folder / "notes.txt").write_text("x")
    (folder / "dm.xpt").rename(tmp_path / "dm.xpt")
    (folder / "dm.xpt").symlink_to(tmp_path / "dm.xpt")
    (folder / "sv.xpt").unlink()
    (folder / "split").mkdir()
    found = verified(shelf.settings, copy, ALONE)
    wrong = {
        Path(each["file"]).name: (each["manifest"], each["rebuilt"])
        for each in found["files"]
        if not each["good"]
    }
    assert wrong == {
        "ae.xpt": ("other bytes", "differs"),
        "notes.txt": ("not named", "not made"),
        "dm.xpt": ("symbolic link", "differs"),
        "sv.xpt": ("missing", "differs"),
        "split": ("empty folder", "not made"),
        "manifest.json": ("as named", "differs"),
    }
    renamed, commit = found["problems"]
    assert renamed.startswith(f"other: the folder was renamed, it is release {shelf.second.name};")
    assert commit.startswith(f"commit {'0' * 40}: this repository does not have it")
    assert found["exit_code"] == 4


def test_a_release_by_another_specification_is_not_rebuilt_and_says_what_to_check_out(shelf: Shelf) -> None:
    found = verified(shelf.settings, shelf.third, ALONE)
    assert found["exit_code"] == 4
    (problem,) = found["problems"]
    assert problem.startswith("specification: sdtm_specs/two/domains/ae.yaml and 1 more differ")
    assert {each["rebuilt"] for each in found["files"]} == {None}


def test_a_landed_file_that_is_not_the_delivered_one_is_named(shelf: Shelf, tmp_path: Path) -> None:
    settings = replace(shelf.settings, home=tmp_path)
    shutil.copytree(shelf.settings.landing, settings.landing)
    delivery = json.loads((shelf.first / "manifest.json").read_text())["build"]["delivery"]
    people = settings.landing / delivery / "site/people.csv"
    people.chmod(0o644)
    people.write_text(people.read_text().replace("1980", "1981"))
    (settings.landing / delivery / "site/ends.csv").unlink()
    found = verified(settings, shelf.first, ALONE)
    gone, other = found["problems"]
    assert gone.startswith("site_ends: site/ends.csv of delivery")
    assert "is not among the landed files" in gone
    assert "people.csv" in other
    assert "has other bytes; restore it from the backup" in other
    assert found["exit_code"] == 4


def test_without_the_record_of_the_engine_nothing_is_rebuilt(shelf: Shelf, tmp_path: Path) -> None:
    copy = copied(shelf.first, tmp_path)
    (copy / "conformance/core.json").unlink()
    found = verified(shelf.settings, copy, ALONE)
    (problem,) = found["problems"]
    assert problem.startswith("core.json: the release has no readable record")
    (wrong,) = [each for each in found["files"] if not each["good"]]
    assert (wrong["file"], wrong["manifest"]) == ("conformance/core.json", "missing")
