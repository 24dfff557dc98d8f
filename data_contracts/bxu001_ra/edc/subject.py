"""Forms about the subject: demographics, consent, eligibility, randomization."""

from __future__ import annotations

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.edc.base import EdcForm, form
from pipeline.contracts import fields as f


class DM(EdcForm):
    """Demographics, at screening."""

    BRTHDAT: str = f.edc_date("Date of birth")
    AGE: str = f.integer("Age at consent", 0)
    AGEU: str = f.code("Unit of age", ("YEARS",))
    SEX: str = f.code("Sex", codes.SEX)
    SEX_DEC: str = f.decode("SEX", codes.SEX)
    RACE_AIAN: str = f.flag(f"Race: {codes.RACES['AIAN']}")
    RACE_ASIAN: str = f.flag(f"Race: {codes.RACES['ASIAN']}")
    RACE_BLACK: str = f.flag(f"Race: {codes.RACES['BLACK']}")
    RACE_NHPI: str = f.flag(f"Race: {codes.RACES['NHPI']}")
    RACE_WHITE: str = f.flag(f"Race: {codes.RACES['WHITE']}")
    RACE_OTHER: str = f.flag(f"Race: {codes.RACES['OTHER']}")
    RACE_UNK: str = f.flag(f"Race: {codes.RACES['UNK']}")
    RACEOTH: str = f.text("Other race, specify")
    ETHNIC: str = f.code("Ethnicity", codes.ETHNIC)
    ETHNIC_DEC: str = f.decode("ETHNIC", codes.ETHNIC)
    CHILDPOT: str = f.code("Child-bearing potential", codes.CHILDBEARING)
    CHILDPOT_DEC: str = f.decode("CHILDPOT", codes.CHILDBEARING)
    DMDAT: str = f.edc_date("Date of demographics")

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("DM", "Demographics", may_be_empty=False)


class DSIC(EdcForm):
    """Informed consent, at screening."""

    ICDAT: str = f.edc_date("Date of informed consent")
    ICTIM: str = f.edc_time("Time of informed consent")
    ICVERS: str = f.text("Version of the consent form", not_submitted="consent log of the sponsor")
    ICWITHDAT: str = f.edc_date(
        "Date consent was withdrawn",
        not_submitted="consent log; the withdrawal comes from the end-of-study form",
    )

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("DSIC", "Informed consent", may_be_empty=False)


class IE(EdcForm):
    """Eligibility, at screening and Day 1; one row a criterion that is not met."""

    IEYN: str = f.code(
        "All criteria met",
        codes.YN,
        not_submitted="compared with the criteria; only criteria not met are submitted",
    )
    IEYN_DEC: str = f.decode("IEYN", codes.YN)
    IEDAT: str = f.edc_date("Date of eligibility assessment")
    IETESTCD: str = f.code("Criterion not met", codes.CRITERIA)
    IETESTCD_DEC: str = f.decode("IETESTCD", codes.CRITERIA)

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("IE", "Eligibility")


class RAND(EdcForm):
    """Randomization, on Day 1."""

    RANDYN: str = f.code("Randomized", codes.YN, not_submitted="decides whether there is a record")
    RANDYN_DEC: str = f.decode("RANDYN", codes.YN)
    RANDDAT: str = f.edc_date("Date of randomization")
    RANDTIM: str = f.edc_time("Time of randomization")
    RANDNO: str = f.identifier(
        "Randomization number", not_submitted="compared with the randomization system, which is the source"
    )

    class Config(EdcForm.Config):
        """Facts of the form."""

        metadata = form("RAND", "Randomization")
