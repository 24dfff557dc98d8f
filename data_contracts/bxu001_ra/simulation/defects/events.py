"""Defects of adverse events (BX-AE), each with what it must lead to."""

from __future__ import annotations

from typing import Final

from pipeline.simulate import DefectKind

KINDS: Final[tuple[DefectKind, ...]] = ()
