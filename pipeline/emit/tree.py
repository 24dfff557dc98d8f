"""Where the files of a release lie: the folders of the eCTD (module 5), and beside them what is not filed.

Sources: ICH eCTD specification 3.2.2 (names, lengths), FDA study data technical conformance guide (module 5 tree).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MODULE = "m5"
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def ectd_name(text: str) -> str:
    """``text`` as the name of an eCTD folder: lower-case letters, digits and single hyphens."""
    return _NOT_IN_NAMES.sub("-", text.lower()).strip("-")


@dataclass(frozen=True)
class Tree:
    """The folders of one release; ``study`` is the study's identifier as submitted (``BXU001-RA``)."""

    root: Path
    study: str

    @property
    def module(self) -> Path:
        """What a submission takes over."""
        return self.root / MODULE

    @property
    def tabulations(self) -> Path:
        """Transport files, define.xml with its stylesheet, annotated CRF and reviewer's guide."""
        return self.module / "datasets" / ectd_name(self.study) / "tabulations" / "sdtm"

    @property
    def split(self) -> Path:
        """The parts of datasets whose transport file is too large."""
        return self.tabulations / "split"

    @property
    def dataset_json(self) -> Path:
        """Every dataset as Dataset-JSON; not filed."""
        return self.root / "dataset-json"

    @property
    def conformance(self) -> Path:
        """What the checks of the release found; not filed."""
        return self.root / "conformance"

    def relative(self, path: Path) -> str:
        """``path`` below the root, with forward slashes."""
        return path.relative_to(self.root).as_posix()
