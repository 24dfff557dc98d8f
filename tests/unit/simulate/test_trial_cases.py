"""A trial of sixteen holds every case that the acceptance tests ask for (study design 8.1, item 4)."""

from __future__ import annotations

import polars as pl

from tests.unit.simulate.nights import Night, day


def test_somebody_is_rescued(clean: Night) -> None:
    assert clean.form("CMRA").filter(pl.col("CMRESC") == "1").height >= 1


def test_an_acr20_non_responder_is_not_rescued(clean: Night) -> None:
    week12 = clean.form("DAR").filter((pl.col("VISITOID") == "W12") & (pl.col("ACR20") == "N"))
    rescued = clean.form("CMRA").filter(pl.col("CMRESC") == "1")
    decided = clean.form("RESC").filter((pl.col("VISITOID") == "W12") & (pl.col("RESCUE") == "N"))
    spared = week12.join(rescued, on="SUBJID", how="anti").join(decided, on="SUBJID", how="semi")
    assert spared.height >= 1


def test_one_death_agrees_in_all_its_sources(clean: Night) -> None:
    death = clean.form("DTH")
    assert death.height == 1
    (subject, on, number) = death.select("SUBJID", "DTHDAT", "DTHAENO").row(0)
    ended = clean.form("DSEOS").filter(pl.col("DSEOSSTAT") == "DEATH")
    assert ended.select("SUBJID", "DSEOSDAT", "DSAENO").rows() == [(subject, on, number)]
    fatal = clean.form("AE").filter(pl.col("AEOUT") == "FA")
    assert fatal.select("SUBJID", "AENO", "AEENDAT", "AESDTH", "AETOXGR", "AESER").rows() == [
        (subject, number, on, "1", "5", "Y")
    ]


def test_one_emergency_unblinding_is_told_without_the_arm(clean: Night) -> None:
    told = clean.form("UNB")
    assert told.height == 1
    assert not [name for name in told.columns if "ARM" in name]
    revealed = clean.restricted("emergency_unblind")
    assert revealed["SUBJID"].to_list() == told["SUBJID"].to_list()
    key = clean.restricted("unblinding_key")
    assert revealed.join(key, on=["SUBJID", "ARMCD"]).height == 1


def test_one_infusion_is_incomplete_and_ends_the_treatment(clean: Night) -> None:
    given = (
        clean.form("EC")
        .filter(pl.col("ECYN") == "Y")
        .group_by("SUBJID")
        .agg(share=pl.col("ECVOL").cast(pl.Float64).sum() / pl.col("ECVOLPRP").cast(pl.Float64).first())
    )
    short = given.filter(pl.col("share") < 1)
    assert short.height == 1
    ended = clean.form("DSTRT").filter((pl.col("DSTRTYN") == "N") & (pl.col("DSTRTREAS") == "ADVERSE EVENT"))
    assert ended["SUBJID"].to_list() == short["SUBJID"].to_list()
    assert ended["DSAENO"].is_not_null().all()


def test_one_infusion_is_restarted_with_the_same_bag(clean: Night) -> None:
    again = clean.form("EC").filter(pl.col("FORMREPEAT") == "2")
    assert again.height == 1
    both = clean.form("EC").join(again, on=["SUBJID", "ECBAGNO"], how="semi")
    assert both.height == 2


def test_somebody_misses_week_12(clean: Night) -> None:
    missed = clean.form("SV").filter((pl.col("VISITOID") == "W12") & (pl.col("SVPERF") == "N"))
    assert missed.height == 1
    assert clean.form("RESC").join(missed, on="SUBJID")["RESTJSJ"].to_list() == ["U"]


def test_one_randomized_subject_is_never_infused(clean: Night) -> None:
    never = clean.form("EC").filter(pl.col("ECYN") == "N")
    assert never.height == 1
    assert never["ECREASN"].is_not_null().all()
    ended = clean.form("DSTRT").filter(pl.col("DSTRTREAS") == "NEVER DOSED")
    assert ended["SUBJID"].to_list() == never["SUBJID"].to_list()


def test_somebody_leaves_early_and_somebody_is_lost(clean: Night) -> None:
    reasons = clean.form("DSEOS")["DSEOSSTAT"].to_list()
    assert "LOST TO FOLLOW-UP" in reasons
    left = clean.form("SV").filter(pl.col("VISITOID") == "ET")
    assert left.height >= 1
    ended = clean.form("DSEOS").join(left, on="SUBJID")
    assert ended.filter(day("DSEOSDAT") != day("SVDAT")).is_empty()


def test_some_crp_falls_below_the_limit_of_quantitation_in_a_larger_trial(tmp_path_factory) -> None:
    from tests.unit.simulate.nights import night

    large = night(tmp_path_factory.mktemp("large"), subjects=120)
    crp = large.lab().filter(pl.col("LABTESTCD") == "CRP")
    assert crp.filter(pl.col("RESULT") == "<0.5").height >= 1


def test_a_laboratory_event_names_the_sample_it_was_seen_in(clean: Night) -> None:
    named = clean.form("AE").filter(pl.col("AEACCESSN").is_not_null())
    assert named.height == 1
    seen = (
        clean.lab().join(named, left_on="ACCESSN", right_on="AEACCESSN").filter(pl.col("LABTESTCD") == "ALT")
    )
    assert seen["ABNFL"].to_list() == ["H"]


def test_records_are_changed_after_entry(clean: Night) -> None:
    assert clean.form("AE").filter(pl.col("RECVERSION") != "1").height >= 1
