"""A dataset that is too large for one transport file, in parts by category and, where need be, by subject.

Sources: SDTMIG 3.4 section 4.1.7 (a split is by --CAT, which no record may lack; names have up to two more
characters; DOMAIN and --SEQ stay; supplemental qualifiers are split likewise) and FDA's study data technical
conformance guide 3.3.2 (files up to 5 GB in a folder ``split``, the whole dataset stays beside it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from pipeline.emit.define.shapes import plain_numbers
from pipeline.emit.part_names import part_suffixes
from pipeline.emit.submitted import Submitted
from pipeline.emit.xpt.header import records_within
from pipeline.emit.xpt.limits import MAX_FILE_BYTES
from pipeline.emit.xpt.member import Member
from pipeline.emit.xpt.readback import read_back
from pipeline.emit.xpt.write import write_xpt
from pipeline.errors import BuildFailed

FOLDER = "split"
_SUBJECT = "USUBJID"
_OWNER = [_SUBJECT, "IDVAR", "IDVARVAL"]  # which record a qualifier belongs to


@dataclass(frozen=True)
class Part:
    """Some records of a dataset, in their order: those of which ``keys`` has the values.

    ``member`` describes the part's file as the whole dataset's, but for the name.
    """

    whole: Submitted
    member: Member
    keys: pl.DataFrame
    count: int

    @property
    def name(self) -> str:
        """The part's name, e.g. LBCH."""
        return self.member.name

    def frames(self) -> Iterator[pl.DataFrame]:
        """The part's records, a bounded number at a time."""
        for frame in self.whole.frames():
            yield frame.join(self.keys, on=self.keys.columns, how="semi", maintain_order="left")


def parts_of(
    found: Submitted, created: datetime, mark: str | None = None, max_bytes: int = MAX_FILE_BYTES
) -> list[Part]:
    """The parts of a dataset whose transport file would exceed ``max_bytes``; none if it would not.

    Every record is in exactly one part. A category has a part, or several of whole subjects if it is too
    large itself. Raises BuildFailed if there is no category to split by, a record lacks it, or one subject's
    records of a category do not fit into a file.
    """
    member = found.member(created, mark)
    fitting = records_within(member, max_bytes)
    if found.count <= fitting:
        return []
    category = f"{found.name}CAT"
    if found.find(category) is None:
        culprit = f"needs more than {max_bytes} bytes and has no {category} to split it by"
        raise BuildFailed(f"dataset {found.name}", culprit, "give its records categories")
    pieces = _pieces(found, category, fitting)
    named = part_suffixes([name for name, _, _ in pieces], found.dataset.split)
    return [
        Part(found, replace(member, name=found.name + suffix), keys, count)
        for (_, keys, count), suffix in zip(pieces, named, strict=True)
    ]


def supplemental_parts_of(
    found: Submitted,
    parents: Sequence[Part],
    created: datetime,
    mark: str | None = None,
    max_bytes: int = MAX_FILE_BYTES,
) -> list[Part]:
    """The parts of a supplemental dataset: one for each of the ``parents`` that has a qualifier.

    Each bears its parent's name (SUPPLBCH). Raises BuildFailed if a qualifier belongs to records of no part
    or of several, or if a part is too large.
    """
    member = found.member(created, mark)
    if not parents:
        return []
    qualifiers, parts = _qualifiers(found, parents[0].whole), list[Part]()
    for parent in parents:
        keys = _owned(qualifiers, parent)
        count = found.records.join(keys.lazy(), on=_OWNER, how="semi").select(pl.len()).collect().item()
        if not count:
            continue
        part = Part(found, replace(member, name=f"SUPP{parent.name}"), keys, count)
        if count > records_within(part.member, max_bytes):
            culprit = f"needs more than {max_bytes} bytes"
            raise BuildFailed(f"dataset {part.name}", culprit, "split its parent into smaller parts")
        parts.append(part)
    if sum(part.count for part in parts) != found.count:
        culprit = "a qualifier belongs to records of no part or of several"
        raise BuildFailed(f"dataset {found.name}", culprit, "let IDVAR name one record")
    return parts


