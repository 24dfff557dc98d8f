"""What may have made two releases differ: what their manifests tell, and which datasets each of it can reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline.emit.opened import OpenRelease
from pipeline.flow.columns import decisions, uses_table
from pipeline.flow.context import StudyParts
from pipeline.flow.plan import plan

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
OWN = "a source of the dataset"
NAMED = "what the dataset's specification says or names"
SHARED = "by way of subjects, visits or another dataset"
ANY = "may reach any dataset"
_NEAREST = (OWN, NAMED, SHARED, ANY)
_OF_ALL = ("mode", "cut")
_UNBLINDED = "unblinded/"
_BLINDED = "BLINDED"
_CODEMAPS = "codemaps"
# What makes no record: questions to finished datasets, and the synthetic trial.
_WITHOUT_RECORDS = ("checks/", "simulation/")


@dataclass(frozen=True)
class Causes:
    """What differs in where two releases come from, as plain values; empty where nothing does.

    ``facts`` has ``mode``, ``cut``, ``delivery`` and the like as [old, new]; ``delivered`` one entry a file, by source;
    ``specification`` one entry a file of specification, contracts or standard; ``code`` is None if it is the same.
    """

    facts: Mapping[str, list[Any]]
    delivered: Mapping[str, Mapping[str, Any]]
    specification: Mapping[str, str]
    code: Mapping[str, Any] | None

    @property
    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        delivered = [{"source": source, **each} for source, each in self.delivered.items()]
        files = [{"file": name, "change": change} for name, change in self.specification.items()]
        return {
            "facts": dict(self.facts), "delivered": delivered, "specification": files, "code": self.code,
        }  # fmt: skip


def causes(old: OpenRelease, new: OpenRelease) -> Causes:
    """Everything that the two manifests tell differently about their origin."""
    one, other = old.manifest, new.manifest
    pairs = {name: [one["release"][name], other["release"][name]] for name in ("mode", "cut")}
    pairs["delivery"] = [one["build"]["delivery"], other["build"]["delivery"]]
    inputs = [{each["source"]: each for each in side["inputs"]} for side in (one, other)]
    sums = [{source: each["sha256"] for source, each in side.items()} for side in inputs]
    return Causes(
        {name: pair for name, pair in pairs.items() if pair[0] != pair[1]},
        {
            source: {"change": change, "old": inputs[0].get(source), "new": inputs[1].get(source)}
            for source, change in _differences(*sums)
        },
        dict(_differences(one["specs"], other["specs"])),
        _code(one, other),
    )


def _differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield name, ADDED if name not in old else REMOVED if name not in new else CHANGED


def _code(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any] | None:
    """Both states of the engine; None if it is the same whatever its commit is called."""
    one, other = old["code"], new["code"]
    if one["engine"] == other["engine"]:
        return None
    told = ("commit", "dirty", "engine")
    return {"old": {name: one[name] for name in told}, "new": {name: other[name] for name in told}}


@dataclass(frozen=True)
class Reach:
    """Which datasets of a study a delivered file, or a file of its specification, can change."""

    parts: StudyParts

    def of(self, dataset: str, found: Causes, modes: tuple[str, str]) -> list[dict[str, str]]:
        """What of ``found`` can have changed ``dataset``, each as kind, name and how it reaches the dataset."""
        told = [
            *(("delivered file", source, self._how(dataset, source)) for source in found.delivered),
            *(("specification", file, self._how_file(dataset, file, modes)) for file in found.specification),
            *(
                (name, " to ".join(map(str, found.facts[name])), ANY)
                for name in _OF_ALL
                if name in found.facts
            ),
            *([("code", "the engine", ANY)] if found.code else []),
        ]
        reached = [{"kind": kind, "name": name, "how": how} for kind, name, how in told if how]
        return sorted(reached, key=lambda each: _NEAREST.index(each["how"]))

    def _how(self, dataset: str, source: str) -> str | None:
        if source in self._own.get(dataset, set()):
            return OWN
        return SHARED if f"raw.{source}" in self._behind.get(dataset, set()) else None

    @cached_property
    def _own(self) -> dict[str, set[str]]:
        """Dataset -> the sources whose columns fill it or choose its records; a supplement has those of its parents."""
        uses = uses_table(decisions(self.parts, self.parts.layouts)).drop_nulls("dataset")
        found = {name: set(each.sources) for name, each in self.parts.spec.datasets.items()}
        for source, dataset in uses.select("source", "dataset").unique().iter_rows():
            found.setdefault(dataset, set()).add(source)
        for name, each in self.parts.spec.datasets.items():
            for parent in each.derived_from:
                found[name] |= found.get(parent, set())
        return found

    @cached_property
    def _behind(self) -> dict[str, set[str]]:
        """Dataset -> every step of a build from which a way leads to it, its own too."""
        needs = {step.name: step.needs for step in plan(self.parts)}
        return {name: _steps_behind(f"sdtm.{name}", needs) for name in self.parts.spec.datasets}

    def _how_file(self, dataset: str, file: str, modes: tuple[str, str]) -> str | None:
        """How a file of specification, contracts or standard reaches the dataset; None if it cannot."""
        folder, _, place = file.partition(f"/{self.parts.spec.name}/")
        stem = place.rpartition("/")[2].rpartition(".")[0]
        if place.startswith(_WITHOUT_RECORDS):
            return None
        if place.startswith(_UNBLINDED) and set(modes) == {_BLINDED}:
            return None
        if place.startswith(("domains/", _UNBLINDED)) and stem.upper() in self.parts.spec.datasets:
            return self._how_dataset(dataset, stem.upper())
        if folder == "data_contracts":
            ways = [self._how(dataset, source) for source in self._of_contract(place)]
            return next((way for way in (OWN, SHARED) if way in ways), None) if ways else ANY
        return NAMED if place.startswith("tables/") and stem in self._words.get(dataset, set()) else ANY

    def _how_dataset(self, dataset: str, other: str) -> str | None:
        """How the specification of ``other`` reaches ``dataset``."""
        known = self.parts.spec.datasets.get(dataset)
        if dataset == other or (known and other in known.derived_from):
            return NAMED
        return SHARED if f"sdtm.{other}" in self._behind.get(dataset, set()) else None

    def _of_contract(self, place: str) -> list[str]:
        """The sources whose contracts stand in a file; none for one that the contracts share."""
        module = place.removesuffix(".py").replace("/", ".")
        return [name for name, model in self.parts.models.items() if model.__module__.endswith(f".{module}")]

    @cached_property
    def _words(self) -> dict[str, set[str]]:
        """Dataset -> every text in its specification; ``codemaps`` if it maps a code."""
        found: dict[str, set[str]] = {}
        for name, each in self.parts.spec.datasets.items():
            _gather(each.model_dump(exclude_defaults=True), found.setdefault(name, set()))
        return found


def _steps_behind(step: str, needs: Mapping[str, tuple[str, ...]]) -> set[str]:
    seen: set[str] = set()
    waiting = [step]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += needs.get(name, ())
    return seen


def _gather(value: object, found: set[str]) -> None:
    if isinstance(value, str):
        found.add(value)
    elif isinstance(value, Mapping):
        found |= {_CODEMAPS} if "map" in value else set()
        for each in value.values():
            _gather(each, found)
    elif isinstance(value, list | tuple):
        for each in value:
            _gather(each, found)
