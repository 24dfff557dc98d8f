"""Files that tell the treatment. They lie apart and never reach a blinded build."""

from __future__ import annotations

from typing import Any

import pandera.polars as pa

from data_contracts.bxu001_ra import codes
from pipeline.contracts import fields as f
from pipeline.contracts.facts import Owner
from pipeline.contracts.model import source

_SHA256 = "[0-9a-f]{64}"
_PROOF = "proof of the release of the key"


def _restricted(
    source_id: str,
    file: str,
    title: str,
    key: tuple[str, ...],
    *,
    owner: Owner = "Vendor",
    subject_column: str | None = None,
    may_be_empty: bool = False,
) -> dict[str, Any]:
    return source(
        source_id,
        file,
        title=title,
        owner=owner,
        key=key,
        study_column=None,
        subject_column=subject_column,
        may_be_empty=may_be_empty,
        required=False,
        restricted=True,
    )


class Schedule(pa.DataFrameModel):
    """Randomization list."""

    RANDNO: str = f.identifier("Randomization number", required=True)
    COHORT: str = f.code("Cohort", codes.COHORT, required=True)
    BLOCK: str = f.integer("Block", 1, required=True, not_submitted="structure of the list")
    SEQ: str = f.integer("Place in the block", 1, required=True, not_submitted="structure of the list")
    ARMCD: str = f.code("Arm", codes.ARM, required=True)

    class Config:
        """Facts of the file."""

        metadata = _restricted("rtsm_schedule", "rtsm_schedule.csv", "Randomization list", ("RANDNO",))


class ProductReleases(pa.DataFrameModel):
    """What every released bag holds."""

    BAGNO: str = f.identifier("Bag number", required=True)
    LOTNO: str = f.identifier("Lot number", required=True)
    PRODUCT: str = f.text("Product", required=True)
    CELLS_1E6: str = f.decimal(
        "Cells in the bag (million)",
        "0",
        required=True,
        not_submitted="compared with level and dosing weight; the dose follows from the cohort",
    )
    CONC_1E6_ML: str = f.decimal(
        "Concentration (million/mL)", "0", not_submitted="follows from cells and volume"
    )
    VIABILITY_PCT: str = f.decimal("Viability (%)", "0", "100", not_submitted="quality of the product")
    VOL_ML: str = f.decimal("Volume (mL)", "0")
    RELEASEDT: str = f.timestamp(
        "Released at (UTC)", not_submitted="course of the product, not of the subject"
    )

    class Config:
        """Facts of the file."""

        metadata = _restricted(
            "rtsm_product_release", "product_release.csv", "Product release", ("BAGNO",), may_be_empty=True
        )


class UnblindingKey(pa.DataFrameModel):
    """Treatment of every randomized subject, delivered once after database lock."""

    SUBJID: str = f.subject()
    RANDNO: str = f.identifier("Randomization number", required=True)
    ARMCD: str = f.code("Arm", codes.ARM, required=True)
    RELEASED_BY: str = f.text("Released by", required=True, not_submitted=_PROOF)
    RELEASED_AT: str = f.timestamp("Released at (UTC)", required=True, not_submitted=_PROOF)
    SHA256: str = f.identifier(
        "Fingerprint of the list", pattern=_SHA256, required=True, not_submitted=_PROOF
    )

    class Config:
        """Facts of the file."""

        metadata = _restricted(
            "rtsm_unblinding_key",
            "unblinding_key.csv",
            "Unblinding key",
            ("SUBJID",),
            subject_column="SUBJID",
        )


class EmergencyUnblindings(pa.DataFrameModel):
    """Arms revealed in an emergency."""

    SUBJID: str = f.subject()
    TS: str = f.timestamp("Revealed at (UTC)", required=True, not_submitted="kept in the unblinding log")
    ARMCD: str = f.code("Arm revealed", codes.ARM, required=True, not_submitted="kept in the unblinding log")

    class Config:
        """Facts of the file; usually nobody is unblinded."""

        metadata = _restricted(
            "rtsm_emergency_unblind",
            "emergency_unblind.csv",
            "Emergency unblinding",
            ("SUBJID", "TS"),
            subject_column="SUBJID",
            may_be_empty=True,
        )
