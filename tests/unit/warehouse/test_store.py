"""A table is written once, whole, with the same bytes each time."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipeline.errors import BuildFailed, MachineError, UsageError
from pipeline.warehouse.builds import publish
from pipeline.warehouse.store import Store
from tests.full_disk import disk_of

FRAME = pl.DataFrame(
    {"_line": [2, 3, 4], "TERM": ["ache", "", None], "AGE": [1, None, 3], "DAY": [date(2027, 1, 1)] * 3},
    schema_overrides={"_line": pl.UInt32},
)
ROOT = Path(__file__).parents[3]


def store(root: Path, build: str = "b1") -> Store:
    return Store(root, "study", "blinded", "2027-03-01-0123456789", build)


def test_a_table_comes_back_as_it_was_written(tmp_path):
    one = store(tmp_path)
    assert not one.exists("typed", "edc_ae")
    path = one.write("typed", "edc_ae", FRAME)
    assert path == tmp_path / "study/blinded/typed/edc_ae/delivery=2027-03-01-0123456789/b1.parquet"
    assert one.exists("typed", "edc_ae")
    back = one.read("typed", "edc_ae").collect()
    assert back.equals(FRAME, null_equal=True)
    assert back.schema == FRAME.schema


def test_an_empty_frame_keeps_its_schema(tmp_path):
    store(tmp_path).write("sdtm", "DM", FRAME.clear())
    assert store(tmp_path).read("sdtm", "DM").collect().schema == FRAME.schema


def test_bytes_depend_on_the_rows_only_not_on_chunks_laziness_or_the_build(tmp_path):
    whole = pl.DataFrame({"a": range(300_000)}).with_columns(b=pl.col("a").cast(pl.String))
    pieces = pl.concat([whole[:7], whole[7:250_001], whole[250_001:]], rechunk=False)
    paths = [
        store(tmp_path, f"b{n}").write("raw", "t", frame)
        for n, frame in enumerate((whole, pieces, whole.lazy(), pieces.lazy()))
    ]
    assert len({path.read_bytes() for path in paths}) == 1


def test_bytes_do_not_depend_on_the_number_of_threads(tmp_path):
    code = """if True:
        import sys
        from pathlib import Path
        import polars as pl
        from pipeline.warehouse.parquet import write_parquet
        frame = pl.DataFrame({'a': range(250_000)}).lazy().with_columns(b=pl.col('a').cast(pl.String) + 'x')
        write_parquet(frame.filter(pl.col('a') % 7 != 0), Path(sys.argv[1]))
    """
    for threads in ("1", "3"):
        target = str(tmp_path / threads)
        environment = {**os.environ, "POLARS_MAX_THREADS": threads}
        subprocess.run([sys.executable, "-c", code, target], cwd=ROOT, env=environment, check=True)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "3").read_bytes()


def test_a_finished_build_accepts_only_the_bytes_it_has(tmp_path):
    one = store(tmp_path)
    one.write("typed", "t", FRAME[:1])
    one.write("typed", "t", FRAME)
    publish(one, {})
    one.write("typed", "t", FRAME)
    with pytest.raises(BuildFailed, match="finished and would change"):
        one.write("typed", "t", FRAME[:1])
    with pytest.raises(BuildFailed, match="finished and would change"):
        one.write("typed", "new", FRAME)
    assert one.read("typed", "t").collect().height == 3
    assert not one.exists("typed", "new")


def test_a_table_that_was_not_written_is_an_error_of_the_build(tmp_path):
    with pytest.raises(BuildFailed, match="has not written it"):
        store(tmp_path).read("typed", "t")


@pytest.mark.parametrize(
    ("layer", "table"), [("other", "t"), ("typed", "../t"), ("typed", "a.b"), ("typed", "")]
)
def test_a_name_that_leaves_the_layout_is_refused(tmp_path, layer, table):
    with pytest.raises(UsageError):
        store(tmp_path).path(layer, table)


def test_a_build_or_delivery_id_cannot_leave_the_root(tmp_path):
    for bad in ("..", "a/b", ""):
        with pytest.raises(UsageError):
            Store(tmp_path, "study", "blinded", "d", bad)
        with pytest.raises(UsageError):
            Store(tmp_path, "study", bad, "d", "b")


def test_a_frame_that_cannot_be_computed_tells_no_value(tmp_path):
    lazy = pl.LazyFrame({"a": ["SECRET"]}).with_columns(pl.col("a").cast(pl.Int64))
    with pytest.raises(BuildFailed) as caught:
        store(tmp_path).write("typed", "t", lazy)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert not list((tmp_path / "study").rglob("*parquet*"))
    with pytest.raises(BuildFailed, match="nope"):
        store(tmp_path).write("typed", "t", pl.LazyFrame({"a": ["SECRET"]}).select("nope"))


@pytest.mark.parametrize("lazy", [False, True])
def test_a_full_disk_keeps_the_table_of_before(tmp_path, lazy):
    one = store(tmp_path)
    path = one.write("typed", "t", FRAME)
    large = pl.DataFrame({"a": [str(hash(str(n))) for n in range(20_000)]})
    with disk_of(10_000), pytest.raises(MachineError, match="File too large"):
        one.write("typed", "t", large.lazy() if lazy else large)
    assert one.read("typed", "t").collect().height == 3
    assert list(path.parent.iterdir()) == [path]


def test_a_root_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MachineError, match="Not a directory"):
        store(tmp_path / "file").write("typed", "t", FRAME)
