"""``warehouse.duckdb``: one schema a layer, one view a table, over the files of the published build."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import polars as pl

from pipeline.errors import BuildFailed, MachineError, UsageError
from pipeline.files import machine_errors, written_aside
from pipeline.warehouse.builds import Build, published
from pipeline.warehouse.conformance import CONFORMANCE, conformance_folder
from pipeline.warehouse.identifier import settle_identifier
from pipeline.warehouse.places import LAYERS, Place, checked
from pipeline.warehouse.states import STATES, state_path

# Their text repeats the query; every other kind of error may quote a value of the data.
TELLABLE = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)


def write_catalog(root: Path, study: str, mode: str) -> Path:
    """The catalog of the published build, replaced in one step; call it inside ``build_lock``.

    ``main.published`` has one row: build, delivery. Raises BuildFailed if nothing is published.
    """
    build = published(root, study, mode)
    if build is None:
        raise BuildFailed(f"{study} {mode}", "nothing is published yet", "publish a build first")
    target = build.place.catalog
    with written_aside(target) as aside:
        try:
            _fill(aside, build)
            settle_identifier(aside, build.build)
        except duckdb.Error as error:
            raise MachineError(
                str(target), f"cannot be written ({type(error).__name__})", "check the disk"
            ) from None
    return target


def _fill(path: Path, build: Build) -> None:
    with duckdb.connect(str(path)) as connection:
        # a view, as all else: DuckDB writes whatever is in memory behind the texts of a table
        row = (
            f"'{checked('build', build.build)}' AS build, '{checked('delivery', build.delivery)}' AS delivery"
        )
        connection.begin()
        connection.execute(f"CREATE VIEW main.published AS SELECT {row}")
        for layer in LAYERS:
            connection.execute(f"CREATE SCHEMA {layer}")
        for file in build.files:
            _view(connection, file.layer, file.table, build.path(file))
        for name in STATES:
            if (state := state_path(build.place, name, build.delivery, build.build)).is_file():
                _view(connection, "ops", name, state)
        _view(connection, "qc", CONFORMANCE, conformance_folder(build.place), "/*.parquet")
        connection.commit()


def _view(connection: duckdb.DuckDBPyConnection, layer: str, table: str, path: Path, below: str = "") -> None:
    literal = (glob_free(path.resolve()) + below).replace("'", "''")
    connection.execute(
        f'CREATE VIEW {layer}."{table}" AS '  # noqa: S608 - names are checked by Place
        f"SELECT * FROM read_parquet('{literal}', hive_partitioning = false)"
    )


def catalog_build(place: Place) -> str | None:
    """The build whose tables the catalog shows; None if there is no readable catalog."""
    try:
        with duckdb.connect(str(place.catalog), read_only=True) as connection:
            row = connection.execute("SELECT build FROM main.published").fetchone()
    except duckdb.Error:
        return None
    return None if row is None else str(row[0])


def glob_free(path: Path) -> str:
    """The path in a form in which DuckDB sees no wildcard."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def query(root: Path, study: str, mode: str, sql: str) -> pl.DataFrame:
    """The rows of one SELECT over the catalog; it can read this study and mode only, and write nothing.

    Raises UsageError for other statements and for a query that fails, MachineError if there is no catalog.
    """
    place = Place(root, study, mode)
    if not place.catalog.is_file():
        raise MachineError(str(place.catalog), "there is no catalog", "build and publish first")
    try:
        _check_reading(sql)
        with (
            machine_errors(str(place.catalog)),
            duckdb.connect(str(place.catalog), read_only=True) as connection,
        ):
            folder = place.folder.resolve()
            connection.execute("SET allowed_directories = ?", [[str(folder), glob_free(folder)]])
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")
            found: pl.DataFrame = connection.sql(sql).pl()
            return found
    except duckdb.Error as error:
        told = str(error).splitlines()[0] if isinstance(error, TELLABLE) else "the data do not allow it"
        raise UsageError("query", f"{type(error).__name__}: {told}", "mend the SQL") from None


def _check_reading(sql: str) -> None:
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError("query", "it is not one SELECT", "the warehouse is read-only: ask with one SELECT")
