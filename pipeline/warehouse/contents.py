"""What a DuckDB file holds by itself: its tables, and the text of its views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from pipeline.errors import MachineError


def own_tables(path: Path) -> Iterator[tuple[str, pl.DataFrame]]:
    """Name and rows of every table, then one table of all views with their SQL; views are not followed.

    Raises MachineError if the file cannot be read.
    """
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            found = "SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL"
            for schema, table in connection.execute(found).fetchall():
                yield f"{schema}.{table}", connection.sql(f'SELECT * FROM "{schema}"."{table}"').pl()  # noqa: S608 - names come from the catalog itself
            views = "SELECT schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal ORDER BY ALL"
            yield "views", connection.sql(views).pl()
    except duckdb.Error as error:
        # not chained: the error may quote a value
        raise MachineError(str(path), f"cannot be read ({type(error).__name__})", "build again") from None
