"""The EDC's nightly snapshot: one CSV file a form, one contract a form, in the order of section 4.1.

The order counts: unplanned contacts of one day are numbered in form order (1.3).
"""

from __future__ import annotations

from data_contracts.bxu001_ra.edc.disposition import DSEOS, DSTRT, DTH, UNB
from data_contracts.bxu001_ra.edc.events import AE, CO, DV
from data_contracts.bxu001_ra.edc.haq import HAQ
from data_contracts.bxu001_ra.edc.history import MH, MHPRE, MHRA, RACC
from data_contracts.bxu001_ra.edc.joints import JC28
from data_contracts.bxu001_ra.edc.measurements import LBC, SV, UPT, VS
from data_contracts.bxu001_ra.edc.medication import CM, CMRA, EC
from data_contracts.bxu001_ra.edc.response import DAR, PHGA, PTGA, RESC
from data_contracts.bxu001_ra.edc.subject import DM, DSIC, IE, RAND

SOURCES = (
    DM,
    DSIC,
    IE,
    RAND,
    MH,
    MHPRE,
    MHRA,
    RACC,
    CMRA,
    CM,
    VS,
    EC,
    JC28,
    PTGA,
    PHGA,
    HAQ,
    DAR,
    RESC,
    LBC,
    UPT,
    AE,
    SV,
    DSTRT,
    DSEOS,
    DTH,
    UNB,
    DV,
    CO,
)
