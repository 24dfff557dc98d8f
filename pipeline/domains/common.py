"""The steps that every subject-level dataset takes after its own: identity, visit, study day, epoch, baseline, number.

Each step fills the variables of its kind that the specification lists as derived, by their SDTM names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from pipeline.derive.baseline import with_last_before_exposure
from pipeline.derive.timing import BEFORE_INFUSION, study_day, with_epoch
from pipeline.domains.mapping import JOINED, Mapped
from pipeline.domains.records import LINE, LINK, SET_ASIDE, SOURCE, SUBJECT, Built, Fate, Inputs, Tie, stacked
from pipeline.domains.subjects import ROW_OF
from pipeline.domains.withheld import strangers
from pipeline.specs.models import Dataset

OID, REPEAT, CONTACT = "_oid", "_repeat", "_contact"
PRE_DOSE = "PRE-DOSE"
_FINDINGS = "FINDINGS"


@dataclass
class Workpiece:
    """Records on their way, the dataset they are for, and the rows that left the way."""

    inputs: Inputs
    dataset: Dataset
    rows: pl.DataFrame
    aside: list[pl.DataFrame] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        """The two letters of the dataset's variables."""
        return self.dataset.dataset

    def has(self, variable: str) -> bool:
        """Whether the dataset's specification lists ``variable``."""
        return variable in self.dataset.variables

    def quarantine(self, bad: pl.Expr, rule: str, reason: str) -> None:
        """Takes the records for which ``bad`` is true out, and says so for the source rows they came from."""
        out = self.rows.filter(bad)
        self.rows = self.rows.filter(~bad)
        self.aside.append(
            out.select(
                source=pl.col(SOURCE),
                line=pl.col(LINE).cast(pl.UInt32),
                fate=pl.lit(str(Fate.QUARANTINED)),
                rule=pl.lit(f"{self.prefix}.{rule}"),
                reason=pl.lit(reason),
            )
        )

    def quarantine_strangers(self, subject: str) -> None:
        """Takes the records without USUBJID out; column ``subject`` says whose they are."""
        lost = pl.col("USUBJID").is_null()
        self.aside.append(strangers(self.inputs, self.rows.filter(lost), f"{self.prefix}.subject", subject))
        self.rows = self.rows.filter(~lost)


def finished(inputs: Inputs, dataset: Dataset, found: Mapped) -> Built:
    """The dataset's records in key order with every common variable filled, ready for the gate."""
    work = Workpiece(inputs, dataset, found.rows.collect(), [found.set_aside])
    with_subject(work)
    if work.has("VISITNUM"):
        with_visit(work)
    with_study_days(work)
    with_epochs(work)
    if work.has(f"{work.prefix}LOBXFL"):
        with_baseline(work)
    return numbered(work)


def with_subject(work: Workpiece) -> None:
    """Adds identifiers and the reference moments; a subject that is not on the roster is quarantined."""
    people = work.inputs.derived("subjects").select(pl.exclude(f"^.*{ROW_OF}$")).collect()
    study = work.inputs.spec.study
    joined = work.rows.join(people, left_on=SUBJECT, right_on="SUBJID", how="left", maintain_order="left")
    constants = {"STUDYID": study.study, "DOMAIN": work.dataset.dataset}
    work.rows = joined.with_columns(
        pl.lit(text).alias(name) for name, text in constants.items() if work.has(name)
    )
    work.rows = work.rows.with_columns(pl.col("RFXSTDTC").alias("_reference"))
    work.quarantine_strangers(SUBJECT)


def with_visit(work: Workpiece) -> None:
    """VISITNUM, VISIT and VISITDY from the visit the source row names; an unknown visit is quarantined."""
    known = work.inputs.derived("visits").select(
        "SUBJID", "oid", "repeat", "contact_date", "VISITNUM", "VISIT", "VISITDY"
    )
    visits = known.collect().rename({"SUBJID": SUBJECT, "oid": OID})
    rows = work.rows.drop("VISITNUM", "VISIT", "VISITDY", strict=False)
    unscheduled = work.inputs.spec.study.reference.unscheduled
    planned = visits.filter(pl.col(OID) != unscheduled).drop("repeat", "contact_date")
    by_form = visits.filter((pl.col(OID) == unscheduled) & pl.col("repeat").is_not_null()).drop(
        "contact_date", OID
    )
    by_day = (
        visits.filter(pl.col(OID) == unscheduled)
        .drop("repeat", OID)
        .unique([SUBJECT, "contact_date"], keep="first")
    )
    if CONTACT not in rows.columns:
        rows = rows.with_columns(pl.lit(None, dtype=pl.String).alias(CONTACT))
    loose = pl.col(OID) == unscheduled
    parts = [
        rows.filter(~loose | pl.col(OID).is_null()).join(planned, on=[SUBJECT, OID], how="left"),
        rows.filter(loose & pl.col(REPEAT).is_not_null()).join(
            by_form, left_on=[SUBJECT, REPEAT], right_on=[SUBJECT, "repeat"], how="left"
        ),
        rows.filter(loose & pl.col(REPEAT).is_null()).join(
            by_day, left_on=[SUBJECT, CONTACT], right_on=[SUBJECT, "contact_date"], how="left"
        ),
    ]
    work.rows = pl.concat([part.select(parts[0].columns) for part in parts])
    work.quarantine(
        pl.col("VISITNUM").is_null(), "visit", "the visit is not in the schedule, or the contact has no date"
    )


