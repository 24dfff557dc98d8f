"""Which records play which part in the study's scores, and what it calls each index and response."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.domains.records import Inputs
from pipeline.errors import SpecError
from pipeline.specs.score_models import Scores


def scores_of(inputs: Inputs) -> Scores:
    """The study's roles of scores; SpecError if it has none."""
    if inputs.spec.study.scores is None:
        raise SpecError("study.yaml", "has no section 'scores'", "name the components of its scores")
    return inputs.spec.study.scores


def codes(inputs: Inputs) -> dict[str, str]:
    """Name of an index or response in the engine -> the study's test code."""
    roles = scores_of(inputs)
    found: Mapping[str, str] = roles.indices.model_dump() | roles.responses.model_dump()
    return dict(found)
