"""Defects of what examinations and the laboratory say about who may take part (BX-ELIG), with what they lead to."""

from __future__ import annotations

from typing import Final

import polars as pl

from data_contracts.bxu001_ra import codes
from data_contracts.bxu001_ra.simulation.defects import kidneys
from data_contracts.bxu001_ra.simulation.defects.chosen import day
from data_contracts.bxu001_ra.simulation.defects.screened import (
    BLANK,
    DAY1,
    DAY1_LABEL,
    LAB,
    SCREENED,
    SCREENING,
    SUBJECT,
    changed,
    coded,
    dealt,
    free,
    in_order,
    of,
    one_each,
    randomized,
    screening_result,
)
from data_contracts.bxu001_ra.simulation.defects.shown import (
    DAR,
    FORMS,
    JOINT_FORM,
    PATIENT,
    REACTANTS,
    at_visit,
    reshown,
)
from pipeline.simulate import DefectKind, Ground, Planted
from pipeline.simulate.ground import Tables, noted, notes_of, removed

_ASKED: Final = 4  # tender and swollen joints that the criteria ask for
_TENDER, _SWOLLEN = "^[RL].*[A-Z0-9]_T$", "^[RL].*[A-Z0-9]_S$"
_DUE_DAYS: Final = 7  # after that many days a form is missed (forms.due_days)


def _few_joints(sign: str, count: str, rule: str) -> DefectKind:
    """All but three of the joints of the screening visit are quiet."""

    def plant(ground: Ground) -> Planted:
        where = (pl.col("VISITOID") == SCREENING) & (pl.col(count).cast(pl.Int64) >= _ASKED)
        rows = free(ground, JOINT_FORM, where, randomized(ground))
        rows = one_each(ground, rows, at_visit(SCREENING, sources=(JOINT_FORM, DAR)))
        tables = _quiet_joints(ground, {}, rows, sign, count, left=_ASKED - 1)
        return Planted(reshown(ground, tables, rows[SUBJECT].to_list()), noted(JOINT_FORM, rows, rule=rule))

    return DefectKind(rule, plant)


def _quiet_joints(
    ground: Ground, tables: Tables, rows: pl.DataFrame, sign: str, count: str, *, left: int
) -> Tables:
    """``tables`` with only the first ``left`` of the joints affected in ``rows``, and the form's count."""
    joints = rows.select(pl.col(sign)).columns
    found = [(pl.col(name) == "1").fill_null(value=False).cast(pl.Int64) for name in joints]
    values = {
        name: pl.when((pl.col(name) == "1") & (pl.sum_horizontal(found[: place + 1]) > left))
        .then(pl.lit("0"))
        .otherwise(name)
        for place, name in enumerate(joints)
    }
    return changed(ground, tables, JOINT_FORM, rows, **values, **{count: str(left)})


def _calm(ground: Ground) -> Planted:
    """CRP at screening at its upper limit, or below it."""
    rows = one_each(ground, screening_result(ground, "CRP", randomized(ground)), _scored())
    value = pl.when(pl.int_range(pl.len()) % 2 == 0).then("REFHI").otherwise(pl.lit("3.1"))
    tables = changed(ground, {}, LAB, rows, RESULT=value, ABNFL="N")
    return Planted(reshown(ground, tables, rows[SUBJECT].to_list()), noted(LAB, rows, rule="BX-ELIG-05"))


def _scored() -> list[str]:
    return ["lab_results/CRP", *at_visit(SCREENING, sources=(DAR,))]


def _undecided(ground: Ground) -> Planted:
    """A censored CRP whose bound does not tell on which side of the upper limit it lies."""
    rows = one_each(ground, screening_result(ground, "CRP", randomized(ground)), _scored())
    value = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("<10.0")).otherwise(pl.lit(">2.0"))
    tables = changed(ground, {}, LAB, rows, RESULT=value, ABNFL=None)
    return Planted(reshown(ground, tables, rows[SUBJECT].to_list()), noted(LAB, rows, rule="BX-ELIG-05A"))


