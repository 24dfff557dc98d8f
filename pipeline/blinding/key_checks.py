"""The key against the open assignments and the plan; anything that does not fit stops the unblinding.

The rules are those of the study design, 5.3.
"""

from __future__ import annotations

import hashlib

import polars as pl

from pipeline.blinding.modes import Mode
from pipeline.errors import Refused
from pipeline.specs.blinding import Blinding

_FIX = "nothing was unblinded; ask the randomization vendor"


def fingerprint(blinding: Blinding, key: pl.DataFrame) -> str:
    """SHA-256 of the key's lines ``subject,number,arm`` (LF after each), sorted by subject."""
    columns = blinding.key
    rows = key.select(columns.subject, columns.number, columns.arm).sort(columns.subject)
    lines = rows.select(pl.concat_str(pl.all(), separator=",", ignore_nulls=True)).to_series()
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def check_fingerprint(blinding: Blinding, delivered: pl.DataFrame) -> None:
    """Refused unless every row of the key, as delivered, tells the fingerprint of the whole list."""
    told = delivered[blinding.key.fingerprint].unique().to_list()
    if told != [fingerprint(blinding, delivered)]:
        raise Refused(blinding.key.source, "its sha256 does not match its rows", _FIX)


def check_key(
    blinding: Blinding,
    key: pl.DataFrame,
    assigned: pl.DataFrame,
    mode: Mode,
    schedule: pl.DataFrame | None = None,
) -> None:
    """Refused with the first contradiction of the typed ``key``; see ``key_problems``."""
    if found := key_problems(blinding, key, assigned, mode, schedule):
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise Refused(blinding.key.source, found[0] + more, _FIX)


def key_problems(
    blinding: Blinding,
    key: pl.DataFrame,
    assigned: pl.DataFrame,
    mode: Mode,
    schedule: pl.DataFrame | None = None,
) -> list[str]:
    """What is wrong with the key, in counts only; empty if it may be used.

    ``assigned`` holds the standing assignments, ``schedule`` the randomization list if it has been delivered. FINAL
    wants exactly the planned number of active and control subjects in every cohort, DSMB no more than that.
    """
    return [
        *_identity(blinding, key, assigned),
        *_arms(blinding, _joined(blinding, key, assigned), mode),
        *([] if schedule is None else _schedule(blinding, key, schedule)),
    ]


def _identity(blinding: Blinding, key: pl.DataFrame, assigned: pl.DataFrame) -> list[str]:
    own, other = blinding.key, blinding.assignment
    mine = key.select(subject=own.subject, number=own.number)
    theirs = assigned.select(subject=other.subject, number=other.number)
    problems = [
        f"{repeats} rows repeat a {what}"
        for what in ("subject", "number")
        if (repeats := mine.height - mine[what].n_unique())
    ]
    missing = theirs.join(mine, on="subject", how="anti").height
    extra = mine.join(theirs, on="subject", how="anti").height
    both = mine.join(theirs, on="subject", how="inner", suffix="_assigned")
    differing = both.filter(pl.col("number").ne_missing(pl.col("number_assigned"))).height
    problems += [f"{missing} randomized subjects are missing"] if missing else []
    problems += [f"{extra} subjects are not randomized"] if extra else []
    return problems + ([f"{differing} subjects have another randomization number"] if differing else [])


def _joined(blinding: Blinding, key: pl.DataFrame, assigned: pl.DataFrame) -> pl.DataFrame:
    """Cohort and arm of every subject that key and assignments have in common."""
    own, other = blinding.key, blinding.assignment
    cohorts = assigned.select(subject=other.subject, cohort=other.cohort)
    return key.select(subject=own.subject, arm=own.arm).join(cohorts, on="subject", how="inner")


def _arms(blinding: Blinding, subjects: pl.DataFrame, mode: Mode) -> list[str]:
    known = [arm.code for arm in blinding.arms]
    planned = pl.DataFrame(
        [(arm.code, cohort) for arm in blinding.arms for cohort in arm.cohorts],
        schema={"arm": pl.String, "cohort": pl.String},
        orient="row",
    )
    problems = []
    if unknown := subjects.filter(~pl.col("arm").is_in(known)).height:
        problems.append(f"{unknown} subjects have an arm that the trial design does not have")
    wrong = subjects.filter(pl.col("arm").is_in(known)).join(planned, on=["arm", "cohort"], how="anti").height
    if wrong:
        rule = blinding.rules.cohort_dose
        problems.append(f"{rule}: {wrong} subjects have a dose that does not belong to their cohort")
    return problems + _sizes(blinding, subjects, mode)


def _sizes(blinding: Blinding, subjects: pl.DataFrame, mode: Mode) -> list[str]:
    controls = [arm.code for arm in blinding.arms if arm.control]
    problems = []
    for size in blinding.cohorts:
        members = subjects.filter(pl.col("cohort") == size.cohort)
        control = members.filter(pl.col("arm").is_in(controls)).height
        active = members.height - control
        full = (active, control) == (size.active, size.control)
        within = active <= size.active and control <= size.control
        if not (full if mode.complete else within):
            wanted = (
                f"{size.active}:{size.control}" if mode.complete else f"at most {size.active}:{size.control}"
            )
            told = f"cohort {size.cohort} has {active}:{control} active to control subjects"
            problems.append(f"{blinding.rules.cohort_sizes}: {told} instead of {wanted}")
    return problems


def _schedule(blinding: Blinding, key: pl.DataFrame, schedule: pl.DataFrame) -> list[str]:
    own, plan = blinding.key, blinding.schedule
    drawn = schedule.select(number=plan.number, planned=plan.arm)
    joined = key.select(number=own.number, arm=own.arm).join(drawn, on="number", how="left")
    differing = joined.filter(pl.col("planned").ne_missing(pl.col("arm"))).height
    return [f"{differing} subjects have another arm than in the randomization list"] if differing else []
