"""Forms about how it ended: treatment, study, death, emergency unblinding."""

from __future__ import annotations

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.edc.base import EdcForm, form
from data_contracts.bxu001_ra.edc.events import COMMENT_LIMIT
from pipeline.contracts import fields as f

_AE_LINK = "link to the adverse event, resolved into RELREC"
_CAN_UNBLIND = "can unblind; kept in the unblinding log"


class DSTRT(EdcForm):
    """End of treatment, on Day 1."""

    DSTRTYN: str = f.code("Treatment completed", codes.YN)
    DSTRTYN_DEC: str = f.decode("DSTRTYN", codes.YN)
    DSTRTREAS: str = f.code("Reason not completed", codes.END_REASON)
    DSTRTREAS_DEC: str = f.decode("DSTRTREAS", codes.END_REASON)
    DSTRTDAT: str = f.edc_date("End of treatment")
    DSTRTTERM: str = f.text("Reason in words")
    DSAENO: str = f.integer("Because of adverse event no.", 1, not_submitted=_AE_LINK)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("DSTRT", "End of treatment")


class DSEOS(EdcForm):
    """End of study."""

    DSEOSSTAT: str = f.code("Completion or reason for ending", codes.END_REASON)
    DSEOSSTAT_DEC: str = f.decode("DSEOSSTAT", codes.END_REASON)
    DSEOSDAT: str = f.edc_date("End of participation")
    DSEOSTERM: str = f.text("Reason in words")
    DSLASTCONT: str = f.edc_date("Last contact")
    DSAENO: str = f.integer("Because of adverse event no.", 1, not_submitted=_AE_LINK)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("DSEOS", "End of study")


class DTH(EdcForm):
    """Death."""

    DTHDAT: str = f.edc_date("Date of death")
    DTHCAUSE: str = f.text(
        "Cause of death", max_length=COMMENT_LIMIT, not_submitted="submitted as a comment (CO)"
    )
    DTHAENO: str = f.integer("Fatal adverse event no.", 1, not_submitted=_AE_LINK)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("DTH", "Death")


class UNB(EdcForm):
    """Emergency unblinding; the form has no field for the arm."""

    UNBDAT: str = f.edc_date("Date of unblinding")
    UNBTIM: str = f.edc_time("Time of unblinding")
    UNBREAS: str = f.text("Reason", not_submitted=_CAN_UNBLIND)
    UNBWHO: str = f.text("Unblinded by", not_submitted=_CAN_UNBLIND)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("UNB", "Emergency unblinding")
