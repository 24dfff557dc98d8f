"""A trial without planted defects keeps the rules of the protocol (study design, section 6)."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import polars as pl
import pytest

from tests.unit.simulate.nights import Night, day, minute

CALENDAR = {
    "D1": (1, 0), "D2": (2, 0), "W1": (8, 2), "W2": (15, 2), "W4": (29, 3), "W8": (57, 5), "W12": (85, 5),
    "W14": (99, 3), "W24": (169, 7), "W36": (253, 7), "W52": (365, 7),
}  # fmt: skip
EFFICACY = ["SCR", "D1", "W4", "W8", "W12", "W24", "W36", "W52", "ET"]
POST = [oid for oid in EFFICACY if oid not in {"SCR", "D1"}]


def infusions(clean: Night) -> pl.DataFrame:
    given = clean.form("EC").filter(pl.col("ECYN") == "Y")
    return given.with_columns(start=minute("ECSTDAT", "ECSTTIM"), end=minute("ECENDAT", "ECENTIM"))


def first_infusion(clean: Night) -> pl.DataFrame:
    return infusions(clean).group_by("SUBJID").agg(pl.col("start").min(), infused=day("ECSTDAT").min())


def randomized(clean: Night) -> pl.Series:
    return clean.form("RAND")["SUBJID"]


def failures(clean: Night) -> pl.DataFrame:
    return clean.form("IE").filter(pl.col("IETESTCD").is_not_null())


def nothing(frame: pl.DataFrame) -> None:
    assert frame.is_empty(), f"{frame.height} rows break the rule"


def test_consent_opens_the_study_on_the_planned_day_and_everybody_is_randomized_in_time(clean: Night) -> None:
    assert clean.form("DSIC").select(day("ICDAT").min()).item() == date(2026, 12, 1)
    assert clean.form("RAND").select(day("RANDDAT").max()).item() <= date(2027, 2, 21)


def test_every_subject_has_one_consent_demography_and_end_of_study(clean: Night) -> None:
    subjects = clean.form("DM")["SUBJID"]
    assert subjects.is_unique().all()
    assert subjects.str.contains("^[0-9]{3}-[0-9]{3}$").all()
    for form in ("DSIC", "DSEOS"):
        assert sorted(clean.form(form)["SUBJID"]) == sorted(subjects)


def test_age_is_the_completed_years_at_consent_and_within_the_limits(clean: Night) -> None:
    joined = clean.form("DM").join(clean.form("DSIC"), on="SUBJID", suffix="_ic").with_columns(
        birth=day("BRTHDAT"), consent=day("ICDAT")
    )
    last_birthday = pl.col("birth").dt.offset_by(pl.col("AGE") + "y")
    next_birthday = pl.col("birth").dt.offset_by((pl.col("AGE").cast(pl.Int32) + 1).cast(pl.String) + "y")
    right = (last_birthday <= pl.col("consent")) & (pl.col("consent") < next_birthday)
    nothing(joined.filter(~right | ~pl.col("AGE").cast(pl.Int32).is_between(18, 70)))


def test_screen_failures_are_about_a_sixth_and_name_the_criterion(clean: Night) -> None:
    failed = set(clean.form("DM")["SUBJID"]) - set(randomized(clean))
    assert set(failures(clean)["SUBJID"]) == failed
    assert 0.1 <= len(failed) / (len(failed) + randomized(clean).len()) <= 0.25
    stated = clean.form("DSEOS").filter(pl.col("DSEOSSTAT") == "SCREEN FAILURE")
    assert set(stated["SUBJID"]) == failed


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


@pytest.mark.parametrize(
    ("criterion", "broken"),
    [
        ("INCL08", (pl.col("LABTESTCD") == "CRP") & (pl.col("ABNFL") != "H")),
        ("EXCL05", (pl.col("LABTESTCD") == "GFRE") & (pl.col("RESULT").cast(pl.Float64, strict=False) < 45)),
        (
            "EXCL04",
            pl.col("LABTESTCD").is_in(["ALT", "AST"])
            & (pl.col("RESULT").cast(pl.Float64, strict=False) > 2 * pl.col("REFHI").cast(pl.Float64, strict=False)),
        ),
        (
            "EXCL01",
            pl.col("LABTESTCD").is_in(["HBSAG", "HBCAB", "HCVAB", "HIV", "IGRA"]) & (pl.col("RESULT") != "NEGATIVE"),
        ),
    ],
)
def test_a_laboratory_criterion_is_broken_by_those_who_failed_on_it_and_by_nobody_else(
    clean: Night, criterion: str, broken: pl.Expr
) -> None:
    screening = clean.lab().filter(pl.col("VISITLBL").is_in(["SCREENING", "DAY 1"]))
    assert set(screening.filter(broken)["SUBJID"]) == set(
        failures(clean).filter(pl.col("IETESTCD") == criterion)["SUBJID"]
    )


def test_rf_or_anti_ccp_is_positive_unless_the_person_failed_on_it(clean: Night) -> None:
    antibodies = clean.lab().filter(pl.col("LABTESTCD").is_in(["RF", "CCP"]) & (pl.col("VISITLBL") == "SCREENING"))
    positive = antibodies.group_by("SUBJID").agg((pl.col("ABNFL") == "H").any())
    assert set(positive.filter(~pl.col("ABNFL"))["SUBJID"]) == set(
        failures(clean).filter(pl.col("IETESTCD") == "INCL09")["SUBJID"]
    )


def test_women_of_childbearing_potential_test_negative_before_the_infusion(clean: Night) -> None:
    fertile = set(clean.form("DM").filter(pl.col("CHILDPOT") == "Y")["SUBJID"])
    serum = clean.lab().filter(pl.col("LABTESTCD") == "HCG")
    assert set(serum["SUBJID"]) == fertile
    urine = clean.form("UPT").filter(pl.col("VISITOID") == "D1").with_columns(at=minute("UPTDAT", "UPTTIM"))
    joined = urine.join(first_infusion(clean), on="SUBJID")
    nothing(joined.filter((pl.col("at") >= pl.col("start")) | (pl.col("UPTRES") != "NEG")))
    assert set(urine["SUBJID"]) == fertile & set(randomized(clean))


def test_the_2010_criteria_add_up_to_six_or_more(clean: Night) -> None:
    score = clean.form("RACC").with_columns(pl.col("^RACC[ABCD]$|^RACCTOT$").cast(pl.Int64))
    total = pl.sum_horizontal("RACCA", "RACCB", "RACCC", "RACCD")
    nothing(score.filter((total != pl.col("RACCTOT")) | (total < 6)))


def test_visits_lie_in_their_windows_and_in_order(clean: Night) -> None:
    visits = clean.form("SV").filter((pl.col("SVPERF") == "Y")).with_columns(at=day("SVDAT"))
    timed = visits.join(first_infusion(clean), on="SUBJID")
    study_day = (pl.col("at") - pl.col("infused")).dt.total_days() + 1
    for oid, (target, window) in CALENDAR.items():
        nothing(timed.filter((pl.col("VISITOID") == oid) & ((study_day - target).abs() > window)))
    nothing(timed.filter((pl.col("VISITOID") == "SCR") & ~(study_day - 1).is_between(-28, -1)))
    order = {oid: number for number, oid in enumerate(("SCR", *CALENDAR, "ET", "UNS"))}
    planned = timed.filter(pl.col("VISITOID") != "UNS").sort(
        "SUBJID", pl.col("VISITOID").replace_strict(order, return_dtype=pl.Int64)
    )
    nothing(planned.filter(pl.col("at") <= pl.col("at").shift().over("SUBJID")))
    assert visits.select("SUBJID", "at").is_unique().all(), "two contacts on one day"


def test_every_visit_due_before_the_end_is_done_or_recorded_as_missed(clean: Night) -> None:
    ends = clean.form("DSEOS").select("SUBJID", end=day("DSEOSDAT"))
    due = first_infusion(clean).join(ends, on="SUBJID")
    recorded = clean.form("SV").select("SUBJID", "VISITOID").unique()
    for oid, (target, window) in CALENDAR.items():
        latest = pl.col("infused") + pl.duration(days=target - 1 + window)
        nothing(due.filter(latest <= pl.col("end")).join(recorded.filter(pl.col("VISITOID") == oid), on="SUBJID", how="anti"))


def test_a_missed_visit_has_a_reason_and_no_data(clean: Night) -> None:
    missed = clean.form("SV").filter(pl.col("SVPERF") == "N")
    assert missed["SVREASND"].is_not_null().all()
    assert missed["SVDAT"].is_null().all()
    for form in ("VS", "LBC", "JC28", "PTGA", "PHGA", "HAQ", "DAR", "UPT"):
        nothing(clean.form(form).join(missed, on=["SUBJID", "VISITOID"], how="semi"))


def test_nothing_is_collected_after_the_end_of_participation(clean: Night) -> None:
    ends = clean.form("DSEOS").select("SUBJID", end=day("DSEOSDAT"))
    for form, column in (
        ("SV", "SVDAT"), ("VS", "VSDAT"), ("JC28", "JCDAT"), ("HAQ", "HAQDAT"), ("PTGA", "PTGADAT"), ("LBC", "LBDAT"),
        ("UPT", "UPTDAT"), ("AE", "AESTDAT"), ("AE", "AEENDAT"), ("CM", "CMSTDAT"), ("CMRA", "CMSTDAT"),
    ):  # fmt: skip
        nothing(clean.form(form).join(ends, on="SUBJID").filter(day(column) > pl.col("end")))


def test_nothing_but_history_happens_before_consent(clean: Night) -> None:
    consent = clean.form("DSIC").select("SUBJID", consent=minute("ICDAT", "ICTIM"))
    for form, date_column, time_column in (("VS", "VSDAT", "VSTIM"), ("LBC", "LBDAT", "LBTIM"), ("HAQ", "HAQDAT", "HAQTIM")):
        timed = clean.form(form).join(consent, on="SUBJID")
        nothing(timed.filter(minute(date_column, time_column) < pl.col("consent")))
    nothing(clean.form("AE").join(consent, on="SUBJID").filter(day("AESTDAT") <= pl.col("consent").dt.date()))


def test_infusion_follows_randomization_on_the_same_day_and_all_baseline_measurements(clean: Night) -> None:
    start = first_infusion(clean)
    joined = clean.form("RAND").join(start, on="SUBJID").with_columns(at=minute("RANDDAT", "RANDTIM"))
    nothing(joined.filter((pl.col("at") >= pl.col("start")) | (pl.col("at").dt.date() != pl.col("infused"))))
    for form, date_column, time_column in (("LBC", "LBDAT", "LBTIM"), ("HAQ", "HAQDAT", "HAQTIM")):
        day1 = clean.form(form).filter(pl.col("VISITOID") == "D1").join(start, on="SUBJID")
        nothing(day1.filter(minute(date_column, time_column) >= pl.col("start")))
    vitals = clean.form("VS").filter(pl.col("VISITOID") == "D1").join(start, on="SUBJID")
    early = minute("VSDAT", "VSTIM") < pl.col("start")
    nothing(vitals.filter(early != (pl.col("VSTPT") == "PRE")))
    assert vitals.group_by("SUBJID").len()["len"].unique().to_list() == [6]


def test_screening_results_are_reported_before_the_infusion(clean: Night) -> None:
    screening = clean.lab().filter(pl.col("VISITLBL") == "SCREENING").join(first_infusion(clean), on="SUBJID")
    assert not screening.is_empty()
    nothing(screening.filter(pl.col("RPTDT").str.to_datetime("%Y%m%dT%H%M") >= pl.col("start")))


def test_infusions_are_plausible_and_use_the_assigned_bag_once(clean: Night) -> None:
    given = infusions(clean).with_columns(pl.col("ECVOL", "ECVOLPRP", "ECWT").cast(pl.Float64))
    nothing(given.filter((pl.col("start") >= pl.col("end")) | (pl.col("ECVOL") <= 0)))
    whole = given.group_by("SUBJID").agg(
        pl.col("ECVOL").sum(), pl.col("ECVOLPRP").first(), pl.col("ECBAGNO").n_unique(), pl.len(),
        minutes=(pl.col("end").max() - pl.col("start").min()).dt.total_minutes(),
    )  # fmt: skip
    nothing(whole.filter(~pl.col("minutes").is_between(10, 240) | (pl.col("ECVOL") > pl.col("ECVOLPRP"))))
    assert whole["ECBAGNO"].unique().to_list() == [1]
    bags = clean.rtsm("rtsm_assign")
    assert bags["BAGNO"].is_unique().all()
    nothing(given.join(bags, left_on=["SUBJID", "ECBAGNO"], right_on=["SUBJID", "BAGNO"], how="anti"))
    repeats = given.group_by("SUBJID").agg(pl.len(), (pl.col("ECINTRP") == "Y").any())
    nothing(repeats.filter((pl.col("len") > 1) & ~pl.col("ECINTRP")))


def test_the_dosing_weight_is_the_weight_of_the_day(clean: Night) -> None:
    weights = clean.form("VS").filter((pl.col("VISITOID") == "D1") & pl.col("WEIGHT").is_not_null())
    factor = pl.when(pl.col("WEIGHTU") == "lb").then(0.45359237).otherwise(1.0)
    joined = weights.select("SUBJID", kg=pl.col("WEIGHT").cast(pl.Float64) * factor).join(infusions(clean), on="SUBJID")
    assert not joined.is_empty()
    nothing(joined.filter((pl.col("ECWT").cast(pl.Float64) / pl.col("kg") - 1).abs() > 0.02))


def test_randomization_agrees_with_the_randomization_system_in_site_time(clean: Night) -> None:
    sites = dict(clean.rtsm("site_master").select("SITEID", "TZ").iter_rows())
    both = clean.form("RAND").join(clean.rtsm("rtsm_assign"), on="SUBJID", how="full", suffix="_rtsm")
    assert both.height == randomized(clean).len()
    nothing(both.filter(pl.col("RANDNO").ne_missing(pl.col("RANDNO_rtsm"))))
    assert both["RANDNO"].is_unique().all()
    for site, zone in sites.items():
        local = pl.col("RANDDT").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC").dt.convert_time_zone(zone)
        here = both.filter(pl.col("SITEID") == site)
        nothing(here.filter(local.dt.replace_time_zone(None) != minute("RANDDAT", "RANDTIM")))


def test_cohorts_are_sequential_and_each_block_of_eight_has_two_placebos(clean: Night) -> None:
    assigned = clean.rtsm("rtsm_assign").sort("RANDDT")
    assert assigned["COHORT"].to_list() == ["1"] * 8 + ["2"] * 8
    assert assigned["RANDNO"].to_list() == sorted(assigned["RANDNO"])
    key = clean.restricted("unblinding_key").join(assigned, on=["SUBJID", "RANDNO"])
    counts = dict(key.group_by("COHORT", "ARMCD").len().select(pl.concat_str("COHORT", "ARMCD"), "len").iter_rows())
    assert counts == {"1BXU075": 6, "1PBO": 2, "2BXU150": 6, "2PBO": 2}
    schedule = clean.restricted("rtsm_schedule")
    nothing(key.join(schedule, on=["RANDNO", "COHORT", "ARMCD"], how="anti"))


def test_released_bags_hold_the_dose_of_their_arm(clean: Night) -> None:
    released = clean.restricted("product_release").join(clean.rtsm("rtsm_assign"), on="BAGNO")
    joined = released.join(clean.restricted("unblinding_key"), on="SUBJID").join(infusions(clean), on="SUBJID")
    per_kg = pl.col("CELLS_1E6").cast(pl.Float64) / pl.col("ECWT").cast(pl.Float64)
    level = pl.col("ARMCD").replace_strict({"BXU075": 0.75, "BXU150": 1.5, "PBO": 0.0})
    nothing(joined.filter((per_kg - level).abs() > 0.1 * level))
    nothing(joined.filter((pl.col("PRODUCT") == "PLACEBO") != (pl.col("ARMCD") == "PBO")))


def test_background_therapy_is_stable_and_within_its_limits(clean: Night) -> None:
    therapy = clean.form("CMRA").join(clean.form("DSIC").select("SUBJID", consent=day("ICDAT")), on="SUBJID")
    background = therapy.filter((pl.col("CMSCATC") == "CSDMARD") & pl.col("CMENDAT").is_null())
    assert set(background["SUBJID"]) == set(clean.form("DM")["SUBJID"])
    nothing(background.filter(day("CMSTDAT") > pl.col("consent") - pl.duration(days=92)))
    methotrexate = therapy.filter(pl.col("CMTRT") == "METHOTREXATE")
    nothing(methotrexate.filter((pl.col("CMDOSFRQ") != "QW") | (pl.col("CMDOSE").cast(pl.Float64) > 25)))
    both = background.group_by("SUBJID").agg(pl.col("CMTRT").is_in(["METHOTREXATE", "LEFLUNOMIDE"]).sum())
    assert both["CMTRT"].max() <= 1
    biologics = therapy.filter(pl.col("CMSCATC").is_in(["TNFI", "OBDMARD"]) & pl.col("CMRESC").is_null())
    washout = pl.when(pl.col("CMTRT") == "RITUXIMAB").then(pl.duration(days=184)).otherwise(pl.duration(days=28))
    nothing(biologics.filter(day("CMENDAT").is_null() | (day("CMENDAT") > pl.col("consent") - washout)))
    assert set(therapy.filter((pl.col("CMSCATC") == "TNFI") & (pl.col("CMREAS").is_not_null()))["SUBJID"]) == set(
        clean.form("DM")["SUBJID"]
    )
    steroids = therapy.filter(pl.col("CMSCATC") == "CS")
    nothing(steroids.filter((pl.col("CMROUTE") != "PO") | (pl.col("CMDOSE").cast(pl.Float64) > 10)))
    nothing(steroids.filter(day("CMSTDAT") > pl.col("consent") - pl.duration(days=28)))


def improvement(clean: Night) -> pl.DataFrame:
    counts = clean.form("JC28").select("SUBJID", "VISITOID", pl.col("TJC28", "SJC28").cast(pl.Int64))
    base, week12 = (counts.filter(pl.col("VISITOID") == oid) for oid in ("D1", "W12"))
    joined = base.join(week12, on="SUBJID", suffix="_12")
    met = [5 * (pl.col(name) - pl.col(f"{name}_12")) >= pl.col(name) for name in ("TJC28", "SJC28")]
    return joined.select("SUBJID", both=met[0] & met[1])


def test_rescue_starts_at_week_14_for_those_who_lack_a_response_and_for_nobody_else(clean: Night) -> None:
    lacking = improvement(clean).filter(~pl.col("both"))["SUBJID"]
    seen = clean.form("SV").filter((pl.col("VISITOID") == "W14") & (pl.col("SVPERF") == "Y"))
    rescue = clean.form("CMRA").filter(pl.col("CMRESC") == "1")
    assert set(rescue["SUBJID"]) == set(lacking) & set(seen["SUBJID"])
    nothing(rescue.join(seen, on="SUBJID").filter(day("CMSTDAT") != day("SVDAT")))
    decided = clean.form("RESC").filter((pl.col("VISITOID") == "W12"))
    assert set(decided.filter(pl.col("RESCUE") == "Y")["SUBJID"]) == set(lacking)
    assert set(decided.filter(pl.col("RESTJSJ") == "Y")["SUBJID"]) == set(improvement(clean).filter("both")["SUBJID"])


def test_adverse_events_are_consistent(clean: Night) -> None:
    events = clean.form("AE")
    boxes = pl.any_horizontal(
        (pl.col(name) == "1").fill_null(value=False)
        for name in ("AESDTH", "AESLIFE", "AESHOSP", "AESDISAB", "AESCONG", "AESMIE", "AESCAN")
    )
    nothing(events.filter((pl.col("AESER") == "Y") != boxes))
    nothing(events.filter((pl.col("AETOXGR") == "5") != (pl.col("AEOUT") == "FA")))
    nothing(events.filter((pl.col("AEONGO") == "1") == pl.col("AEENDAT").is_not_null()))
    nothing(events.filter(pl.col("AEOUT").is_in(["RR", "FA"]) != pl.col("AEENDAT").is_not_null()))
    nothing(events.filter(day("AEENDAT") < day("AESTDAT")))
    joined = events.join(first_infusion(clean), on="SUBJID")
    nothing(joined.filter((day("AESTDAT") < pl.col("infused")) != (pl.col("AEPRE") == "Y")))
    nothing(joined.filter((day("AESTDAT") == pl.col("infused")) & pl.col("AESTTIM").is_null()))
    during = minute("AESTDAT", "AESTTIM").is_between(pl.col("start"), pl.col("start") + pl.duration(hours=24))
    nothing(joined.filter((pl.col("AEINFR") == "Y") & ~during))
    assert events.select("SUBJID", "AENO").is_unique().all()
    assert events.filter(pl.col("RECSTATUS") == "ACTIVE").select("SUBJID", "AETERM").is_unique().all()


def test_an_action_on_the_infusion_agrees_with_the_infusion(clean: Night) -> None:
    acted = clean.form("AE").filter(pl.col("AEACN").is_in(["INT", "WD"])).with_columns(at=minute("AESTDAT", "AESTTIM"))
    stopped = infusions(clean).filter(pl.col("ECINTRP") == "Y")
    assert set(acted["SUBJID"]) == set(stopped["SUBJID"])
    nothing(acted.join(stopped, on="SUBJID").filter(~pl.col("at").is_between(pl.col("start"), pl.col("end"))))


def test_treated_events_have_their_medication_and_the_reverse(clean: Night) -> None:
    treated = clean.form("AE").filter(pl.col("AECONTRT") == "Y").select("SUBJID", "AENO")
    given = clean.form("CM").filter(pl.col("CMAENO").is_not_null()).select("SUBJID", AENO="CMAENO")
    assert treated.sort("SUBJID", "AENO").equals(given.sort("SUBJID", "AENO"))
    assert not treated.is_empty()


def test_differentials_add_up(clean: Night) -> None:
    blood = clean.lab().filter(pl.col("SPECIMEN") == "BLD")
    wide = blood.filter(pl.col("PANEL") == "HEM").pivot("LABTESTCD", index="ACCESSN", values="RESULT")
    numbers = wide.with_columns(pl.exclude("ACCESSN").cast(pl.Float64))
    percent = pl.sum_horizontal("NEUTLE", "LYMLE", "MONOLE", "EOSLE", "BASOLE")
    absolute = pl.sum_horizontal("NEUT", "LYM", "MONO", "EOS", "BASO")
    nothing(numbers.filter(~percent.is_between(97, 103) | ((absolute / pl.col("WBC") - 1).abs() > 0.05)))


def test_range_flags_follow_from_results_and_ranges(clean: Night) -> None:
    value = pl.col("RESULT").str.strip_prefix("<").cast(pl.Float64, strict=False)
    low, high = (pl.col(name).cast(pl.Float64) for name in ("REFLO", "REFHI"))
    flag = pl.when(value < low).then(pl.lit("L")).when(value > high).then(pl.lit("H")).otherwise(pl.lit("N"))
    normal = pl.col("REFTXT").str.split(";").list.contains(pl.col("RESULT"))
    expected = pl.when(value.is_null()).then(pl.when(normal).then(pl.lit("N")).otherwise(pl.lit("A"))).otherwise(flag)
    nothing(clean.lab().filter(pl.col("ABNFL").ne_missing(expected)))


def test_no_liver_injury_pattern_and_no_positive_pregnancy_test(clean: Night) -> None:
    lab = clean.lab().filter(pl.col("LABTESTCD").is_in(["ALT", "AST", "BILI"]) & (pl.col("SPECIMEN") == "SER"))
    ratio = pl.col("RESULT").cast(pl.Float64) / pl.col("REFHI").cast(pl.Float64)
    screening_failures = failures(clean)["SUBJID"].implode()
    nothing(lab.filter((ratio > 3) | ((pl.col("LABTESTCD") == "BILI") & (ratio > 2))).filter(
        ~pl.col("SUBJID").is_in(screening_failures)
    ))


def test_every_sample_of_a_form_has_results_and_the_reverse(clean: Night) -> None:
    collected = clean.form("LBC").filter(pl.col("LBPERF") == "Y").select(
        "SUBJID", "ACCESSN", COLLDT=day("LBDAT").dt.strftime("%Y%m%d"), COLLTM=pl.col("LBTIM").str.replace(":", ""),
        FAST="LBFAST",
    )  # fmt: skip
    results = clean.lab().select(collected.columns).unique()
    assert collected.sort("ACCESSN").equals(results.sort("ACCESSN"))
    assert collected["ACCESSN"].is_unique().all()


def test_the_laboratory_knows_sex_and_year_of_birth(clean: Night) -> None:
    known = clean.form("DM").select("SUBJID", "SEX", BRTHYR=pl.col("BRTHDAT").str.slice(7))
    nothing(clean.lab().select("SUBJID", "SEX", "BRTHYR").unique().join(known, on=known.columns, how="anti"))


def test_filtration_rates_follow_from_the_reported_creatinine(clean: Night) -> None:
    wide = clean.lab().filter(pl.col("LABTESTCD").is_in(["CREAT", "GFRE"])).pivot(
        "LABTESTCD", index=["SUBJID", "ACCESSN", "SEX", "COLLDT"], values="RESULT"
    )
    people = clean.form("DM").select("SUBJID", "RACE_BLACK", birth=day("BRTHDAT"))
    joined = wide.join(people, on="SUBJID").with_columns(at=pl.col("COLLDT").str.to_date("%Y%m%d"))
    years = ((pl.col("at") - pl.col("birth")).dt.total_days() / 365.25).floor()
    rate = (
        175 * pl.col("CREAT").cast(pl.Float64) ** -1.154 * years**-0.203
        * pl.when(pl.col("SEX") == "F").then(0.742).otherwise(1.0)
        * pl.when(pl.col("RACE_BLACK") == "1").then(1.212).otherwise(1.0)
    )  # fmt: skip
    nothing(joined.filter((pl.col("GFRE").cast(pl.Float64) / rate - 1).abs() > 0.02))


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
    assert before.select(pl.col("DAS28CRP", "DAS28ESR", "CDAI", "SDAI").is_not_null().all()).row(0) == (True,) * 4
    after = computed.filter(pl.col("VISITOID").is_in(POST))
    assert after.select(pl.col(responses).is_not_null().all()).row(0) == (True,) * 5
    ladder = {"N": 0, "U": 1, "Y": 2}
    steps = [pl.col(name).replace_strict(ladder, return_dtype=pl.Int64) for name in ("ACR20", "ACR50", "ACR70")]
    nothing(after.filter((steps[0] < steps[1]) | (steps[1] < steps[2])))


def test_disease_activity_at_baseline_is_moderate_or_high(clean: Night) -> None:
    baseline = clean.form("DAR").filter(pl.col("VISITOID") == "D1")
    assert baseline["DAS28CRP"].cast(pl.Float64).min() > 3.2


def test_codes_and_printed_texts_come_together(clean: Night) -> None:
    for file in sorted((clean.result.folder / "edc").iterdir()):
        frame = clean.form(file.stem)
        for name in [column for column in frame.columns if column.endswith("_DEC")]:
            nothing(frame.filter(pl.col(name).is_null() != pl.col(name.removesuffix("_DEC")).is_null()))


def test_nothing_is_entered_before_it_happened(clean: Night) -> None:
    for form, column in (
        ("SV", "SVDAT"), ("VS", "VSDAT"), ("EC", "ECENDAT"), ("AE", "AESTDAT"), ("AE", "AEENDAT"), ("CM", "CMENDAT"),
        ("DSEOS", "DSEOSDAT"), ("DTH", "DTHDAT"), ("UNB", "UNBDAT"), ("DAR", "DARDAT"), ("RESC", "RESDAT"),
        ("JC28", "JCDAT"), ("LBC", "LBDAT"),
    ):  # fmt: skip
        known = pl.col("MODIFIEDTS").str.to_datetime("%Y-%m-%dT%H:%M:%SZ").dt.date()
        nothing(clean.form(form).filter(known < day(column)))
    nothing(clean.lab().filter(pl.col("RPTDT").str.head(8) <= pl.col("COLLDT")))
