"""A transport file appears whole or not at all, and equal input gives equal bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest

from pipeline.emit.xpt.batches import BATCH_ROWS
from pipeline.emit.xpt.write import Column, Member, char_lengths, write_xpt
from pipeline.errors import MachineError

MEMBER = Member(
    "LB",
    "Laboratory Test Results",
    (
        Column("STUDYID", "Study Identifier", "Char", 6),
        Column("LBSEQ", "Sequence Number", "Num"),
        Column("LBORRES", "Result", "Char", 8),
    ),
    datetime(2027, 3, 9, 14, 5, 6),
)


def rows(count: int) -> pl.DataFrame:
    number = pl.int_range(count, eager=True)
    return pl.DataFrame(
        {
            "STUDYID": pl.repeat("STUDY1", count, eager=True),
            "LBSEQ": number,
            "LBORRES": (number % 1000).cast(pl.String).replace("7", None),
        }
    )


def test_the_bytes_do_not_depend_on_the_batches_or_on_where_rows_come_from(tmp_path: Path) -> None:
    frame = rows(2 * BATCH_ROWS + 5)
    frame.write_parquet(tmp_path / "lb.parquet", row_group_size=30_001)
    ways = {
        "frame": frame,
        "chunks": pl.concat([frame.head(7), frame.slice(7)], rechunk=False),
        "lazy": frame.lazy(),
        "scan": pl.scan_parquet(tmp_path / "lb.parquet"),
        "parquet": tmp_path / "lb.parquet",
        "pieces": frame.iter_slices(999),
        "empty pieces": [frame.clear(), frame, frame.clear()],
    }
    written = set()
    for name, way in ways.items():
        target = tmp_path / name / "lb.xpt"
        assert write_xpt(target, MEMBER, way) == frame.height
        written.add(target.read_bytes())
    assert len(written) == 1


def test_a_lazy_frame_keeps_the_order_of_its_rows(tmp_path: Path) -> None:
    frame = rows(4 * BATCH_ROWS)
    write_xpt(tmp_path / "a" / "lb.xpt", MEMBER, frame.reverse())
    write_xpt(tmp_path / "b" / "lb.xpt", MEMBER, frame.lazy().sort("LBSEQ", descending=True))
    assert (tmp_path / "a" / "lb.xpt").read_bytes() == (tmp_path / "b" / "lb.xpt").read_bytes()


def test_null_and_empty_text_are_the_same_bytes(tmp_path: Path) -> None:
    write_xpt(tmp_path / "a" / "lb.xpt", MEMBER, rows(10))
    write_xpt(tmp_path / "b" / "lb.xpt", MEMBER, rows(10).with_columns(pl.col("LBORRES").fill_null("")))
    assert (tmp_path / "a" / "lb.xpt").read_bytes() == (tmp_path / "b" / "lb.xpt").read_bytes()


def test_a_column_of_nulls_needs_no_type(tmp_path: Path) -> None:
    untyped = rows(3).with_columns(LBSEQ=pl.lit(None), LBORRES=pl.lit(None))
    typed = untyped.cast({"LBSEQ": pl.Float64, "LBORRES": pl.String})
    write_xpt(tmp_path / "a" / "lb.xpt", MEMBER, untyped)
    write_xpt(tmp_path / "b" / "lb.xpt", MEMBER, typed)
    assert (tmp_path / "a" / "lb.xpt").read_bytes() == (tmp_path / "b" / "lb.xpt").read_bytes()


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=9))])
def test_a_time_zone_and_parts_of_a_second_leave_no_trace(tmp_path: Path, zone: timezone) -> None:
    created = MEMBER.created.replace(tzinfo=zone, microsecond=999_999)
    write_xpt(tmp_path / "a" / "lb.xpt", MEMBER, rows(3))
    write_xpt(tmp_path / "b" / "lb.xpt", Member("LB", MEMBER.label, MEMBER.columns, created), rows(3))
    assert (tmp_path / "a" / "lb.xpt").read_bytes() == (tmp_path / "b" / "lb.xpt").read_bytes()


def test_a_source_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "lb.xpt"
    write_xpt(target, MEMBER, rows(5))
    before = target.read_bytes()

    def failing() -> Iterator[pl.DataFrame]:
        yield rows(1000)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_xpt(target, MEMBER, failing())
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


IN_A_PROCESS = """
    import os, resource, signal, sys
    from pathlib import Path
    import polars as pl
    from pipeline.emit.xpt.write import Column, Member, write_xpt
    from datetime import datetime

    member = Member("XX", "Dataset", (Column("AVAL", "Value", "Num"),), datetime(2027, 1, 1))
    rows = pl.DataFrame({"AVAL": [2.0] * 40_000})
    target = Path(sys.argv[1])
"""


def in_a_process(code: str, target: Path) -> subprocess.CompletedProcess[str]:
    program = textwrap.dedent(IN_A_PROCESS) + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-B", "-c", program, str(target)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def old_file(folder: Path) -> tuple[Path, bytes]:
    member = Member("XX", "Dataset", (Column("AVAL", "Value", "Num"),), datetime(2026, 1, 1))
    write_xpt(folder / "xx.xpt", member, pl.DataFrame({"AVAL": [1.0]}))
    return folder / "xx.xpt", (folder / "xx.xpt").read_bytes()


def test_a_full_disk_is_a_machine_error_and_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target, before = old_file(tmp_path)
    code = """
        from pipeline.errors import MachineError
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            write_xpt(target, member, rows)
        except MachineError as error:
            print(error)
            sys.exit(error.exit_code)
    """
    answer = in_a_process(code, target)
    assert answer.returncode == MachineError.exit_code, answer.stderr
    assert answer.stdout.startswith(f"{target}: ")
    assert answer.stdout.count("\n") == 1
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    target, before = old_file(tmp_path)
    code = """
        def rows_then_death():
            yield rows
            os.kill(os.getpid(), signal.SIGKILL)
        write_xpt(target, member, rows_then_death())
    """
    assert in_a_process(code, target).returncode == -signal.SIGKILL
    assert target.read_bytes() == before
    left = [path.name for path in tmp_path.iterdir() if path != target]
    assert all(name.startswith(".xx.xpt.") and name.endswith(".part") for name in left)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_without_permission_is_a_machine_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(MachineError):
        write_xpt(tmp_path / "lb.xpt", MEMBER, rows(1))


def test_a_folder_that_is_a_file_is_a_machine_error(tmp_path: Path) -> None:
    (tmp_path / "package").write_text("")
    with pytest.raises(MachineError):
        write_xpt(tmp_path / "package" / "lb.xpt", MEMBER, rows(1))


def test_a_length_is_the_longest_value_in_bytes_and_at_least_one(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"A": ["ab", "µµµ", None], "B": [None, "", None], "N": [1, 2, 3], "C": ["x" * 300, "", ""]}
    )
    typed = frame.cast({"B": pl.String})
    typed.write_parquet(tmp_path / "a.parquet")
    assert char_lengths(typed) == {"A": 6, "B": 1, "C": 300}
    assert char_lengths(typed.lazy()) == char_lengths(tmp_path / "a.parquet") == char_lengths(typed)
    assert char_lengths(typed.clear()) == {"A": 1, "B": 1, "C": 1}
