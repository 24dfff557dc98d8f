"""The schedule of the trial (study design 1.3): visits, windows, and what is planned when."""

from __future__ import annotations

from datetime import date
from typing import Final

from data_contracts.bxu001_ra.simulation.arrays import day_number

VISITS: Final = ("SCR", "D1", "D2", "W1", "W2", "W4", "W8", "W12", "W14", "W24", "W36", "W52", "ET")
SCR, D1, D2, W1, W2, W4, W8, W12, W14, W24, W36, W52, ET = range(len(VISITS))
STUDY_DAY: Final = (0, 1, 2, 8, 15, 29, 57, 85, 99, 169, 253, 365, 0)
WINDOW: Final = (0, 0, 0, 2, 2, 3, 5, 5, 3, 7, 7, 7, 0)
UNSCHEDULED, LOG = "UNS", "LOG"
UNS: Final = len(VISITS)  # place of an unscheduled contact behind the planned visits

EFFICACY: Final = (SCR, D1, W4, W8, W12, W24, W36, W52, ET)
BASELINE_PLACE, WEEK12_PLACE, AFTER_RESCUE_PLACE = 1, 4, 5  # in EFFICACY
LABORATORY: Final = (SCR, D1, D2, W1, W2, W4, W8, W12, W24, W36, W52, ET)
COAGULATION: Final = (SCR, D1, D2, W1, W4, W12, W52)
URINALYSIS: Final = (SCR, D1, W4, W12, W52)
AUTOIMMUNITY: Final = (SCR, W12, W52)
WEIGHT: Final = (SCR, D1, W4, W12, W24, W52, ET)
URINE_HCG: Final = (D1, W4, W8, W12, W24, W36, W52, ET)
MAY_BE_MISSED: Final = (W1, W2, W8, W24, W36)

FIRST_CONSENT: Final = day_number(date(2026, 12, 1))
# First possible Day 1 and length in days of the two sequential recruitment periods; the last randomization
# falls before 2027-02-21, so that Week 52 of the last subject fits the registry's completion date.
RECRUITMENT: Final = ((day_number(date(2026, 12, 17)), 29), (day_number(date(2027, 1, 19)), 30))
# Study days on which no planned visit can fall: participation ends and unplanned contacts happen here.
GAPS: Final = ((39, 49), (109, 155), (189, 240), (269, 350))
