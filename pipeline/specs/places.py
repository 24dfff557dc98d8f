"""Places of define.xml that a study names (``AE.AESTDY``, ``--DY``) and that its datasets do not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.specs.metadata import Method, for_dataset
from pipeline.specs.models import Dataset


def place_problems(datasets: Mapping[str, Dataset], methods: Sequence[Method]) -> Iterator[tuple[str, str]]:
    """File and fault of each name in ``values`` of a dataset, or in ``of`` of a method, that nothing answers to."""
    for name, dataset in datasets.items():
        for each in dataset.values:
            for unknown in sorted({*each.variables, *each.where} - set(dataset.variables)):
                yield f"{name.lower()}.yaml", f"values: {unknown} is not a variable of the dataset"
    for method in methods:
        for named in method.of:
            if not any(_has(dataset, named) for dataset in datasets.values()):
                yield "methods.yaml", f"{named} is not a variable of the study"


def _has(dataset: Dataset, named: str) -> bool:
    own = for_dataset(named, dataset.dataset)
    place, dot, rest = own.partition(".")
    if not dot:
        return own in dataset.variables
    return place == dataset.dataset and rest.partition(".")[0] in dataset.variables
