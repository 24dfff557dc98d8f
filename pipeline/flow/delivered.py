"""The contracts of a study as the plain facts that a review looks at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.contracts.facts import ColumnFacts, column_facts, source_facts
from pipeline.review.delivered import Column, Source


def delivered_sources(models: Mapping[str, Any]) -> dict[str, Source]:
    """Source id -> its facts, in the order of the contracts."""
    return {name: _source(model) for name, model in models.items()}


def _source(model: Any) -> Source:
    facts = source_facts(model)
    same = ("source", "title", "pattern", "owner", "key", "study_column", "subject_column", "restricted")
    columns = {name: _column(name, fact) for name, fact in column_facts(model).items()}
    return Source(columns=columns, **{name: facts[name] for name in same})


def _column(name: str, fact: ColumnFacts) -> Column:
    return Column(
        name=name,
        label=fact.label,
        kind=fact.kind,
        owner=fact.owner or "",
        required=fact.required,
        codes=fact.codes,
        decodes=fact.decodes,
        not_submitted=fact.not_submitted,
    )
