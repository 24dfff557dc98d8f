"""A list as an item of define.xml uses it, and how its values stand in an OID."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.specs.standard import Codelist

_SPELLED = {"%": "pct", "/": "_", "^": "e", "*": "x", "<": "lt", ">": "gt", "+": "plus"}


@dataclass(frozen=True)
class ListUse:
    """A list as one item uses it.

    ``terms`` is the CDISC codelist or None for a list of the sponsor; ``collectable`` are values that belong
    to the list even if no record has them; ``names`` decode the values, empty if the values speak for
    themselves; ``dictionary`` is the external dictionary and its version.
    """

    oid: str
    name: str
    terms: Codelist | None = None
    collectable: tuple[str, ...] = ()
    names: Mapping[str, str] | None = None
    dictionary: tuple[str, str | None] | None = None


def slug(text: str) -> str:
    """``text`` as a part of an OID: letters, digits, underscore, hyphen and point."""
    spelled = "".join(_SPELLED.get(character, character) for character in text)
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", spelled)
