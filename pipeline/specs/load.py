"""Reads a study's folder into one frozen object, and refuses what contradicts the standard or itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from pydantic import BaseModel, ValidationError

from pipeline.errors import SpecError
from pipeline.specs.models import Dataset, Part, Study, Variable, Verb
from pipeline.specs.standard import Standard, VariableFacts, load_standard
from pipeline.specs.text_yaml import read_yaml

_Model = TypeVar("_Model", bound=BaseModel)


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
        return sorted(found, key=lambda each: (each[2].order, each[0]))


@lru_cache(maxsize=4)
def load_study(specs: Path, name: str) -> StudySpec:
    """The study in ``specs/name``; SpecError with file and place for anything that is wrong in it."""
    folder = specs / name
    if not (folder / "study.yaml").is_file():
        raise SpecError(str(folder), "is not a study folder (no study.yaml)", "check SDTM_STUDY")
    study = _parsed(Study, folder / "study.yaml")
    datasets = {
        each: _parsed(Dataset, folder / "domains" / f"{each.lower()}.yaml") for each in study.datasets
    }
    spec = StudySpec(
        name=name,
        folder=folder,
        study=study,
        standard=load_standard(specs / "standard"),
        datasets=datasets,
        tables={path.stem: _table(path) for path in sorted((folder / "tables").glob("*.csv"))},
    )
    if found := list(_problems(spec)):
        raise SpecError(*found[0])
    return spec


def _parsed(model: type[_Model], path: Path) -> _Model:
    try:
        return model.model_validate(read_yaml(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise SpecError(f"{path.name}: {place}", first["msg"], "mend the specification") from error


def _table(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False, null_values="")


def _problems(spec: StudySpec) -> Iterator[tuple[str, str]]:
    """What the models cannot see by themselves: names against the standard, keys, codemaps, tables."""
    for name, dataset in spec.datasets.items():
        place = f"{name.lower()}.yaml"
        if dataset.dataset != name:
            yield place, f"describes {dataset.dataset}"
        for variable in dataset.variables:
            spec.standard.variable(name, variable)
        if unknown := [key for key in dataset.keys if key not in dataset.variables]:
            yield place, f"key {unknown[0]} is not a variable of the dataset"
        for verb in _verbs(dataset):
            if verb.map and verb.map not in set(spec.table("codemaps")["map"]):
                yield place, f"map {verb.map} is not in codemaps.csv"
            if verb.lookup:
                spec.table(verb.lookup)
        for part in dataset.parts:
            if part.items:
                spec.table(part.items)


def _verbs(dataset: Dataset) -> Iterator[Verb]:
    yield from dataset.variables.values()
    for part in dataset.parts:
        yield from part.set.values()


def verb_of(dataset: Dataset, part: Part, variable: str) -> Verb:
    """How ``variable`` is filled for rows of ``part``: the part's own verb before the dataset's."""
    return part.set.get(variable, dataset.variables[variable])


def as_plain(value: Any) -> Any:
    """Models as dicts and lists, for fingerprints and pages."""
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value
