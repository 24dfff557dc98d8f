"""The coders' files; a code belongs to one version of one EDC record. Empty until something was coded."""

from __future__ import annotations

from typing import Any

import pandera.polars as pa

from data_contracts.bxu001_ra import codes
from pipeline.contracts import fields as f
from pipeline.contracts.model import source

_JOIN = "joins the code to the record it was given for"
_STATE = "only a coded term is submitted"
_VERSION = "named once for the study"
_DICTIONARY_CODE = "[0-9]{1,8}"  # MedDRA codes are numbers of 8 digits; invented ones may be shorter


def _coding(source_id: str, title: str, key: tuple[str, ...]) -> dict[str, Any]:
    return source(
        source_id,
        f"coding/{source_id}.csv",
        title=title,
        owner="Sponsor",
        key=key,
        study_column=None,
        subject_column=None,
        may_be_empty=True,
        cumulative=True,
    )


class MedDRA(pa.DataFrameModel):
    """Adverse events and medical history, all five levels of the hierarchy."""

    DICTVER: str = f.identifier("Dictionary version", required=True, not_submitted=_VERSION)
    SOURCE: str = f.code("Form coded", codes.CODED_FORM, required=True, not_submitted=_JOIN)
    RECORDID: str = f.identifier("Record coded", required=True, not_submitted=_JOIN)
    RECVERSION: str = f.integer("Version of the record coded", 1, required=True, not_submitted=_JOIN)
    VERBATIM: str = f.text("Verbatim term", not_submitted="the EDC's term is submitted")
    MODIFY: str = f.text("Term as modified for coding")
    LLT: str = f.text("Lowest level term")
    LLTCD: str = f.identifier("Lowest level term code", pattern=_DICTIONARY_CODE)
    PT: str = f.text("Preferred term")
    PTCD: str = f.identifier("Preferred term code", pattern=_DICTIONARY_CODE)
    HLT: str = f.text("High level term")
    HLTCD: str = f.identifier("High level term code", pattern=_DICTIONARY_CODE)
    HLGT: str = f.text("High level group term")
    HLGTCD: str = f.identifier("High level group term code", pattern=_DICTIONARY_CODE)
    SOC: str = f.text("System organ class")
    SOCCD: str = f.identifier("System organ class code", pattern=_DICTIONARY_CODE)
    STATUS: str = f.code("State of coding", codes.CODING_STATUS, required=True, not_submitted=_STATE)

    class Config:
        """Facts of the file."""

        metadata = _coding("coding_meddra", "MedDRA coding", ("SOURCE", "RECORDID", "RECVERSION"))


class WHODrug(pa.DataFrameModel):
    """Medication, with the four ATC levels."""

    DICTVER: str = f.identifier("Dictionary version", required=True, not_submitted=_VERSION)
    RECORDID: str = f.identifier("Record coded", required=True, not_submitted=_JOIN)
    RECVERSION: str = f.integer("Version of the record coded", 1, required=True, not_submitted=_JOIN)
    VERBATIM: str = f.text("Verbatim name", not_submitted="the EDC's name is submitted")
    MODIFY: str = f.text("Name as modified for coding")
    DRUGCODE: str = f.identifier("Drug code")
    PREFNAME: str = f.text("Preferred name")
    ATC1CD: str = f.identifier("ATC level 1 code")
    ATC1: str = f.text("ATC level 1")
    ATC2CD: str = f.identifier("ATC level 2 code")
    ATC2: str = f.text("ATC level 2")
    ATC3CD: str = f.identifier("ATC level 3 code")
    ATC3: str = f.text("ATC level 3")
    ATC4CD: str = f.identifier("ATC level 4 code")
    ATC4: str = f.text("ATC level 4")
    STATUS: str = f.code("State of coding", codes.CODING_STATUS, required=True, not_submitted=_STATE)

    class Config:
        """Facts of the file."""

        metadata = _coding("coding_whodrug", "WHODrug coding", ("RECORDID", "RECVERSION"))
