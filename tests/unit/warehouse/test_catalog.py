"""Any DuckDB client sees the published build; a query writes nothing and tells no value."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipeline.errors import BuildFailed, MachineError, SdtmError, UsageError
from pipeline.warehouse.builds import publish
from pipeline.warehouse.catalog import query, write_catalog
from pipeline.warehouse.store import Store

WHERE = ("study", "blinded")
FRAME = pl.DataFrame({"_line": [2, 3], "TERM": ["ache", "SECRET"], "delivery": ["x", "y"]})


def catalogued(root: Path, build: str = "b1", frame: pl.DataFrame = FRAME) -> Path:
    store = Store(root, *WHERE, "2027-03-01-0123456789", build)
    store.write("typed", "edc_ae", frame)
    store.write("quarantine", "edc_ae", frame.clear())
    publish(store, {})
    return write_catalog(root, *WHERE)


def test_every_table_is_a_view_in_the_schema_of_its_layer(tmp_path):
    catalogued(tmp_path)
    assert query(tmp_path, *WHERE, "SELECT * FROM typed.edc_ae").equals(FRAME)
    assert query(tmp_path, *WHERE, "SELECT * FROM quarantine.edc_ae").height == 0
    assert query(tmp_path, *WHERE, "FROM published").rows() == [("b1", "2027-03-01-0123456789")]


def test_another_client_can_open_the_catalog(tmp_path):
    path = catalogued(tmp_path)
    with duckdb.connect(str(path), read_only=True) as client:
        assert client.execute("SELECT count(*) FROM typed.edc_ae").fetchone() == (2,)
        schemas = {row[0] for row in client.execute("SELECT schema_name FROM duckdb_schemas()").fetchall()}
    assert {"raw", "typed", "quarantine", "sdtm", "derived", "qc", "ops"} <= schemas


def test_a_new_catalog_replaces_the_old_one_while_it_is_open(tmp_path):
    path = catalogued(tmp_path)
    with duckdb.connect(str(path), read_only=True) as client:
        catalogued(tmp_path, "b2", FRAME[:1])
        assert client.execute("SELECT count(*) FROM typed.edc_ae").fetchone() == (2,)
    assert query(tmp_path, *WHERE, "SELECT count(*) FROM typed.edc_ae").item() == 1
    assert [one.name for one in path.parent.iterdir() if "duckdb" in one.name] == ["warehouse.duckdb"]


def test_a_root_with_special_characters_works(tmp_path):
    catalogued(tmp_path / "we[i]rd * 'root'")
    assert query(tmp_path / "we[i]rd * 'root'", *WHERE, "FROM typed.edc_ae").height == 2


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '{tmp}/out.csv'",
        "CREATE TABLE x AS SELECT 1",
        "SELECT 1; SELECT 2",
        "ATTACH '{tmp}/other.duckdb'",
        "DROP VIEW typed.edc_ae",
        "",
        "SELECT * FROM read_csv('{tmp}/elsewhere.csv')",
        "SELECT CAST(TERM AS INTEGER) FROM typed.edc_ae",
        "SELECT error(TERM) FROM typed.edc_ae WHERE TERM = 'SEC' || 'RET'",
        "SELECT nothing FROM typed.edc_ae",
        "SELECT * FROM typed.other",
        "SELEC",
    ],
)
def test_a_query_that_is_not_one_harmless_select_is_one_line_without_values(tmp_path, sql):
    catalogued(tmp_path / "root")
    (tmp_path / "elsewhere.csv").write_text("a\n1\n")
    with pytest.raises(UsageError) as caught:
        query(tmp_path / "root", *WHERE, sql.format(tmp=tmp_path))
    assert "SECRET" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere.csv", "root"]


def test_without_a_published_build_there_is_no_catalog(tmp_path):
    with pytest.raises(BuildFailed, match="nothing is published"):
        write_catalog(tmp_path, *WHERE)
    with pytest.raises(MachineError, match="there is no catalog"):
        query(tmp_path, *WHERE, "SELECT 1")


def test_a_damaged_catalog_is_one_line(tmp_path):
    catalogued(tmp_path).write_bytes(b"not a database" * 1000)
    with pytest.raises(SdtmError):
        query(tmp_path, *WHERE, "SELECT 1")
