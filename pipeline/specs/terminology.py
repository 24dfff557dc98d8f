"""Which terms a study may use: those of the pinned codelists and what the study adds to them."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.specs.load import StudySpec
from pipeline.specs.standard import Codelist


def permitted(spec: StudySpec, codelists: Iterable[Codelist]) -> set[str]:
    """Submission values of the codelists together with the study's extensions of them."""
    lists = list(codelists)
    codes = {each.code for each in lists}
    extended = {value for each in spec.study.extensions if each.codelist in codes for value in each.values}
    return extended.union(*(each.terms for each in lists))


def known_codelists(spec: StudySpec, codes: Iterable[str]) -> list[Codelist]:
    """The pinned codelists among ``codes``, in their order; sponsor lists have no code there."""
    return [spec.standard.codelists[code] for code in codes if code in spec.standard.codelists]
