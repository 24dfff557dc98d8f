"""What a study says in define.xml beside its variables: origins of some values only, and formulas of methods."""

from __future__ import annotations

import ast
import re
from typing import Literal

from pydantic import field_validator

from pipeline.specs.frozen import Frozen, Names

Origin = Literal["Assigned", "Collected", "Derived", "Predecessor", "Protocol", "Not Available"]
OriginSource = Literal["Investigator", "Subject", "Vendor", "Sponsor"]
PREFIX = "--"  # SDTM's placeholder for the abbreviation of the dataset
_PLACEHOLDER = re.compile(r"--(?=[A-Z])")


class ValueLevel(Frozen):
    """Values of ``variables`` that come from elsewhere than the others: on records where each variable of
    ``where`` has one of its values."""

    variables: Names
    where: dict[str, Names]
    origin: Origin
    by_whom: OriginSource | None = None
    comment: str | None = None

    @property
    def source(self) -> str:
        """Define-XML origin source."""
        return self.by_whom or "Sponsor"


class Method(Frozen):
    """How a value is computed, as a Python function for the reader who wants to compute it again.

    ``of`` names places: ``DM.AGE``, ``RS.RSSTRESC.DAS28CRP`` (a row of a value list), ``EPOCH`` or ``--DY``
    (of every dataset). ``says`` is the sentence of a value-level row; that of a variable stands with the
    variable. The function has the name of the variable and what it reads as its arguments.
    """

    of: Names
    name: str
    kind: Literal["Computation", "Imputation"] = "Computation"
    says: str | None = None
    python: str | None = None

    @field_validator("python")
    @classmethod
    def _is_a_function(cls, text: str | None) -> str | None:
        if text is not None:
            try:
                body = ast.parse(for_dataset(text, "XX")).body
            except SyntaxError as error:
                raise ValueError(f"line {error.lineno} of the formula is not Python") from None
            if not body or not isinstance(body[-1], ast.FunctionDef):
                raise ValueError("a formula ends with a function")
        return text

    def covers(self, place: str, dataset: str) -> bool:
        """Whether ``place`` of ``dataset`` is one of those that the method is of."""
        return any(place == _placed(each, dataset) for each in self.of)


class Methods(Frozen):
    """``methods.yaml``; where two methods are of one place, the later one counts."""

    methods: tuple[Method, ...] = ()


def _placed(name: str, dataset: str) -> str:
    own = for_dataset(name, dataset)
    return own if "." in own else f"{dataset}.{own}"


def for_dataset(text: str, dataset: str) -> str:
    """``text`` with the abbreviation of ``dataset`` for ``--``; a supplemental dataset has that of its parent."""
    return _PLACEHOLDER.sub(dataset.removeprefix("SUPP"), text)
