"""Defects of joints, questionnaires and scores (BX-MK, BX-QS, BX-RS), each with what it must lead to."""

from __future__ import annotations

from typing import Final

from data_contracts.bxu001_ra.simulation.defects import joint_forms, scale_forms, score_forms
from pipeline.simulate import DefectKind

# A late baseline needs all forms of a subject, so it is planted before what needs one visit.
KINDS: Final[tuple[DefectKind, ...]] = (*scale_forms.KINDS, *joint_forms.KINDS, *score_forms.KINDS)
