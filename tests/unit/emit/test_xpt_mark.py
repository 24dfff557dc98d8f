"""A draft says so in both headers of its transport files, and every reader still reads them."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import polars as pl
import pyreadstat
import pytest

from pipeline.emit.marking import marking
from pipeline.emit.xpt.readback import read_back
from pipeline.emit.xpt.write import Column, Member, write_xpt
from pipeline.errors import BuildFailed

FINAL = Member(
    "AE",
    "Adverse Events",
    (Column("STUDYID", "Study Identifier", "Char", 5), Column("AESEQ", "Sequence Number", "Num")),
    datetime(2027, 3, 9, 14, 5, 6),
)
ROWS = pl.DataFrame({"STUDYID": ["S-001", "S-2"], "AESEQ": [1.0, 2.5]})
MARKS = {"BLINDED": b"DRAFT-BLINDED   ", "DSMB": b"DRAFT-DSMB      "}
SYSTEM_IN_HEADERS = (104, 424)


def written(folder: Path, mark: str | None) -> Path:
    member = replace(FINAL, mark=mark)
    write_xpt(folder / "ae.xpt", member, ROWS)
    read_back(folder / "ae.xpt", member, ROWS)
    return folder / "ae.xpt"


@pytest.mark.parametrize("mode", MARKS)
def test_a_draft_bears_its_mark_in_both_headers_and_differs_in_nothing_else(
    tmp_path: Path, mode: str
) -> None:
    draft = bytearray(written(tmp_path / "draft", marking(mode)).read_bytes())
    final = written(tmp_path / "final", marking("FINAL")).read_bytes()
    for at in SYSTEM_IN_HEADERS:
        assert draft[at : at + 16] == MARKS[mode]
        assert final[at : at + 16] == b"6.06    bsd4.2  "
        draft[at : at + 16] = final[at : at + 16]
    assert draft == final


def test_pyreadstat_reads_a_marked_file_as_it_reads_a_final_one(tmp_path: Path) -> None:
    path = written(tmp_path, "DRAFT-BLINDED")
    frame, seen = pyreadstat.read_xport(path, output_format="polars")
    assert frame.equals(ROWS)
    assert (seen.table_name, seen.file_label) == ("AE", "Adverse Events")


def test_pandas_reads_a_marked_file(tmp_path: Path) -> None:
    frame = pd.read_sas(written(tmp_path, "DRAFT-BLINDED"), format="xport", encoding="ascii")
    assert frame.to_dict("list") == ROWS.to_dict(as_series=False)


def test_polars_readstat_reads_a_marked_file(tmp_path: Path) -> None:
    readstat = pytest.importorskip("polars_readstat", reason="polars-readstat is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about polars
        frame = readstat.read_readstat(str(written(tmp_path, "DRAFT-BLINDED")))
    assert frame.to_dict(as_series=False) == ROWS.to_dict(as_series=False)


def test_a_draft_is_not_taken_for_a_final_file_nor_for_another_draft(tmp_path: Path) -> None:
    path = written(tmp_path, "DRAFT-BLINDED")
    for other in (FINAL, replace(FINAL, mark="DRAFT-DSMB")):
        with pytest.raises(BuildFailed, match=r"dataset AE: byte 1\d\d of the header"):
            read_back(path, other, ROWS)


@pytest.mark.parametrize("mark", ["", "DRAFT-BLINDED-XXX", "draft", "DRAFT\n", "ENTWURF-\xc4"])
def test_a_mark_that_the_headers_cannot_hold_is_refused(tmp_path: Path, mark: str) -> None:
    with pytest.raises(BuildFailed, match="dataset AE: its mark does not fit"):
        write_xpt(tmp_path / "ae.xpt", replace(FINAL, mark=mark), ROWS)
    assert list(tmp_path.iterdir()) == []
