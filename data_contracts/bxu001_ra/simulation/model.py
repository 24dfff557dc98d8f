"""The study model that the simulator's engine runs: every source of one night."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from data_contracts.bxu001_ra.simulation import (
    assessments,
    coding,
    disposition,
    events,
    medication,
    patterns,
    responses,
    screening,
    visit_forms,
)  # fmt: skip
from data_contracts.bxu001_ra.simulation.arrays import DAY, day_number
from data_contracts.bxu001_ra.simulation.defects import KINDS
from data_contracts.bxu001_ra.simulation.edc import form_table
from data_contracts.bxu001_ra.simulation.lab_file import lab_file
from data_contracts.bxu001_ra.simulation.supply import supply_tables
from data_contracts.bxu001_ra.simulation.trial import Trial, grown
from pipeline.simulate import DefectKind, FileForm, Generated, Streams, Tables

_SUPPLY_FILES = {
    "rtsm_assign": "rtsm/rtsm_assign.csv",
    "rtsm_sites": "rtsm/site_master.csv",
    "rtsm_schedule": "rtsm_schedule.csv",
    "rtsm_product_release": "product_release.csv",
    "rtsm_unblinding_key": "unblinding_key.csv",
    "rtsm_emergency_unblind": "emergency_unblind.csv",
}


@dataclass(frozen=True)
class Bxu001Ra:
    """One single-dose trial in rheumatoid arthritis: two cohorts, 3:1, 52 weeks after the infusion."""

    defects: Mapping[str, DefectKind]

    def by_chance(self, tables: Tables) -> pl.DataFrame:
        """Quantities that tell the control by chance: one trial in a hundred has one for each quantity."""
        return patterns.by_chance(tables)

    def generate(self, streams: Streams, subjects: int, as_of: date) -> Generated:
        """All sources of the night of ``as_of``; the trial itself depends on seed and size only."""
        return deliveries(grown(streams, subjects), as_of)


def deliveries(trial: Trial, as_of: date) -> Generated:
    """What all senders deliver about ``trial`` in the night of ``as_of``."""
    forms = {
        form: form_table(form, records, trial.people, trial.course.end, as_of)
        for form, records in _forms(trial, as_of).items()
    }
    tables: Tables = {f"edc_{form.lower()}": table for form, table in forms.items()}
    tables["lab_results"] = lab_file(trial.streams, trial.people, trial.course, trial.values, as_of)
    tables |= supply_tables(trial, as_of)
    tables["coding_meddra"] = coding.event_coding(forms["AE"], forms["MH"], forms["MHRA"])
    tables["coding_whodrug"] = coding.drug_coding(forms["CMRA"], forms["CM"])
    return Generated(tables, _files(forms, as_of))


def _files(forms: Mapping[str, pl.DataFrame], as_of: date) -> dict[str, FileForm]:
    lab = f"lab/BXU001-RA_LAB_{as_of:%Y%m%d}_001.txt"
    return {
        **{f"edc_{form.lower()}": FileForm(f"edc/{form}.csv") for form in forms},
        **{source: FileForm(name) for source, name in _SUPPLY_FILES.items()},
        **{source: FileForm(f"coding/{source}.csv") for source in ("coding_meddra", "coding_whodrug")},
        "lab_results": FileForm(lab, line_end="\r\n", quoted=False),
    }


def _forms(trial: Trial, as_of: date) -> dict[str, pl.DataFrame]:
    """Records of every form of the EDC, from the first to the last of the trial."""
    until = (day_number(as_of) + 1) * DAY - 1
    happened = events.adverse_events(trial)
    event_records = events.event_form(happened)
    return {
        "DM": screening.demographics(trial),
        "DSIC": screening.consent(trial),
        "IE": screening.eligibility(trial),
        "RAND": screening.randomization(trial),
        "MH": screening.medical_history(trial),
        "MHPRE": screening.conditions(trial),
        "MHRA": screening.ra_history(trial),
        "RACC": screening.classification(trial),
        "CMRA": medication.ra_therapy(trial),
        "CM": medication.other_medication(trial, happened),
        "VS": visit_forms.vital_signs(trial),
        "EC": visit_forms.infusion(trial),
        "JC28": assessments.joint_assessment(trial),
        "PTGA": assessments.patient_global(trial),
        "PHGA": assessments.physician_global(trial),
        "HAQ": assessments.questionnaire(trial),
        "DAR": responses.disease_activity(trial, until),
        "RESC": responses.rescue_decision(trial),
        "LBC": visit_forms.laboratory_collection(trial),
        "UPT": visit_forms.pregnancy_test(trial),
        "AE": event_records,
        "SV": visit_forms.visits(trial),
        "DSTRT": disposition.end_of_treatment(trial, happened),
        "DSEOS": disposition.end_of_study(trial, happened),
        "DTH": disposition.death(trial, happened),
        "UNB": disposition.emergency_unblinding(trial),
        "DV": disposition.deviations(trial),
        "CO": disposition.comments(trial, happened, event_records),
    }


BXU001_RA = Bxu001Ra(KINDS)
