"""The records of a package as the conditions of explanations ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import polars as pl

from pipeline.conformance.explained import Records
from pipeline.conformance.rejection import DEMOGRAPHICS
from pipeline.emit.tree import Tree
from pipeline.emit.xpt.seen import seen_in
from pipeline.errors import SpecError
from pipeline.specs.load import StudySpec

_SUBJECT = "USUBJID"


def packaged_records(root: Path, spec: StudySpec) -> Records:
    """Reads datasets of the release in ``root``; a variable that a dataset lacks is that of the subject in DM.

    A variable that the study knows and the package does not have is missing everywhere. SpecError for any other.
    """
    folder = Tree(root, spec.study.study).tabulations

    @lru_cache(maxsize=2)  # the dataset that is asked about, and DM
    def read(dataset: str) -> pl.DataFrame | None:
        path = folder / f"{dataset.lower()}.xpt"
        seen = seen_in(path) if path.is_file() else None
        return None if seen is None else seen.records

    def records(dataset: str, names: Sequence[str]) -> pl.DataFrame | None:
        require_known(spec, dataset, names)
        found = read(dataset)
        if found is None:
            return None
        subjects = read(DEMOGRAPHICS)
        lacking = [name for name in names if name not in found]
        if subjects is not None and lacking and _SUBJECT in found:
            more = [name for name in lacking if name in subjects]
            found = found.join(
                subjects.select(_SUBJECT, *more), on=_SUBJECT, how="left", maintain_order="left"
            )
        missing = [_missing(spec, dataset, name) for name in names if name not in found]
        return found.with_columns(missing).select(names)

    return records


def require_known(spec: StudySpec, dataset: str, names: Iterable[str]) -> None:
    """SpecError for a name that is no variable of the dataset or of DM."""
    for name in names:
        if name not in _types(spec, dataset):
            culprit = f"a condition on {dataset} names {name}, which neither it nor {DEMOGRAPHICS} has"
            raise SpecError("explained.csv", culprit, "mend the condition")


def _missing(spec: StudySpec, dataset: str, name: str) -> pl.Expr:
    kind = pl.Float64 if _types(spec, dataset)[name] == "Num" else pl.String
    return pl.lit(None, kind).alias(name)


def _types(spec: StudySpec, dataset: str) -> dict[str, str]:
    """Variable -> type, of the dataset and of DM."""
    known = [name for name in (DEMOGRAPHICS, dataset) if name in spec.datasets]
    return {name: facts.type for each in known for name, _, facts in spec.ordered(each)}
