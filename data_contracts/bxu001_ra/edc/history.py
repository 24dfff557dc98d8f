"""Forms about the past: medical history, pre-specified conditions, RA history and classification."""

from __future__ import annotations

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.edc.base import EdcForm, form
from pipeline.contracts import fields as f


class MH(EdcForm):
    """Medical history log."""

    MHTERM: str = f.text("Condition", required=True)
    MHSTDAT: str = f.edc_date("Start date")
    MHENDAT: str = f.edc_date("End date")
    MHONGO: str = f.code("Ongoing", codes.YN)
    MHONGO_DEC: str = f.decode("MHONGO", codes.YN)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("MH", "Medical history log")


class MHPRE(EdcForm):
    """Pre-specified conditions, at screening; one row a condition."""

    MHPTERM: str = f.code("Condition asked for", codes.CONDITIONS, required=True)
    MHPTERM_DEC: str = f.decode("MHPTERM", codes.CONDITIONS)
    MHOCCUR: str = f.code("Occurred", codes.YN)
    MHOCCUR_DEC: str = f.decode("MHOCCUR", codes.YN)
    MHSTDAT: str = f.edc_date("Start date")
    MHDETAIL: str = f.text(
        "Details", not_submitted="for the query; a condition worth coding is entered in medical history"
    )

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("MHPRE", "Pre-specified conditions")


class MHRA(EdcForm):
    """RA history, at screening."""

    RASYMDAT: str = f.edc_date("Onset of RA symptoms")
    RADXDAT: str = f.edc_date("Diagnosis of RA")

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("MHRA", "RA history")


class RACC(EdcForm):
    """2010 ACR/EULAR classification, at screening; item ranges as in the criteria."""

    RACCA: str = f.integer("A: joint involvement", 0, 5)
    RACCB: str = f.integer("B: serology", 0, 3)
    RACCC: str = f.integer("C: acute-phase reactants", 0, 1)
    RACCD: str = f.integer("D: duration of symptoms", 0, 1)
    RACCTOT: str = f.integer("Total score as summed by the EDC", 0)
    RACCDAT: str = f.edc_date("Date of classification")

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("RACC", "2010 ACR/EULAR classification")
