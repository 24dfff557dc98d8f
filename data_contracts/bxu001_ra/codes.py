"""Codes of the study's coded lists with the texts that the EDC prints beside them (study design 4.1).

Key: the code in column ``X``; value: the text in column ``X_DEC``. The simulated deliveries print the same
texts.
"""

from __future__ import annotations

from typing import Final

Codes = dict[str, str]

YN: Final[Codes] = {"Y": "Yes", "N": "No"}
YNU: Final[Codes] = {"Y": "Yes", "N": "No", "U": "Unknown"}
YN_UNDETERMINED: Final[Codes] = {"Y": "Yes", "N": "No", "U": "Undetermined"}

# audit columns
VISITS: Final[Codes] = {
    "SCR": "Screening",
    "D1": "Day 1",
    "D2": "Day 2",
    "W1": "Week 1",
    "W2": "Week 2",
    "W4": "Week 4",
    "W8": "Week 8",
    "W12": "Week 12",
    "W14": "Week 14",
    "W24": "Week 24",
    "W36": "Week 36",
    "W52": "Week 52",
    "ET": "Early termination",
    "UNS": "Unscheduled",
    "LOG": "Log",
}
RECORD_STATUS: Final = ("ACTIVE", "DELETED")
LOCK_STATUS: Final = ("OPEN", "FROZEN", "LOCKED", "SIGNED")

# subject
SEX: Final[Codes] = {"M": "Male", "F": "Female", "U": "Unknown"}
ETHNIC: Final[Codes] = {
    "H": "Hispanic or Latino",
    "NH": "Not Hispanic or Latino",
    "NR": "Not reported",
    "UNK": "Unknown",
}
CHILDBEARING: Final[Codes] = {"Y": "Yes", "N": "No", "NA": "Not applicable"}
RACES: Final[Codes] = {
    "AIAN": "American Indian or Alaska Native",
    "ASIAN": "Asian",
    "BLACK": "Black or African American",
    "NHPI": "Native Hawaiian or other Pacific Islander",
    "WHITE": "White",
    "OTHER": "Other",
    "UNK": "Unknown",
}
CRITERIA: Final[Codes] = {f"INCL{n:02}": f"Inclusion criterion {n}" for n in range(1, 13)} | {
    f"EXCL{n:02}": f"Exclusion criterion {n}" for n in range(1, 19)
}

# history and medication
CONDITIONS: Final[Codes] = {
    "TIA": "Transient ischemic attack",
    "STROKE": "Stroke",
    "COPD": "Chronic obstructive pulmonary disease",
    "NYHA34": "Heart failure NYHA class III or IV",
    "MALIG": "Malignancy",
    "TB": "Tuberculosis",
    "HEPB": "Hepatitis B",
    "HEPC": "Hepatitis C",
    "HIV": "HIV infection",
    "BLDALLERGY": "Allergy to blood products",
    "EXTRAART": "Extra-articular disease",
}
RA_CLASS: Final[Codes] = {
    "CSDMARD": "Conventional synthetic DMARD",
    "TNFI": "TNF inhibitor",
    "OBDMARD": "Other biological DMARD",
    "TSDMARD": "Targeted synthetic DMARD",
    "CS": "Corticosteroid",
    "NSAID": "NSAID",
    "AN": "Analgesic",
}
FREQUENCY: Final[Codes] = {
    "QD": "Once daily",
    "BID": "Twice daily",
    "TID": "Three times daily",
    "QW": "Once weekly",
    "Q2W": "Every 2 weeks",
    "PRN": "As needed",
    "OTH": "Other",
}
ROUTE: Final[Codes] = {
    "PO": "Oral",
    "SC": "Subcutaneous",
    "IM": "Intramuscular",
    "IV": "Intravenous",
    "IA": "Intra-articular",
}
STOP_REASON: Final[Codes] = {"IR": "Inadequate response", "INTOL": "Intolerance", "OTH": "Other"}

