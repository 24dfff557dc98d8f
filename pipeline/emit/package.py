"""A release package: transport files, define.xml, its page and a manifest, checked and whole or not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.emit.define.check import check_define
from pipeline.emit.define.document import FILE as XML
from pipeline.emit.define.document import STYLESHEET, define_bytes
from pipeline.emit.define.model import define_model, in_define_order
from pipeline.emit.define.page import FILE as HTML
from pipeline.emit.define.page import define_html, stylesheet
from pipeline.emit.manifest import FILE as MANIFEST
from pipeline.emit.manifest import PackagedFile, manifest_text, packaged_file
from pipeline.emit.marking import marking
from pipeline.emit.submitted import Submitted, submitted
from pipeline.emit.xpt.member import Member
from pipeline.emit.xpt.readback import read_back
from pipeline.emit.xpt.write import write_xpt
from pipeline.errors import BuildFailed, UsageError
from pipeline.files import folder_aside, folder_written_aside, sha256_of
from pipeline.specs.load import StudySpec


@dataclass(frozen=True)
class Package:
    """A finished package; ``unchanged`` says that it was there before with the same bytes.

    ``without_records`` are datasets of the study that have no record and therefore no file.
    """

    folder: Path
    files: tuple[PackagedFile, ...]
    without_records: tuple[str, ...]
    manifest_sha256: str
    unchanged: bool = False


def write_package(
    spec: StudySpec,
    records: Mapping[str, pl.LazyFrame],
    target: Path,
    *,
    cut: date,
    mode: str,
    facts: Mapping[str, str],
) -> Package:
    """The package in ``target``, which appears whole: equal arguments give equal bytes.

    ``records`` maps datasets to their records, best as scans of Parquet files: memory then holds one batch.
    ``facts`` tells where the records come from (``build``, ``delivery``). Every transport file is read back
    and compared before anything is visible. A target with the very same package is left alone; any other
    raises UsageError. Raises BuildFailed for what cannot be submitted as it is.
    """
    _require_known(spec, records)
    if target.exists() and not (target / MANIFEST).is_file():
        raise _other(target)  # before the work
    described = {name: submitted(spec, name, records[name]) for name in spec.datasets if name in records}
    found = in_define_order([each for each in described.values() if each is not None])
    absent = tuple(name for name, each in described.items() if each is None)
    if not found:
        raise BuildFailed(str(target), "no dataset has a record", "build the datasets first")
    identity = _identity(spec, absent, cut=cut, mode=mode, facts=facts)
    document = define_bytes(define_model(spec, found, cut=cut, mode=mode, facts=facts))
    made = _Made(found, document, identity, datetime.combine(cut, time()))
    if not target.exists():
        with folder_written_aside(target) as aside:
            files = _fill(aside, made)
            digest = sha256_of(aside / MANIFEST)
        return Package(target, files, absent, digest)
    with folder_aside(target) as again:
        files = _fill(again, made)
        digest = sha256_of(again / MANIFEST)
        if _digests(target) != _digests(again):
            raise _other(target)
    return Package(target, files, absent, digest, unchanged=True)


@dataclass(frozen=True)
class _Made:
    """What a package is written from."""

    found: list[Submitted]
    document: bytes
    identity: dict[str, Any]
    created: datetime


def _other(target: Path) -> UsageError:
    return UsageError(str(target), "exists and is another package", "choose another folder")


def _require_known(spec: StudySpec, records: Mapping[str, pl.LazyFrame]) -> None:
    if unknown := sorted(set(records) - set(spec.datasets)):
        raise BuildFailed(unknown[0], "is not a dataset of the study", "add it to study.yaml")


def _identity(
    spec: StudySpec, absent: tuple[str, ...], *, cut: date, mode: str, facts: Mapping[str, str]
) -> dict[str, Any]:
    mark = marking(mode)
    return {
        "study": spec.study.study,
        "mode": mode,
        "cut": cut.isoformat(),
        "facts": dict(facts),
        "without_records": list(absent),
        **({"marking": mark} if mark else {}),
    }


def _fill(folder: Path, made: _Made) -> tuple[PackagedFile, ...]:
    """Writes and checks every file of the package; the manifest comes last."""
    members = [each.member(made.created, made.identity.get("marking")) for each in made.found]
    check_define(made.document, members, made.found)
    files = [_dataset(folder, each, member) for each, member in zip(made.found, members, strict=True)]
    for name, octets in (
        (XML, made.document),
        (STYLESHEET, stylesheet()),
        (HTML, define_html(made.document)),
    ):
        (folder / name).write_bytes(octets)
        files.append(packaged_file(folder / name))
    (folder / MANIFEST).write_bytes(manifest_text(made.identity, tuple(files)).encode())
    return tuple(files)


def _dataset(folder: Path, found: Submitted, member: Member) -> PackagedFile:
    """Writes one transport file and compares what other software reads in it with the records."""
    path = folder / member.file_name
    rows = write_xpt(path, member, found.frames())
    if rows != found.count:
        culprit = "the file has another number of records than the dataset"
        raise BuildFailed(found.name, culprit, "build again")
    read_back(path, member, found.frames())
    return packaged_file(path, rows=rows, variables=len(member.columns), label=member.label)


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256_of(path) for path in folder.rglob("*") if path.is_file()
    }
