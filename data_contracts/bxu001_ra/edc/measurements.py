"""Forms of a visit: the visit itself, vital signs, laboratory collection, urine pregnancy test.

Plausibility of a measurement is judged by the study's checks; a contract only says what form a value has, and that no
measurement of a body lies below zero.
"""

from __future__ import annotations

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.edc.base import EdcForm, form
from pipeline.contracts import fields as f

PERFORMED = "decides between results, not done and no record"
_RECONCILED = "reconciled with the laboratory's file, whose values are submitted"


class SV(EdcForm):
    """Visit."""

    SVPERF: str = f.code("Visit took place", codes.YN, not_submitted=PERFORMED)
    SVPERF_DEC: str = f.decode("SVPERF", codes.YN)
    SVDAT: str = f.edc_date("Date of visit")
    SVENDAT: str = f.edc_date("Last date of visit")
    SVMODE: str = f.code("Way of contact", codes.VISIT_MODE)
    SVMODE_DEC: str = f.decode("SVMODE", codes.VISIT_MODE)
    SVREASND: str = f.text("Reason visit did not take place")
    SVUPDES: str = f.text("Reason for unplanned visit")

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("SV", "Visit", may_be_empty=False)


class VS(EdcForm):
    """Vital signs, at every visit; on Day 1 one row a time point."""

    VSPERF: str = f.code("Vital signs measured", codes.YN, not_submitted=PERFORMED)
    VSPERF_DEC: str = f.decode("VSPERF", codes.YN)
    VSREASND: str = f.text("Reason not measured")
    VSDAT: str = f.edc_date("Date")
    VSTPT: str = f.code("Time point", codes.TIME_POINT)
    VSTPT_DEC: str = f.decode("VSTPT", codes.TIME_POINT)
    VSTIM: str = f.edc_time("Time")
    SYSBP: str = f.decimal("Systolic blood pressure (mmHg)", "0")
    DIABP: str = f.decimal("Diastolic blood pressure (mmHg)", "0")
    PULSE: str = f.decimal("Pulse (beats/min)", "0")
    RESP: str = f.decimal("Respiratory rate (breaths/min)", "0")
    TEMP: str = f.decimal("Body temperature", "0")
    TEMPU: str = f.code("Unit of temperature", codes.TEMPERATURE_UNIT)
    TEMPU_DEC: str = f.decode("TEMPU", codes.TEMPERATURE_UNIT)
    OXYSAT: str = f.decimal("Oxygen saturation (%)", "0")
    VSPOS: str = f.code("Position", codes.POSITION)
    WEIGHT: str = f.decimal("Weight", "0")
    WEIGHTU: str = f.code("Unit of weight", codes.WEIGHT_UNIT)
    WEIGHTU_DEC: str = f.decode("WEIGHTU", codes.WEIGHT_UNIT)
    HEIGHT: str = f.decimal("Height", "0")
    HEIGHTU: str = f.code("Unit of height", codes.HEIGHT_UNIT)
    HEIGHTU_DEC: str = f.decode("HEIGHTU", codes.HEIGHT_UNIT)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("VS", "Vital signs")


class LBC(EdcForm):
    """Collection of samples for the central laboratory."""

    LBPERF: str = f.code("Samples collected", codes.YN, not_submitted=PERFORMED)
    LBPERF_DEC: str = f.decode("LBPERF", codes.YN)
    LBREASND: str = f.text("Reason not collected")
    LBDAT: str = f.edc_date("Date of collection", not_submitted=_RECONCILED)
    LBTIM: str = f.edc_time("Time of collection", not_submitted=_RECONCILED)
    ACCESSN: str = f.identifier("Accession number", not_submitted=_RECONCILED)
    LBFAST: str = f.code("Fasting", codes.YNU, not_submitted=_RECONCILED)
    LBFAST_DEC: str = f.decode("LBFAST", codes.YNU)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("LBC", "Central lab collection")


class UPT(EdcForm):
    """Urine pregnancy test at the site."""

    UPTYN: str = f.code("Test done", codes.YN, not_submitted=PERFORMED)
    UPTYN_DEC: str = f.decode("UPTYN", codes.YN)
    UPTDAT: str = f.edc_date("Date of test")
    UPTTIM: str = f.edc_time("Time of test")
    UPTRES: str = f.code("Result", codes.PREGNANCY_RESULT)
    UPTRES_DEC: str = f.decode("UPTRES", codes.PREGNANCY_RESULT)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("UPT", "Urine pregnancy test (local)")
