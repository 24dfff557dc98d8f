"""The datasets of a release as files: transport files, define.xml and its page, each checked as it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path

import polars as pl

from pipeline.emit.define.check import check_define
from pipeline.emit.define.document import FILE as XML
from pipeline.emit.define.document import STYLESHEET, define_bytes
from pipeline.emit.define.model import define_model, in_define_order
from pipeline.emit.define.page import FILE as HTML
from pipeline.emit.define.page import define_html, stylesheet
from pipeline.emit.manifest import PackagedFile, packaged_file
from pipeline.emit.marking import marking
from pipeline.emit.submitted import Submitted, submitted
from pipeline.emit.tree import Tree
from pipeline.emit.xpt.member import Member
from pipeline.emit.xpt.readback import read_back
from pipeline.emit.xpt.write import write_xpt
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec


@dataclass(frozen=True)
class Heading:
    """What a package says of itself: data cut, mode, and ``facts`` on its origin (``build``, ``delivery``)."""

    cut: date
    mode: str
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def mark(self) -> str | None:
        """How it says that it is not for submission; None if it is."""
        return marking(self.mode)

    @property
    def created(self) -> datetime:
        """The only moment that the files tell: the data cut, never the clock."""
        return datetime.combine(self.cut, time())


@dataclass(frozen=True)
class Described:
    """What is submitted, in the order of define.xml; ``absent`` are datasets without any record."""

    found: tuple[Submitted, ...]
    absent: tuple[str, ...]


def describe(spec: StudySpec, records: Mapping[str, pl.LazyFrame]) -> Described:
    """What of ``records`` (dataset -> its records, best as scans of Parquet files) is submitted.

    Raises BuildFailed for a dataset that the study does not have, and if no dataset has a record.
    """
    if unknown := sorted(set(records) - set(spec.datasets)):
        raise BuildFailed(unknown[0], "is not a dataset of the study", "add it to study.yaml")
    each = {name: submitted(spec, name, records[name]) for name in spec.datasets if name in records}
    found = in_define_order([one for one in each.values() if one is not None])
    if not found:
        raise BuildFailed(spec.study.study, "no dataset has a record", "build the datasets first")
    return Described(tuple(found), tuple(name for name, one in each.items() if one is None))


def write_package(
    spec: StudySpec, found: Sequence[Submitted], tree: Tree, heading: Heading
) -> list[PackagedFile]:
    """Writes the datasets and what describes them below ``tree``, which is not yet visible to anybody.

    Equal arguments give equal bytes. Every transport file is read back and compared. Raises BuildFailed for
    what cannot be submitted as it is.
    """
    model = define_model(spec, found, cut=heading.cut, mode=heading.mode, facts=heading.facts)
    document, members = define_bytes(model), [each.member(heading.created, heading.mark) for each in found]
    check_define(document, members, found)
    tree.tabulations.mkdir(parents=True)
    files = [_transport(tree, each, member) for each, member in zip(found, members, strict=True)]
    for name, octets in ((XML, document), (STYLESHEET, stylesheet()), (HTML, define_html(document))):
        files.append(added(tree, tree.tabulations / name, octets))
    return files


def added(tree: Tree, path: Path, octets: bytes) -> PackagedFile:
    """One more file of the release."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return packaged_file(tree.root, path)


def _transport(tree: Tree, found: Submitted, member: Member) -> PackagedFile:
    """Writes one transport file and compares what other software reads in it with the records."""
    path = tree.tabulations / member.file_name
    rows = write_xpt(path, member, found.frames())
    if rows != found.count:
        culprit = "the file has another number of records than the dataset"
        raise BuildFailed(found.name, culprit, "build again")
    read_back(path, member, found.frames())
    return packaged_file(tree.root, path, rows=rows, variables=len(member.columns), label=member.label)
