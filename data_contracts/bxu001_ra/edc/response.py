"""Forms about disease activity: the two global scales, the EDC's indices, the rescue decision."""

from __future__ import annotations

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.edc.base import EdcForm, form
from data_contracts.bxu001_ra.edc.measurements import PERFORMED
from pipeline.contracts import fields as f


class PTGA(EdcForm):
    """Patient global assessment; a value outside the scale is a finding of the study's checks (dirt 18)."""

    PTGAPERF: str = f.code("Scale answered", codes.YN, owner="Investigator", not_submitted=PERFORMED)
    PTGAPERF_DEC: str = f.decode("PTGAPERF", codes.YN)
    PTGAREASND: str = f.text("Reason not answered", owner="Investigator")
    PTGADAT: str = f.edc_date("Date")
    PTGAVAS: str = f.decimal("Patient global, mark on the line")
    PTGAU: str = f.code("Unit of the line", codes.VAS_UNIT)
    PTGAU_DEC: str = f.decode("PTGAU", codes.VAS_UNIT)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("PTGA", "Patient global", owner="Subject")


class PHGA(EdcForm):
    """Physician global assessment by the masked assessor."""

    PHGAPERF: str = f.code("Scale answered", codes.YN, not_submitted=PERFORMED)
    PHGAPERF_DEC: str = f.decode("PHGAPERF", codes.YN)
    PHGAREASND: str = f.text("Reason not answered")
    PHGADAT: str = f.edc_date("Date")
    PHGAVAS: str = f.decimal("Physician global, mark on the line")
    PHGAU: str = f.code("Unit of the line", codes.VAS_UNIT)
    PHGAU_DEC: str = f.decode("PHGAU", codes.VAS_UNIT)
    PHGAASSR: str = f.identifier("Assessor", not_submitted="staff code")

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("PHGA", "Physician global")


class DAR(EdcForm):
    """Disease activity and response as the EDC calculated and showed it."""

    DARDAT: str = f.edc_date("Date")
    DAS28CRP: str = f.decimal("DAS28 with CRP")
    DAS28ESR: str = f.decimal("DAS28 with ESR")
    CDAI: str = f.decimal("CDAI")
    SDAI: str = f.decimal("SDAI")
    ACR20: str = f.code("ACR20 response", codes.YN_UNDETERMINED)
    ACR20_DEC: str = f.decode("ACR20", codes.YN_UNDETERMINED)
    ACR50: str = f.code("ACR50 response", codes.YN_UNDETERMINED)
    ACR50_DEC: str = f.decode("ACR50", codes.YN_UNDETERMINED)
    ACR70: str = f.code("ACR70 response", codes.YN_UNDETERMINED)
    ACR70_DEC: str = f.decode("ACR70", codes.YN_UNDETERMINED)
    EULCRP: str = f.code("EULAR response by DAS28 with CRP", codes.EULAR)
    EULCRP_DEC: str = f.decode("EULCRP", codes.EULAR)
    EULESR: str = f.code("EULAR response by DAS28 with ESR", codes.EULAR)
    EULESR_DEC: str = f.decode("EULESR", codes.EULAR)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("DAR", "Disease activity and response")


class RESC(EdcForm):
    """Rescue decision, at Weeks 12 and 14."""

    RESTJSJ: str = f.code("Both joint counts improved by 20 percent", codes.YN_UNDETERMINED)
    RESTJSJ_DEC: str = f.decode("RESTJSJ", codes.YN_UNDETERMINED)
    RESCUE: str = f.code(
        "Rescue decided",
        codes.YN,
        not_submitted="compared with medication; the rescue itself is in CM and SE",
    )
    RESCUE_DEC: str = f.decode("RESCUE", codes.YN)
    RESDAT: str = f.edc_date("Date of decision")

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("RESC", "Rescue decision")
