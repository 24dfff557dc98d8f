"""Build and release from the command line: what is there stays, what fails leaves nothing half done."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path

import pytest

from pipeline.flow.deliver import load_delivery
from pipeline.settings import Settings
from pipeline.warehouse.builds import Build, published, verify
from tests.conftest import AS_OF
from tests.pipeline.terminal import MARKER, Terminal, finished, started
from tests.slow import slow

SMALL = 20_000  # bytes: less than any table of the laboratory
STUDY = "bxu001-ra"


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    """The built home, to be changed."""
    shutil.copytree(home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def sdtm(copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(copy, monkeypatch, capsys)


def build_of(home: Path) -> Build:
    settings = Settings(home=home)
    found = published(settings.warehouse, settings.study, "BLINDED")
    assert found is not None
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def left_behind(home: Path) -> list[Path]:
    return [path for path in home.rglob("*.part*") if path.name != ".lock"]


def test_a_build_that_is_published_is_told_again_at_once(sdtm: Terminal, night: Build) -> None:
    told = sdtm("build", "--json")
    assert (told.code, told.err) == (0, "")
    assert (told.told["build"], told.told["new"]) == (night.build, False)
    assert told.told["datasets"]["DM"] == 3
    assert {row["source"] for row in told.told["sources"]} >= {"edc_dm", "lab_results"}
    shown = sdtm("build")
    assert shown.code == 0
    assert "was already published" in shown.out
    assert "edc_dm" in shown.out


def test_a_package_is_released_whole_told_as_json_and_left_alone_the_second_time(
    sdtm: Terminal, copy: Path, tmp_path: Path
) -> None:
    """While the first is at work, a second process is turned away before it makes anything."""
    process = started(copy, "release", "--to", tmp_path / "shelf", "--json")
    deadline = time.monotonic() + 60
    while not any(tmp_path.glob("shelf/.release.*.part")) and time.monotonic() < deadline:
        time.sleep(0.05)
    line = sdtm("release", "--to", tmp_path / "shelf").in_one_line(5)
    assert line == f"{tmp_path / 'shelf'}: another release is running; wait until it has ended"
    first = finished(process)
    assert first.code == 0, first
    folder = Path(first.told["folder"])
    assert folder == tmp_path / "shelf" / f"{STUDY}-{AS_OF}-draft-blinded-01"
    names = {each["name"] for each in first.told["files"]}
    filed = f"m5/datasets/{STUDY}/tabulations/sdtm"
    assert {f"{filed}/{name}" for name in ("dm.xpt", "lb.xpt", "define.xml", "define.html")} <= names
    before = contents(tmp_path / "shelf")
    assert names == {name.removeprefix(f"{folder.name}/") for name in before} - {
        "manifest.json",
        "index.html",
    }
    folders = {folder, *(path for path in folder.rglob("*") if path.is_dir())}
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o555}
    folder.chmod(0o755)  # what a run that was killed had no time for
    (tmp_path / "shelf" / ".index.html.0badcafe.part").touch()  # a run was killed while it wrote the page
    again = sdtm("release", "--to", tmp_path / "shelf", "--json")
    assert folder.stat().st_mode & 0o777 == 0o555
    assert (again.code, again.told["new"], again.told["folder"]) == (0, False, str(folder))
    assert contents(tmp_path / "shelf") == before


@slow
def test_the_next_release_gets_the_next_number_and_a_changed_one_is_not_taken_for_it(
    sdtm: Terminal, copy: Path, tmp_path: Path
) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "letter.txt").write_text(MARKER)
    (shelf / "half").mkdir()
    (shelf / "half" / "manifest.json").write_text("{")
    first = Path(sdtm("release", "--to", shelf, "--json").told["folder"])
    before = contents(first)
    manifest = json.loads((first / "manifest.json").read_text())
    made = shelf / "another"  # what an earlier state of the code would have left
    first.rename(made)
    manifest["code"]["digest"] = "0" * 64
    (made / "manifest.json").chmod(0o644)
    (made / "manifest.json").write_text(json.dumps(manifest))
    made.rename(first)
    second = sdtm("release", "--to", shelf, "--json")
    assert second.told["not_releases"] == ["half: is no whole release; finish the copy or move it away"]
    assert second.told["folder"] == str(shelf / f"{STUDY}-{AS_OF}-draft-blinded-02")
    assert contents(first).keys() == before.keys()
    assert (shelf / "letter.txt").read_text() == MARKER
    page = (shelf / "index.html").read_text()
    assert page.index("draft-blinded-02") < page.index("draft-blinded-01")
    path = next(Path(second.told["folder"]).rglob("dm.xpt"))
    assert not path.stat().st_mode & 0o222
    path.chmod(0o644)
    path.write_bytes(b"")
    line = sdtm("release", "--to", shelf).in_one_line(4)
    assert "dm.xpt: was changed after its release" in line
    assert path.read_bytes() == b""


def test_nothing_can_be_released_before_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = Terminal(tmp_path, monkeypatch, capsys)("release", "--to", tmp_path / "p").in_one_line(4)
    assert "nothing is published yet" in line
    assert not (tmp_path / "p").exists()


def test_a_changed_table_is_not_released(sdtm: Terminal, copy: Path, tmp_path: Path) -> None:
    build = build_of(copy)
    table = next(build.path(file) for file in build.files if file.table == "dm")
    table.chmod(0o644)
    octets = bytearray(table.read_bytes())
    octets[len(octets) // 2] ^= 1
    table.write_bytes(bytes(octets))
    line = sdtm("release", "--to", tmp_path / "p").in_one_line(4)
    assert "is not the file that was published; build again" in line
    assert contents(tmp_path / "p") == {}


@pytest.fixture
def changed(copy: Path, delivered: Path, tmp_path: Path) -> Path:
    """A home with a second delivery, landed but not built: a subject's verbatim terms are the marker."""
    folder = tmp_path / "second"
    shutil.copytree(delivered, folder)
    path = folder / "edc" / "AE.csv"
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    column = head.split(",").index("AETERM")
    marked = [
        ",".join(each if n != column else MARKER for n, each in enumerate(row.split(","))) for row in rows
    ]
    path.write_text("\n".join([head, *marked]) + "\n", encoding="utf-8")
    assert load_delivery(Settings(home=copy), folder).new
    return copy


