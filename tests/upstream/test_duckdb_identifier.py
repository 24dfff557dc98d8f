"""What the catalog's reproducible bytes rest on: how DuckDB writes the head of a file."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipeline.warehouse.identifier import settle_identifier


def written(path: Path, text: str = "kept") -> Path:
    """A file as the catalog is one: views only. DuckDB notes the file's own name in them."""
    path.parent.mkdir(exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        for name in ("v", "w"):
            connection.execute(f"CREATE VIEW main.{name} AS SELECT '{text}' AS x")
    return path


def test_two_equal_files_differ_until_their_identifiers_are_settled(tmp_path: Path) -> None:
    one, two = (written(tmp_path / name / "c.duckdb") for name in ("one", "two"))
    assert one.read_bytes() != two.read_bytes()
    assert settle_identifier(one, "build")
    assert settle_identifier(two, "build")
    assert one.read_bytes() == two.read_bytes()


def test_a_settled_file_can_be_read_and_written(tmp_path: Path) -> None:
    path = written(tmp_path / "one.duckdb")
    assert settle_identifier(path, "build")
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 'more' AS x")
        connection.execute("CHECKPOINT")
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT x FROM v UNION ALL SELECT x FROM t").fetchall() == [
            ("kept",),
            ("more",),
        ]


def test_another_build_has_another_identifier_and_an_unfamiliar_file_stays_as_it_is(tmp_path: Path) -> None:
    one, two = (written(tmp_path / name / "c.duckdb") for name in ("one", "two"))
    settle_identifier(one, "build")
    settle_identifier(two, "another")
    assert one.read_bytes() != two.read_bytes()
    foreign = tmp_path / "foreign"
    for octets in (b"", b"DUCK" * 5000):
        foreign.write_bytes(octets)
        assert not settle_identifier(foreign, "build")
        assert foreign.read_bytes() == octets
