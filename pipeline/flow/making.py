"""Makes a release in an empty folder: datasets, documents, what was found of them, and the manifest that comes last."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.conformance.verdict import CoreResult, Issue, Verdict, core_json, own_json
from pipeline.contracts.catalog import contract_models
from pipeline.documents.guide.document import reviewers_guide
from pipeline.emit.define.papers import GUIDE_FILE
from pipeline.emit.manifest import FILE as MANIFEST
from pipeline.emit.manifest import PackagedFile, manifest_text
from pipeline.emit.marking import FINAL
from pipeline.emit.package import Described, Heading, Paper, added, describe, write_package
from pipeline.emit.releases import ReleaseName
from pipeline.emit.stf import stf_path, study_tagging_file
from pipeline.emit.tree import Tree
from pipeline.errors import UsageError
from pipeline.flow.acrf import annotated_crf_of
from pipeline.flow.conform import Judge, core_conformance, matched, own_conformance
from pipeline.flow.context import StudyParts
from pipeline.flow.delivered import delivered_sources
from pipeline.flow.guide import guide_facts, source_titles
from pipeline.flow.guide_build import build_facts
from pipeline.flow.guide_conformance import NO_CACHE, told_conformance
from pipeline.flow.provenance import provenance
from pipeline.flow.release_reports import reports
from pipeline.review.offers import offered_terms
from pipeline.specs.load import StudySpec
from pipeline.warehouse.builds import Build

CORE_FILE, OWN_FILE = "core.json", "own.json"
# no number: the manifest alone tells it, so that the same package can be told from another one
_WARNING = "{} of {} is {}: treatment is masked. It is not for submission.\n"


@dataclass(frozen=True)
class Made:
    """A release that is whole but not yet visible."""

    described: Described
    files: tuple[PackagedFile, ...]
    manifest: dict[str, Any]
    verdict: Verdict


@dataclass(frozen=True)
class _Making:
    """What every part of one release is made from."""

    build: Build
    parts: StudyParts
    tree: Tree
    heading: Heading
    described: Described
    judge: Judge

    def guide(self, verdict: Verdict) -> bytes:
        """The reviewer's guide with what was found so far."""
        spec, of = self.parts.spec, self.heading
        facts = guide_facts(
            spec,
            self.described.found,
            absent=self.described.absent,
            cut=of.cut,
            mode=of.mode,
            build=build_facts(self.build, source_titles(spec.name)),
            conformance=told_conformance(verdict, not_run=self.judge.waived or NO_CACHE),
        )
        return reviewers_guide(facts, of.mark)


def make_release(build: Build, parts: StudyParts, root: Path, name: ReleaseName, judge: Judge) -> Made:
    """Writes and checks every file of the release into the empty folder ``root``; equal arguments, equal bytes.

    Nothing but the manifest tells the number. What was found does not stop it: ``refused`` says whether it may be
    filed. Raises BuildFailed for what cannot be written as it is.
    """
    heading = Heading(name.cut, name.mode, {"build": build.build, "delivery": build.delivery})
    described = described_build(build, parts.spec)
    making = _Making(build, parts, Tree(root, name.study), heading, described, judge)
    files = _datasets(making)
    core = core_conformance(root, parts.spec, judge)
    verdict, more = _documents(making, core)
    files += more
    files += [
        added(making.tree, making.tree.conformance / file, text.encode())
        for file, text in (
            (CORE_FILE, core_json(verdict.core, verdict.stale)),
            (OWN_FILE, own_json(verdict.own)),
            *reports(build, making.tree).items(),
        )
    ]
    identity = {
        "release": name.facts,
        "without_records": list(described.absent),
        "conformance": {**verdict.summary, **({"waived": judge.waived} if judge.waived else {})},
        **provenance(build, parts.spec),
        **({"marking": heading.mark} if heading.mark else {}),
    }
    text = manifest_text(identity, files)
    (root / MANIFEST).write_text(text, encoding="ascii")
    return Made(described, tuple(files), json.loads(text), verdict)


def refused(made: Made) -> Issue | None:
    """What forbids to file the release, or None: in FINAL, what stops it or what nobody has explained."""
    if made.manifest["release"]["mode"] != FINAL:
        return None
    stops = [issue for issue in made.verdict.issues if issue.stops]
    return next(iter([*stops, *made.verdict.unexplained]), None)


def described_build(build: Build, spec: StudySpec) -> Described:
    """What of the build is submitted, with the answers that its forms offer."""
    return describe(
        spec, package_records(build), offered_terms(spec, delivered_sources(contract_models(spec.name)))
    )


def package_records(build: Build) -> dict[str, pl.LazyFrame]:
    """Dataset name -> its records, lazily."""
    tables = sorted(file.table for file in build.files if file.layer == "sdtm")
    return {table.upper(): build.read("sdtm", table) for table in tables}


def _datasets(making: _Making) -> list[PackagedFile]:
    """Datasets, define.xml, the annotated CRF and the warnings of a draft."""
    heading, tree = making.heading, making.tree
    crf = annotated_crf_of(making.parts, heading.mark, heading.cut)
    paper = Paper(crf.pdf, crf.total, crf.spots) if crf else None
    found = making.described.found
    files = write_package(making.parts.spec, found, tree, heading, crf=paper, guide=True)
    if heading.mark:
        warning = _WARNING.format(tree.study, heading.cut.isoformat(), heading.mark).encode()
        files += [added(tree, at / f"{heading.mark}.txt", warning) for at in (tree.root, tree.module)]
    return files


def _documents(making: _Making, core: CoreResult) -> tuple[Verdict, list[PackagedFile]]:
    """The reviewer's guide and the study tagging file, and what is found of the tree with both in it.

    The guide tells how the own checks ended, and they only look whether it is there: an empty file waits in its place.
    """
    tree, spec, heading = making.tree, making.parts.spec, making.heading
    place = tree.tabulations / GUIDE_FILE
    place.touch()
    files = []
    if heading.mark is None:
        filed = sorted(tree.relative(path) for path in tree.module.rglob("*") if path.is_file())
        files.append(added(tree, stf_path(spec, tree.root), study_tagging_file(spec, filed)))
    own = own_conformance(tree.root, spec, heading.mode, heading.cut)
    verdict = matched(tree.root, core, own, spec, heading.mode)
    files.append(added(tree, place, making.guide(verdict)))
    return verdict, files


def require_engine(mode: str, judge: Judge) -> None:
    """Nothing, or UsageError if a release for submission would go out without CDISC CORE and nobody says why."""
    if mode == FINAL and judge.cache is None and judge.recorded is None and not judge.waived:
        raise UsageError(
            "FINAL release",
            "CDISC CORE has not looked at it",
            "name its rules with --core-cache, or say with --without-core why it goes without",
        )
