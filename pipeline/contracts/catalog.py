"""All contracts of a study, in the order its senders declare them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import pandera.polars as pa

from pipeline.contracts.identity import SubjectForm
from pipeline.contracts.model import source_of
from pipeline.errors import SpecError

_ROOT = "data_contracts"


def contract_models(study: str) -> dict[str, type[pa.DataFrameModel]]:
    """Source id -> contract, sender by sender (``SENDERS`` of the study), in each sender's ``SOURCES`` order.

    Errors: SpecError if the study has no contracts, a sender declares no SOURCES, or two contracts share a
    source id.
    """
    package = study_package(study)
    models: dict[str, type[pa.DataFrameModel]] = {}
    for sender in _declared(package, "SENDERS"):
        for model in _declared(import_module(f"{package.__name__}.{sender}"), "SOURCES"):
            name = source_of(model)
            if name in models:
                raise SpecError(
                    f"contracts of {study}", f"two models are source {name}", "rename one of them"
                )
            models[name] = model
    return models


def subject_form(study: str) -> SubjectForm:
    """How the study writes its subjects' numbers."""
    form: SubjectForm = _declared(study_package(study), "SUBJECT_FORM")
    return form


def study_package(study: str) -> ModuleType:
    """The package ``data_contracts.<study>``; SpecError if there is none."""
    name = f"{_ROOT}.{study}"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise SpecError(
            f"study {study}", f"package {name} does not exist", "add its data contracts"
        ) from None


def _declared(module: ModuleType, name: str) -> Any:
    try:
        return getattr(module, name)
    except AttributeError:
        raise SpecError(f"module {module.__name__}", f"{name} is missing", f"declare {name}") from None
