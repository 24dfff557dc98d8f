"""Releasing the published build: the package of transport files, define.xml and manifest."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from pipeline.emit.package import Package, write_package
from pipeline.errors import BuildFailed
from pipeline.flow.context import BLINDED, study_parts
from pipeline.settings import Settings
from pipeline.specs.load import StudySpec
from pipeline.warehouse.builds import Build, published, verify


def release_build(settings: Settings, target: Path) -> Package:
    """The package of the published build in ``target``, which must not exist, or hold this very package already.

    Every file of the build is compared with its manifest first; BuildFailed if one was changed.
    """
    build = published(settings.warehouse, settings.study, BLINDED)
    return release_of(build, study_parts(settings).spec, target)


def release_of(build: Build | None, spec: StudySpec, target: Path) -> Package:
    """The same for a published build of any mode."""
    if build is None:
        raise BuildFailed(spec.name, "nothing is published yet", "run './sdtm load' and './sdtm build' first")
    if damaged := verify(build):
        raise BuildFailed(damaged[0], "is not the file that was published", "build again")
    facts = {"build": build.build, "delivery": build.delivery}
    cut = date.fromisoformat(str(build.facts["cut"]))
    mode = build.place.mode
    return write_package(spec, package_records(build), target.resolve(), cut=cut, mode=mode, facts=facts)


def package_records(build: Build) -> dict[str, pl.LazyFrame]:
    """Dataset name -> its records, lazily."""
    tables = sorted(file.table for file in build.files if file.layer == "sdtm")
    return {table.upper(): build.read("sdtm", table) for table in tables}
