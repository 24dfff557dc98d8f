"""What every form of the EDC has in common: 14 audit columns, the file's name and the key RECORDID."""

from __future__ import annotations

from typing import Any

import pandera.polars as pa

from data_contracts.bxu001_ra import STUDY_NAMES, codes
from pipeline.contracts import fields as f
from pipeline.contracts.facts import Owner
from pipeline.contracts.model import source

RECORD_OF = (
    r"^([0-9]{3}-[0-9]{3})-"  # this EDC begins the id of a record with the subject that it was entered for
)
_VERSIONING = "which version of the record counts; not a collected value"


def form(
    name: str,
    title: str,
    *,
    owner: Owner = "Investigator",
    may_be_empty: bool = True,
    required: bool = True,
) -> dict[str, Any]:
    """Facts of form ``name``. Everybody has consent, demography and visits; other forms start empty."""
    return source(
        f"edc_{name.lower()}",
        f"edc/{name}.csv",
        title=title,
        owner=owner,
        key=("RECORDID",),
        study_names=STUDY_NAMES,
        may_be_empty=may_be_empty,
        required=required,
    )


class EdcForm(pa.DataFrameModel):
    """Audit columns (study design 4.1); written by the EDC system."""

    STUDYID: str = f.code("Study", STUDY_NAMES, required=True, owner="Sponsor")
    SITEID: str = f.site(required=True, owner="Sponsor")
    SUBJID: str = f.subject()
    VISITOID: str = f.code("Visit in the EDC", codes.VISITS, required=True, owner="Sponsor")
    VISITNAME: str = f.text(
        "Visit as printed",
        owner="Sponsor",
        not_submitted="the EDC's wording of VISITOID; VISIT has the planned name",
    )
    FORMOID: str = f.identifier(
        "Form", required=True, owner="Sponsor", not_submitted="same on every row of the file"
    )
    FORMREPEAT: str = f.integer("Repeat number of the form", 1, required=True, owner="Sponsor")
    ITEMGROUPREPEAT: str = f.integer(
        "Repeat number within the form",
        1,
        required=True,
        owner="Sponsor",
        not_submitted="RECORDID names the row",
    )
    RECORDID: str = f.identifier(
        "Record in the EDC",
        names_subject=RECORD_OF,
        required=True,
        owner="Sponsor",
        action="ask the EDC team the same day whose record it is; the row is in no dataset",
    )
    RECSTATUS: str = f.code(
        "Status of the record",
        codes.RECORD_STATUS,
        required=True,
        owner="Sponsor",
        not_submitted="deleted records are left out",
    )
    RECVERSION: str = f.integer(
        "Version of the record", 1, required=True, owner="Sponsor", not_submitted=_VERSIONING
    )
    CREATEDTS: str = f.timestamp("Record created", owner="Sponsor", not_submitted=_VERSIONING)
    MODIFIEDTS: str = f.timestamp(
        "Record last changed", required=True, owner="Sponsor", not_submitted=_VERSIONING
    )
    LOCKSTATUS: str = f.code(
        "Lock of the record", codes.LOCK_STATUS, owner="Sponsor", not_submitted="state of review, not a value"
    )

    class Config:
        """Forms declare their own facts."""

        metadata: dict[str, Any] | None = None