def write_parts(folder: Path, parts: Sequence[Part], max_bytes: int = MAX_FILE_BYTES) -> list[Path]:
    """The parts' transport files in ``folder``, each read back and compared; together they have all records."""
    paths = []
    for part in parts:
        path = folder / part.member.file_name
        written = write_xpt(path, part.member, part.frames(), max_bytes=max_bytes)
        if written != part.count:
            culprit = "the file has another number of records than the part"
            raise BuildFailed(f"dataset {part.name}", culprit, "build again")
        read_back(path, part.member, part.frames())
        paths.append(path)
    for whole in {part.whole.name: part.whole for part in parts}.values():
        if sum(part.count for part in parts if part.whole.name == whole.name) != whole.count:
            culprit = "its parts do not have each record once"
            raise BuildFailed(f"dataset {whole.name}", culprit, "build again")
    return paths


def _pieces(found: Submitted, category: str, fitting: int) -> list[tuple[str, pl.DataFrame, int]]:
    """Category, keys and number of records of each part, in the order of categories and subjects."""
    counted = _counted(found, category)
    if counted[category].null_count() or (counted[category] == "").any():
        culprit = f"must be split and has records without {category}"
        raise BuildFailed(f"dataset {found.name}", culprit, "give every record its category")
    pieces = []
    for (name,), rows in counted.group_by(category, maintain_order=True):
        assert isinstance(name, str)
        total = int(rows["count"].sum())
        if total <= fitting:
            pieces.append((name, rows.select(category).head(1), total))
            continue
        if (rows["count"] > fitting).any() or _SUBJECT not in rows.columns:
            culprit = f"one subject's records of a {category} do not fit into a file"
            raise BuildFailed(f"dataset {found.name}", culprit, "split the category")
        pieces += [(name, keys, count) for keys, count in _by_subject(rows, category, fitting)]
    return pieces


def _counted(found: Submitted, category: str) -> pl.DataFrame:
    """The number of records (``count``) of each category and subject, in their order."""
    by = [category] if found.find(_SUBJECT) is None else [category, _SUBJECT]
    counts = found.records.group_by(by).agg(pl.len().alias("count")).collect(engine="streaming")
    return counts.sort(by)


def _by_subject(rows: pl.DataFrame, category: str, fitting: int) -> Iterator[tuple[pl.DataFrame, int]]:
    """Keys and number of records of parts that hold as many whole subjects as fit."""
    start, size = 0, 0
    for at, count in enumerate(rows["count"]):
        if size + count > fitting:
            yield rows[start:at].select(category, _SUBJECT), size
            start, size = at, 0
        size += count
    yield rows[start:].select(category, _SUBJECT), size


def _qualifiers(found: Submitted, whole: Submitted) -> pl.DataFrame:
    """What the qualifiers of ``found`` belong to: USUBJID, IDVAR and IDVARVAL, each once."""
    named = found.records.select(_OWNER).unique().collect(engine="streaming").sort(_OWNER)
    if set(named["IDVAR"]) - {variable.name for variable in whole.variables}:
        culprit = f"must be split as {whole.name} is and has qualifiers of no record of it"
        raise BuildFailed(f"dataset {found.name}", culprit, f"let IDVAR name a variable of {whole.name}")
    return named


def _owned(qualifiers: pl.DataFrame, parent: Part) -> pl.DataFrame:
    """Those of the ``qualifiers`` that belong to a record of ``parent``."""
    numeric = {variable.name for variable in parent.whole.variables if variable.kind == "Num"}
    pieces = [qualifiers.clear()]
    for name, wanted in qualifiers.group_by("IDVAR", maintain_order=True):
        for frame in parent.frames():
            values = frame[name[0]]
            texts = plain_numbers(values.cast(pl.Float64)) if name[0] in numeric else values
            here = pl.DataFrame({_SUBJECT: frame[_SUBJECT], "IDVARVAL": texts})
            pieces.append(wanted.join(here, on=here.columns, how="semi", maintain_order="left"))
    return pl.concat(pieces).unique(maintain_order=True)
