"""Where a build's files lie: ``<root>/<study>/<mode>/<layer>/<table>/delivery=<id>/<build>.parquet``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError

LAYERS = ("raw", "typed", "quarantine", "sdtm", "derived", "qc", "ops")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Place:
    """One study in one mode below a root; the unit that is built, published, locked and queried."""

    root: Path
    study: str
    mode: str

    def __post_init__(self) -> None:
        for kind, name in (("study", self.study), ("mode", self.mode)):
            checked(kind, name)

    @property
    def folder(self) -> Path:
        """Holds layers, manifests, the published pointer and the catalog."""
        return self.root / self.study / self.mode

    @property
    def pointer(self) -> Path:
        """Names the published build; replaced in one step."""
        return self.folder / "published.json"

    @property
    def catalog(self) -> Path:
        """DuckDB file with views over the published build."""
        return self.folder / "warehouse.duckdb"

    def manifest(self, build: str) -> Path:
        """What a finished build consists of."""
        return self.folder / "builds" / f"{checked('build', build)}.json"

    def table(self, layer: str, table: str, delivery: str, build: str) -> Path:
        """The Parquet file of one table in one build. Raises UsageError for a name that cannot be a path."""
        if layer not in LAYERS:
            raise UsageError(
                f"layer {layer!r}", "is none of the warehouse's", f"choose from {', '.join(LAYERS)}"
            )
        if not _TABLE.fullmatch(table):
            raise UsageError(f"table {table!r}", "is no table name", "use letters, digits and _")
        part = f"delivery={checked('delivery', delivery)}"
        return self.folder / layer / table / part / f"{checked('build', build)}.parquet"


def checked(kind: str, name: str) -> str:
    """``name`` if it can be part of a path. Raises UsageError if not."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{kind} {name!r}", "cannot be part of a path", "use letters, digits, '.', '_' and '-'"
        )
    return name
