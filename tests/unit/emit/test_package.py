"""Packages: whole, checked, repeatable, and never written over another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pyreadstat
import pytest

from pipeline.emit.package import Package, write_package
from pipeline.errors import BuildFailed, MachineError, UsageError
from pipeline.files import sha256_of
from tests.unit.emit import submission_frames as sf


def _packed(target: Path, records: Mapping[str, pl.LazyFrame] | None = None, cut: date = sf.CUT) -> Package:
    records = sf.package_records() if records is None else records
    return write_package(sf.study(), records, target, cut=cut, mode="BLINDED", facts=sf.FACTS)


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in folder.iterdir()}


def test_a_package_holds_the_datasets_with_records_and_what_describes_them(tmp_path: Path) -> None:
    package = _packed(tmp_path / "out")
    assert {path.name for path in package.folder.iterdir()} == {
        "ae.xpt",
        "define.html",
        "define.xml",
        "define2-1.xsl",
        "dm.xpt",
        "ds.xpt",
        "lb.xpt",
        "manifest.json",
        "qs.xpt",
        "suppae.xpt",
    }
    assert package.without_records == ("EX",)
    assert not package.unchanged


def test_the_manifest_tells_every_file_and_where_it_comes_from(tmp_path: Path) -> None:
    folder = _packed(tmp_path / "out").folder
    text = (folder / "manifest.json").read_text()
    told = json.loads(text)
    assert text == json.dumps(told, indent=2, sort_keys=True) + "\n"
    assert (told["study"], told["mode"], told["cut"]) == ("BXU001-RA", "BLINDED", "2027-03-01")
    assert told["facts"] == sf.FACTS
    assert told["marking"] == "DRAFT-BLINDED"
    assert told["without_records"] == ["EX"]
    assert {each["name"]: each["sha256"] for each in told["files"]} == {
        name: digest for name, digest in _digests(folder).items() if name != "manifest.json"
    }
    ae = next(each for each in told["files"] if each["name"] == "ae.xpt")
    assert (ae["rows"], ae["label"]) == (2, "Adverse Events")
    assert ae["bytes"] == (folder / "ae.xpt").stat().st_size


def test_a_transport_file_has_the_submitted_variables_and_values(tmp_path: Path) -> None:
    folder = _packed(tmp_path / "out").folder
    columns, seen = pyreadstat.read_xport(folder / "ae.xpt", output_format="dict")
    assert columns["AETERM"] == ["HEADACHE", "RASH"]
    assert columns["AELLTCD"][0] == 10019211
    assert "AETOXGR" not in columns
    assert seen.creation_time.isoformat() == "2027-03-01T00:00:00"


def test_two_runs_give_the_same_bytes_and_the_second_leaves_the_first_alone(tmp_path: Path) -> None:
    first = _packed(tmp_path / "one")
    before = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    assert _digests(_packed(tmp_path / "two").folder) == _digests(first.folder)
    again = _packed(tmp_path / "one")
    assert again.unchanged
    assert again.manifest_sha256 == first.manifest_sha256
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_parquet_and_memory_give_the_same_package(tmp_path: Path) -> None:
    scanned = {}
    for name, rows in sf.package_records().items():
        rows.collect().write_parquet(tmp_path / f"{name}.parquet", row_group_size=1)
        scanned[name] = pl.scan_parquet(tmp_path / f"{name}.parquet")
    assert _digests(_packed(tmp_path / "one", scanned).folder) == _digests(_packed(tmp_path / "two").folder)


def test_another_package_is_never_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "out"
    before = _digests(_packed(target).folder)
    with pytest.raises(UsageError, match="exists and is another package"):
        _packed(target, cut=date(2027, 3, 2))
    assert _digests(target) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_damaged_package_is_not_taken_for_the_same(tmp_path: Path) -> None:
    target = _packed(tmp_path / "out").folder
    (target / "ae.xpt").write_bytes(b"")
    with pytest.raises(UsageError, match="exists and is another package"):
        _packed(target)


def test_a_file_in_the_place_of_the_package_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError):
        _packed(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_nothing_is_visible_when_a_value_cannot_be_submitted(tmp_path: Path) -> None:
    records = sf.package_records() | {"AE": sf.records("AE", sf.HEADACHE, sf.RASH | {"AETERM": "R\u00c4SH"})}
    with pytest.raises(BuildFailed, match=r"AE.AETERM: record 2 is not printable ASCII"):
        _packed(tmp_path / "out", records)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_visible_when_a_file_reads_back_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.emit import package

    write = package.write_xpt

    def damaging(target: Path, *rest: object) -> int:
        count = write(target, *rest)  # type: ignore[arg-type]
        octets = bytearray(target.read_bytes())
        at = octets.index(b"BXU001-RA-101-001")
        octets[at] = ord("C")
        target.write_bytes(octets)
        return count

    monkeypatch.setattr(package, "write_xpt", damaging)
    with pytest.raises(BuildFailed, match="read back is not the one written"):
        _packed(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_that_the_study_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="ZZ: is not a dataset of the study"):
        _packed(tmp_path / "out", {"ZZ": sf.records("AE", sf.HEADACHE)})


def test_a_package_without_any_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="no dataset has a record"):
        _packed(tmp_path / "out", {"EX": sf.records("EX")})


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError):
        _packed(tmp_path / "file" / "out")
