"""Forms about what the subject takes: RA therapy, other medication, the study infusion."""

from __future__ import annotations

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.edc.base import EdcForm, form
from pipeline.contracts import fields as f

_AE_LINK = "link to the adverse event, resolved into RELREC"


class CMRA(EdcForm):
    """RA therapy log: prior, background and rescue."""

    CMTRT: str = f.text("RA therapy", required=True)
    CMSCATC: str = f.code("Class of therapy", codes.RA_CLASS)
    CMSCATC_DEC: str = f.decode("CMSCATC", codes.RA_CLASS)
    CMDOSE: str = f.text("Dose")
    CMDOSU: str = f.text("Dose unit")
    CMDOSFRQ: str = f.code("Frequency", codes.FREQUENCY)
    CMDOSFRQ_DEC: str = f.decode("CMDOSFRQ", codes.FREQUENCY)
    CMFRQOTH: str = f.text("Other frequency, specify")
    CMROUTE: str = f.code("Route", codes.ROUTE)
    CMROUTE_DEC: str = f.decode("CMROUTE", codes.ROUTE)
    CMSTDAT: str = f.edc_date("Start date")
    CMENDAT: str = f.edc_date("End date")
    CMONGO: str = f.flag("Ongoing")
    CMRESC: str = f.flag("Given as rescue")
    CMREAS: str = f.code("Reason for stopping", codes.STOP_REASON)
    CMREAS_DEC: str = f.decode("CMREAS", codes.STOP_REASON)
    CMREASOTH: str = f.text("Other reason, specify")
    CMAENO: str = f.integer("Given for adverse event no.", 1, not_submitted=_AE_LINK)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("CMRA", "RA therapy (prior, background, rescue)")


class CM(EdcForm):
    """Other medication log."""

    CMTRT: str = f.text("Medication", required=True)
    CMINDC: str = f.text("Indication")
    CMDOSE: str = f.text("Dose")
    CMDOSU: str = f.text("Dose unit")
    CMDOSFRQ: str = f.code("Frequency", codes.FREQUENCY)
    CMDOSFRQ_DEC: str = f.decode("CMDOSFRQ", codes.FREQUENCY)
    CMFRQOTH: str = f.text("Other frequency, specify")
    CMROUTE: str = f.code("Route", codes.ROUTE)
    CMROUTE_DEC: str = f.decode("CMROUTE", codes.ROUTE)
    CMSTDAT: str = f.edc_date("Start date")
    CMENDAT: str = f.edc_date("End date")
    CMONGO: str = f.flag("Ongoing")
    CMAENO: str = f.integer("Given for adverse event no.", 1, not_submitted=_AE_LINK)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("CM", "Other medication log")


class EC(EdcForm):
    """Study infusion, on Day 1; a restarted infusion is the next repeat of the form."""

    ECYN: str = f.code("Infusion given", codes.YN)
    ECYN_DEC: str = f.decode("ECYN", codes.YN)
    ECREASN: str = f.text("Reason infusion not given")
    ECBAGNO: str = f.identifier("Bag number")
    ECSTDAT: str = f.edc_date("Start date of infusion")
    ECSTTIM: str = f.edc_time("Start time of infusion")
    ECENDAT: str = f.edc_date("End date of infusion")
    ECENTIM: str = f.edc_time("End time of infusion")
    ECWT: str = f.decimal("Dosing weight (kg)", "0")
    ECVOLPRP: str = f.decimal("Volume prepared (mL)", "0")
    ECVOL: str = f.decimal("Volume infused (mL)", "0")
    ECINTRP: str = f.code("Infusion interrupted", codes.YN)
    ECINTRP_DEC: str = f.decode("ECINTRP", codes.YN)
    ECADJ: str = f.text("Reason for interruption or change of rate")

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("EC", "Study infusion")