def _seronegative(ground: Ground) -> Planted:
    """Both antibodies are negative (one of them below the limit of quantitation), or both were cancelled."""
    rows = one_each(
        ground, screening_result(ground, "CCP", randomized(ground)), ("lab_results/RF", "lab_results/CCP")
    )
    (negative, first), (gone, second) = dealt(ground, rows, 2)
    tables: Tables = {}
    for code, value in (("CCP", "5.1"), ("RF", "<10.0")):
        where = SCREENED & (pl.col("LABTESTCD") == code)
        tables = changed(
            ground, tables, LAB, in_order(of(ground, LAB, where, negative[SUBJECT])), RESULT=value, ABNFL="N"
        )
        missing = in_order(of(ground, LAB, where, gone[SUBJECT]))
        blank = dict.fromkeys(("RESULT", "UNIT", "ABNFL"), BLANK)
        tables = changed(ground, tables, LAB, missing, RSTAT="X", COMMENT="TUBE BROKEN", **blank)
    roster = of(ground, "edc_dm", pl.lit(value=True), gone[SUBJECT])
    rule = "BX-ELIG-06"
    notes = (noted(LAB, negative, rule=rule, first=first), noted("edc_dm", roster, rule=rule, first=second))
    return Planted(tables, notes_of(*notes))


def _enzymes(ground: Ground) -> Planted:
    """ALT or AST one unit above twice its limit, or above a bound that is twice its limit."""
    enzymes = screening_result(ground, ("ALT", "AST"), randomized(ground))
    rows = one_each(ground, enzymes, ("lab_results/ALT", "lab_results/AST"))
    twice = 2 * pl.col("REFHI").cast(pl.Int64)
    exact = pl.int_range(pl.len()) % 2 == 0
    value = pl.when(exact).then((twice + 1).cast(pl.String)).otherwise(pl.lit(">") + twice.cast(pl.String))
    tables = changed(ground, {}, LAB, rows, RESULT=value, ABNFL="H")
    return Planted(tables, noted(LAB, rows, rule="BX-ELIG-07"))


def _infection(ground: Ground) -> Planted:
    """A test for an infection is positive or cannot be told, in words that laboratories use."""
    tests = ("HBSAG", "HBCAB", "HCVAB", "HIV", "IGRA")
    rows = one_each(
        ground, screening_result(ground, tests, randomized(ground)), [f"{LAB}/{code}" for code in tests]
    )
    words = ("POSITIVE", "REACTIVE", "INDETERMINATE")
    word = pl.Series("RESULT", [words[n % len(words)] for n in range(rows.height)], dtype=pl.String)
    tables = changed(ground, {}, LAB, rows, RESULT=pl.lit(word), ABNFL="A")
    return Planted(tables, noted(LAB, rows, rule="BX-ELIG-09"))


def _pregnancy(ground: Ground) -> Planted:
    """The serum test is positive; the urine test is positive, invalid, not done, or was never entered."""
    rule, form = "BX-ELIG-10", "edc_upt"
    forms = free(ground, form, (pl.col("VISITOID") == DAY1) & (pl.col("UPTRES") == "NEG"), _infused(ground))
    tested = forms.join(
        screening_result(ground, "HCG", randomized(ground)).select(SUBJECT), on=SUBJECT, how="semi"
    )
    rows = one_each(ground, in_order(tested), (form, "lab_results/HCG"))
    (serum, n), (positive, n1), (invalid, n2), (not_done, n3), (never, n4) = dealt(ground, rows, 5)
    sample = in_order(of(ground, LAB, SCREENED & (pl.col("LABTESTCD") == "HCG"), serum[SUBJECT]))
    tables = changed(ground, {}, LAB, sample, RESULT="POSITIVE", ABNFL="A")
    tables = changed(ground, tables, form, positive, **coded(codes.PREGNANCY_RESULT, UPTRES="POS"))
    tables = changed(ground, tables, form, invalid, **coded(codes.PREGNANCY_RESULT, UPTRES="INV"))
    no = {**coded(codes.YN, UPTYN="N"), **coded(codes.PREGNANCY_RESULT, UPTRES=None), "UPTTIM": None}
    tables = changed(ground, tables, form, not_done, **no)
    tables = {**tables, form: removed(tables[form], never)}
    roster = of(ground, "edc_dm", pl.lit(value=True), never[SUBJECT])
    notes = [noted(LAB, sample, rule=rule, first=n), noted("edc_dm", roster, rule=rule, first=n4)]
    notes += [
        noted(form, each, rule=rule, first=k) for each, k in ((positive, n1), (invalid, n2), (not_done, n3))
    ]
    return Planted(tables, notes_of(*notes))


