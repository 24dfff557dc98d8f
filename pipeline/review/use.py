"""One use of one delivered column: by whom, for what, and how strongly."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """How a column serves; only the first two bring its content into a dataset."""

    FILLS = "fills"  # its value is the value of a variable
    DERIVES = "derives"  # its value goes into a derivation
    DECIDES = "decides"  # its value chooses rows or records
    UNBLINDS = "unblinds"  # read by an unblinded build only
    IDENTIFIES = "identifies"  # its value says which subject, visit, contact or record a row is


CARRIES = (Role.FILLS, Role.DERIVES)


@dataclass(frozen=True)
class Use:
    """``source.column`` serves ``target`` (``AE.AETERM``, ``DS``, or a reference moment) in the way ``how`` tells."""

    source: str
    column: str
    role: Role
    target: str
    how: str = ""
    by: str = field(
        default="", compare=False
    )  # the verb or rule that reads it (``take``, ``join key``, ``revision``)
