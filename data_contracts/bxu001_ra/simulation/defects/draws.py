"""Dirt of whole draws: whose they are (design 4.5, number 7)."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra.simulation.defects.results import LAB, PLAIN
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import inserted, noted, notes_of

_QUIET_VISITS: Final = ("DAY 2", "WEEK 1", "WEEK 2")  # no score is judged there
_TOPICS: Final = (LAB, "edc_lbc")


def _shared_accession(ground: Ground) -> Planted:
    """A row of one subject under the accession number of another's draw: nobody knows whose the draw is."""
    table = ground.tables[LAB]
    quiet = table.filter(pl.col("VISITLBL").is_in(_QUIET_VISITS) & (pl.col("RSTAT") == "F"))
    drawn = ground.people(quiet["SUBJID"], _TOPICS, count=2 * ground.count)
    notes = []
    for number, (owner, lender) in enumerate(zip(drawn[::2], drawn[1::2], strict=False), start=1):
        accession = quiet.filter(pl.col("SUBJID") == owner)["ACCESSN"][0]
        row = quiet.filter((pl.col("SUBJID") == lender) & (pl.col("LABTESTCD") == PLAIN[0])).head(1)
        table, _ = inserted(table, row.with_columns(ACCESSN=pl.lit(accession)))
        whole = table.filter(pl.col("ACCESSN") == accession)
        told = noted(LAB, whole, fate="quarantined", rule=f"{LAB}.accession")
        notes.append(told.with_columns(defect=pl.lit(number, pl.Int64)))
    return Planted({LAB: table}, notes_of(*notes))


KINDS: Final = (DefectKind("shared_accession", _shared_accession),)
