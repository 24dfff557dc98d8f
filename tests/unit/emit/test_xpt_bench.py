"""The benchmark measures what it says: its table, its writers and its medians."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipeline.emit.xpt.bench import BENCH, OURS, PLAIN, PYREADSTAT, STREAMED, _measured, _medians, bench, lead
from pipeline.emit.xpt.bench_table import BENCH_MEMBER, bench_rows, write_bench_table
from pipeline.emit.xpt.readback import read_back
from pipeline.emit.xpt.write import char_lengths, write_xpt
from pipeline.errors import UsageError


def test_the_table_has_25_columns_of_226_bytes_that_are_all_used() -> None:
    rows = bench_rows(0, 20_000)
    assert rows.columns == [column.name for column in BENCH_MEMBER.columns]
    assert (rows.width, BENCH_MEMBER.record_bytes) == (25, 226)
    declared = {column.name: column.length for column in BENCH_MEMBER.columns if column.kind == "Char"}
    assert char_lengths(rows) == declared


def test_the_table_does_not_depend_on_its_pieces(tmp_path: Path) -> None:
    whole = bench_rows(0, 40_000)
    assert pl.concat([bench_rows(0, 11), bench_rows(11, 40_000)]).equals(whole)
    write_bench_table(tmp_path / "lb.parquet", 40_000)
    assert pl.read_parquet(tmp_path / "lb.parquet").equals(whole)


def test_the_table_survives_the_writer(tmp_path: Path) -> None:
    write_xpt(tmp_path / "lb.xpt", BENCH_MEMBER, bench_rows(0, 500))
    read_back(tmp_path / "lb.xpt", BENCH_MEMBER, bench_rows(0, 500))


@pytest.mark.parametrize("writer", [OURS, STREAMED, PYREADSTAT, PLAIN])
def test_a_measured_writer_leaves_its_file(tmp_path: Path, writer: str) -> None:
    write_bench_table(tmp_path / "lb.parquet", 700)
    told = _measured(writer, tmp_path / "lb.parquet", tmp_path / "lb.xpt")
    seconds = told["seconds"]
    assert seconds is not None
    assert seconds > 0
    smallest = (tmp_path / "lb.parquet").stat().st_size if writer == PLAIN else 700 * 226
    assert (tmp_path / "lb.xpt").stat().st_size >= smallest


def test_the_medians_are_those_of_the_runs_and_a_writer_that_failed_has_none() -> None:
    runs = [{"seconds": s, "bytes": 4e6, "peak_kb": 1e6} for s in (4.0, 2.0, 1.0)]
    failed = [{"seconds": None, "bytes": None, "peak_kb": None}]
    plain = [{"seconds": 0.5, "bytes": 4e6, "peak_kb": None}]
    table = _medians(
        {PLAIN: plain, OURS: runs, "other": failed}, {PLAIN: None, OURS: None, "other": "1.0"}, 9
    )
    assert table.schema == BENCH
    assert table.rows() == [
        (PLAIN, None, 9, 1, 0.5, 8.0, 1.0, None),
        (OURS, None, 9, 3, 2.0, 2.0, 4.0, 1024.0),
        ("other", "1.0", 9, 1, None, None, None, None),
    ]


def test_the_lead_is_that_of_ours_in_memory_over_the_fastest_other_writer() -> None:
    def table(**seconds: float | None) -> pl.DataFrame:
        named = {PLAIN: 0.1, OURS: 0.5, STREAMED: 0.7, **seconds}
        rows = [{"writer": name, "seconds": each} for name, each in named.items()]
        return pl.DataFrame(rows, schema={"writer": pl.String, "seconds": pl.Float64})

    assert lead(table(slow=9.0, fast=2.0, failed=None)) == {"fastest_other": "fast", "times_as_fast": 4.0}
    assert lead(table(failed=None)) == {"fastest_other": None, "times_as_fast": None}


def test_the_benchmark_times_the_writers_in_processes_of_their_own_and_cleans_up(tmp_path: Path) -> None:
    table = bench(rows=200, repeats=1, folder=tmp_path, only=[STREAMED])
    assert table.schema == BENCH
    assert table["writer"].to_list() == [PLAIN, STREAMED]
    assert table["seconds"].null_count() == 0
    assert list(tmp_path.iterdir()) == []


def test_a_benchmark_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError):
        bench(rows=0, repeats=1)
