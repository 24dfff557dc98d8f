"""Judging a release: the rules of CDISC CORE, the project's own checks, and what the study has explained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import polars as pl

from pipeline.conformance.core import MINUTES, Asked, OnRule, run_core
from pipeline.conformance.explained import TABLE, explanations, judged
from pipeline.conformance.facts import (
    FINAL,
    ColumnFacts,
    DatasetFacts,
    DefineFacts,
    FileFacts,
    PackageFacts,
    TaggedFacts,
)
from pipeline.conformance.layout import LAID_OUT
from pipeline.conformance.rejection import REJECTED, START, TRIAL_SUMMARY
from pipeline.conformance.rules import checked
from pipeline.conformance.verdict import CoreResult, OwnResult, Verdict
from pipeline.emit.define.check import check_define
from pipeline.emit.define.document import FILE as DEFINE
from pipeline.emit.define.links import links_of
from pipeline.emit.define.model import in_define_order
from pipeline.emit.define.papers import CRF_FILE
from pipeline.emit.marking import marking
from pipeline.emit.stf import SECTION, leaf_id, read_tagging_file, stf_path
from pipeline.emit.submitted import Submitted, submitted
from pipeline.emit.tree import Tree
from pipeline.emit.xpt.seen import Seen, seen_in
from pipeline.errors import BuildFailed
from pipeline.flow.conform_papers import annotations_of
from pipeline.flow.conform_records import packaged_records
from pipeline.specs.load import StudySpec

_STANDARD = "sdtmig"


@dataclass(frozen=True)
class Judge:
    """How the engine is asked: its rules cache (None: it is not asked), and the folder where its run may leave pieces.

    ``work`` belongs to those who may read the release. ``rules`` limits the run for a trial. ``recorded`` is the
    result of an earlier run over the very same files, taken instead of asking; ``waived`` says why nobody asks.
    """

    cache: Path | None = None
    work: Path | None = None
    recorded: CoreResult | None = None
    waived: str = ""
    minutes: float = MINUTES
    on_rule: OnRule | None = None
    rules: tuple[str, ...] = ()


def conformance_of(root: Path, spec: StudySpec, mode: str, cut: date, judge: Judge) -> Verdict:
    """Everything that is to say of the release in ``root``, finished or in the making."""
    own = own_conformance(root, spec, mode, cut)
    return matched(root, core_conformance(root, spec, judge), own, spec, mode)


def core_conformance(root: Path, spec: StudySpec, judge: Judge) -> CoreResult:
    """What CDISC CORE says of the datasets and define.xml; an empty result if it is not asked.

    It takes whole datasets only: the parts of a split one are not given to it.
    """
    if judge.recorded is not None:
        return judge.recorded
    if judge.cache is None:
        return CoreResult()
    assert judge.work is not None
    folder, of = Tree(root, spec.study.study).tabulations, spec.study.standards
    seen = {path: _readable(path) for path in sorted(folder.glob("*.xpt"))}
    if not seen or not (folder / DEFINE).is_file():
        raise BuildFailed(str(root), "holds no datasets with a define.xml", "name the folder of a release")
    asked = Asked(
        cache=judge.cache,
        datasets=tuple(seen),
        define=folder / DEFINE,
        records={each.name: each.records.height for each in seen.values()},
        standard=_STANDARD,
        version=of.sdtmig.replace(".", "-"),
        terminology=(f"sdtmct-{of.terminology}", f"define-xmlct-{of.define_terminology}"),
        work=judge.work,
        rules=judge.rules,
    )
    return run_core(asked, minutes=judge.minutes, on_rule=judge.on_rule)


def own_conformance(root: Path, spec: StudySpec, mode: str, cut: date) -> OwnResult:
    """What the project's own checks say, read from the files; no engine is needed."""
    return checked(package_facts(root, spec, mode, cut), REJECTED, LAID_OUT)


def matched(root: Path, core: CoreResult, own: OwnResult, spec: StudySpec, mode: str) -> Verdict:
    """The findings with the study's explanations, whose conditions are asked of the records in ``root``."""
    told = explanations(spec.tables.get(TABLE))
    return judged(core, own, told, mode, packaged_records(root, spec))


