"""The restricted root: where the randomization key, the product release and everything unblinded lie.

Read from the environment by the commands of an unblinded person only. ``Settings`` never holds it, and no module that a
blinded build loads imports this one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.files import machine_errors
from pipeline.settings import Settings

VARIABLE = "SDTM_RESTRICTED_HOME"
_OWNER_ONLY = 0o700


@dataclass(frozen=True)
class RestrictedSettings:
    """Folders of the restricted root of one study."""

    home: Path
    study: str

    @classmethod
    def from_environment(cls, blinded: Settings) -> RestrictedSettings:
        """Reads SDTM_RESTRICTED_HOME; UsageError if it is not set, or one root lies within the other."""
        named = os.environ.get(VARIABLE)
        if not named:
            fix = f"set {VARIABLE} to the restricted root; only unblinded people have one"
            raise UsageError("restricted root", f"{VARIABLE} is not set", fix)
        return cls.apart_from(blinded, Path(named))

    @classmethod
    def apart_from(cls, blinded: Settings, home: Path) -> RestrictedSettings:
        """The root ``home``, which must not share a folder with the blinded root."""
        restricted = home.expanduser().resolve()
        if overlap(restricted, blinded.home.resolve()):
            raise UsageError(
                "restricted root", "it lies within the blinded root, or around it", "keep the two apart"
            )
        return cls(restricted, blinded.study)

    def prepared(self) -> RestrictedSettings:
        """Itself, once the root exists; a root made here is open to its owner only."""
        with machine_errors(str(self.home)):
            if not self.home.exists():
                self.home.mkdir(parents=True, mode=_OWNER_ONLY)
        return self

    @property
    def landing(self) -> Path:
        """Restricted files, unchanged, one folder a delivery."""
        return self.home / "landing" / self.study

    @property
    def warehouse(self) -> Path:
        """Warehouse root of unblinded builds, one folder a mode."""
        return self.home / "warehouse"

    @property
    def releases(self) -> Path:
        """Shelf of FINAL releases."""
        return self.home / "releases" / self.study

    @property
    def events(self) -> Path:
        """The record of every unblinding."""
        return self.home / "unblinding" / f"{self.study}.jsonl"


def overlap(one: Path, other: Path) -> bool:
    """True if the resolved paths are the same or one lies within the other."""
    return one.is_relative_to(other) or other.is_relative_to(one)
