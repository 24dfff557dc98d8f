"""Where a refusal happened: dataset, variable and record number, never the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BuildFailed


@dataclass(frozen=True, slots=True)
class Place:
    """A variable in one batch; ``first`` numbers the batch's first record within the file (from 1)."""

    dataset: str
    variable: str
    first: int = 1

    def refuse_where(self, bad: NDArray[np.bool_], culprit: str, fix: str) -> None:
        """``BuildFailed`` naming the first record where ``bad`` is true; nothing if it nowhere is."""
        if bad.any():
            self.refuse(f"record {self.first + int(bad.argmax())} {culprit}", fix)

    def refuse(self, culprit: str, fix: str) -> NoReturn:
        """``BuildFailed`` about the variable as a whole."""
        raise BuildFailed(f"{self.dataset}.{self.variable}", culprit, fix)
