"""Components of a visit that were assessed long before or after its joints (BX-RS-04)."""

from __future__ import annotations

import polars as pl

from pipeline.derive.iso8601 import date_part
from pipeline.domains.components import HAQ, JOINTS, KEYS, REACTANTS, SCALES
from pipeline.domains.records import Inputs
from pipeline.domains.score_roles import scores_of
from pipeline.findings import FINDING, Severity, as_findings


def far_components(inputs: Inputs) -> pl.DataFrame:
    """One finding a visit and component, at the first source row of an index or response of that visit.

    The scores are computed all the same; dates that are not complete cannot be judged.
    """
    roles = scores_of(inputs)
    found = inputs.derived("components").collect()
    joint_day = date_part(pl.col(f"{JOINTS}_dtc"))
    frames = [FINDING.to_frame()]
    for part, test in _tests(inputs).items():
        days = (date_part(pl.col(f"{part}_dtc")) - joint_day).dt.total_days().abs()
        far = found.filter(
            pl.col(part).is_not_null() & pl.col("tjc").is_not_null() & (days > roles.days_apart)
        )
        placed = far.select(KEYS).join(_first_rows(inputs), on=KEYS, how="inner", maintain_order="left")
        frames.append(
            as_findings(
                placed.select("source", "line", subject="SUBJID"),
                rule="BX-RS-04",
                severity=str(Severity.WARN),
                variable=test,
                message=f"{test} was assessed more than {roles.days_apart} days from the joints of the visit",
                action="confirm that the component belongs to the visit",
                quarantined=False,
            )
        )
    return pl.concat(frames)


def _tests(inputs: Inputs) -> dict[str, str]:
    """Part of a visit -> how the finding calls it."""
    roles = scores_of(inputs)
    measured = {part: getattr(roles, role).test for part, role in SCALES.items()}
    return measured | {HAQ: "HAQ-DI"} | {part: getattr(roles, part).test for part in REACTANTS}


def _first_rows(inputs: Inputs) -> pl.DataFrame:
    """Keys, SUBJID, source and line of the first record of each visit that holds an index or response."""
    roles = scores_of(inputs)
    prefix = roles.dataset
    tests = [*roles.indices.model_dump().values(), *roles.responses.model_dump().values()]
    links = inputs.links(prefix).select("source", "line", USUBJID="subject", _seq="seq")
    records = (
        inputs.records(prefix)
        .filter(pl.col(f"{prefix}TESTCD").is_in(tests))
        .select(*KEYS, _seq=pl.col(f"{prefix}SEQ").cast(pl.Int64))
        .join(links, on=["USUBJID", "_seq"], how="inner")
        .sort(*KEYS, "_seq", "source", "line")
        .unique(KEYS, keep="first", maintain_order=True)
    )
    people = inputs.derived("subjects").select("USUBJID", "SUBJID")
    return records.join(people, on="USUBJID", how="left", maintain_order="left").collect()
