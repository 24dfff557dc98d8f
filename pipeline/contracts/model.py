"""A contract seen as a source: its layout, its key, and models whose columns come from a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pandera.polars as pa

from pipeline.contracts.facts import Owner, column_facts, source_facts
from pipeline.specs.layout import SourceLayout

_LAYOUT = (
    "source",
    "pattern",
    "separator",
    "study_column",
    "study_names",
    "subject_column",
    "may_be_empty",
    "required",
    "restricted",
    "cumulative",
)


def source(
    source_id: str,
    pattern: str,
    *,
    title: str,
    owner: Owner,
    key: tuple[str, ...] = (),
    separator: str = ",",
    study_column: str | None = "STUDYID",
    study_names: tuple[str, ...] = (),
    subject_column: str | None = "SUBJID",
    may_be_empty: bool = False,
    required: bool = True,
    restricted: bool = False,
    cumulative: bool = False,
) -> dict[str, Any]:
    """``Config.metadata`` of a contract: the layout of its file, its ``title`` and the ``key`` of its rows.

    Rows that share a non-blank ``key`` are all quarantined; ``owner`` answers for every column that names
    none.
    """
    return {
        "source": source_id,
        "pattern": pattern,
        "title": title,
        "owner": owner,
        "key": key,
        "separator": separator,
        "study_column": study_column,
        "study_names": study_names,
        "subject_column": subject_column,
        "may_be_empty": may_be_empty,
        "required": required,
        "restricted": restricted,
        "cumulative": cumulative,
    }


def layout_of(model: type[pa.DataFrameModel]) -> SourceLayout:
    """How the file of ``model`` looks from outside."""
    facts = source_facts(model)
    return SourceLayout(columns=tuple(column_facts(model)), **{name: facts[name] for name in _LAYOUT})


def source_of(model: type[pa.DataFrameModel]) -> str:
    """Source id of ``model``."""
    return cast("str", source_facts(model)["source"])


def key_of(model: type[pa.DataFrameModel]) -> tuple[str, ...]:
    """Columns that together identify a row, () if the source has no such rule."""
    return cast("tuple[str, ...]", source_facts(model)["key"])


def model_of(
    name: str, base: type[pa.DataFrameModel], columns: Mapping[str, Any], metadata: dict[str, Any], doc: str
) -> type[pa.DataFrameModel]:
    """A contract whose ``columns`` (after those of ``base``) come from a table."""
    body = {
        "__annotations__": dict.fromkeys(columns, str),
        "__doc__": doc,
        "__module__": base.__module__,
        "Config": type("Config", (), {"metadata": metadata}),
        **columns,
    }
    return cast("type[pa.DataFrameModel]", type(name, (base,), body))
