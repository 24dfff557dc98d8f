"""The central laboratory's cumulative file, one row a result, pipe-delimited (study design 4.2)."""

from __future__ import annotations

from data_contracts.bxu001_ra.lab.results import LabResults

SOURCES = (LabResults,)
