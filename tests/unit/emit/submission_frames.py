"""A few records of some datasets, as the domains hand them over: every variable, most of them null."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.emit.submitted import Submitted, submitted
from pipeline.specs.load import StudySpec, load_study

SPECS = Path(__file__).resolve().parents[3] / "sdtm_specs"
CUT = date(2027, 3, 1)
FACTS = {"build": "b-1", "delivery": "d-1"}


def datetime_of_cut() -> datetime:
    return datetime.combine(CUT, time())


def study() -> StudySpec:
    return load_study(SPECS, "bxu001_ra")


def records(dataset: str, *rows: dict[str, Any]) -> pl.LazyFrame:
    """Records with the variables of the specification; what a row does not name is null."""
    schema = {
        name: pl.Float64 if facts.type == "Num" else pl.String for name, _, facts in study().ordered(dataset)
    }
    assert not {name for row in rows for name in row} - set(schema)
    common = {"STUDYID": "BXU001-RA", "DOMAIN": dataset, "USUBJID": "BXU001-RA-101-001"}
    common = {name: value for name, value in common.items() if name in schema}
    filled = [{name: (common | row).get(name) for name in schema} for row in rows]
    return pl.DataFrame(filled, schema=schema).lazy()


def described(dataset: str, *rows: dict[str, Any]) -> Submitted:
    found = submitted(study(), dataset, records(dataset, *rows))
    assert found is not None
    return found


DM = {
    "SUBJID": "101-001",
    "RFICDTC": "2026-12-30",
    "SITEID": "101",
    "AGE": 54.0,
    "AGEU": "YEARS",
    "SEX": "F",
    "RACE": "MULTIPLE",
    "ARMCD": "MASKED",
    "ARM": "Masked",
    "ACTARMCD": "MASKED",
    "ACTARM": "Masked",
    "COUNTRY": "USA",
}
HEADACHE = {
    "AESEQ": 1.0,
    "AESPID": "R1",
    "AETERM": "HEADACHE",
    "AEDECOD": "Headache",
    "AELLTCD": 10019211.0,
    "AESER": "N",
    "AEREL": "NOT RELATED",
    "EPOCH": "TREATMENT",
    "AESTDTC": "2027-01-06T08:00",
    "AESTDY": 2.0,
}
RASH = {"AESEQ": 2.0, "AESPID": "R2", "AETERM": "RASH", "AESER": "Y", "AESTDTC": "2027-02-06"}
_DAY1 = {"VISITNUM": 1.0, "VISIT": "DAY 1"}
ALT = {
    **_DAY1,
    "LBSEQ": 1.0,
    "LBTESTCD": "ALT",
    "LBTEST": "Alanine Aminotransferase",
    "LBCAT": "CHEMISTRY",
    "LBSPEC": "SERUM",
    "LBORRES": "23",
    "LBORRESU": "IU/L",
    "LBSTRESC": "23",
    "LBSTRESN": 23.0,
    "LBSTRESU": "U/L",
    "LBLOINC": "1742-6",
    "LBDTC": "2027-01-05T09:00",
}
_GLUCOSE = {**_DAY1, "LBTESTCD": "GLUC", "LBTEST": "Glucose"}
SERUM_GLUCOSE = {
    **_GLUCOSE,
    "LBSEQ": 2.0,
    "LBSPEC": "SERUM",
    "LBORRES": "90.5",
    "LBORRESU": "mg/dL",
    "LBSTRESC": "5.02",
    "LBSTRESN": 5.02,
    "LBSTRESU": "mmol/L",
}
URINE_GLUCOSE = {**_GLUCOSE, "LBSEQ": 3.0, "LBSPEC": "URINE", "LBORRES": "NEG", "LBSTRESC": "NEGATIVE"}
DRESSING = {
    **_DAY1,
    "QSSEQ": 1.0,
    "QSTESTCD": "HAQ0101",
    "QSTEST": "HAQ01-Dress Yourself",
    "QSCAT": "HAQ-DI WITH VAS",
    "QSORRES": "WITH SOME DIFFICULTY",
    "QSSTRESC": "1",
    "QSSTRESN": 1.0,
    "QSEVLINT": "-P7D",
}
GLOBAL = {
    **_DAY1,
    "QSSEQ": 2.0,
    "QSTESTCD": "PTGA0101",
    "QSTEST": "PTGA01-Disease Activity",
    "QSCAT": "PATIENT GLOBAL ASSESSMENT VAS",
    "QSORRES": "55",
    "QSORRESU": "mm",
    "QSSTRESC": "55",
    "QSSTRESN": 55.0,
    "QSSTRESU": "mm",
}
CONSENT = {"DSSEQ": 1.0, "DSTERM": "INFORMED CONSENT OBTAINED", "DSDECOD": "INFORMED CONSENT OBTAINED"}
CONSENT |= {"DSCAT": "PROTOCOL MILESTONE", "DSSTDTC": "2026-12-30"}
COMPLETED = {"DSSEQ": 2.0, "DSTERM": "COMPLETED", "DSDECOD": "COMPLETED", "DSCAT": "DISPOSITION EVENT"}
EMERGENT = {"RDOMAIN": "AE", "IDVAR": "AESEQ", "IDVARVAL": "1", "QNAM": "AETRTEM"}
EMERGENT |= {"QLABEL": "Treatment Emergent Flag", "QVAL": "Y", "QORIG": "Derived"}


def package_records() -> dict[str, pl.LazyFrame]:
    return {
        "DM": records("DM", DM),
        "AE": records("AE", HEADACHE, RASH),
        "DS": records("DS", CONSENT, COMPLETED),
        "LB": records("LB", ALT, SERUM_GLUCOSE, URINE_GLUCOSE),
        "QS": records("QS", DRESSING, GLOBAL),
        "EX": records("EX"),
        "SUPPAE": records("SUPPAE", EMERGENT),
    }
