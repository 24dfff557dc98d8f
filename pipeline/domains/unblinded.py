"""What the key adds to a build: real arms in DM, real treatment in EX, the real element of the treatment.

Loaded and called by unblinded builds only: a blinded build has no ``Unblinded`` and never imports this module.
Everything else, above all EC, is built by the same code from the same rows in every mode.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from pipeline.derive.decimals import to_double
from pipeline.domains.independence import pattern_findings
from pipeline.domains.records import Built, Inputs, Tie, in_link_order, linked
from pipeline.domains.treatments import bags, treatments
from pipeline.specs.blinding import Blinding
from pipeline.specs.models import Dataset


@dataclass(frozen=True)
class Unblinded:
    """Lifts the mask of finished frames; it reads the key and the product release through ``Inputs``."""

    blinding: Blinding

    def elements(self, inputs: Inputs, found: pl.DataFrame) -> pl.DataFrame:
        """``found`` (derived elements) with ETCD and ELEMENT of the actual arm where they were masked."""
        actual = treatments(inputs, self.blinding).select("USUBJID", _etcd="ETCD", _element="ELEMENT")
        joined = found.join(actual, on="USUBJID", how="left", maintain_order="left")
        lifted = joined.with_columns(
            ETCD=pl.when("_treatment").then("_etcd").otherwise("ETCD"),
            ELEMENT=pl.when("_treatment").then("_element").otherwise("ELEMENT"),
        )
        return lifted.select(found.columns)

    def lifted(self, inputs: Inputs, dataset: Dataset, built: Built) -> Built:
        """``built`` with its masked variables filled; unchanged for a dataset that masks nothing."""
        lift = {"demographics": self._demographics, "exposure": self._exposure}.get(dataset.build)
        return built if lift is None else lift(inputs, built)

    def _demographics(self, inputs: Inputs, built: Built) -> Built:
        arms = ["ARMCD", "ARM", "ACTARMCD", "ACTARM"]
        known = treatments(inputs, self.blinding).select("USUBJID", *arms)
        records = built.records.drop(arms).join(known, on="USUBJID", how="left", maintain_order="left")
        return replace(built, records=records)

    def _exposure(self, inputs: Inputs, built: Built) -> Built:
        given = bags(inputs, self.blinding).rename({"bag": "EXREFID"})
        masked = [
            name
            for name in ("EXTRT", "EXDOSE", "EXDOSU", "EXDOSFRM", "EXLOT")
            if name in built.records.columns
        ]
        joined = built.records.drop(masked).join(
            given, on=["USUBJID", "EXREFID"], how="left", maintain_order="left", nulls_equal=True
        )
        records = joined.with_columns(
            EXTRT=pl.col("_product"),
            EXDOSE=to_double(pl.col("_dose")),
            EXDOSU=pl.col("_unit"),
            EXDOSFRM=pl.col("_form"),
            EXLOT=pl.col("_lot"),
            _EXCELLS=pl.col("_total"),
            _EXVIAB=pl.col("_viability"),
        )
        named = records.with_columns(_release_source=pl.lit(self.blinding.release.source))
        links = in_link_order([built.links, linked(named, Tie.JOINED, line="_release_line")])
        findings = pl.concat([built.findings, pattern_findings(self.blinding, records)])
        return replace(built, records=records, links=links, findings=findings)
