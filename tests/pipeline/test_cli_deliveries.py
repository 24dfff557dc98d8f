"""What a person reads when a delivery is not what it should be: one line or one row, an exit code, and no value."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipeline.terminal import MARKER, Said, Terminal

Spoil = Callable[[Path], None]


@pytest.fixture
def sdtm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path / "home", monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path, delivered: Path) -> Path:
    """A copy of the night that a test may spoil, with a marker for a subject's values in it."""
    copy = tmp_path / "night"
    shutil.copytree(delivered, copy)
    for path in (copy / "edc" / "AE.csv", copy / "edc" / "MH.csv"):
        head, *rows = path.read_text(encoding="utf-8").splitlines()
        marked = [
            ",".join(each if n != 9 else MARKER for n, each in enumerate(row.split(","))) for row in rows
        ]
        path.write_text("\n".join([head, *marked]) + "\n", encoding="utf-8")
    return copy


def rewrite(name: str, change: Callable[[bytes], bytes]) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "edc" / name
        path.write_bytes(change(path.read_bytes()))

    return spoil


def header_only(content: bytes) -> bytes:
    return content.splitlines(keepends=True)[0]


def without_a_column(content: bytes) -> bytes:
    lines = content.decode().splitlines()
    return ("\n".join(line.rsplit(",", 1)[0] for line in lines) + "\n").encode()


def of_another_study(content: bytes) -> bytes:
    return content.replace(b"BXU001-RA", b"OTHER-77")


def cut_in_the_middle(content: bytes) -> bytes:
    return content[: len(content) - 40]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (rewrite("AE.csv", lambda _: b""), "edc_ae"),
        (rewrite("DM.csv", header_only), "edc_dm"),
        (rewrite("AE.csv", without_a_column), "edc_ae"),
        (rewrite("AE.csv", of_another_study), "names another study"),
        (rewrite("AE.csv", cut_in_the_middle), "edc_ae"),
        (rewrite("AE.csv", lambda content: content + b"too,few,fields\n"), "edc_ae"),
        (rewrite("AE.csv", lambda content: content.replace(b",", b";")), "edc_ae"),
        (rewrite("AE.csv", lambda content: content[:-5] + b"\x00" + content[-5:]), "edc_ae"),
    ],
    ids=[
        "empty",
        "header only",
        "column missing",
        "another study",
        "truncated",
        "short row",
        "separator",
        "NUL",
    ],
)
def test_a_file_that_cannot_be_accepted_is_refused_by_name_and_the_others_land(
    spoil: Spoil, reason: str, folder: Path, sdtm: Terminal
) -> None:
    spoil(folder)
    said = sdtm("load", folder)
    assert said.code == 3
    assert [line for line in said.out.splitlines() if line.startswith("refused")]
    assert reason in said.out
    assert MARKER not in said.out + said.err
    told = sdtm("load", folder, "--json")
    assert (told.code, len(told.told["refused"]), told.told["new"]) == (3, 1, False)
    assert MARKER not in told.out


def test_a_missing_file_is_told_and_the_others_land(folder: Path, sdtm: Terminal) -> None:
    (folder / "edc" / "AE.csv").unlink()
    told = sdtm("load", folder, "--json")
    assert (told.code, told.told["missing"], told.told["refused"]) == (3, ["edc_ae"], {})


def test_a_file_that_no_contract_knows_is_told_and_left_where_it_is(folder: Path, sdtm: Terminal) -> None:
    (folder / "edc" / "NOTES.csv").write_text(f"a,b\n1,{MARKER}\n", encoding="utf-8")
    told = sdtm("load", folder, "--json")
    assert (told.code, told.told["undeclared"]) == (3, ["edc/NOTES.csv"])
    assert MARKER not in told.out
    assert not list(sdtm.home.rglob("NOTES.csv"))


def test_bytes_that_are_not_utf_8_land_unchanged(folder: Path, sdtm: Terminal) -> None:
    path = folder / "edc" / "AE.csv"
    path.write_bytes(path.read_bytes().replace(MARKER.encode(), "Übelkeit".encode("latin-1"), 1))
    said = sdtm("load", folder, "--json")
    assert (said.code, said.told["refused"]) == (0, {})
    assert next(sdtm.home.rglob("AE.csv")).read_bytes() == path.read_bytes()


def test_a_file_that_would_unblind_stops_the_whole_delivery(folder: Path, sdtm: Terminal) -> None:
    path = folder / "edc" / "AE.csv"
    path.write_bytes(path.read_bytes().replace(b"AECONTRT", b"ARMCD", 1))
    line = sdtm("load", folder).in_one_line(3)
    assert "AE.csv" in line
    assert not list(sdtm.home.rglob("*.csv"))


@pytest.mark.parametrize(("name", "code"), [("nowhere", 2), ("empty", 3)])
def test_a_folder_that_is_no_delivery(name: str, code: int, tmp_path: Path, sdtm: Terminal) -> None:
    (tmp_path / "empty").mkdir()
    assert name in sdtm("load", tmp_path / name).in_one_line(code)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("build",), "nothing has landed yet"),
        (("build", "--delivery", "2027-01-01-0000000000"), "is not among the landed deliveries"),
        (("load", "x", "--cut", "31-31-2027"), "is not a day YYYY-MM-DD"),
        (("simulate", "x", "--defects", "gremlins"), "gremlins"),
        (("simulate", "x", "--subjects", "none"), "none"),
        (("release", "--mode", "MINE"), "MINE"),
        (("conquer",), "conquer"),
        (("build", "--sideways"), "--sideways"),
    ],
    ids=str,
)
def test_a_command_that_cannot_be_acted_on_is_told_in_one_line(
    arguments: tuple[str, ...], told: str, sdtm: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told in sdtm(*arguments).in_one_line(2)


def test_an_unknown_delivery_is_told_with_the_newest_ones(folder: Path, sdtm: Terminal) -> None:
    delivery = sdtm("load", folder, "--json").told["delivery"]
    assert delivery in sdtm("build", "--delivery", "2027-01-01-0000000000").in_one_line(2)


def test_a_source_that_never_came_fails_the_build_by_name(folder: Path, sdtm: Terminal) -> None:
    (folder / "edc" / "DM.csv").write_bytes(b"")
    sdtm("load", folder)
    assert "edc_dm: was never delivered in a usable form" in sdtm("build", "--json").in_one_line(4)


@pytest.mark.parametrize(
    "command", [("load", "night"), ("build",), ("release", "--to", "package")], ids=lambda c: c[0]
)
def test_a_home_that_cannot_be_written_is_told_in_one_line(
    command: tuple[str, ...],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file").write_text("in the way")
    said: Said = Terminal(tmp_path / "a file" / "home", monkeypatch, capsys)(*command)
    assert said.code in {2, 4, 5}
    said.in_one_line(said.code)


def test_a_simulated_delivery_never_overwrites(folder: Path, sdtm: Terminal) -> None:
    assert "night" in sdtm("simulate", folder).in_one_line(2)
