"""Who is in the trial and what they took before: the rules of section 6 in a trial without defects."""

from __future__ import annotations

from datetime import date

import polars as pl

from tests.unit.simulate.nights import (
    Night,
    day,
    failures,
    first_infusion,
    infusions,
    minute,
    nothing,
    randomized,
)


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
    joined = (
        clean.form("DM")
        .join(clean.form("DSIC"), on="SUBJID", suffix="_ic")
        .with_columns(birth=day("BRTHDAT"), consent=day("ICDAT"))
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


def test_randomization_agrees_with_the_randomization_system_in_site_time(clean: Night) -> None:
    sites = dict(clean.rtsm("site_master").select("SITEID", "TZ").iter_rows())
    both = clean.form("RAND").join(clean.rtsm("rtsm_assign"), on="SUBJID", how="full", suffix="_rtsm")
    assert both.height == randomized(clean).len()
    nothing(both.filter(pl.col("RANDNO").ne_missing(pl.col("RANDNO_rtsm"))))
    assert both["RANDNO"].is_unique().all()
    for site, zone in sites.items():
        local = (
            pl.col("RANDDT").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC").dt.convert_time_zone(zone)
        )
        here = both.filter(pl.col("SITEID") == site)
        nothing(here.filter(local.dt.replace_time_zone(None) != minute("RANDDAT", "RANDTIM")))


def test_cohorts_are_sequential_and_each_block_of_eight_has_two_placebos(clean: Night) -> None:
    assigned = clean.rtsm("rtsm_assign").sort("RANDDT")
    assert assigned["COHORT"].to_list() == ["1"] * 8 + ["2"] * 8
    assert assigned["RANDNO"].to_list() == sorted(assigned["RANDNO"])
    key = clean.restricted("unblinding_key").join(assigned, on=["SUBJID", "RANDNO"])
    counts = dict(
        key.group_by("COHORT", "ARMCD").len().select(pl.concat_str("COHORT", "ARMCD"), "len").iter_rows()
    )
    assert counts == {"1BXU075": 6, "1PBO": 2, "2BXU150": 6, "2PBO": 2}
    schedule = clean.restricted("rtsm_schedule")
    nothing(key.join(schedule, on=["RANDNO", "COHORT", "ARMCD"], how="anti"))


def test_released_bags_hold_the_dose_of_their_arm(clean: Night) -> None:
    released = clean.restricted("product_release").join(clean.rtsm("rtsm_assign"), on="BAGNO")
    joined = released.join(clean.restricted("unblinding_key"), on="SUBJID").join(
        infusions(clean), on="SUBJID"
    )
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
    washout = (
        pl.when(pl.col("CMTRT") == "RITUXIMAB").then(pl.duration(days=184)).otherwise(pl.duration(days=28))
    )
    nothing(biologics.filter(day("CMENDAT").is_null() | (day("CMENDAT") > pl.col("consent") - washout)))
    assert set(
        therapy.filter((pl.col("CMSCATC") == "TNFI") & (pl.col("CMREAS").is_not_null()))["SUBJID"]
    ) == set(clean.form("DM")["SUBJID"])
    steroids = therapy.filter(pl.col("CMSCATC") == "CS")
    nothing(steroids.filter((pl.col("CMROUTE") != "PO") | (pl.col("CMDOSE").cast(pl.Float64) > 10)))
    nothing(steroids.filter(day("CMSTDAT") > pl.col("consent") - pl.duration(days=28)))