def _infused(ground: Ground) -> list[str]:
    """Randomized subjects whose infusion lies so far back that its forms are due."""
    due = day("ECSTDAT") + pl.duration(days=_DUE_DAYS) <= ground.as_of
    rows = free(ground, "edc_ec", (pl.col("ECYN") == "Y") & due, randomized(ground))
    return rows[SUBJECT].unique().sort().to_list()


def _mild(ground: Ground) -> Planted:
    """The baseline of Day 1 is hardly active: four joints, a patient who feels well, a low CRP.

    Responses after it are as the EDC would show them; a decision that both counts improved would not hold.
    """
    improved = ground.tables["edc_resc"].filter(pl.col("RESTJSJ") == "Y")[SUBJECT]
    counts = [pl.col(name).cast(pl.Int64) >= _ASKED for name in ("TJC28", "SJC28")]
    where = (pl.col("VISITOID") == DAY1) & counts[0] & counts[1] & ~pl.col(SUBJECT).is_in(improved.implode())
    drawn = free(
        ground, LAB, (pl.col("LABTESTCD") == "CRP") & (pl.col("VISITLBL") == DAY1_LABEL), randomized(ground)
    )
    candidates = free(ground, JOINT_FORM, where, drawn[SUBJECT].to_list())
    rows = one_each(ground, candidates, (*FORMS, DAR, "edc_resc", *REACTANTS))
    tables = _quiet_joints(ground, {}, rows, _TENDER, "TJC28", left=_ASKED)
    tables = _quiet_joints(ground, tables, rows, _SWOLLEN, "SJC28", left=_ASKED)
    marks = in_order(of(ground, PATIENT, pl.col("VISITOID") == DAY1, rows[SUBJECT]))
    well = pl.when(pl.col("PTGAU") == "cm").then(pl.lit("0.2")).otherwise(pl.lit("2"))
    tables = changed(ground, tables, PATIENT, marks, PTGAVAS=well)
    low = (pl.col("LABTESTCD") == "CRP") & (pl.col("VISITLBL") == DAY1_LABEL)
    tables = changed(
        ground, tables, LAB, in_order(of(ground, LAB, low, rows[SUBJECT])), RESULT="2.0", ABNFL="N"
    )
    scores = of(ground, DAR, pl.col("VISITOID") == DAY1, rows[SUBJECT])
    return Planted(reshown(ground, tables, rows[SUBJECT].to_list()), noted(DAR, scores, rule="BX-ELIG-15"))


KINDS: Final[tuple[DefectKind, ...]] = (
    DefectKind("BX-ELIG-15", _mild),
    _few_joints(_TENDER, "TJC28", "BX-ELIG-04"),
    _few_joints(_SWOLLEN, "SJC28", "BX-ELIG-04S"),
    DefectKind("BX-ELIG-05", _calm),
    DefectKind("BX-ELIG-05A", _undecided),
    DefectKind("BX-ELIG-06", _seronegative),
    DefectKind("BX-ELIG-07", _enzymes),
    *kidneys.KINDS,
    DefectKind("BX-ELIG-09", _infection),
    DefectKind("BX-ELIG-10", _pregnancy),
)
