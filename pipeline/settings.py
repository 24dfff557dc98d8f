"""Where things lie on this machine. Nothing here depends on a study's data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
DEFAULT_STUDY = "bxu001_ra"


@dataclass(frozen=True)
class Settings:
    """Folders of one installation; ``study`` is the name of its folder in specs and contracts."""

    home: Path
    study: str = DEFAULT_STUDY
    specs: Path = CHECKOUT / "sdtm_specs"

    @classmethod
    def from_environment(cls) -> Settings:
        """Reads SDTM_HOME (default ``./var`` of the checkout) and SDTM_STUDY."""
        home = Path(os.environ.get("SDTM_HOME") or CHECKOUT / "var").expanduser().resolve()
        return cls(home=home, study=os.environ.get("SDTM_STUDY") or DEFAULT_STUDY)

    @property
    def landing(self) -> Path:
        """Delivered files, unchanged, one folder a delivery."""
        return self.home / "landing" / self.study

    @property
    def incoming(self) -> Path:
        """Where a sender drops delivery folders; the sensor looks here."""
        return self.home / "incoming" / self.study

    @property
    def warehouse(self) -> Path:
        """Blinded warehouse root: Parquet, manifests and the DuckDB catalog."""
        return self.home / "warehouse"

    @property
    def releases(self) -> Path:
        """Default folder of released packages."""
        return self.home / "releases" / self.study

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME of ``./sdtm ui``."""
        return self.home / "dagster"
