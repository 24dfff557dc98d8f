"""A dataset too large for one file: every record in exactly one part, named as the standard says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.emit.part_names import part_suffixes
from pipeline.emit.split import parts_of, supplemental_parts_of, write_parts
from pipeline.emit.submitted import Submitted
from pipeline.emit.xpt.header import transport_bytes
from pipeline.emit.xpt.write import write_xpt
from pipeline.errors import BuildFailed
from tests.unit.emit import submission_frames as sf

CREATED = sf.datetime_of_cut()


def laboratory(*counts: tuple[str, str, int]) -> Submitted:
    """A laboratory dataset with so many records of each subject and category, mixed as they come."""
    rows: list[dict[str, Any]] = []
    for subject, category, count in counts:
        rows += [
            sf.ALT | {"USUBJID": f"BXU001-RA-{subject}", "LBCAT": category, "LBSPID": f"R{k}"}
            for k in range(count)
        ]
    rows = [row | {"LBSEQ": float(number)} for number, row in enumerate(rows, start=1)]
    return sf.described("LB", *rows)


def bytes_of(found: Submitted, records: int) -> int:
    return transport_bytes(found.member(CREATED), records)


def seen(path: Path) -> pl.DataFrame:
    frame, told = pyreadstat.read_xport(path, output_format="polars")
    assert told.table_name.lower() == path.stem
    assert isinstance(frame, pl.DataFrame)
    return frame


MIXED = (("101-001", "CHEMISTRY", 3), ("101-001", "HEMATOLOGY", 2), ("101-002", "CHEMISTRY", 3))


def test_the_size_of_a_file_is_known_before_it_is_written(tmp_path: Path) -> None:
    found = laboratory(*MIXED)
    for count in (1, 2, 8):
        write_xpt(tmp_path / "lb.xpt", found.member(CREATED), found.records.head(count))
        assert (tmp_path / "lb.xpt").stat().st_size == bytes_of(found, count)


def test_a_dataset_that_fits_has_no_parts() -> None:
    found = laboratory(*MIXED)
    assert parts_of(found, CREATED) == []
    assert parts_of(found, CREATED, max_bytes=bytes_of(found, 8)) == []


def test_a_larger_one_is_split_by_category(tmp_path: Path) -> None:
    found = laboratory(*MIXED)
    limit = bytes_of(found, 8) - 80
    parts = parts_of(found, CREATED, "DRAFT-BLINDED", max_bytes=limit)
    assert [(part.name, part.count) for part in parts] == [("LBCH", 6), ("LBHM", 2)]
    paths = write_parts(tmp_path / "split", parts, max_bytes=limit)
    assert [path.name for path in paths] == ["lbch.xpt", "lbhm.xpt"]
    chemistry, hematology = map(seen, paths)
    assert chemistry["LBSEQ"].to_list() == [1, 2, 3, 6, 7, 8]
    assert hematology["LBSEQ"].to_list() == [4, 5]
    assert set(chemistry["LBCAT"]) == {"CHEMISTRY"}
    assert set(pl.concat([chemistry, hematology])["DOMAIN"]) == {"LB"}


def test_all_parts_have_the_lengths_labels_and_mark_of_the_whole() -> None:
    found = laboratory(*MIXED)
    whole = found.member(CREATED, "DRAFT-DSMB")
    for part in parts_of(found, CREATED, "DRAFT-DSMB", max_bytes=bytes_of(found, 7)):
        assert replace(part.member, name="LB") == whole


def test_the_whole_stays_beside_its_parts(tmp_path: Path) -> None:
    found = laboratory(*MIXED)
    limit = bytes_of(found, 6)
    with pytest.raises(BuildFailed, match="dataset LB: is larger than"):
        write_xpt(tmp_path / "lb.xpt", found.member(CREATED), found.frames(), max_bytes=limit)
    assert write_xpt(tmp_path / "lb.xpt", found.member(CREATED), found.frames(), max_bytes=None) == 8


def test_a_category_that_is_too_large_is_cut_between_subjects(tmp_path: Path) -> None:
    found = laboratory(*MIXED, ("101-003", "CHEMISTRY", 1), ("101-004", "CHEMISTRY", 2))
    limit = bytes_of(found, 4)
    parts = parts_of(found, CREATED, max_bytes=limit)
    assert [(part.name, part.count) for part in parts] == [("LBC1", 3), ("LBC2", 4), ("LBC3", 2), ("LBHM", 2)]
    paths = write_parts(tmp_path, parts, max_bytes=limit)
    subjects = [set(seen(path)["USUBJID"].str.slice(10)) for path in paths]
    assert subjects == [{"101-001"}, {"101-002", "101-003"}, {"101-004"}, {"101-001"}]
    assert all(path.stat().st_size <= limit for path in paths)


def test_a_category_that_the_specification_does_not_name_gives_its_part_the_name() -> None:
    found = laboratory(*MIXED)
    unnamed = replace(found, dataset=found.dataset.model_copy(update={"split": {"HEMATOLOGY": "X"}}))
    names = [part.name for part in parts_of(unnamed, CREATED, max_bytes=bytes_of(found, 7))]
    assert names == ["LBCH", "LBX"]


def test_what_cannot_be_split_is_refused_in_one_line() -> None:
    terms = sf.described("DM", sf.DM)
    with pytest.raises(BuildFailed, match="dataset DM: needs more than 3000 bytes and has no DMCAT"):
        parts_of(terms, CREATED, max_bytes=3000)
    lacking = sf.described("LB", sf.ALT, sf.SERUM_GLUCOSE)
    with pytest.raises(BuildFailed, match="dataset LB: must be split and has records without LBCAT"):
        parts_of(lacking, CREATED, max_bytes=3000)
    found = laboratory(*MIXED)
    with pytest.raises(BuildFailed, match="dataset LB: one subject's records of a LBCAT do not fit"):
        parts_of(found, CREATED, max_bytes=bytes_of(found, 2))


counts = st.lists(
    st.tuples(st.sampled_from(["101-001", "101-002", "102-001"]), st.sampled_from("ABC"), st.integers(1, 4)),
    min_size=2,
    max_size=8,
)


@settings(deadline=None, max_examples=15)
@given(counts, st.integers(1, 12))
def test_every_record_is_in_exactly_one_part_that_fits(
    planned: list[tuple[str, str, int]], fitting: int
) -> None:
    found = laboratory(*planned)
    limit = bytes_of(found, fitting)
    try:
        parts = parts_of(found, CREATED, max_bytes=limit)
    except BuildFailed:
        sizes = found.records.group_by("USUBJID", "LBCAT").len().collect()["len"]
        assert sizes.max() > fitting
        return
    if not parts:
        assert found.count <= fitting
        return
    with TemporaryDirectory() as folder:
        paths = write_parts(Path(folder), parts, max_bytes=limit)
        together = pl.concat([seen(path) for path in paths]).sort("LBSEQ")
    assert len({part.name for part in parts}) == len(parts)
    assert together["LBSEQ"].to_list() == list(range(1, found.count + 1))
    assert together["LBSPID"].to_list() == found.records.collect()["LBSPID"].to_list()


@given(st.lists(st.text("ABCDE -/é1", max_size=6), min_size=1, max_size=60))
def test_suffixes_are_different_and_can_be_names(categories: list[str]) -> None:
    suffixes = part_suffixes(sorted(categories), {"A": "B"})
    assert len(set(suffixes)) == len(suffixes)
    assert all(len(suffix) in (1, 2) and suffix.isalnum() and suffix.isascii() for suffix in suffixes)
    assert all(suffix == suffix.upper() for suffix in suffixes)
    assert part_suffixes(sorted(categories), {"A": "B"}) == suffixes


def test_suffixes_resemble_their_categories() -> None:
    assert part_suffixes(["CHEMISTRY", "CHROMATOGRAPHY", "URINALYSIS"], {}) == ["CH", "CR", "UR"]
    assert part_suffixes(["CARDIAC", "CHEMISTRY"], {"CHEMISTRY": "CA"}) == ["CR", "CA"]
    assert part_suffixes(["X", "X", "X ", ""], {}) == ["X1", "X2", "X3", "X4"]


def supplements(*owners: tuple[str, str, str | None]) -> Submitted:
    """Qualifiers of records: subject, IDVAR and IDVARVAL of each."""
    rows = [
        {"RDOMAIN": "LB", "USUBJID": f"BXU001-RA-{subject}", "IDVAR": name, "IDVARVAL": value}
        | {"QNAM": "LBFLAG", "QLABEL": "Flag", "QVAL": f"V{number}", "QORIG": "Collected"}
        for number, (subject, name, value) in enumerate(owners)
    ]
    found = sf.described("SUPPAE", *rows)  # a stand-in of the same form: the study has no SUPPLB
    return replace(found, dataset=found.dataset.model_copy(update={"dataset": "SUPPLB"}))


def test_qualifiers_go_with_their_records(tmp_path: Path) -> None:
    found = laboratory(*MIXED)
    parents = parts_of(found, CREATED, max_bytes=bytes_of(found, 7))
    qualifiers = supplements(
        ("101-001", "LBSEQ", "1"),
        ("101-001", "LBSEQ", "4"),
        ("101-002", "LBSEQ", "7"),
        ("101-002", "LBSPID", "R0"),
    )
    parts = supplemental_parts_of(qualifiers, parents, CREATED)
    assert [(part.name, part.count) for part in parts] == [("SUPPLBCH", 3), ("SUPPLBHM", 1)]
    chemistry, hematology = map(seen, write_parts(tmp_path, parts))
    assert chemistry["QVAL"].to_list() == ["V0", "V2", "V3"]
    assert hematology["QVAL"].to_list() == ["V1"]
    assert set(chemistry["RDOMAIN"]) == {"LB"}
    assert supplemental_parts_of(qualifiers, [], CREATED) == []


@pytest.mark.parametrize(
    ("owner", "culprit"),
    [
        (("101-001", "LBSEQ", "99"), "a qualifier belongs to records of no part or of several"),
        (("101-001", "LBSPID", "R0"), "a qualifier belongs to records of no part or of several"),
        (("101-001", "AESEQ", "1"), "must be split as LB is and has qualifiers of no record of it"),
    ],
)
def test_a_qualifier_of_no_part_or_of_several_is_refused(
    owner: tuple[str, str, str | None], culprit: str
) -> None:
    found = laboratory(*MIXED)
    parents = parts_of(found, CREATED, max_bytes=bytes_of(found, 7))
    with pytest.raises(BuildFailed, match=f"dataset SUPPLB: {culprit}"):
        supplemental_parts_of(supplements(("101-001", "LBSEQ", "1"), owner), parents, CREATED)
