"""A study's checks: one entry has the rule in words, its sentences, and the query that looks for what breaks it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import ValidationError, model_validator

from pipeline.errors import SpecError
from pipeline.findings import Severity
from pipeline.specs.frozen import Frozen, Names, YesNo
from pipeline.specs.text_yaml import read_yaml

_TABLE = re.compile(r"\b(raw|typed|live|quarantine|sdtm|derived|qc|ops|spec)\.([A-Za-z][A-Za-z0-9_]*)")
_COMMENT = re.compile(r"--[^\n]*")
INSIDERS = ("data management", "unblinded monitor")  # who may hear of the blind
ASKED = ("site", "medical monitor", *INSIDERS)
_SENDER = re.compile(r"sender of [a-z][a-z0-9_]*")
_PLACE = re.compile(r"\{([a-z_0-9]+)\}")


class Check(Frozen):
    """One check of the study.

    ``title`` is the finding's message and holds no value; ``message`` is its detail, with ``{column}`` for what the
    query returns. ``builds`` says whether a blinded build can ask it; what only the key can tell of a check that every
    build asks is a second query, ``sql_unblinded``. Without ``sql`` the engine itself raises it, in the room and under
    the setting that ``raised_by`` names. ``ask`` says who can answer, where that is not whoever fills the source of the
    finding. ``blind``: the check watches over the blind, and no site or sender is ever told of it.
    """

    severity: Severity
    data: Names
    rule: str
    title: str
    message: str
    action: str
    ask: str | None = None
    blind: YesNo = False
    builds: Literal["all", "unblinded"] = "all"
    sql: str | None = None
    sql_unblinded: str | None = None
    raised_by: str | None = None

    @model_validator(mode="after")
    def _one_home(self) -> Check:
        if (self.sql is None) == (self.raised_by is None):
            raise ValueError("needs either sql or raised_by")
        if self.sql_unblinded is not None and (self.sql is None or self.builds != "all"):
            raise ValueError("sql_unblinded stands beside the sql of a check that all builds ask")
        if "{" in self.title:
            raise ValueError("title holds a value; say it in message")
        if self.ask is not None and self.ask not in ASKED and not _SENDER.fullmatch(self.ask):
            raise ValueError(f"ask names nobody: {', '.join(ASKED)}, or sender of a source")
        if self.blind and self.ask not in INSIDERS:
            raise ValueError(f"a check of the blind asks {' or '.join(INSIDERS)}")
        return self

    @property
    def unblinded(self) -> Check:
        """The check as an unblinded build asks it: its one query, or both together."""
        if self.sql_unblinded is None:
            return self
        both = f"SELECT * FROM ({self.sql})\nUNION ALL BY NAME\nSELECT * FROM ({self.sql_unblinded})"  # noqa: S608 - the study's own queries
        return Check(**{**self.model_dump(), "sql": both, "sql_unblinded": None})

    @cached_property
    def tables(self) -> tuple[tuple[str, str], ...]:
        """Layer and name of every table that the query reads, sorted."""
        return tuple(sorted(set(_TABLE.findall(_COMMENT.sub("", self.sql or "")))))

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the columns that the message quotes, in its order."""
        return tuple(_PLACE.findall(self.message))


def load_checks(folder: Path) -> dict[str, Check]:
    """Every check in ``folder/*.yaml`` by its id, in the order of files and entries; empty without a folder.

    SpecError names the file and the entry that is wrong, or an id that stands twice.
    """
    found: dict[str, Check] = {}
    for path in sorted(folder.glob("*.yaml")):
        for name, entry in _entries(path).items():
            if name in found:
                raise SpecError(f"{path.name}: {name}", "is a check that another file has too", "keep one")
            found[name] = _parsed(path, name, entry)
    return found


def _entries(path: Path) -> Mapping[str, object]:
    content = read_yaml(path)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SpecError(path.name, "is not a mapping of check ids", "give each check its id as a key")
    return content


def _parsed(path: Path, name: str, entry: object) -> Check:
    try:
        return Check.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in (name, *first["loc"]))
        raise SpecError(f"{path.name}: {place}", first["msg"], "mend the check") from error
