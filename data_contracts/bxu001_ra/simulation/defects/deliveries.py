"""Defects of whole files and what changes from night to night (design 4.5), each with what it must lead to."""

from __future__ import annotations

from typing import Final

from pipeline.simulate import DefectKind

KINDS: Final[tuple[DefectKind, ...]] = ()
