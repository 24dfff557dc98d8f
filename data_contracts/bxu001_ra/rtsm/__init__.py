"""Randomization and supply: two blinded files and four restricted ones (study design 4.3).

Patterns of the restricted files are relative to the restricted delivery folder, which a blinded build has no
path to.
"""

from __future__ import annotations

from data_contracts.bxu001_ra.rtsm.blinded import Assignments, Sites
from data_contracts.bxu001_ra.rtsm.restricted import (
    EmergencyUnblindings,
    ProductReleases,
    Schedule,
    UnblindingKey,
)

SOURCES = (Assignments, Sites, Schedule, ProductReleases, UnblindingKey, EmergencyUnblindings)
