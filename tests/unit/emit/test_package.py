"""The files of a package: checked as they are written, equal for equal arguments, nothing repaired."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pyreadstat
import pytest

from pipeline.emit.manifest import PackagedFile
from pipeline.emit.package import Heading, describe, write_package
from pipeline.emit.tree import Tree
from pipeline.errors import BuildFailed
from pipeline.files import sha256_of
from tests.unit.emit import submission_frames as sf

HEADING = Heading(sf.CUT, "BLINDED", sf.FACTS)


def _packed(
    target: Path, records: Mapping[str, pl.LazyFrame] | None = None
) -> tuple[Tree, list[PackagedFile]]:
    spec, tree = sf.study(), Tree(target, "BXU001-RA")
    found = describe(spec, sf.package_records() if records is None else records).found
    return tree, write_package(spec, found, tree, HEADING)


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256_of(path) for path in folder.rglob("*") if path.is_file()
    }


def test_a_package_holds_the_datasets_with_records_and_what_describes_them(tmp_path: Path) -> None:
    tree, files = _packed(tmp_path / "out")
    assert {path.name for path in tree.tabulations.iterdir()} == {
        "ae.xpt",
        "define.html",
        "define.xml",
        "define2-1.xsl",
        "dm.xpt",
        "ds.xpt",
        "lb.xpt",
        "qs.xpt",
        "suppae.xpt",
    }
    assert tree.relative(tree.tabulations) == "m5/datasets/bxu001-ra/tabulations/sdtm"
    assert {file.name: file.sha256 for file in files} == _digests(tree.root)
    assert describe(sf.study(), sf.package_records()).absent == ("EX",)


def test_every_file_is_told_with_its_facts(tmp_path: Path) -> None:
    tree, files = _packed(tmp_path / "out")
    ae = next(each for each in files if each.base == "ae.xpt")
    assert (ae.rows, ae.label) == (2, "Adverse Events")
    assert ae.bytes == (tree.tabulations / "ae.xpt").stat().st_size


def test_a_transport_file_has_the_submitted_variables_and_values(tmp_path: Path) -> None:
    tree, _ = _packed(tmp_path / "out")
    columns, seen = pyreadstat.read_xport(tree.tabulations / "ae.xpt", output_format="dict")
    assert columns["AETERM"] == ["HEADACHE", "RASH"]
    assert columns["AELLTCD"][0] == 10019211
    assert "AETOXGR" not in columns
    assert seen.creation_time.isoformat() == "2027-03-01T00:00:00"


def test_parquet_and_memory_and_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    scanned = {}
    for name, rows in sf.package_records().items():
        rows.collect().write_parquet(tmp_path / f"{name}.parquet", row_group_size=1)
        scanned[name] = pl.scan_parquet(tmp_path / f"{name}.parquet")
    first = _digests(_packed(tmp_path / "one")[0].root)
    assert first == _digests(_packed(tmp_path / "two")[0].root)
    assert first == _digests(_packed(tmp_path / "three", scanned)[0].root)


def test_a_value_that_cannot_be_submitted_is_refused(tmp_path: Path) -> None:
    records = sf.package_records() | {"AE": sf.records("AE", sf.HEADACHE, sf.RASH | {"AETERM": "R\u00c4SH"})}
    with pytest.raises(BuildFailed, match=r"AE.AETERM: record 2 is not printable ASCII"):
        _packed(tmp_path / "out", records)


def test_a_file_that_reads_back_wrong_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.emit import package

    write = package.write_xpt

    def damaging(target: Path, *rest: object, **more: object) -> int:
        count = write(target, *rest, **more)  # type: ignore[arg-type]
        octets = bytearray(target.read_bytes())
        at = octets.index(b"BXU001-RA-101-001")
        octets[at] = ord("C")
        target.write_bytes(octets)
        return count

    monkeypatch.setattr(package, "write_xpt", damaging)
    with pytest.raises(BuildFailed, match="read back is not the one written"):
        _packed(tmp_path / "out")


def test_a_dataset_that_the_study_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="ZZ: is not a dataset of the study"):
        _packed(tmp_path / "out", {"ZZ": sf.records("AE", sf.HEADACHE)})


def test_a_package_without_any_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="no dataset has a record"):
        _packed(tmp_path / "out", {"EX": sf.records("EX")})
