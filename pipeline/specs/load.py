"""Reads a study's folder into one frozen object, and refuses what contradicts the standard or itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from pydantic import BaseModel, ValidationError

from pipeline.errors import SpecError
from pipeline.specs.blinding import Blinding, contradictions
from pipeline.specs.checks import Check, load_checks
from pipeline.specs.choices import choice_problems, with_settings
from pipeline.specs.guide import Guide, guide_problems
from pipeline.specs.metadata import Method, Methods
from pipeline.specs.models import Dataset, Part, Study, Variable, Verb
from pipeline.specs.places import place_problems
from pipeline.specs.reference_models import MOMENTS
from pipeline.specs.standard import Standard, VariableFacts, load_standard
from pipeline.specs.text_yaml import read_yaml

_OF = "of:"
_Model = TypeVar("_Model", bound=BaseModel)
METHODS = "methods.yaml"


@dataclass(frozen=True)
class StudySpec:
    """Everything a study says, and the standard it says it in.

    ``datasets`` are in the order of ``study.yaml``; ``tables`` holds every CSV of ``tables/`` as text, blanks null.
    """

    name: str
    folder: Path
    study: Study
    standard: Standard
    datasets: Mapping[str, Dataset]
    tables: Mapping[str, pl.DataFrame]
    blinding: Blinding | None = None
    checks: Mapping[str, Check] = field(default_factory=dict)
    methods: tuple[Method, ...] = ()
    guide: Guide | None = None

    def dataset(self, name: str) -> Dataset:
        """The specification of one dataset; SpecError if the study has none of that name."""
        try:
            return self.datasets[name]
        except KeyError:
            raise SpecError(
                self.name, f"has no dataset {name}", f"it has {', '.join(self.datasets)}"
            ) from None

    def table(self, name: str) -> pl.DataFrame:
        """One CSV of the study; SpecError if it is missing."""
        try:
            return self.tables[name]
        except KeyError:
            raise SpecError(self.name, f"has no table {name}", "add it to tables/") from None

    def codemap(self, name: str) -> dict[str, str]:
        """Collected code -> submitted term, in the order of the table; SpecError if the map is empty."""
        rows = self.table("codemaps").filter(pl.col("map") == name)
        if rows.is_empty():
            raise SpecError("codemaps.csv", f"has no map {name}", "add its codes and terms")
        return dict(zip(rows["code"], rows["term"], strict=True))

    def ordered(self, dataset: str) -> list[tuple[str, Variable, VariableFacts]]:
        """The dataset's variables in SDTMIG order, each with its specification and its facts."""
        found = [
            (name, variable, self.standard.variable(dataset, name))
            for name, variable in self.dataset(dataset).variables.items()
        ]
        return sorted(found, key=lambda each: (each[2].order, each[2].after, each[0]))


@lru_cache(maxsize=4)
def load_study(specs: Path, name: str, overlay: str | None = None) -> StudySpec:
    """The study in ``specs/name``; SpecError with file and place for anything that is wrong in it.

    Files in the folder ``overlay`` of the study add to the files of the same name: lists grow, entries are replaced.
    """
    folder = specs / name
    if not (folder / "study.yaml").is_file():
        raise SpecError(str(folder), "is not a study folder (no study.yaml)", "check SDTM_STUDY")
    study = _parsed(Study, *_layers(folder, "study.yaml", overlay))
    blinding = folder / "blinding.yaml"
    datasets = {
        each: _parsed(Dataset, *_layers(folder, f"domains/{each.lower()}.yaml", overlay))
        for each in study.datasets
    }
    spec = StudySpec(
        name=name,
        folder=folder,
        study=study,
        standard=load_standard(specs / "standard"),
        datasets=datasets,
        tables={
            path.stem: with_settings(path.stem, _table(path), study.settings)
            for path in sorted((folder / "tables").glob("*.csv"))
        },
        blinding=_parsed(Blinding, blinding) if blinding.is_file() else None,
        checks=load_checks(folder / "checks"),
        methods=_parsed(Methods, *methods).methods if (methods := _present(folder, METHODS, overlay)) else (),
        guide=_guide(folder, overlay),
    )
    if found := [
        *_problems(spec),
        *place_problems(datasets, spec.methods),
        *_arm_problems(spec),
        *_guide_problems(spec),
    ]:
        raise SpecError(*found[0])
    return spec


def _guide(folder: Path, overlay: str | None) -> Guide | None:
    """The texts of the reviewer's guide; None for a study that has written none."""
    paths = _present(folder, "guide.yaml", overlay)
    return _parsed(Guide, *paths) if paths else None


