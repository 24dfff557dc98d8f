"""Datasets that agree with each other, on a whole simulated trial: references resolve, dates and flags fit together."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipeline.derive.iso8601 import date_part
from pipeline.flow.deliver import load_delivery, simulate_delivery
from pipeline.flow.run import run_build
from pipeline.settings import Settings
from pipeline.warehouse.builds import Build

PARENTS = {"suppae": "ae", "suppcm": "cm", "suppec": "ec"}
WITH_VISITS = ("ie", "is", "lb", "mb", "mk", "qs", "rs", "vs")
WITH_EPOCHS = {"ae": "AESTDTC", "ds": "DSSTDTC", "ec": "ECSTDTC", "lb": "LBDTC", "qs": "QSDTC", "vs": "VSDTC"}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Sixteen randomized subjects and the screen failures, followed to the end, without defects."""
    folder = tmp_path_factory.mktemp("trial")
    settings = Settings(home=folder / "home")
    night = folder / "night"
    simulate_delivery(settings, night, None, subjects=16, seed=5, as_of=date(2028, 6, 30), defects="none")
    load_delivery(settings, night)
    return run_build(settings).build


def records(trial: Build, dataset: str) -> pl.DataFrame:
    return trial.read("sdtm", dataset).collect()


def numbers(trial: Build, dataset: str) -> pl.DataFrame:
    """USUBJID, IDVAR and IDVARVAL by which other datasets may refer to this one's records."""
    sequence = f"{dataset.upper()}SEQ"
    return records(trial, dataset).select(
        "USUBJID", IDVAR=pl.lit(sequence), IDVARVAL=pl.col(sequence).cast(pl.Int64).cast(pl.String)
    )


@pytest.mark.parametrize(("supplement", "parent"), PARENTS.items())
def test_every_qualifier_has_its_parent(trial, supplement, parent):
    found = records(trial, supplement)
    lost = found.join(numbers(trial, parent), on=["USUBJID", "IDVAR", "IDVARVAL"], how="anti")
    assert found.height > 0
    assert lost.height == 0


@pytest.mark.parametrize("dataset", ["co", "relrec"])
def test_every_reference_to_a_record_resolves(trial, dataset):
    found = records(trial, dataset).filter(pl.col("IDVARVAL").is_not_null())
    assert found.height > 0
    for row in found.iter_rows(named=True):
        target = records(trial, row["RDOMAIN"].lower()).filter(
            pl.col("USUBJID") == row["USUBJID"],
            pl.col(row["IDVAR"]).cast(pl.String).is_in([row["IDVARVAL"], f"{row['IDVARVAL']}.0"]),
        )
        assert target.height > 0, (row["RDOMAIN"], row["IDVAR"], row.get("RELID", ""))


def test_a_relation_has_two_ends_in_each_subject(trial):
    ends = records(trial, "relrec").filter(pl.col("USUBJID").is_not_null()).group_by("USUBJID", "RELID").len()
    assert set(ends["len"]) == {2}


@pytest.mark.parametrize("dataset", WITH_VISITS)
def test_every_visit_of_a_finding_is_a_visit_of_the_subject(trial, dataset):
    visits = records(trial, "sv").select("USUBJID", "VISITNUM", "VISIT")
    found = records(trial, dataset).select("USUBJID", "VISITNUM", "VISIT").unique()
    assert found.join(visits, on=["USUBJID", "VISITNUM", "VISIT"], how="anti").height == 0


@pytest.mark.parametrize(("dataset", "date_variable"), WITH_EPOCHS.items())
def test_every_epoch_is_one_of_the_subjects_elements_on_that_day(trial, dataset, date_variable):
    elements = records(trial, "se").select(
        "USUBJID", "EPOCH", start=date_part(pl.col("SESTDTC")), end=date_part(pl.col("SEENDTC"))
    )
    found = (
        records(trial, dataset)
        .select("USUBJID", "EPOCH", day=date_part(pl.col(date_variable)))
        .drop_nulls()
        .unique()
    )
    held = found.join(elements, on=["USUBJID", "EPOCH"], how="inner").filter(
        pl.col("day") >= pl.col("start"), pl.col("end").is_null() | (pl.col("day") <= pl.col("end"))
    )
    assert found.join(held, on=["USUBJID", "EPOCH", "day"], how="anti").height == 0


def test_elements_follow_each_other_without_a_gap(trial):
    elements = records(trial, "se").with_columns(following=pl.col("SESTDTC").shift(-1).over("USUBJID"))
    assert (
        elements.filter(pl.col("following").is_not_null() & (pl.col("SEENDTC") != pl.col("following"))).height
        == 0
    )


def test_reference_dates_agree_with_exposure_disposition_and_death(trial):
    people = records(trial, "dm")
    infusions = (
        records(trial, "ec")
        .filter(pl.col("ECOCCUR") == "Y")
        .group_by("USUBJID")
        .agg(first=pl.col("ECSTDTC").min())
    )
    ends = (
        records(trial, "ds")
        .filter(pl.col("DSSCAT") == "STUDY PARTICIPATION")
        .select("USUBJID", end="DSSTDTC", why="DSDECOD")
    )
    joined = people.join(infusions, on="USUBJID", how="left").join(ends, on="USUBJID", how="left")
    assert joined.filter(pl.col("RFSTDTC").ne_missing(pl.col("first"))).height == 0
    randomized = joined.filter(pl.col("ARMCD").is_not_null())
    assert randomized.filter(pl.col("RFENDTC").ne_missing(pl.col("end"))).height == 0
    assert joined.filter(pl.col("end").is_not_null() & (pl.col("RFPENDTC") > pl.col("end"))).height == 0
    assert set(joined.filter(pl.col("DTHFL") == "Y")["USUBJID"]) == set(
        joined.filter(pl.col("why") == "DEATH")["USUBJID"]
    )
    assert joined.filter(pl.col("DTHFL") == "Y").height > 0


def test_screen_failures_carry_what_was_collected_and_nothing_of_the_treatment(trial):
    failed = records(trial, "dm").filter(pl.col("ARMNRS") == "SCREEN FAILURE")["USUBJID"]
    assert len(failed) > 0
    for dataset in ("ds", "ie", "sv", "se", "lb", "vs", "mk", "qs"):
        theirs = records(trial, dataset).filter(pl.col("USUBJID").is_in(failed.implode()))
        assert theirs["USUBJID"].n_unique() == len(failed), dataset
    for dataset in ("ec", "ex"):
        assert records(trial, dataset).filter(pl.col("USUBJID").is_in(failed.implode())).height == 0


def test_visit_numbers_and_names_go_one_to_one(trial):
    named = pl.concat(
        records(trial, name).select("VISITNUM", "VISIT") for name in ("sv", *WITH_VISITS)
    ).unique()
    assert named["VISITNUM"].n_unique() == named["VISIT"].n_unique() == named.height
