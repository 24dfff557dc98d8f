"""The first line of a delivered file against the columns that its contract declares."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from pipeline.errors import Refused
from pipeline.sources.encoding import valid_utf8
from pipeline.sources.pieces import Head, head_of, is_quoted
from pipeline.sources.refusals import StopDelivery, refused
from pipeline.specs.layout import SourceLayout

# What tells treatment or product while a study is blinded, whatever the study calls the rest.
ALWAYS_RESTRICTED = (
    "ARM", "ARMCD", "ACTARM", "ACTARMCD", "ACTARMUD", "PRODUCT", "LOT*", "CELL*", "VIAB*", "CONC*",
)  # fmt: skip
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_COLUMN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_NAMED_AT_MOST = 5


def checked_head(path: Path, layout: SourceLayout, restricted_columns: Collection[str] = ()) -> Head:
    """The header of ``path``, which has exactly the layout's columns in their order.

    Raises StopDelivery if a blinded source holds a restricted column, else Refused with the columns
    concerned. A name that is not declared is told only if the line is a header at all: else it could be a
    subject's value.
    """
    if path.stat().st_size == 0:
        raise refused(path, layout, "the file is empty, it has not even a header")
    head = head_of(path, layout.separator)
    names = _cut(head.text, layout.separator)
    if not layout.restricted and (
        pattern := restricted_column(head.text, layout.columns, restricted_columns)
    ):
        raise StopDelivery(
            f"{layout.source} ({path.name})",
            f"a blinded source holds a restricted column ({pattern})",
            "nothing of this delivery was landed; tell the sender, and delete the file where it lies",
        )
    if tuple(names) != layout.columns:
        raise _difference(path, layout, head, names)
    if not head.ending and path.stat().st_size > head.size:
        raise refused(path, layout, "the header has no line end")
    return head


def restricted_column(
    header: bytes, declared: Collection[str] = (), restricted_columns: Collection[str] = ()
) -> str | None:
    """The pattern that an undeclared name of a header matches, whatever the separator; None if none does."""
    names = {name.strip(' "').upper() for name in re.split(r"[,;|\t\r\n]", valid_utf8(header, 1)[0].decode())}
    unknown = sorted(names - set(declared))
    patterns = [*ALWAYS_RESTRICTED, *(name.upper() for name in sorted(restricted_columns))]
    return next((one for one in patterns for name in unknown if fnmatchcase(name, one)), None)


def _cut(text: bytes, separator: str) -> list[str]:
    line = valid_utf8(text, 1)[0].decode()
    if not is_quoted(separator):
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [""])
    except csv.Error:
        return [line]


def _difference(path: Path, layout: SourceLayout, head: Head, names: list[str]) -> Refused:
    known = set(names) & set(layout.columns)
    for other, word in _SEPARATORS.items():
        if other != layout.separator and len(known) < len(set(_cut(head.text, other)) & set(layout.columns)):
            wanted = _SEPARATORS.get(layout.separator, "declared separator")
            return refused(path, layout, f"its columns are separated by a {word} instead of a {wanted}")
    if 2 * len(known) < len(layout.columns):
        found = f"{len(known)} of {len(layout.columns)} declared columns"
        return refused(path, layout, f"the first line is not the declared header: it has {found}")
    surplus = len(names) - len(layout.columns)
    if surplus > min(
        _NAMED_AT_MOST, max(1, len(layout.columns) - 2)
    ):  # a lost line end adds all columns but one
        told = f"it has {surplus} fields more than declared: a line end is missing, or many columns are new"
        return refused(path, layout, f"the first line is not the declared header: {told}")
    return refused(path, layout, "; ".join(_parts(layout.columns, names)))


def _parts(columns: tuple[str, ...], names: list[str]) -> list[str]:
    kinds = {
        "missing": [name for name in columns if name not in names],
        "not declared": [name for name in names if name not in columns],
        "repeated": sorted({name for name in names if names.count(name) > 1 and name in columns}),
    }
    told = [f"{_listed(found)} {kind}" for kind, found in kinds.items() if found]
    if told:
        return told
    moved = [name for name, place in zip(names, columns, strict=True) if name != place]
    return [f"{_listed(moved)} in another order than declared"]


def _listed(names: Iterable[str]) -> str:
    shown = [name if _COLUMN_NAME.fullmatch(name) else "(a name that is no column name)" for name in names]
    more = f" and {len(shown) - _NAMED_AT_MOST} more" if len(shown) > _NAMED_AT_MOST else ""
    return f"column{'s' if len(shown) > 1 else ''} {', '.join(shown[:_NAMED_AT_MOST])}{more}"