def _layers(folder: Path, name: str, overlay: str | None) -> list[Path]:
    """The file and what lies over it; the file alone if there is neither, so that its absence is told."""
    return _present(folder, name, overlay) or [folder / name]


def _present(folder: Path, name: str, overlay: str | None) -> list[Path]:
    over = [folder / overlay / Path(name).name] if overlay else []
    return [path for path in (folder / name, *over) if path.is_file()]


def _merged(paths: tuple[Path, ...]) -> Any:
    """The content of the files: a later one replaces entries, extends lists and adds keys."""
    content = read_yaml(paths[0])
    for path in paths[1:]:
        for key, value in read_yaml(path).items():
            known = content.get(key)
            if isinstance(known, dict) and isinstance(value, dict):
                content[key] = {**known, **value}
            elif isinstance(known, list) and isinstance(value, list):
                content[key] = [*known, *value]
            else:
                content[key] = value
    return content


def _parsed(model: type[_Model], *paths: Path) -> _Model:
    path = paths[-1]
    try:
        return model.model_validate(_merged(paths))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise SpecError(f"{path.name}: {place}", first["msg"], "mend the specification") from error


def _table(path: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(path, infer_schema=False, null_values="")
    except pl.exceptions.PolarsError as error:
        raise SpecError(
            path.name, "is not a table (comma-separated, UTF-8, equal rows)", "mend the table"
        ) from error


def _problems(spec: StudySpec) -> Iterator[tuple[str, ...]]:
    """What the models cannot see by themselves: names against the standard, keys, codemaps, tables, settings."""
    yield from choice_problems(spec.study)
    for name, dataset in spec.datasets.items():
        place = f"{name.lower()}.yaml"
        if dataset.dataset != name:
            yield place, f"describes {dataset.dataset}"
        for variable in dataset.variables:
            spec.standard.variable(name, variable)
        for what, unknown in _no_variables(dataset):
            yield (
                place,
                f"{what} {unknown} is not {'in uses, nor ' if what == _OF else ''}a variable of the dataset",
            )
        for verb in _verbs(dataset):
            if verb.map and verb.map not in set(spec.table("codemaps")["map"]):
                yield place, f"map {verb.map} is not in codemaps.csv"
            if verb.lookup:
                spec.table(verb.lookup)
        for part in dataset.parts:
            if part.items:
                yield from _item_problems(spec, part.items)


def _no_variables(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Names that stand where a variable of the dataset must, with what they are."""
    named = [("key", dataset.keys), ("baseline key", dataset.baseline_keys)]
    named += [("split needs", (f"{dataset.dataset}CAT",))] if dataset.split else []
    named += [(f"parts.{part.source}.set:", tuple(part.set)) for part in dataset.parts]
    yield from ((what, name) for what, names in named for name in names if name not in dataset.variables)
    known = {*dataset.uses, *dataset.variables, *MOMENTS}
    for verb in (*dataset.variables.values(), *dataset.supplements.values()):
        yield from ((_OF, name) for name in verb.of if name not in known)


def _item_problems(spec: StudySpec, table: str) -> Iterator[tuple[str, ...]]:
    """Results of items that go through a codemap which the study does not have."""
    named = spec.table(table)["result"].str.extract(r"^(?:score|term):(.*)$").drop_nulls().unique().sort()
    for codemap in named:
        if codemap not in set(spec.table("codemaps")["map"]):
            yield (
                f"{table}.csv",
                f"map {codemap} is not in codemaps.csv",
                "add it, or mend the setting that names it",
            )


def _arm_problems(spec: StudySpec) -> list[tuple[str, str]]:
    told = [] if spec.blinding is None else contradictions(spec.blinding, spec.tables)
    return [("blinding.yaml", each) for each in told]


def _guide_problems(spec: StudySpec) -> list[tuple[str, str, str]]:
    return [] if spec.guide is None else list(guide_problems(spec.guide, spec.datasets, spec.study.settings))


def _verbs(dataset: Dataset) -> Iterator[Verb]:
    yield from dataset.variables.values()
    yield from dataset.supplements.values()
    for part in dataset.parts:
        yield from part.set.values()


def verb_of(dataset: Dataset, part: Part, variable: str) -> Verb:
    """How ``variable`` is filled for rows of ``part``: the part's own verb before the dataset's."""
    return part.set.get(variable, dataset.variables[variable])
