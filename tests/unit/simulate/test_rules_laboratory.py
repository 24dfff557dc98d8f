"""The laboratory file: the rules of section 6 in a trial without defects."""

from __future__ import annotations

import polars as pl
import pytest

from tests.unit.simulate.nights import Night, day, failures, nothing


@pytest.mark.parametrize(
    ("criterion", "broken"),
    [
        ("INCL08", (pl.col("LABTESTCD") == "CRP") & (pl.col("ABNFL") != "H")),
        ("EXCL05", (pl.col("LABTESTCD") == "GFRE") & (pl.col("RESULT").cast(pl.Float64, strict=False) < 45)),
        (
            "EXCL04",
            pl.col("LABTESTCD").is_in(["ALT", "AST"])
            & (
                pl.col("RESULT").cast(pl.Float64, strict=False)
                > 2 * pl.col("REFHI").cast(pl.Float64, strict=False)
            ),
        ),
        (
            "EXCL01",
            pl.col("LABTESTCD").is_in(["HBSAG", "HBCAB", "HCVAB", "HIV", "IGRA"])
            & (pl.col("RESULT") != "NEGATIVE"),
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
    antibodies = clean.lab().filter(
        pl.col("LABTESTCD").is_in(["RF", "CCP"]) & (pl.col("VISITLBL") == "SCREENING")
    )
    positive = antibodies.group_by("SUBJID").agg((pl.col("ABNFL") == "H").any())
    assert set(positive.filter(~pl.col("ABNFL"))["SUBJID"]) == set(
        failures(clean).filter(pl.col("IETESTCD") == "INCL09")["SUBJID"]
    )


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
    expected = (
        pl.when(value.is_null())
        .then(pl.when(normal).then(pl.lit("N")).otherwise(pl.lit("A")))
        .otherwise(flag)
    )
    nothing(clean.lab().filter(pl.col("ABNFL").ne_missing(expected)))


def test_no_liver_injury_pattern_and_no_positive_pregnancy_test(clean: Night) -> None:
    lab = clean.lab().filter(
        pl.col("LABTESTCD").is_in(["ALT", "AST", "BILI"]) & (pl.col("SPECIMEN") == "SER")
    )
    ratio = pl.col("RESULT").cast(pl.Float64) / pl.col("REFHI").cast(pl.Float64)
    screening_failures = failures(clean)["SUBJID"].implode()
    nothing(
        lab.filter((ratio > 3) | ((pl.col("LABTESTCD") == "BILI") & (ratio > 2))).filter(
            ~pl.col("SUBJID").is_in(screening_failures)
        )
    )


def test_every_sample_of_a_form_has_results_and_the_reverse(clean: Night) -> None:
    collected = clean.form("LBC").filter(pl.col("LBPERF") == "Y").select(
        "SUBJID", "ACCESSN", COLLDT=day("LBDAT").dt.strftime("%Y%m%d"),
        COLLTM=pl.col("LBTIM").str.replace(":", ""), FAST="LBFAST",
    )  # fmt: skip
    results = clean.lab().select(collected.columns).unique()
    assert collected.sort("ACCESSN").equals(results.sort("ACCESSN"))
    assert collected["ACCESSN"].is_unique().all()


def test_the_laboratory_knows_sex_and_year_of_birth(clean: Night) -> None:
    known = clean.form("DM").select("SUBJID", "SEX", BRTHYR=pl.col("BRTHDAT").str.slice(7))
    nothing(clean.lab().select("SUBJID", "SEX", "BRTHYR").unique().join(known, on=known.columns, how="anti"))


def test_filtration_rates_follow_from_the_reported_creatinine(clean: Night) -> None:
    wide = (
        clean.lab()
        .filter(pl.col("LABTESTCD").is_in(["CREAT", "GFRE"]))
        .pivot("LABTESTCD", index=["SUBJID", "ACCESSN", "SEX", "COLLDT"], values="RESULT")
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