# visits and measurements
VISIT_MODE: Final[Codes] = {"CLINIC": "Clinic visit", "PHONE": "Telephone", "VIDEO": "Video call"}
TIME_POINT: Final[Codes] = {
    "PRE": "Before infusion",
    "15": "15 minutes",
    "30": "30 minutes",
    "60": "60 minutes",
    "120": "120 minutes",
    "240": "240 minutes",
}
TEMPERATURE_UNIT: Final[Codes] = {"C": "Celsius", "F": "Fahrenheit"}
WEIGHT_UNIT: Final[Codes] = {"kg": "Kilogram", "lb": "Pound"}
HEIGHT_UNIT: Final[Codes] = {"cm": "Centimeter", "in": "Inch"}
VAS_UNIT: Final[Codes] = {"mm": "Millimeter", "cm": "Centimeter"}
POSITION: Final = ("SITTING", "SUPINE", "STANDING")
PREGNANCY_RESULT: Final[Codes] = {"POS": "Positive", "NEG": "Negative", "INV": "Invalid"}
JOINT_ITEM: Final = ("0", "1", "NE")
EULAR: Final[Codes] = {
    "G": "Good response",
    "M": "Moderate response",
    "N": "No response",
    "U": "Undetermined",
}

# events
GRADE: Final[Codes] = {
    "1": "Grade 1",
    "2": "Grade 2",
    "3": "Grade 3",
    "4": "Grade 4",
    "5": "Grade 5",
}
CAUSALITY: Final[Codes] = {
    "NR": "Not related",
    "UL": "Unlikely related",
    "PO": "Possibly related",
    "RE": "Related",
}
ACTION_TAKEN: Final[Codes] = {
    "NA": "Not applicable",
    "NC": "Dose not changed",
    "INT": "Infusion interrupted",
    "WD": "Infusion withdrawn",
}
OUTCOME: Final[Codes] = {
    "RR": "Recovered",
    "RS": "Recovered with sequelae",
    "RG": "Recovering",
    "NR": "Not recovered",
    "FA": "Fatal",
    "UK": "Unknown",
}
DEVIATION: Final[Codes] = {"MAJOR": "Major", "MINOR": "Minor"}

# The submission values of codelist C66727 (CDISC SDTM CT 2025-03-28) that this trial can need.
END_REASON: Final[Codes] = {
    code: code.capitalize()
    for code in (
        "COMPLETED",
        "ADVERSE EVENT",
        "DEATH",
        "FAILURE TO MEET RANDOMIZATION CRITERIA",
        "LACK OF EFFICACY",
        "LOGISTICAL PROBLEM",
        "LOST TO FOLLOW-UP",
        "NEVER DOSED",
        "NON-COMPLIANCE",
        "NON-COMPLIANCE WITH STUDY SCHEDULE",
        "PHYSICIAN DECISION",
        "PREGNANCY",
        "PROTOCOL DEVIATION",
        "PROTOCOL-SPECIFIED WITHDRAWAL CRITERION MET",
        "RANDOMIZED BY MISTAKE",
        "REQUIRES PROHIBITED MEDICATION",
        "SCREEN FAILURE",
        "SCREENING NOT COMPLETED",
        "SERIOUS ADVERSE EVENT",
        "SITE TERMINATED BY SPONSOR",
        "SPONSOR REQUEST",
        "STUDY TERMINATED BY SPONSOR",
        "TECHNICAL PROBLEMS",
        "WITHDRAWAL BY SUBJECT",
        "WITHDRAWAL OF CONSENT",
    )
}

# central laboratory
LAB_SEX: Final = ("M", "F")
LAB_PANEL: Final = ("HEM", "CHEM", "COAG", "UA", "SERO", "AUTOIMM", "PREG", "HLA")
LAB_SPECIMEN: Final = ("SER", "PLAS", "BLD", "UR")
LAB_RANGE_FLAG: Final = ("H", "L", "HH", "LL", "A", "N")
LAB_RESULT_STATUS: Final = ("F", "P", "C", "X")
LAB_FASTING: Final = ("Y", "N", "U")

# randomization, supply and coding
COHORT: Final = ("1", "2")
ASSIGNMENT_STATUS: Final = ("ASSIGNED", "CANCELLED")
ARM: Final = ("BXU075", "BXU150", "PBO", "PBO_C1", "PBO_C2")  # the last two with arms.split_placebo
CODED_FORM: Final = ("AE", "MH")
CODING_STATUS: Final = ("CODED", "PENDING", "QUERY")
