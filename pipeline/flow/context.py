"""What a build works with: the study, its contracts, one landed delivery, and the store that it writes to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.contracts.catalog import contract_models, subject_form
from pipeline.contracts.identity import SubjectForm
from pipeline.contracts.model import layout_of
from pipeline.domains.records import Inputs
from pipeline.errors import UsageError
from pipeline.files import sha256_of
from pipeline.settings import CHECKOUT, Settings
from pipeline.sources.delivery import Delivery, LandedFile, deliveries, resolve
from pipeline.specs.checks import Check
from pipeline.specs.layout import SourceLayout
from pipeline.specs.load import StudySpec, load_study
from pipeline.warehouse.store import Store

BLINDED = "BLINDED"
_READ = (".py", ".yaml", ".csv", ".sql", ".j2")
_ID_LENGTH = 12


@dataclass(frozen=True)
class StudyParts:
    """A study as the engine sees it: its specification, its contracts and the layouts of its blinded sources."""

    spec: StudySpec
    models: Mapping[str, Any]
    form: SubjectForm

    @cached_property
    def layouts(self) -> dict[str, SourceLayout]:
        """Every source that may lie in a blinded delivery."""
        return {name: layout for name, layout in self.all_layouts.items() if not layout.restricted}

    @property
    def checks(self) -> dict[str, Check]:
        """The study's checks that a blinded build can ask."""
        return {
            name: check for name, check in self.spec.checks.items() if check.sql and check.builds == "all"
        }

    @cached_property
    def all_layouts(self) -> dict[str, SourceLayout]:
        """Every source of the study, restricted ones too."""
        return {name: layout_of(model) for name, model in self.models.items()}


@lru_cache(maxsize=4)
def study_parts(settings: Settings) -> StudyParts:
    """Specification and contracts of the settings' study."""
    spec = load_study(settings.specs, settings.study)
    return StudyParts(spec, contract_models(settings.study), subject_form(settings.study))


@dataclass(frozen=True)
class Context:
    """One build of one delivery. Equal inputs give an equal ``build`` id, and so the same files."""

    settings: Settings
    parts: StudyParts
    delivery: Delivery
    files: Mapping[str, LandedFile | None]
    store: Store

    @property
    def inputs(self) -> Inputs:
        """What the domains may ask for, read from the store."""
        return Inputs(
            spec=self.parts.spec,
            cut=self.delivery.cut,
            typed=lambda source: self.store.read("typed", source),
            derived=lambda name: self.store.read("derived", name),
            records=lambda dataset: self.store.read("sdtm", dataset.lower()),
            quarantined=lambda source: self.store.read("quarantine", source),
            links=lambda dataset: self.store.read("ops", f"links_{dataset.lower()}"),
        )

    @property
    def more_facts(self) -> dict[str, str]:
        """What the manifest tells beside the facts of every build."""
        return {}

    def read(self, layer: str, table: str) -> pl.LazyFrame:
        """A table of this build."""
        return self.store.read(layer, table)


def open_context(settings: Settings, delivery_id: str | None = None, mode: str = BLINDED) -> Context:
    """The context of the newest landed delivery, or of ``delivery_id``; UsageError if there is none."""
    landed = deliveries(settings.landing)
    chosen = [one for one in landed if delivery_id in (None, one.delivery_id)]
    if not chosen:
        known = ", ".join(one.delivery_id for one in landed[-3:]) or "nothing has landed yet"
        what = f"delivery {delivery_id}" if delivery_id else str(settings.landing)
        raise UsageError(what, "is not among the landed deliveries", f"load one first (newest: {known})")
    delivery, parts = chosen[-1], study_parts(settings)
    files = resolve(delivery)
    build = build_id(parts.spec, delivery, files)
    return Context(
        settings,
        parts,
        delivery,
        files,
        Store(settings.warehouse, settings.study, mode, delivery.delivery_id, build),
    )


def build_id(spec: StudySpec, delivery: Delivery, files: Mapping[str, LandedFile | None]) -> str:
    """Digest of all that a build depends on: delivered bytes and their fates, cut, specification, contracts, code.

    Two deliveries with the same usable files differ in what was refused and in what came before, and so in their
    findings.
    """
    digest = hashlib.sha256(
        f"{delivery.delivery_id};{delivery.cut.isoformat()};{delivery.last_cut};".encode()
    )
    for source, entry in sorted(delivery.entries.items()):
        digest.update(f"{source}:{entry.state}:{entry.reason}:{entry.kept_from}:".encode())
        digest.update(f"{entry.rows}:{entry.last_rows}:{entry.same_since}:{entry.released};".encode())
    for source, file in sorted(files.items()):
        digest.update(f"{source}={file.sha256 if file else '-'};".encode())
    digest.update(code_digest(spec.name, spec.folder.parent).encode())
    return digest.hexdigest()[:_ID_LENGTH]


@lru_cache(maxsize=4)
def code_digest(study: str, specs: Path) -> str:
    """Digest of the engine, the study's contracts and specification, the standard and the lock file."""
    return _digest(_files(study, specs))


@lru_cache(maxsize=1)
def engine_digest() -> str:
    """Digest of the engine and the lock file alone, whatever the study."""
    return _digest(_engine_files())


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}:{sha256_of(path)};".encode())
    return digest.hexdigest()


def study_files(study: str, specs: Path) -> dict[str, tuple[Path, list[Path]]]:
    """What makes a study: contracts, specification and standard, each as its folder and the files that are read."""
    folders = {
        f"data_contracts/{study}": CHECKOUT / "data_contracts" / study,
        f"sdtm_specs/{study}": specs / study,
        "sdtm_specs/standard": specs / "standard",
    }
    return {name: (folder, _read_in(folder)) for name, folder in folders.items()}


def _read_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in _READ)


def _files(study: str, specs: Path) -> Iterator[Path]:
    yield from _engine_files()
    for _, paths in study_files(study, specs).values():
        yield from paths


def _engine_files() -> Iterator[Path]:
    yield from _read_in(CHECKOUT / "pipeline")
    if (lock := CHECKOUT / "uv.lock").is_file():
        yield lock
