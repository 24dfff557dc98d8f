"""The laboratory file: identity, collection, test, result, range and state of every result.

The contract judges one row by itself. What needs the test catalogue (units, result texts), other rows
(revisions, duplicates) or the EDC (unknown subjects, visits) is judged where those are known. The anti-HLA
panel (PANEL HLA) is an allowed code; leaving it out of a blinded build is not the contract's business.
"""

from __future__ import annotations

import pandera.polars as pa

from data_contracts.bxu001_ra import STUDY_NAMES, codes
from pipeline.contracts import fields as f
from pipeline.contracts.model import source

_IDENTITY = "compared with the EDC; the EDC's value is submitted"
_REVISION = "decides which revision of a result counts"


class LabResults(pa.DataFrameModel):
    """Central laboratory results; a revision repeats accession, test and specimen: no unique key."""

    STUDYID: str = f.code("Study", STUDY_NAMES, required=True)
    SITEID: str = f.site()
    SUBJID: str = f.subject()
    SCRNNO: str = f.identifier("Screening number", not_submitted=_IDENTITY)
    SEX: str = f.code("Sex known to the laboratory", codes.LAB_SEX, not_submitted=_IDENTITY)
    BRTHYR: str = f.identifier(
        "Year of birth known to the laboratory", pattern="(19|20)[0-9]{2}", not_submitted=_IDENTITY
    )
    VISITLBL: str = f.text("Visit label")
    ACCESSN: str = f.identifier("Accession number", required=True)
    COLLDT: str = f.compact_date("Date of collection")
    COLLTM: str = f.compact_time("Time of collection")
    RECVDT: str = f.compact_date("Date received", not_submitted="course of the sample, not of the subject")
    RPTDT: str = f.compact_stamp("Date reported", not_submitted=_REVISION)
    PANEL: str = f.code("Panel", codes.LAB_PANEL, not_submitted="the test catalogue gives the category")
    LABTESTCD: str = f.identifier("Test code of the laboratory", required=True)
    LABTEST: str = f.text("Test name of the laboratory", not_submitted="the test catalogue gives the name")
    LOINC: str = f.identifier("LOINC code", pattern="[0-9]{1,7}-[0-9]")
    SPECIMEN: str = f.code("Specimen", codes.LAB_SPECIMEN, required=True)
    METHOD: str = f.text("Method")
    RESULT: str = f.text("Result")
    UNIT: str = f.text("Unit")
    REFLO: str = f.text("Lower reference limit")
    REFHI: str = f.text("Upper reference limit")
    REFTXT: str = f.text("Reference range as text")
    ABNFL: str = f.code(
        "Range flag of the laboratory",
        codes.LAB_RANGE_FLAG,
        not_submitted="compared with the derived indicator",
    )
    RSTAT: str = f.code(
        "State of the result", codes.LAB_RESULT_STATUS, required=True, not_submitted=_REVISION
    )
    REVNO: str = f.integer("Revision", 0, required=True, not_submitted=_REVISION)
    COMMENT: str = f.text("Comment")
    LABNAM: str = f.text("Laboratory")
    FAST: str = f.code("Fasting", codes.LAB_FASTING)
    LLOQ: str = f.decimal("Lower limit of quantitation", "0")

    class Config:
        """Facts of the file; screening results come first, so it is never empty."""

        metadata = source(
            "lab_results",
            "lab/BXU001-RA_LAB_*.txt",
            title="Central laboratory results",
            owner="Vendor",
            separator="|",
            study_names=STUDY_NAMES,
            cumulative=True,
        )
