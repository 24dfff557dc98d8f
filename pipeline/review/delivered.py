"""What a review has to know about the delivered files: plain facts, handed in by whoever knows the contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

SITE_KIND = "site"


@dataclass(frozen=True)
class Column:
    """One delivered column; ``not_submitted`` is the contract's reason why no variable holds it, if any.

    ``codes`` maps a code to its printed text ("" without one); ``decodes`` names the column whose text this one is.
    """

    name: str
    label: str
    kind: str
    owner: str
    required: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)
    decodes: str | None = None
    not_submitted: str | None = None


@dataclass(frozen=True)
class Source:
    """One delivered file, its ``columns`` in delivered order; a ``restricted`` one never reaches a blinded build."""

    source: str
    title: str
    pattern: str
    owner: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()
    study_column: str | None = None
    subject_column: str | None = None
    restricted: bool = False


Delivered = Mapping[str, Source]


def unrestricted(delivered: Delivered) -> dict[str, Source]:
    """The same files as an unblinded build sees them: restricted ones are files like any other."""
    return {name: replace(source, restricted=False) for name, source in delivered.items()}
