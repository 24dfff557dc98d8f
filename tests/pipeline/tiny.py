"""Releases of a handful of invented records, written without any build."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.emit.manifest import FILE, manifest_text
from pipeline.emit.package import Heading, added, describe, write_package
from pipeline.emit.releases import ReleaseName
from pipeline.emit.tree import Tree
from tests.unit.emit import submission_frames as sf

ORIGIN: dict[str, Any] = {
    "build": {"id": "b-1", "delivery": "d-1", "manifest_sha256": "0" * 64},
    "code": {"digest": "c-1", "engine": "e-1", "commit": "abc1234", "dirty": False},
    "inputs": [
        {"source": "edc_ae", "file": "edc/AE.csv", "delivery": "d-1", "sha256": "1" * 64, "rows": 2},
    ],
    "specs": {"sdtm_specs/bxu001_ra/study.yaml": "2" * 64},
}


def tiny_release(
    shelf: Path,
    records: Mapping[str, pl.LazyFrame] | None = None,
    *,
    mode: str = "BLINDED",
    number: int = 1,
    study: str = "BXU001-RA",
    documents: Mapping[str, bytes] | None = None,
    **origin: Any,
) -> Path:
    """The folder of a release whose files are those of its manifest; ``origin`` replaces parts of ORIGIN."""
    name = ReleaseName(study, sf.CUT, mode, number)
    tree, heading = Tree(shelf / name.folder, study), Heading(sf.CUT, mode, sf.FACTS)
    found = describe(sf.study(), sf.package_records() | dict(records or {})).found
    files = write_package(sf.study(), found, tree, heading)
    files += [added(tree, tree.tabulations / file, octets) for file, octets in (documents or {}).items()]
    mark = {"marking": heading.mark} if heading.mark else {}
    identity = {**ORIGIN, **origin, **mark, "release": name.facts, "without_records": []}
    (tree.root / FILE).write_text(manifest_text(identity, files))
    return tree.root
