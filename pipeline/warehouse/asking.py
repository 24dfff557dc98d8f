"""Questions in SQL to the tables of a build that is not published yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import duckdb
import polars as pl

from pipeline.errors import SpecError
from pipeline.warehouse.catalog import TELLABLE, glob_free
from pipeline.warehouse.places import LAYERS
from pipeline.warehouse.store import Store

Ask = Callable[[str], pl.DataFrame]
LIVE = "live"  # typed rows that the sender has not marked as deleted
SPEC = "spec"


@contextmanager
def asking(
    store: Store,
    tables: list[tuple[str, str]],
    spec: Mapping[str, pl.DataFrame],
    macros: str,
    deleted: tuple[str, str],
) -> Iterator[Ask]:
    """A function that answers one SELECT over ``tables`` (layer, name) of the build, and writes nothing.

    Layer ``live`` is ``typed`` without the rows whose column ``deleted[0]`` is ``deleted[1]``; ``spec`` holds the
    frames of ``spec``. ``macros`` is run first. The answer is sorted, so that it does not depend on threads.
    SpecError, which quotes no value, if a query cannot be answered.
    """
    with duckdb.connect(":memory:") as connection:
        for schema in (*LAYERS, LIVE, SPEC):
            connection.execute(f"CREATE SCHEMA {schema}")
        for name, frame in spec.items():
            connection.register(f"_{name}", frame)
            connection.execute(f'CREATE TABLE {SPEC}."{name}" AS SELECT * FROM "_{name}"')  # noqa: S608 - our own names
            connection.unregister(f"_{name}")
        for layer, name in sorted(set(tables)):
            if layer != SPEC:
                _view(connection, store, layer, name, deleted)
        connection.execute(macros)
        folder = store.place.folder.resolve()
        connection.execute("SET allowed_directories = ?", [[str(folder), glob_free(folder)]])
        connection.execute("SET enable_external_access = false")

        def ask(sql: str) -> pl.DataFrame:
            whole = f"SELECT * FROM ({sql.rstrip().rstrip(';')}) ORDER BY ALL"  # noqa: S608 - the study's own query
            try:
                found: pl.DataFrame = connection.sql(whole).pl()
            except duckdb.Error as error:
                told = (
                    str(error).splitlines()[0] if isinstance(error, TELLABLE) else "the data do not allow it"
                )
                raise SpecError("query", f"{type(error).__name__}: {told}", "mend the SQL") from None
            return found

        yield ask


def _view(
    connection: duckdb.DuckDBPyConnection, store: Store, layer: str, name: str, deleted: tuple[str, str]
) -> None:
    path = store.path("typed" if layer == LIVE else layer, name)
    literal = glob_free(path.resolve()).replace("'", "''")
    rows = f"SELECT * FROM read_parquet('{literal}', hive_partitioning = false)"  # noqa: S608 - our own path
    column, value = deleted
    if layer == LIVE and column in store.read("typed", name).collect_schema():
        quoted = value.replace("'", "''")
        rows += f" WHERE \"{column}\" IS DISTINCT FROM '{quoted}'"
    connection.execute(f'CREATE VIEW {layer}."{name}" AS {rows}')