def with_study_days(work: Workpiece) -> None:
    """Every --DY, --STDY and --ENDY from its date and RFSTDTC (rule R6)."""
    days = {name: f"{name.removesuffix('DY')}DTC" for name in work.dataset.variables if name.endswith("DY")}
    work.rows = work.rows.with_columns(
        study_day(pl.col(date), pl.col("_reference")).cast(pl.Float64).alias(name)
        for name, date in days.items()
        if name != "VISITDY" and date in work.rows.columns
    )


def with_epochs(work: Workpiece) -> None:
    """EPOCH from the element that holds the record's date; planned pre-dose findings of the infusion day are
    screening. Null in an element of which nobody knows where it ends."""
    if not work.has("EPOCH"):
        return
    date = next(name for name in (f"{work.prefix}STDTC", f"{work.prefix}DTC") if work.has(name))
    if BEFORE_INFUSION not in work.rows.columns:
        work.rows = work.rows.with_columns(_pre_dose(work).alias(BEFORE_INFUSION))
    elements = work.inputs.derived("elements").with_columns(EPOCH=pl.when(~pl.col("_unsure")).then("EPOCH"))
    work.rows = with_epoch(work.rows, elements.collect(), dtc=date)


def _pre_dose(work: Workpiece) -> pl.Expr:
    if work.dataset.class_ != _FINDINGS or not work.has("VISITNUM"):
        return pl.lit(value=False)
    timepoint = f"{work.prefix}TPT"
    planned = (
        pl.col(timepoint).is_null() | (pl.col(timepoint) == PRE_DOSE)
        if work.has(timepoint)
        else pl.lit(value=True)
    )
    return (pl.col("VISITDY") == 1).fill_null(value=False) & planned


def with_baseline(work: Workpiece) -> None:
    """--LOBXFL on the last usable record before exposure, one per subject and test (rule R9)."""
    prefix = work.prefix
    ties = ["VISITNUM", *(name for name in ("_revision",) if name in work.rows.columns), SOURCE, LINE]
    work.rows = with_last_before_exposure(
        work.rows,
        keys=["USUBJID", *work.dataset.baseline_keys],
        result=f"{prefix}STRESC",
        status=f"{prefix}STAT",
        dtc=f"{prefix}DTC",
        reference="_reference",
        pre_dose_day1=_pre_dose(work),
        ties=ties,
        flag=f"{prefix}LOBXFL",
    )
    if "_baseline" in work.rows.columns:
        kept = pl.col("_baseline").ne_missing("no")
        work.rows = work.rows.with_columns(pl.when(kept).then(f"{prefix}LOBXFL").alias(f"{prefix}LOBXFL"))


def numbered(work: Workpiece) -> Built:
    """Records in the order of the dataset's key with --SEQ, and the links from each record to its source rows.

    Equal keys keep a total order by source and line, so that the same input always gives the same numbers (rule R4).
    """
    order = [*(key for key in work.dataset.keys if key in work.rows.columns), SOURCE, LINE]
    rows = work.rows.sort(order, nulls_last=False, maintain_order=True)
    seq = pl.int_range(1, pl.len() + 1).over("USUBJID")
    rows = rows.with_columns(_seq=seq)
    if work.has(f"{work.prefix}SEQ"):
        rows = rows.with_columns(pl.col("_seq").cast(pl.Float64).alias(f"{work.prefix}SEQ"))
    return Built(records=rows, links=links_of(rows), set_aside=stacked(work.aside, SET_ASIDE))


def links_of(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a record and source row: the mapped row itself, and every row joined to it."""
    own = rows.select(source=SOURCE, line=LINE, subject="USUBJID", seq="_seq", role=pl.lit(str(Tie.RECORD)))
    joined = [
        rows.filter(pl.col(column).is_not_null()).select(
            source=pl.lit(column.removeprefix(JOINED)),
            line=column,
            subject="USUBJID",
            seq="_seq",
            role=pl.lit(str(Tie.JOINED)),
        )
        for column in rows.columns
        if column.startswith(JOINED)
    ]
    return pl.concat([own, *joined]).cast(LINK).sort("subject", "seq", "source", "line")
