"""Files that do not tell the treatment: assignments without arm, the site master."""

from __future__ import annotations

import pandera.polars as pa

from data_contracts.bxu001_ra import STUDY_NAMES, codes
from pipeline.contracts import fields as f
from pipeline.contracts.model import source


class Assignments(pa.DataFrameModel):
    """Who was randomized when, with which number and bag. A study check counts them."""

    STUDYID: str = f.code("Study", STUDY_NAMES, required=True)
    SITEID: str = f.site(required=True)
    SUBJID: str = f.subject()
    COHORT: str = f.code("Cohort", codes.COHORT, required=True)
    RANDNO: str = f.identifier("Randomization number", required=True)
    RANDDT: str = f.timestamp("Randomized at (UTC)", required=True)
    BAGNO: str = f.identifier(
        "Bag number", not_submitted="compared with the bag that was given, which is submitted"
    )
    STATUS: str = f.code(
        "State of the assignment",
        codes.ASSIGNMENT_STATUS,
        required=True,
        not_submitted="a cancelled assignment is no randomization",
    )

    class Config:
        """Facts of the file; empty until the first subject is randomized."""

        metadata = source(
            "rtsm_assign",
            "rtsm/rtsm_assign.csv",
            title="Randomization assignments",
            owner="Vendor",
            key=("SUBJID", "RANDNO", "BAGNO"),
            study_names=STUDY_NAMES,
            may_be_empty=True,
        )


class Sites(pa.DataFrameModel):
    """Site master: the sites that exist, their country, investigator and time zone."""

    SITEID: str = f.identifier("Site number", pattern="[0-9]{3}", required=True)
    COUNTRY: str = f.identifier("Country (three letters)", pattern="[A-Z]{3}", required=True)
    INVID: str = f.identifier("Investigator identifier")
    INVNAM: str = f.text("Investigator name")
    TZ: str = f.identifier(
        "Time zone",
        pattern="UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+",
        required=True,
        not_submitted="turns UTC times of the randomization system into site time",
    )

    class Config:
        """Facts of the file."""

        metadata = source(
            "rtsm_sites",
            "rtsm/site_master.csv",
            title="Site master",
            owner="Sponsor",
            key=("SITEID",),
            study_column=None,
            subject_column=None,
        )
