"""Logs: adverse events, protocol deviations, comments."""

from __future__ import annotations

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.edc.base import EdcForm, form
from pipeline.contracts import fields as f

COMMENT_LIMIT = 2000  # bytes; a comment is cut into pieces of 200 in the dataset


class AE(EdcForm):
    """Adverse event log."""

    AENO: str = f.integer("Number of the event", 1, required=True, not_submitted="link, resolved into RELREC")
    AETERM: str = f.text("Adverse event", required=True)
    AESTDAT: str = f.edc_date("Start date")
    AESTTIM: str = f.edc_time("Start time")
    AEENDAT: str = f.edc_date("End date")
    AEENTIM: str = f.edc_time("End time")
    AEONGO: str = f.flag("Ongoing")
    AEPRE: str = f.code("Started before infusion", codes.YN)
    AEPRE_DEC: str = f.decode("AEPRE", codes.YN)
    AETOXGR: str = f.code("Grade", codes.GRADE)
    AETOXGR_DEC: str = f.decode("AETOXGR", codes.GRADE)
    AESER: str = f.code("Serious", codes.YN)
    AESER_DEC: str = f.decode("AESER", codes.YN)
    AESDTH: str = f.flag("Serious: death")
    AESLIFE: str = f.flag("Serious: life-threatening")
    AESHOSP: str = f.flag("Serious: hospitalization")
    AESDISAB: str = f.flag("Serious: disability")
    AESCONG: str = f.flag("Serious: congenital anomaly")
    AESMIE: str = f.flag("Serious: other medically important")
    AESCAN: str = f.flag("Serious: cancer")
    AEREL: str = f.code("Relation to study treatment", codes.CAUSALITY)
    AEREL_DEC: str = f.decode("AEREL", codes.CAUSALITY)
    AEACN: str = f.code("Action taken with study treatment", codes.ACTION_TAKEN)
    AEACN_DEC: str = f.decode("AEACN", codes.ACTION_TAKEN)
    AEOUT: str = f.code("Outcome", codes.OUTCOME)
    AEOUT_DEC: str = f.decode("AEOUT", codes.OUTCOME)
    AECONTRT: str = f.code("Treated", codes.YN)
    AECONTRT_DEC: str = f.decode("AECONTRT", codes.YN)
    AEINFR: str = f.code("Infusion reaction", codes.YN)
    AEINFR_DEC: str = f.decode("AEINFR", codes.YN)
    AESI: str = f.code("Event of special interest", codes.YN)
    AESI_DEC: str = f.decode("AESI", codes.YN)
    AEACCESSN: str = f.identifier(
        "Accession number of the finding", not_submitted="link, resolved into RELREC"
    )

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("AE", "Adverse event log")


class DV(EdcForm):
    """Deviation log; the sponsor may keep it elsewhere, so the file may be absent."""

    DVTERM: str = f.text("Deviation", required=True)
    DVCAT: str = f.code("Class", codes.DEVIATION)
    DVCAT_DEC: str = f.decode("DVCAT", codes.DEVIATION)
    DVSTDAT: str = f.edc_date("Start date")
    DVENDAT: str = f.edc_date("End date")

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("DV", "Deviation log", owner="Sponsor", required=False)


class CO(EdcForm):
    """Comments on a form or a record."""

    COVAL: str = f.text("Comment", max_length=COMMENT_LIMIT, required=True)
    COFORM: str = f.identifier("Form commented on", not_submitted="resolves what the comment belongs to")
    CORECORDID: str = f.identifier(
        "Record commented on", not_submitted="resolves what the comment belongs to"
    )
    CODAT: str = f.edc_date("Date of comment")

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("CO", "Comments")
