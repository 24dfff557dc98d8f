"""Visits, the infusion and events: the rules of section 6 in a trial without defects."""

from __future__ import annotations

import polars as pl

from tests.unit.simulate.nights import Night, day, first_infusion, infusions, minute, nothing

CALENDAR = {
    "D1": (1, 0), "D2": (2, 0), "W1": (8, 2), "W2": (15, 2), "W4": (29, 3), "W8": (57, 5), "W12": (85, 5),
    "W14": (99, 3), "W24": (169, 7), "W36": (253, 7), "W52": (365, 7),
}  # fmt: skip


def test_visits_lie_in_their_windows_and_in_order(clean: Night) -> None:
    visits = clean.form("SV").filter(pl.col("SVPERF") == "Y").with_columns(at=day("SVDAT"))
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
        nothing(
            due.filter(latest <= pl.col("end")).join(
                recorded.filter(pl.col("VISITOID") == oid), on="SUBJID", how="anti"
            )
        )


def test_a_missed_visit_has_a_reason_and_no_data(clean: Night) -> None:
    missed = clean.form("SV").filter(pl.col("SVPERF") == "N")
    assert missed["SVREASND"].is_not_null().all()
    assert missed["SVDAT"].is_null().all()
    for form in ("VS", "LBC", "JC28", "PTGA", "PHGA", "HAQ", "DAR", "UPT"):
        nothing(clean.form(form).join(missed, on=["SUBJID", "VISITOID"], how="semi"))


def test_nothing_is_collected_after_the_end_of_participation(clean: Night) -> None:
    ends = clean.form("DSEOS").select("SUBJID", end=day("DSEOSDAT"))
    for form, column in (
        ("SV", "SVDAT"), ("VS", "VSDAT"), ("JC28", "JCDAT"), ("HAQ", "HAQDAT"), ("PTGA", "PTGADAT"),
        ("LBC", "LBDAT"),
        ("UPT", "UPTDAT"), ("AE", "AESTDAT"), ("AE", "AEENDAT"), ("CM", "CMSTDAT"), ("CMRA", "CMSTDAT"),
    ):  # fmt: skip
        nothing(clean.form(form).join(ends, on="SUBJID").filter(day(column) > pl.col("end")))


def test_nothing_but_history_happens_before_consent(clean: Night) -> None:
    consent = clean.form("DSIC").select("SUBJID", consent=minute("ICDAT", "ICTIM"))
    for form, date_column, time_column in (
        ("VS", "VSDAT", "VSTIM"),
        ("LBC", "LBDAT", "LBTIM"),
        ("HAQ", "HAQDAT", "HAQTIM"),
    ):
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
    joined = weights.select("SUBJID", kg=pl.col("WEIGHT").cast(pl.Float64) * factor).join(
        infusions(clean), on="SUBJID"
    )
    assert not joined.is_empty()
    nothing(joined.filter((pl.col("ECWT").cast(pl.Float64) / pl.col("kg") - 1).abs() > 0.02))


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
    acted = (
        clean.form("AE")
        .filter(pl.col("AEACN").is_in(["INT", "WD"]))
        .with_columns(at=minute("AESTDAT", "AESTTIM"))
    )
    stopped = infusions(clean).filter(pl.col("ECINTRP") == "Y")
    assert set(acted["SUBJID"]) == set(stopped["SUBJID"])
    nothing(acted.join(stopped, on="SUBJID").filter(~pl.col("at").is_between(pl.col("start"), pl.col("end"))))


def test_treated_events_have_their_medication_and_the_reverse(clean: Night) -> None:
    treated = clean.form("AE").filter(pl.col("AECONTRT") == "Y").select("SUBJID", "AENO")
    given = clean.form("CM").filter(pl.col("CMAENO").is_not_null()).select("SUBJID", AENO="CMAENO")
    assert treated.sort("SUBJID", "AENO").equals(given.sort("SUBJID", "AENO"))
    assert not treated.is_empty()


def test_codes_and_printed_texts_come_together(clean: Night) -> None:
    for file in sorted((clean.result.folder / "edc").iterdir()):
        frame = clean.form(file.stem)
        for name in [column for column in frame.columns if column.endswith("_DEC")]:
            nothing(frame.filter(pl.col(name).is_null() != pl.col(name.removesuffix("_DEC")).is_null()))


def test_nothing_is_entered_before_it_happened(clean: Night) -> None:
    for form, column in (
        ("SV", "SVDAT"), ("VS", "VSDAT"), ("EC", "ECENDAT"), ("AE", "AESTDAT"), ("AE", "AEENDAT"),
        ("CM", "CMENDAT"),
        ("DSEOS", "DSEOSDAT"), ("DTH", "DTHDAT"), ("UNB", "UNBDAT"), ("DAR", "DARDAT"), ("RESC", "RESDAT"),
        ("JC28", "JCDAT"), ("LBC", "LBDAT"),
    ):  # fmt: skip
        known = pl.col("MODIFIEDTS").str.to_datetime("%Y-%m-%dT%H:%M:%SZ").dt.date()
        nothing(clean.form(form).filter(known < day(column)))
    nothing(clean.lab().filter(pl.col("RPTDT").str.head(8) <= pl.col("COLLDT")))
