"""A key that does not fit the assignments, the plan or itself unblinds nothing."""

from __future__ import annotations

import hashlib

import polars as pl
import pytest

from pipeline.blinding.key_checks import check_fingerprint, check_key, fingerprint, key_problems
from pipeline.blinding.modes import Mode
from pipeline.errors import Refused
from pipeline.specs.blinding import Blinding

ACTIVE = {"1": "BXU075", "2": "BXU150"}


def whole_study(active: int = 6, control: int = 2) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Key and assignments of two cohorts of that size."""
    rows = [
        (f"{cohort}01-{n:03}", f"{cohort}{n:03}", cohort, ACTIVE[cohort] if n <= active else "PBO")
        for cohort in ("1", "2")
        for n in range(1, active + control + 1)
    ]
    whole = pl.DataFrame(rows, schema=["SUBJID", "RANDNO", "COHORT", "ARMCD"], orient="row")
    return whole.select("SUBJID", "RANDNO", "ARMCD"), whole.select("SUBJID", "RANDNO", "COHORT")


def with_arm(key: pl.DataFrame, subject: str, arm: str) -> pl.DataFrame:
    return key.with_columns(ARMCD=pl.when(pl.col("SUBJID") == subject).then(pl.lit(arm)).otherwise("ARMCD"))


@pytest.mark.parametrize("mode", [Mode.FINAL, Mode.DSMB])
def test_the_whole_study_passes_in_both_modes(blinding: Blinding, mode: Mode) -> None:
    key, assigned = whole_study()
    schedule = key.select("RANDNO", "ARMCD")
    assert key_problems(blinding, key, assigned, mode, schedule) == []


def test_a_part_of_the_study_is_enough_for_the_board_only(blinding: Blinding) -> None:
    key, assigned = whole_study()
    subjects = ["101-001", "101-002", "101-007", "201-001"]
    some = pl.col("SUBJID").is_in(subjects)
    assert key_problems(blinding, key.filter(some), assigned.filter(some), Mode.DSMB) == []
    told = key_problems(blinding, key.filter(some), assigned.filter(some), Mode.FINAL)
    assert told == [
        "BX-ARM-01: cohort 1 has 2:1 active to control subjects instead of 6:2",
        "BX-ARM-01: cohort 2 has 1:0 active to control subjects instead of 6:2",
    ]


def test_the_wrong_ratio_stops_both_modes(blinding: Blinding) -> None:
    key, assigned = whole_study(active=5, control=3)
    final, board = (key_problems(blinding, key, assigned, mode) for mode in (Mode.FINAL, Mode.DSMB))
    assert final[0] == "BX-ARM-01: cohort 1 has 5:3 active to control subjects instead of 6:2"
    assert board[0] == "BX-ARM-01: cohort 1 has 5:3 active to control subjects instead of at most 6:2"


def test_a_missing_and_an_extra_subject_stop_it(blinding: Blinding) -> None:
    key, assigned = whole_study()
    gone = pl.col("SUBJID") != "101-001"
    assert "1 randomized subjects are missing" in key_problems(
        blinding, key.filter(gone), assigned, Mode.FINAL
    )
    assert "1 subjects are not randomized" in key_problems(blinding, key, assigned.filter(gone), Mode.FINAL)


def test_another_randomization_number_and_repeats_stop_it(blinding: Blinding) -> None:
    key, assigned = whole_study()
    swapped = key.with_columns(RANDNO=pl.col("RANDNO").replace({"1001": "1002", "1002": "1001"}))
    assert key_problems(blinding, swapped, assigned, Mode.FINAL) == [
        "2 subjects have another randomization number"
    ]
    twice = pl.concat([key, key.head(1)])
    assert {"1 rows repeat a subject", "1 rows repeat a number"} <= set(
        key_problems(blinding, twice, assigned, Mode.DSMB)
    )


def test_a_dose_of_the_other_cohort_and_an_unknown_arm_stop_it(blinding: Blinding) -> None:
    key, assigned = whole_study()
    for subject, arm in (("101-001", "BXU150"), ("201-001", "BXU075")):
        told = key_problems(blinding, with_arm(key, subject, arm), assigned, Mode.FINAL)
        assert told == ["BX-ARM-03: 1 subjects have a dose that does not belong to their cohort"]
    told = key_problems(blinding, with_arm(key, "101-001", "ARM9"), assigned, Mode.FINAL)
    assert told == ["1 subjects have an arm that the trial design does not have"]


def test_the_randomization_list_must_agree(blinding: Blinding) -> None:
    key, assigned = whole_study()
    schedule = with_arm(key, "101-001", "PBO").select("RANDNO", "ARMCD")
    told = key_problems(blinding, key, assigned, Mode.FINAL, schedule)
    assert told == ["1 subjects have another arm than in the randomization list"]


def test_a_refusal_names_no_subject_and_no_arm(blinding: Blinding) -> None:
    key, assigned = whole_study()
    broken = with_arm(key.tail(-1), "101-002", "BXU150")
    with pytest.raises(Refused) as refusal:
        check_key(blinding, broken, assigned, Mode.FINAL)
    text = str(refusal.value)
    assert "\n" not in text
    assert not any(word in text for word in ("101-00", "BXU150", "PBO", "1001"))


def test_the_fingerprint_covers_every_row_and_not_their_order(blinding: Blinding) -> None:
    key, _ = whole_study()
    lines = "".join(f"{s},{n},{a}\n" for s, n, a in sorted(key.iter_rows()))
    digest = hashlib.sha256(lines.encode()).hexdigest()
    assert fingerprint(blinding, key.reverse()) == digest
    delivered = key.with_columns(SHA256=pl.lit(digest))
    check_fingerprint(blinding, delivered)
    for broken in (
        delivered.tail(-1),
        with_arm(delivered, "101-001", "PBO"),
        delivered.with_columns(SHA256=pl.lit("0" * 64)),
        delivered.with_columns(
            SHA256=pl.when(pl.col("SUBJID") == "101-001").then(pl.lit("0")).otherwise("SHA256")
        ),
    ):
        with pytest.raises(Refused, match="sha256 does not match"):
            check_fingerprint(blinding, broken)
