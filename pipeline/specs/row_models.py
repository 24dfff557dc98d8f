"""How a specification names rows of a source: by what a column holds."""

from __future__ import annotations

from pipeline.specs.frozen import Frozen, Names


class Where(Frozen):
    """Keeps rows whose ``column`` is one of ``values``, or none of ``other_than``, or filled when neither is given."""

    column: str
    values: Names = ()
    other_than: Names = ()
    otherwise: str


class Marked(Frozen):
    """A column and the value in it that marks a row."""

    column: str
    value: str


class OneOf(Frozen):
    """A column and those of its values that count."""

    column: str
    values: Names
