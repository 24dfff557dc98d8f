"""Random numbers by topic: a new topic disturbs no other, and a longer trial begins like a shorter one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_KEY_BYTES = 16  # a Philox key is two 64-bit words


@dataclass(frozen=True)
class Streams:
    """One seed, many independent streams, each named by what it decides (``"vitals/pulse"``).

    Arrays are filled row by row: row ``i`` does not depend on how many rows are asked for, so that a
    subject's numbers do not depend on how many subjects follow.
    """

    seed: int

    def generator(self, topic: str) -> np.random.Generator:
        """The stream of ``topic`` at its beginning."""
        digest = hashlib.sha256(f"{self.seed}/{topic}".encode()).digest()
        key = np.frombuffer(digest[:_KEY_BYTES], dtype="<u8")
        return np.random.Generator(np.random.Philox(key=key))

    def uniform(self, topic: str, *shape: int) -> npt.NDArray[Any]:
        """Uniform numbers of [0, 1) in ``shape``; the first axis is the subject."""
        return self.generator(topic).random(shape)

    def normal(self, topic: str, *shape: int) -> npt.NDArray[Any]:
        """Standard normal numbers in ``shape``; the first axis is the subject."""
        return self.generator(topic).standard_normal(shape)
