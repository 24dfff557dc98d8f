"""One thing that a person must change before the specification is complete."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """``what`` is the object, ``culprit`` says what is wrong with it, ``fix`` what to do; ``rule`` groups problems."""

    rule: str
    what: str
    culprit: str
    fix: str

    def __str__(self) -> str:
        """One line: object, culprit, fix."""
        return f"{self.what}: {self.culprit}; {self.fix}"
