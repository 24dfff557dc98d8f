"""Disease activity and rescue: the rules of section 6 in a trial without defects."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from tests.unit.simulate.nights import Night, day, failures, nothing

EFFICACY = ["SCR", "D1", "W4", "W8", "W12", "W24", "W36", "W52", "ET"]
POST = [oid for oid in EFFICACY if oid not in {"SCR", "D1"}]


def improvement(clean: Night) -> pl.DataFrame:
    counts = clean.form("JC28").select("SUBJID", "VISITOID", pl.col("TJC28", "SJC28").cast(pl.Int64))
    base, week12 = (counts.filter(pl.col("VISITOID") == oid) for oid in ("D1", "W12"))
    joined = base.join(week12, on="SUBJID", suffix="_12")
    met = [5 * (pl.col(name) - pl.col(f"{name}_12")) >= pl.col(name) for name in ("TJC28", "SJC28")]
    return joined.select("SUBJID", both=met[0] & met[1])


def test_joint_totals_are_the_sums_of_the_joints(clean: Night) -> None:
    joints = clean.form("JC28").filter(pl.col("JCPERF") == "Y")
    for total, sign in (("TJC28", "_T"), ("SJC28", "_S")):
        items = [name for name in joints.columns if name.endswith(sign)]
        assert len(items) == 28
        positive = pl.sum_horizontal((pl.col(name) == "1").cast(pl.Int64) for name in items)
        nothing(joints.filter(positive != pl.col(total).cast(pl.Int64)))
        nothing(joints.filter(pl.any_horizontal(pl.col(name).is_null() for name in items)))


def test_a_joint_that_cannot_be_judged_has_a_reason_and_stays_so(clean: Night) -> None:
    joints = clean.form("JC28").filter(pl.col("JCPERF") == "Y")
    for item in [name for name in joints.columns if name.endswith("_T")]:
        joint = item.removesuffix("_T")
        unjudged = pl.col(item) == "NE"
        nothing(joints.filter(unjudged != pl.col(f"{joint}_NER").is_not_null()))
        assert joints.group_by("SUBJID").agg(unjudged.n_unique()).get_column(item).max() == 1


def test_randomized_subjects_have_four_tender_and_four_swollen_joints_twice(clean: Night) -> None:
    before = clean.form("JC28").filter(pl.col("VISITOID").is_in(["SCR", "D1"]))
    few = (pl.col("TJC28").cast(pl.Int64) < 4) | (pl.col("SJC28").cast(pl.Int64) < 4)
    low = before.filter(few)["SUBJID"].to_list()
    assert set(low) == set(failures(clean).filter(pl.col("IETESTCD") == "INCL06")["SUBJID"])


def test_rescue_starts_at_week_14_for_those_who_lack_a_response_and_for_nobody_else(clean: Night) -> None:
    lacking = improvement(clean).filter(~pl.col("both"))["SUBJID"]
    seen = clean.form("SV").filter((pl.col("VISITOID") == "W14") & (pl.col("SVPERF") == "Y"))
    rescue = clean.form("CMRA").filter(pl.col("CMRESC") == "1")
    assert set(rescue["SUBJID"]) == set(lacking) & set(seen["SUBJID"])
    nothing(rescue.join(seen, on="SUBJID").filter(day("CMSTDAT") != day("SVDAT")))
    decided = clean.form("RESC").filter(pl.col("VISITOID") == "W12")
    assert set(decided.filter(pl.col("RESCUE") == "Y")["SUBJID"]) == set(lacking)
    assert set(decided.filter(pl.col("RESTJSJ") == "Y")["SUBJID"]) == set(
        improvement(clean).filter("both")["SUBJID"]
    )


def test_scales_are_whole_millimetres_and_not_zero_while_joints_are_tender(clean: Night) -> None:
    for form, column in (("PTGA", "PTGAVAS"), ("PHGA", "PHGAVAS"), ("HAQ", "HAQ46")):
        values = clean.form(form)[column].drop_nulls()
        assert values.str.contains("^[0-9]+$").all()
        assert values.cast(pl.Int64).is_between(1, 100).all()


def test_other_aids_of_the_questionnaire_are_specified_if_and_only_if_ticked(clean: Night) -> None:
    forms = clean.form("HAQ").filter(pl.col("HAQPERF") == "Y")
    for box, text in (("HAQ17", "HAQ18"), ("HAQ40", "HAQ41")):
        nothing(forms.filter((pl.col(box) == "1") != pl.col(text).is_not_null()))
    aids = [f"HAQ{number:02}" for number in (*range(10, 18), *range(19, 23), *range(34, 41), *range(42, 46))]
    nothing(forms.filter(~pl.all_horizontal(pl.col(name).is_in(["0", "1"]) for name in aids)))


def test_the_simple_indices_are_the_sums_of_what_was_collected(clean: Night) -> None:
    keys = ["SUBJID", "VISITOID"]
    joints = clean.form("JC28").filter(~pl.any_horizontal(pl.col("^.*_T$") == "NE"))
    parts = (
        clean.form("DAR")
        .join(joints.select(*keys, "TJC28", "SJC28"), on=keys)
        .join(clean.form("PTGA").select(*keys, "PTGAVAS"), on=keys)
        .join(clean.form("PHGA").select(*keys, "PHGAVAS"), on=keys)
    )
    complete = parts.drop_nulls(["TJC28", "PTGAVAS", "PHGAVAS"])
    assert complete.height > 50
    for row in complete.select("CDAI", "TJC28", "SJC28", "PTGAVAS", "PHGAVAS").iter_rows():
        index, tender, swollen, patient, physician = (Fraction(value) for value in row)
        assert index == tender + swollen + (patient + physician) / 10


def test_indices_and_responses_are_missing_only_where_a_component_is(clean: Night) -> None:
    computed = clean.form("DAR")
    assert sorted(computed["VISITOID"].unique()) == sorted(set(EFFICACY) & set(computed["VISITOID"]))
    before = computed.filter(pl.col("VISITOID").is_in(["SCR", "D1"]))
    responses = ["ACR20", "ACR50", "ACR70", "EULCRP", "EULESR"]
    assert before.select(pl.col(responses).is_null().all()).row(0) == (True,) * 5
    assert (
        before.select(pl.col("DAS28CRP", "DAS28ESR", "CDAI", "SDAI").is_not_null().all()).row(0)
        == (True,) * 4
    )
    after = computed.filter(pl.col("VISITOID").is_in(POST))
    assert after.select(pl.col(responses).is_not_null().all()).row(0) == (True,) * 5
    ladder = {"N": 0, "U": 1, "Y": 2}
    steps = [
        pl.col(name).replace_strict(ladder, return_dtype=pl.Int64) for name in ("ACR20", "ACR50", "ACR70")
    ]
    nothing(after.filter((steps[0] < steps[1]) | (steps[1] < steps[2])))


def test_disease_activity_at_baseline_is_moderate_or_high(clean: Night) -> None:
    baseline = clean.form("DAR").filter(pl.col("VISITOID") == "D1")
    assert baseline["DAS28CRP"].cast(pl.Float64).min() > 3.2