def test_a_full_disk_during_a_build_is_one_line_and_the_published_build_stays(changed: Path) -> None:
    before = build_of(changed)
    said = finished(started(changed, "build", "--json", limit=SMALL))
    assert "free some disk space" in said.in_one_line(5)
    after = build_of(changed)
    assert after.build == before.build
    assert verify(after) == ()
    assert left_behind(changed) == []


def test_a_full_disk_during_a_release_is_one_line_and_leaves_no_folder(copy: Path, tmp_path: Path) -> None:
    said = finished(started(copy, "release", "--to", tmp_path / "shelf", limit=SMALL))
    assert "shelf" in said.in_one_line(5)
    assert contents(tmp_path / "shelf") == {}


@slow
def test_a_killed_build_leaves_the_published_one_and_the_next_build_succeeds(
    changed: Path, sdtm: Terminal
) -> None:
    before = build_of(changed)
    folder = before.place.folder
    known = set(folder.rglob("*.parquet"))
    process = started(changed, "build", "--json")
    deadline = time.monotonic() + 60
    while len(set(folder.rglob("*.parquet")) - known) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert build_of(changed).build == before.build
    assert verify(build_of(changed)) == ()
    again = sdtm("build", "--json")
    assert again.code == 0, again
    after = build_of(changed)
    assert after.build == again.told["build"] != before.build
    assert verify(after) == ()
    assert left_behind(changed) == []
    assert MARKER not in again.out + again.err
    assert MARKER in str(after.read("sdtm", "ae").select("AETERM").collect().rows())
    assert MARKER not in str(after.read("qc", "findings").collect().rows())


def test_an_interrupted_build_says_so_in_one_line(changed: Path) -> None:
    folder = build_of(changed).place.folder
    known = set(folder.rglob("*.parquet"))
    process = started(changed, "build", "--json")
    deadline = time.monotonic() + 60
    while len(set(folder.rglob("*.parquet")) - known) < 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = finished(process)
    assert said.in_one_line(128 + signal.SIGINT) == "interrupted; nothing half done was kept"
    assert left_behind(changed) == []
    assert verify(build_of(changed)) == ()


def test_two_builds_at_once_are_one_build_and_one_line(changed: Path, sdtm: Terminal) -> None:
    from pipeline.warehouse.builds import build_lock

    settings = Settings(home=changed)
    with build_lock(settings.warehouse, settings.study, "BLINDED"):
        said = sdtm("build")
    assert "another build is running; wait until it has ended" in said.in_one_line(5)


def test_help_answers_without_the_heavy_libraries(copy: Path) -> None:
    import subprocess
    import sys

    heavy = ("polars", "pandera", "duckdb", "dagster", "lxml")
    code = f"import sys, pipeline.cli; print([name for name in {heavy} if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
    assert finished(started(copy, "--help")).code == 0


@pytest.mark.parametrize("command", ["simulate", "load", "build", "release", "demo", "standard", "spec"])
def test_every_command_that_gives_a_result_offers_it_as_json(command: str, sdtm: Terminal) -> None:
    said = sdtm(command, "--help")
    assert said.code == 0
    assert "--json" in said.out


def test_the_check_of_the_specification_is_told_as_json(sdtm: Terminal) -> None:
    said = sdtm("spec", "--check", "--json")
    assert said.code in {0, 2}
    assert isinstance(json.loads(said.out), dict)


def test_the_simulation_is_told_as_json(sdtm: Terminal, tmp_path: Path) -> None:
    told = sdtm(
        "simulate",
        tmp_path / "x",
        "--subjects",
        2,
        "--as-of",
        "2027-01-31",
        "--defects",
        "partial_date",
        "--json",
    )
    assert told.code == 0
    assert told.told["rows"]["edc_dm"] >= 2
    assert Path(told.told["ledger"]).exists()


@pytest.mark.parametrize("swallowed", [False, True])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whatever_a_library_makes_of_a_signal_it_is_told_as_the_interruption_it_is(
    number: signal.Signals, swallowed: bool, sdtm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.commands import nights

    def interrupted(*_: object, **__: object) -> None:
        try:
            os.kill(os.getpid(), number)
        except BaseException as error:
            if swallowed:
                raise TypeError(MARKER) from error
            raise

    monkeypatch.setattr(nights, "run_build", interrupted)
    told = sdtm("build", "--json").in_one_line(128 + number)
    assert told == "interrupted; nothing half done was kept"


def test_a_panic_of_a_library_is_one_line_too(sdtm: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    from polars.exceptions import PanicException

    from pipeline.commands import nights

    def panic(*_: object, **__: object) -> None:
        raise PanicException(MARKER)

    assert not issubclass(PanicException, Exception)
    monkeypatch.setattr(nights, "run_build", panic)
    assert "unexpected PanicException" in sdtm("build", "--json").in_one_line(1)


def test_an_unforeseen_error_is_one_line_with_its_place_and_without_its_text(
    sdtm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.commands import nights

    def explode(*_: object, **__: object) -> None:
        raise ValueError(MARKER)

    monkeypatch.setattr(nights, "run_build", explode)
    line = sdtm("build", "--json").in_one_line(1)
    assert "unexpected ValueError" in line
