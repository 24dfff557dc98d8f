"""Dictionary coding of verbatim terms: adverse events and history in MedDRA, medication in WHODrug (4.3)."""

from __future__ import annotations

from data_contracts.bxu001_ra.coding.dictionaries import MedDRA, WHODrug

SOURCES = (MedDRA, WHODrug)
