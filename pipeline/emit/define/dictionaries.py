"""External dictionaries that define.xml names: from which of them a value comes, and in which version."""

from __future__ import annotations

from pipeline.emit.define.list_use import ListUse, slug
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec

# Dictionaries as the Define-XML terminology (C66788) and specification spell them, and where the study states
# the version.
DICTIONARIES = {
    "MedDRA": ("MedDRA", "meddra"),
    "WHODrug": ("WHODD", "whodrug"),
    "CTCAE": ("CTCAE", "ctcae"),
    "LOINC": ("LOINC", ""),
    "SNOMED": ("SNOMED", ""),
    "UNII": ("UNII", ""),
    "MED-RT": ("MED-RT", ""),
    "GENC": ("GENC", ""),
    "ClinicalTrials.gov": ("ClinicalTrials.gov", ""),
    "D-U-N-S NUMBER": ("D-U-N-S NUMBER", ""),
}


def dictionary_list(spec: StudySpec, dictionary: str, datatype: str) -> ListUse:
    """The external dictionary; texts and codes of one dictionary are two lists because their type differs."""
    if dictionary not in DICTIONARIES:
        fix = f"use one of {', '.join(DICTIONARIES)}"
        raise BuildFailed(dictionary, "is not a dictionary of Define-XML", fix)
    name, version_field = DICTIONARIES[dictionary]
    version = getattr(spec.study.standards, version_field) if version_field else _version(spec, name)
    suffix = "" if datatype == "text" else f".{datatype.upper()}"
    title = f"{name} ({datatype})" if suffix else name
    return ListUse(f"CL.{slug(name).upper()}{suffix}", title, dictionary=(name, version))


def _version(spec: StudySpec, dictionary: str) -> str | None:
    """The version that the trial summary states for the dictionary; None if it states none, or several."""
    tables = [spec.table(each.table) for each in spec.datasets.values() if each.table]
    stated = {
        version
        for table in tables
        if {"TSVCDREF", "TSVCDVER"} <= set(table.columns)
        for reference, version in table.select("TSVCDREF", "TSVCDVER").drop_nulls().iter_rows()
        if reference == dictionary
    }
    return stated.pop() if len(stated) == 1 else None
