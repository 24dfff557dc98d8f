"""The table that transport writers are timed on: LB-like, 25 columns, 226 bytes a record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.emit.xpt.batches import BATCH_ROWS
from pipeline.emit.xpt.member import Column, Member

_CREATED = datetime(2000, 1, 1, tzinfo=UTC)
_NUMBERS = ("LBSEQ", "LBSTRESN", "LBSTNRLO", "LBSTNRHI", "VISITNUM", "LBDY")
_WIDTHS = {
    "STUDYID": 9, "DOMAIN": 2, "USUBJID": 17, "LBSEQ": 8, "LBTESTCD": 8, "LBTEST": 30, "LBCAT": 10,
    "LBORRES": 8, "LBORRESU": 8, "LBSTRESC": 8, "LBSTRESN": 8, "LBSTRESU": 8, "LBSTNRLO": 8, "LBSTNRHI": 8,
    "LBNRIND": 8, "LBNAM": 8, "LBSPEC": 5, "LBMETHOD": 12, "LBBLFL": 1, "LBFAST": 1, "VISITNUM": 8,
    "VISIT": 10, "EPOCH": 9, "LBDTC": 16, "LBDY": 8,
}  # fmt: skip
_Terms = list[str | None]
_TESTS = range(40)
_VISITS: _Terms = ["BASELINE 1", *(f"WEEK {2 * k}" for k in range(1, 16))]
_SUBJECTS: _Terms = [f"BENCH-001-{k // 1000:03d}-{k % 1000:03d}" for k in range(10_000)]
_TIMES: _Terms = [f"2000-{1 + k // 28:02d}-{1 + k % 28:02d}T{7 + k % 5:02d}:30" for k in range(336)]
_ROWS_A_SUBJECT = len(_TESTS) * len(_VISITS)
_OF_A_TEST: dict[str, _Terms] = {
    "LBTESTCD": [f"TESTCD{k:02d}" for k in _TESTS],
    "LBTEST": [f"Name of the laboratory test {k}" for k in _TESTS],
    "LBCAT": ["CHEMISTRY", "HEMATOLOGY", "URINALYSIS"],
    "LBORRESU": ["mg/dL", "g/L", "umol/day", None],
    "LBSTRESU": ["mmol/L", "g/L", "umol/day", None],
    "LBSPEC": ["SERUM", "BLOOD", "URINE"],
    "LBMETHOD": [None, "TURBIDIMETRY"],
}
_OF_A_VISIT: dict[str, _Terms] = {
    "LBBLFL": ["Y", *[None] * 15],
    "LBFAST": ["Y", "N", None],
    "VISIT": _VISITS,
    "EPOCH": ["SCREENING", "TREATMENT", "FOLLOW-UP"],
}
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # Knuth's multiplicative hashing: 2**64 divided by the golden ratio

BENCH_MEMBER = Member(
    name="LB",
    label="Writer benchmark",
    columns=tuple(
        Column(name, f"Column {name}", "Num" if name in _NUMBERS else "Char", width)
        for name, width in _WIDTHS.items()
    ),
    created=_CREATED,
)


def write_bench_table(path: Path, rows: int) -> None:
    """Writes ``rows`` rows of the table to ``path`` as Parquet, the same bytes every time."""
    pieces = _pieces(rows)
    first = next(pieces)
    with pq.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for piece in pieces:
            writer.write_table(piece)


def _pieces(rows: int) -> Iterator[pq.Table]:
    for start in range(0, rows, BATCH_ROWS):
        yield bench_rows(start, min(start + BATCH_ROWS, rows)).to_arrow(compat_level=pl.CompatLevel.oldest())


def bench_rows(start: int, stop: int) -> pl.DataFrame:
    """Rows ``start`` to ``stop`` of the table, in the order of ``BENCH_MEMBER``."""
    row = np.arange(start, stop)
    subject, test, chance = row // _ROWS_A_SUBJECT, row % len(_TESTS), _chance(row)
    visit = row // len(_TESTS) % len(_VISITS)
    result = pl.Series(chance % 10_000_000 / 1000)
    text = result.cast(pl.String)
    columns = {
        "LBSEQ": row % _ROWS_A_SUBJECT + 1, "VISITNUM": visit + 1, "LBDY": visit * 14 + 1,
        "LBSTRESN": result, "LBSTNRLO": test / 10, "LBSTNRHI": test + 100, "LBORRES": text, "LBSTRESC": text,
        **_terms({"STUDYID": ["BENCH-001"], "DOMAIN": ["LB"]}, row),
        **_terms({"USUBJID": _SUBJECTS, "LBNAM": ["LAB 0001", "LAB 0002"]}, subject),
        **_terms(_OF_A_TEST, test),
        **_terms(_OF_A_VISIT, visit),
        **_terms({"LBNRIND": ["NORMAL", "LOW", "HIGH", "ABNORMAL", None], "LBDTC": _TIMES}, chance),
    }  # fmt: skip
    return pl.DataFrame(columns).select(column.name for column in BENCH_MEMBER.columns)


def _chance(row: NDArray[np.int64]) -> NDArray[np.int64]:
    return ((row.astype(np.uint64) * _MIXER) >> np.uint64(40)).astype(np.int64)


def _terms(terms: dict[str, _Terms], index: NDArray[np.int64]) -> dict[str, pl.Series]:
    return {
        name: pl.Series(among, dtype=pl.String).gather(index % len(among)) for name, among in terms.items()
    }
