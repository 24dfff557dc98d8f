"""Defects of the joint forms (BX-MK, and a joint without its reason: dirt 18)."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra.simulation.assessments import JOINTS
from data_contracts.bxu001_ra.simulation.defects.shown import (
    JOINT_FORM,
    QUIET,
    at_visit,
    own_places,
    reshown,
    scored_at,
    turns,
)
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import noted, notes_of, removed, rewritten

_ASSESSED: Final = pl.col("JCPERF") == "Y"
_IN_QUIET: Final = pl.col("VISITOID").is_in(QUIET)
_SIGNS: Final = ("T", "S")
VISIT_FORM: Final = "edc_sv"


def _free_joints(row: dict[str, str]) -> list[str]:
    """Joints that are neither tender nor swollen: without them both counts of the form stay what they are."""
    return [joint for joint in JOINTS if all(row[f"{joint}_{sign}"] == "0" for sign in _SIGNS)]


def with_joint(
    ground: Ground, rows: pl.DataFrame, values: dict[str, str | None]
) -> tuple[pl.DataFrame, list[str]]:
    """``rows`` with one unaffected joint of each answered by ``values`` (T, S, NER), and the columns of all joints."""
    columns = [f"{joint}_{part}" for joint in JOINTS for part in (*_SIGNS, "NER")]
    chosen = []
    for row in rows.iter_rows(named=True):
        free = _free_joints(row)
        joint = free[int(ground.rng.integers(len(free)))]
        chosen.append({**row, **{f"{joint}_{part}": value for part, value in values.items()}})
    return pl.DataFrame(chosen, schema=rows.schema), columns


def _wrong_count(ground: Ground) -> Planted:
    """The form's count of tender or swollen joints is one more or one less than its joints."""
    rows = own_places(
        ground,
        ground.tables[JOINT_FORM].filter(_ASSESSED),
        lambda row: at_visit(row["VISITOID"], sources=[JOINT_FORM]),
    )
    tender, swollen = turns(rows, 2, ground)
    table, notes, first = ground.tables[JOINT_FORM], [], 1
    for column, some in (("TJC28", tender), ("SJC28", swollen)):
        count = pl.col(column).cast(pl.Int64)
        # No count falls to where the criteria of the trial or an implausible scale would ask as well.
        wrong = pl.when((count > 6) & (pl.int_range(pl.len()) % 2 == 0)).then(count - 1).otherwise(count + 1)  # noqa: PLR2004
        changed = some.with_columns(wrong.cast(pl.String).alias(column))
        table = rewritten(table, changed, [column])
        notes.append(noted(JOINT_FORM, changed, rule="BX-MK-01", first=first))
        first += changed.height
    return Planted({JOINT_FORM: table}, notes_of(*notes))


def _incomplete_form(ground: Ground) -> Planted:
    """A joint form is missing, has one joint blank, or lacks a count."""
    forms = ground.tables[JOINT_FORM].filter(_ASSESSED & _IN_QUIET)
    visits = ground.tables[VISIT_FORM].select("SUBJID", "VISITOID", "SVDAT")
    old = pl.col("SVDAT").str.to_date("%d-%b-%Y", strict=False) + pl.duration(days=8) < pl.lit(ground.as_of)
    due = forms.join(visits.filter(old), on=["SUBJID", "VISITOID"], how="semi", maintain_order="left")
    rows = own_places(
        ground,
        due,
        lambda row: [*scored_at(row["VISITOID"]), *at_visit(row["VISITOID"], sources=[VISIT_FORM])],
    )
    missing, blank, uncounted = turns(rows, 3, ground)
    gap, columns = with_joint(ground, blank, {"T": None})
    without = uncounted.with_columns(SJC28=pl.lit(None, pl.String))
    table = rewritten(ground.tables[JOINT_FORM], gap, columns)
    table = removed(rewritten(table, without, ["SJC28"]), missing)
    visited = ground.tables[VISIT_FORM].join(
        missing.select("SUBJID", "VISITOID"), on=["SUBJID", "VISITOID"], how="semi"
    )
    sv = rewritten(ground.tables[VISIT_FORM], visited, ())
    tables = reshown(ground, {JOINT_FORM: table, VISIT_FORM: sv}, rows["SUBJID"].unique().to_list())
    notes = [
        noted(VISIT_FORM, visited, rule="BX-MK-02"),
        noted(JOINT_FORM, gap, rule="BX-MK-02", first=visited.height + 1),
        noted(JOINT_FORM, without, rule="BX-MK-02", first=visited.height + gap.height + 1),
    ]
    return Planted(tables, notes_of(*notes))


def _no_reason(ground: Ground) -> Planted:
    """A joint that could not be evaluated has no reason: a replaced one, or one that becomes so at Screening."""
    replaced = pl.any_horizontal(pl.col(f"{joint}_NER").is_not_null() for joint in JOINTS)
    forms = ground.tables[JOINT_FORM].filter(_ASSESSED & (replaced | (pl.col("VISITOID") == "SCR")))
    rows = own_places(ground, forms, lambda row: scored_at(row["VISITOID"]))
    known = rows.filter(replaced).with_columns(
        pl.lit(None, pl.String).alias(f"{joint}_NER") for joint in JOINTS
    )
    new, columns = with_joint(ground, rows.filter(~replaced), {"T": "NE", "S": "NE", "NER": None})
    changed = pl.concat([known, new]).sort("_row")
    table = rewritten(ground.tables[JOINT_FORM], changed, columns)
    tables = reshown(ground, {JOINT_FORM: table}, rows["SUBJID"].unique().to_list())
    return Planted(tables, noted(JOINT_FORM, changed, rule="BX-MK-02"))


def _other_status(ground: Ground) -> Planted:
    """A joint that was evaluated on Day 1 is not evaluable at a later visit."""
    rows = own_places(
        ground,
        ground.tables[JOINT_FORM].filter(_ASSESSED & _IN_QUIET),
        lambda row: scored_at(row["VISITOID"]),
    )
    changed, columns = with_joint(ground, rows, {"T": "NE", "S": "NE", "NER": "ARTHRODESIS"})
    tables = {JOINT_FORM: rewritten(ground.tables[JOINT_FORM], changed, columns)}
    tables = reshown(ground, tables, rows["SUBJID"].unique().to_list())
    return Planted(tables, noted(JOINT_FORM, changed, rule="BX-MK-03"))


def _other_assessor(ground: Ground) -> Planted:
    """The joints of Week 12 were assessed by somebody else."""
    rows = own_places(
        ground,
        ground.tables[JOINT_FORM].filter(_ASSESSED & (pl.col("VISITOID") == "W12")),
        lambda _: at_visit("D1", "W12", sources=[JOINT_FORM]),
    )
    changed = rows.with_columns(JCASSR=pl.col("JCASSR").str.head(-1) + "2")
    tables = {JOINT_FORM: rewritten(ground.tables[JOINT_FORM], changed, ["JCASSR"])}
    return Planted(tables, noted(JOINT_FORM, changed, rule="BX-MK-04"))


KINDS: Final = (
    DefectKind("BX-MK-01", _wrong_count),
    DefectKind("BX-MK-02", _incomplete_form),
    DefectKind("BX-MK-03", _other_status),
    DefectKind("BX-MK-04", _other_assessor),
    DefectKind("joint_without_reason", _no_reason),
)
