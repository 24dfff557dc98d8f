"""What an asset is, in words for its readers: from the contract or the specification, never by hand."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.contracts.facts import column_facts, source_facts
from pipeline.domains.records import LINE
from pipeline.flow.context import StudyParts
from pipeline.flow.steps import Step
from pipeline.specs.models import Dataset

_ABOUT = {"accounting": "Where every delivered row went, and what to ask whom."}
_OF_SOURCE = ("raw", "contract")
_KINDS = {
    "raw": {"csv"},
    "contracts": {"pandera"},
    "subjects": {"polars"},
    "scores": {"polars"},
    "sdtm": {"polars"},
}


def description(parts: StudyParts, step: Step) -> str:
    """A few lines of text: what the table holds and where it comes from."""
    kind, _, name = step.name.partition(".")
    if kind in _OF_SOURCE and name in parts.models:
        return _of_source(parts, kind, name)
    if kind == "sdtm" and name in parts.spec.datasets:
        return _of_dataset(parts.spec.dataset(name))
    return _ABOUT.get(step.group, step.label)


def column_labels(parts: StudyParts, step: Step) -> Mapping[str, str]:
    """Column -> label, as far as the contract or the standard knows it."""
    kind, _, name = step.name.partition(".")
    if kind in _OF_SOURCE and name in parts.models:
        columns = column_facts(parts.models[name])
        return {LINE: "Line of the delivered file", **{each: facts.label for each, facts in columns.items()}}
    if kind == "sdtm" and name in parts.spec.datasets:
        return {variable: facts.label for variable, _, facts in parts.spec.ordered(name)}
    return {}


def kinds(step: Step) -> set[str]:
    """The small pictures on an asset."""
    return _KINDS.get(step.group, set())


def _of_source(parts: StudyParts, kind: str, source: str) -> str:
    facts, layout = source_facts(parts.models[source]), parts.layouts[source]
    what = {
        "raw": "The delivered file, every value as text exactly as it came.",
        "contract": "The rows that obey the contract, with types. The others are set aside, with reasons.",
    }[kind]
    key = f"\n\nKey: {', '.join(facts['key'])}" if facts["key"] else ""
    return f"{facts['title']}. {what}\n\nFile: `{layout.pattern}`, from: {facts['owner']}{key}"


def _of_dataset(dataset: Dataset) -> str:
    sources = ", ".join(dataset.sources or dataset.derived_from)
    return (
        f"{dataset.label} ({dataset.class_.lower()}). {dataset.structure}.\n\n"
        f"Key: {', '.join(dataset.keys)}\n\nFrom: {sources}"
    )
