"""What the engine does with each delivered column, read from the same specification that drives it.

Every rule mirrors a place where the engine names a column. A use may name a column that is not delivered; that is for
the check to find.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.review.delivered import Delivered
from pipeline.review.usage_parts import dataset_uses
from pipeline.review.usage_study import (
    filtration_uses,
    identity_uses,
    laboratory_uses,
    reference_uses,
    unblinding_uses,
)
from pipeline.review.use import Use
from pipeline.specs.load import StudySpec

Usage = Mapping[tuple[str, str], tuple[Use, ...]]


def usage(spec: StudySpec, delivered: Delivered) -> Usage:
    """(source, column) -> its uses, each once, in the order of the specification; no key for an unused column.

    Identity columns count only for files that anything else of is used, so that a forgotten file stays visible.
    """
    found: dict[tuple[str, str], dict[Use, None]] = {}
    for use in _named(spec, delivered):
        found.setdefault((use.source, use.column), {})[use] = None
    named = {source for source, _ in found}
    for name, source in delivered.items():
        for use in identity_uses(spec, source) if name in named else ():
            found.setdefault((use.source, use.column), {})[use] = None
    return {place: tuple(uses) for place, uses in found.items()}


def _named(spec: StudySpec, delivered: Delivered) -> Iterator[Use]:
    for dataset in spec.datasets.values():
        yield from dataset_uses(spec, delivered, dataset)
    yield from reference_uses(spec)
    yield from laboratory_uses(spec, delivered)
    yield from filtration_uses(spec)
    yield from unblinding_uses(spec)
