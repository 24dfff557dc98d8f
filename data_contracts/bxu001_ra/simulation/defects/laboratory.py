"""Defects of the central laboratory (BX-LB), each with what it must lead to."""

from __future__ import annotations

from typing import Final

from data_contracts.bxu001_ra.simulation.defects import lab_ranges, lab_samples
from pipeline.simulate import DefectKind

# A change of a reference range needs all results of a test, so it is planted before what needs one of them.
KINDS: Final[tuple[DefectKind, ...]] = (*lab_ranges.KINDS, *lab_samples.KINDS)
