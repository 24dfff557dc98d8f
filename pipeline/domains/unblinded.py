"""What the key adds to a build: real arms in DM, real treatment in EX, the real element of the treatment.

Loaded and called by unblinded builds only: a blinded build has no ``Unblinded`` and never imports this module.
Everything else, above all EC, is built by the same code from the same rows in every mode.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import polars as pl

from pipeline.derive.decimals import to_double
from pipeline.derive.rational import with_computed
from pipeline.domains.independence import pattern_findings, revealed_findings
from pipeline.domains.records import LINE, LINK, Built, Inputs
from pipeline.domains.treatments import bags, treatments
from pipeline.findings import FINDING, Severity, as_findings
from pipeline.specs.blinding import Blinding
from pipeline.specs.models import Dataset

_ASK = "look at it in the restricted zone; do not ask the site"


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
        other = records.filter(pl.col("ACTARMCD") != pl.col("ARMCD"))
        rule, told = (
            self.blinding.rules.other_treatment,
            "the subject received another treatment than planned",
        )
        found = [built.findings, _finding(other, "DM", rule, Severity.CRITICAL, "ACTARMCD", told)]
        found.append(revealed_findings(self.blinding, inputs))
        return replace(built, records=records, findings=pl.concat(found))

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
        released = records.filter(pl.col("_release_line").is_not_null()).select(
            source=pl.lit(self.blinding.release.source), line="_release_line", subject="USUBJID", seq="_seq"
        )
        parts = [each.select(pl.col(n).cast(d) for n, d in LINK.items()) for each in (built.links, released)]
        links = pl.concat(parts).sort("subject", "seq", "source", "line")
        patterns = pattern_findings(self.blinding, records)
        findings = pl.concat([built.findings, *self._exposure_findings(records), patterns])
        return replace(built, records=records, links=links, findings=findings)

    def _exposure_findings(self, records: pl.DataFrame) -> list[pl.DataFrame]:
        rules = self.blinding.rules
        control = pl.col("_level") == "0"
        zero = pl.col("EXDOSE") == 0
        checked = with_computed(records, ["_cells"], ["_some"], lambda cells: ("1" if cells > 0 else "0",))
        checked = _with_deviation(checked, Fraction(rules.dose_percent))
        some, near = pl.col("_some"), pl.col("_near")
        wrong_cells = pl.col("_release_line").is_not_null() & ((some == "1") == control).fill_null(value=True)
        faults = [
            (pl.col("_release_line").is_null(), rules.unknown_bag, Severity.ERROR, "EXREFID",
             "the bag is not in the product release file; treatment as planned"),
            ((zero != control).fill_null(value=True), rules.no_dose, Severity.ERROR, "EXDOSE",
             "the dose is missing, or is 0 for an active treatment"),
            (~control & (near == "0"), rules.dose, Severity.CRITICAL, "EXDOSE",
             f"cells in the bag per kg differ from the level by more than {rules.dose_percent} %"),
            (wrong_cells, rules.cells, Severity.CRITICAL, "EXTRT",
             "the bag of a control holds cells, or that of an active treatment none"),
        ]  # fmt: skip
        return [
            _finding(checked.filter(bad), "EX", rule, level, column, told)
            for bad, rule, level, column, told in faults
        ]


def _with_deviation(records: pl.DataFrame, percent: Fraction) -> pl.DataFrame:
    """``_near``: 1 if the bag's cells are within ``percent`` of level times weight, 0 if not, null if not known."""

    def near(cells: Fraction, level: Fraction, weight: Fraction) -> tuple[str]:
        wanted = level * weight
        return ("1" if abs(cells - wanted) * 100 <= percent * wanted else "0",)

    return with_computed(records, ["_cells", "_level", "_weight"], ["_near"], near)


def _finding(
    bad: pl.DataFrame, source: str, rule: str, severity: Severity, variable: str, message: str
) -> pl.DataFrame:
    if bad.is_empty():
        return FINDING.to_frame()
    located = bad.select(line=pl.col(LINE) if LINE in bad.columns else pl.lit(None), subject="USUBJID")
    return as_findings(
        located,
        rule=rule,
        severity=str(severity),
        source=source,
        variable=variable,
        message=message,
        action=_ASK,
        quarantined=False,
    )
