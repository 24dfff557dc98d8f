"""A small package to be filed, whole and right, for tests that break it in one place."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipeline.conformance.facts import FINAL, PackageFacts
from pipeline.emit.package import Heading, describe, write_package
from pipeline.emit.stf import stf_path, study_tagging_file
from pipeline.emit.tree import MODULE, Tree
from pipeline.flow.conform import package_facts
from tests.unit.emit import submission_frames as sf

STUDY = "BXU001-RA"
START = {
    "TSSEQ": 1.0,
    "TSPARMCD": "SSTDTC",
    "TSPARM": "Study Start Date",
    "TSVAL": "2026-12-30",
}


def records() -> dict[str, pl.LazyFrame]:
    """Some datasets with records, each sorted by its keys."""
    spec, found = sf.study(), {"TS": sf.records("TS", START), **sf.package_records()}
    return {name: frame.sort(spec.dataset(name).keys) for name, frame in found.items() if name != "EX"}


def packed(root: Path, mode: str = FINAL) -> Tree:
    """The package in ``root``, with its study tagging file if it is to be filed."""
    spec, tree = sf.study(), Tree(root, STUDY)
    write_package(spec, describe(spec, records()).found, tree, Heading(sf.CUT, mode, sf.FACTS))
    if mode == FINAL:
        tag(root)
    return tree


def tag(root: Path) -> Path:
    """Writes the study tagging file for what is there."""
    place = stf_path(sf.study(), root)
    there = (path for path in (root / MODULE).rglob("*") if path.is_file() and path != place)
    document = study_tagging_file(sf.study(), [path.relative_to(root).as_posix() for path in there])
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(document)
    return place


def facts_of(root: Path, mode: str = FINAL) -> PackageFacts:
    return package_facts(root, sf.study(), mode, sf.CUT)
