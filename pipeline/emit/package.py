"""The datasets of a release as files, each checked as it is written: transport files, define.xml, Dataset-JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

import polars as pl

from pipeline.emit.dataset_json.header import json_header
from pipeline.emit.dataset_json.write import file_name, write_dataset_json
from pipeline.emit.define.check import check_define
from pipeline.emit.define.crf_notes import notes_by_page
from pipeline.emit.define.document import FILE as XML
from pipeline.emit.define.document import STYLESHEET, define_bytes
from pipeline.emit.define.model import define_model, in_define_order
from pipeline.emit.define.page import FILE as HTML
from pipeline.emit.define.page import define_html, stylesheet
from pipeline.emit.define.papers import CRF_FILE, Pages
from pipeline.emit.manifest import PackagedFile, packaged_file
from pipeline.emit.marking import marking
from pipeline.emit.split import Part, parts_of, supplemental_parts_of, write_parts
from pipeline.emit.submitted import Offers, Submitted, submitted
from pipeline.emit.tree import Tree
from pipeline.emit.xpt.limits import MAX_FILE_BYTES
from pipeline.emit.xpt.member import Member
from pipeline.emit.xpt.readback import read_back
from pipeline.emit.xpt.write import write_xpt
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec

_SUPPLEMENT = "SUPP"
_SOFTWARE = "sdtm-pipeline"


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


def describe(
    spec: StudySpec,
    records: Mapping[str, pl.LazyFrame],
    offers: Mapping[str, Offers] = MappingProxyType({}),
) -> Described:
    """What of ``records`` (dataset -> its records, best as scans of Parquet files) is submitted.

    ``offers`` are the answers that the forms offer, by place; codelists hold them whether or not a record does.
    Raises BuildFailed for a dataset that the study does not have, and if no dataset has a record.
    """
    if unknown := sorted(set(records) - set(spec.datasets)):
        raise BuildFailed(unknown[0], "is not a dataset of the study", "add it to study.yaml")
    each = {name: submitted(spec, name, records[name], offers) for name in spec.datasets if name in records}
    found = in_define_order([one for one in each.values() if one is not None])
    if not found:
        raise BuildFailed(spec.study.study, "no dataset has a record", "build the datasets first")
    return Described(tuple(found), tuple(name for name, one in each.items() if one is None))


@dataclass(frozen=True)
class Paper:
    """A document of the study that define.xml points into: the annotated CRF, with its annotations by variable."""

    pdf: bytes
    total: int
    pages: Pages


def write_package(
    spec: StudySpec,
    found: Sequence[Submitted],
    tree: Tree,
    heading: Heading,
    *,
    crf: Paper | None = None,
    guide: bool = False,
    max_bytes: int = MAX_FILE_BYTES,
) -> list[PackagedFile]:
    """Writes the datasets and what describes them below ``tree``, which is not yet visible to anybody.

    ``crf`` is the annotated CRF, ``guide`` says that a reviewer's guide will lie beside it. A dataset whose
    transport file exceeds ``max_bytes`` is also there in parts. Equal arguments give equal bytes. Every
    transport file is read back and compared. Raises BuildFailed for what cannot be submitted as it is.
    """
    pages = crf.pages if crf else {}
    model = define_model(
        spec, found, cut=heading.cut, mode=heading.mode, facts=heading.facts, pages=pages, guide=guide
    )
    document = define_bytes(model)
    members = [each.member(heading.created, heading.mark) for each in found]
    check_define(document, members, found, crf=notes_by_page(crf.pdf) if crf else None)
    tree.tabulations.mkdir(parents=True)
    parts = split_parts(found, heading, max_bytes)
    whole = {part.whole.name for part in parts}
    files = [
        _transport(tree, each, member, None if each.name in whole else max_bytes)
        for each, member in zip(found, members, strict=True)
    ]
    files += _split(tree, parts, max_bytes)
    for name, octets in ((XML, document), (STYLESHEET, stylesheet()), (HTML, define_html(document))):
        files.append(added(tree, tree.tabulations / name, octets))
    if crf:
        files.append(added(tree, tree.tabulations / CRF_FILE, crf.pdf))
    return files + _as_json(tree, found, document, heading)


def split_parts(found: Sequence[Submitted], heading: Heading, max_bytes: int) -> list[Part]:
    """The parts of every dataset that is too large for one file, with their qualifiers; mostly none."""
    told: dict[str, list[Part]] = {}
    for each in found:
        parents = told.get(each.dataset.derived_from[0], []) if each.name.startswith(_SUPPLEMENT) else []
        if parents:
            told[each.name] = supplemental_parts_of(each, parents, heading.created, heading.mark, max_bytes)
        else:
            told[each.name] = parts_of(each, heading.created, heading.mark, max_bytes)
    return [part for parts in told.values() for part in parts]


def added(tree: Tree, path: Path, octets: bytes) -> PackagedFile:
    """One more file of the release."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(octets)
    return packaged_file(tree.root, path)


def _transport(tree: Tree, found: Submitted, member: Member, max_bytes: int | None) -> PackagedFile:
    """Writes one transport file and compares what other software reads in it with the records."""
    path = tree.tabulations / member.file_name
    rows = write_xpt(path, member, found.frames(), max_bytes=max_bytes)
    if rows != found.count:
        culprit = "the file has another number of records than the dataset"
        raise BuildFailed(found.name, culprit, "build again")
    read_back(path, member, found.frames())
    return _told(tree, path, rows, member)


def _split(tree: Tree, parts: Sequence[Part], max_bytes: int) -> list[PackagedFile]:
    if not parts:
        return []
    tree.split.mkdir()
    paths = write_parts(tree.split, parts, max_bytes)
    return [_told(tree, path, part.count, part.member) for path, part in zip(paths, parts, strict=True)]


def _told(tree: Tree, path: Path, rows: int, member: Member) -> PackagedFile:
    return packaged_file(tree.root, path, rows=rows, variables=len(member.columns), label=member.label)


def _as_json(tree: Tree, found: Sequence[Submitted], document: bytes, heading: Heading) -> list[PackagedFile]:
    """Every dataset once more as Dataset-JSON, read back and compared."""
    tree.dataset_json.mkdir()
    up = "../" * len(tree.dataset_json.relative_to(tree.root).parts)
    reference = f"{up}{tree.relative(tree.tabulations / XML)}"
    header = json_header(document, version=version(_SOFTWARE), mark=heading.mark, reference=reference)
    paths = []
    for each in found:
        path = tree.dataset_json / file_name(each.name)
        write_dataset_json(path, each, header)
        paths.append(path)
    return [packaged_file(tree.root, path) for path in paths]