def package_facts(root: Path, spec: StudySpec, mode: str, cut: date) -> PackageFacts:
    """What the files of the release say, dataset after dataset."""
    tree, mark = Tree(root, spec.study.study), marking(mode)
    warning = tree.module / f"{mark}.txt" if mark else None  # of a draft, which is not filed
    files = tuple(
        FileFacts(tree.relative(path), path.stat().st_size)
        for path in sorted(tree.module.rglob("*"))
        if path.is_file() and path != warning
    )
    transports = [root / file.path for file in files if file.name.endswith(".xpt")]
    datasets: list[DatasetFacts] = []
    found: list[Submitted] = []
    unreadable, starts = [], tuple[str, ...]()
    for path in transports:
        seen = seen_in(path)
        if seen is None:
            unreadable.append(tree.relative(path))
            continue
        datasets.append(_dataset(tree.relative(path), seen, spec))
        if seen.name == TRIAL_SUMMARY:
            starts = _starts(seen)
        if path.parent == tree.tabulations and (one := _as_submitted(spec, seen)):
            found.append(one)
    return PackageFacts(
        study=spec.study.study,
        mode=mode,
        data=tree.relative(tree.tabulations),
        files=files,
        datasets=tuple(datasets),
        unreadable=tuple(unreadable),
        define=_define(tree.tabulations / DEFINE, found, cut),
        tagged=_tagged(root, spec, files) if mode == FINAL else None,
        starts=starts,
    )


def _readable(path: Path) -> Seen:
    seen = seen_in(path)
    if seen is None:
        raise BuildFailed(path.name, "cannot be read as a transport file", "release again")
    return seen


def _dataset(path: str, seen: Seen, spec: StudySpec) -> DatasetFacts:
    longest, unprintable = seen.longest, seen.unprintable
    columns = tuple(
        ColumnFacts(each.name, each.label, each.length, longest.get(each.name), each.name not in unprintable)
        for each in seen.columns
    )
    studies = seen.records["STUDYID"].fill_null("").unique().sort() if "STUDYID" in seen.records else ()
    known = seen.name in spec.datasets
    keys = [key for key in spec.datasets[seen.name].keys if key in seen.records] if known else []
    return DatasetFacts(
        path=path,
        name=seen.name,
        label=seen.label,
        columns=columns,
        records=seen.records.height,
        studies=tuple(studies),
        order=tuple(name for name, _, _ in spec.ordered(seen.name)) if known else (),
        unsorted=_first(seen.records, keys, repeated=False),
        repeated=_first(seen.records, keys, repeated=True),
    )


def _first(records: pl.DataFrame, keys: list[str], *, repeated: bool) -> int | None:
    """The 1-based number of the first record that does not come after the one before; missing values come first."""
    before, equal = pl.lit(value=False), pl.lit(value=True)
    for key in keys:
        now, last = pl.col(key), pl.col(key).shift(1)
        same = now.eq_missing(last)
        less = (now < last).fill_null(value=False) | (now.is_null() & last.is_not_null())
        before, equal = before | (equal & less), equal & same
    if not keys or records.height < 2:  # noqa: PLR2004 - one record comes after none
        return None
    wrong = records.select(equal if repeated else before).to_series()[1:].arg_true()
    return None if wrong.is_empty() else int(wrong[0]) + 2


def _starts(summary: Seen) -> tuple[str, ...]:
    if not {"TSPARMCD", "TSVAL"} <= set(summary.records.columns):
        return ()
    of_start = summary.records.filter(pl.col("TSPARMCD") == START)["TSVAL"]
    return tuple(of_start.fill_null(""))


def _as_submitted(spec: StudySpec, seen: Seen) -> Submitted | None:
    """The dataset as its file says it, described like the records that it was made of; None for an unknown one."""
    if seen.name not in spec.datasets:
        return None
    missing = [
        pl.lit(None, pl.Float64 if facts.type == "Num" else pl.String).alias(name)
        for name, _, facts in spec.ordered(seen.name)
        if name not in seen.records
    ]
    return submitted(spec, seen.name, seen.records.lazy().with_columns(missing))


def _define(path: Path, found: list[Submitted], cut: date) -> DefineFacts | None:
    if not path.is_file():
        return None
    document = path.read_bytes()
    links = links_of(document)
    if links is None:
        return DefineFacts({}, (), f"{DEFINE} is no XML")
    crf = annotations_of(path.with_name(CRF_FILE))
    return DefineFacts(links.datasets, links.documents, next(_problems(document, found, cut, crf), None))


def _problems(
    document: bytes, found: list[Submitted], cut: date, crf: tuple[str, ...] | None
) -> Iterator[str]:
    if crf is None:
        yield f"{CRF_FILE} cannot be read as a PDF"
    whole = in_define_order(found)
    members = [each.member(datetime.combine(cut, time())) for each in whole]
    try:
        check_define(document, members, whole, crf=crf)
    except BuildFailed as error:
        yield error.culprit


def _tagged(root: Path, spec: StudySpec, files: tuple[FileFacts, ...]) -> TaggedFacts | None:
    if SECTION not in spec.study.settings:  # nobody has said yet where the study is filed
        return None
    path = stf_path(spec, root)
    told = read_tagging_file(path.read_bytes()) if path.is_file() else None
    if told is None:
        return None
    tags = {file.path: told.tags[leaf_id(file.path)] for file in files if leaf_id(file.path) in told.tags}
    return TaggedFacts(path.relative_to(root).as_posix(), told.study, tags)
