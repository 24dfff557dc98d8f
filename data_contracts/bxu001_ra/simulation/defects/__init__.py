"""What can be wrong in the study's files: kinds of dirt (study design 4.5), and one kind for each check (section 6).

A module a subject of the checks; each has ``KINDS``. What rests on several records comes first and takes them, then
dirt of single rows, whole files last: see the claims of the simulator's engine for how they keep apart.
"""

from __future__ import annotations

from typing import Final

from data_contracts.bxu001_ra.simulation.defects import (
    arms,
    assessments,
    deliveries,
    dirt,
    doses,
    draws,
    eligibility,
    events,
    exposure,
    laboratory,
    medication,
    results,
    texts,
    visit_dates,
    visits,
    vital_signs,
)

_MODULES: Final = (
    eligibility,
    arms,
    exposure,
    medication,
    doses,
    events,
    assessments,
    laboratory,
    visits,
    visit_dates,
    draws,
    dirt,
    vital_signs,
    results,
    texts,
    deliveries,
)
KINDS: Final = {kind.name: kind for module in _MODULES for kind in module.KINDS}
