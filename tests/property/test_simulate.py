"""One trial from one seed: the same bytes twice, and every night a view of the same trial."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from data_contracts.bxu001_ra.simulation import MODEL
from data_contracts.bxu001_ra.simulation.edc import AUDIT
from pipeline.contracts.catalog import contract_models
from pipeline.contracts.model import layout_of
from pipeline.simulate import Streams, simulate
from tests.conftest import DEFECTS

FIRST, LAST = date(2026, 12, 1), date(2028, 6, 30)
NIGHTS = st.integers(0, (LAST - FIRST).days).map(lambda days: FIRST + timedelta(days=days))
SEEDS = st.integers(0, 2**31)
MUTABLE = {"RECSTATUS", "RECVERSION", "MODIFIEDTS", "LOCKSTATUS"}


def written(folder: Path, seed: int, subjects: int, as_of: date, defects: str) -> dict[str, bytes]:
    layouts = {source: layout_of(model) for source, model in contract_models("bxu001_ra").items()}
    simulate(
        MODEL,
        layouts,
        folder / "out",
        folder / "vault",
        subjects=subjects,
        seed=seed,
        as_of=as_of,
        defects=defects,
    )
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@settings(max_examples=2, deadline=None)
@given(SEEDS, st.integers(1, 18), NIGHTS)
def test_the_same_arguments_give_the_same_bytes(seed: int, subjects: int, as_of: date) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        first = written(Path(one), seed, subjects, as_of, "all")
        assert first == written(Path(two), seed, subjects, as_of, "all")
        assert len(first) > 30


@settings(max_examples=3, deadline=None)
@given(SEEDS, NIGHTS, NIGHTS)
def test_a_later_night_shows_every_record_of_an_earlier_one_in_the_same_or_a_later_version(
    seed: int, one: date, other: date
) -> None:
    early, late = (MODEL.generate(Streams(seed), 16, as_of).tables for as_of in sorted((one, other)))
    for source in [name for name in early if name.startswith("edc_")]:
        joined = early[source].join(late[source], on="RECORDID", how="left", suffix="_late")
        lost = joined.filter(pl.col("SUBJID_late").is_null())
        if source == "edc_ae":  # a deleted event vanishes, and was entered again
            again = ["SUBJID", "AETERM", "AESTDAT"]
            lost = lost.join(late[source].filter(pl.col("RECSTATUS") == "ACTIVE"), on=again, how="anti")
        assert lost.is_empty()
        kept = joined.filter(pl.col("SUBJID_late").is_not_null())
        assert kept.filter(
            pl.col("RECVERSION").cast(pl.Int64) > pl.col("RECVERSION_late").cast(pl.Int64)
        ).is_empty()
        unchanged = kept.filter(pl.col("RECVERSION") == pl.col("RECVERSION_late"))
        same = [name for name in early[source].columns if name not in {*MUTABLE, "RECORDID"}]
        assert unchanged.select(pl.col(same)).equals(
            unchanged.select(pl.col(f"{name}_late").alias(name) for name in same)
        )
        assert set(AUDIT) <= set(early[source].columns)


@settings(max_examples=3, deadline=None)
@given(SEEDS, NIGHTS, NIGHTS)
def test_the_laboratory_file_of_a_later_night_begins_with_the_earlier_one(
    seed: int, one: date, other: date
) -> None:
    early, late = (MODEL.generate(Streams(seed), 12, as_of).tables for as_of in sorted((one, other)))
    assert late["lab_results"].head(early["lab_results"].height).equals(early["lab_results"])
    first, then = early["rtsm_assign"], late["rtsm_assign"]
    assert first.join(then, on=first.columns, how="anti").is_empty()


@settings(max_examples=3, deadline=None)
@given(SEEDS)
def test_a_person_is_the_same_in_a_trial_of_another_size(seed: int) -> None:
    small, large = (MODEL.generate(Streams(seed), subjects, LAST).tables["edc_dm"] for subjects in (16, 40))
    facts = ["AGE", "SEX", "ETHNIC"]
    people = [frame.group_by(facts).len(name="people") for frame in (small, large)]
    joined = people[0].join(people[1], on=facts, how="left", suffix="_large")
    assert joined.filter(
        pl.col("people_large").is_null() | (pl.col("people_large") < pl.col("people"))
    ).is_empty()


@settings(max_examples=2, deadline=None)
@given(SEEDS)
def test_open_files_do_not_name_an_arm_or_a_product(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = written(Path(folder), seed, 16, LAST, ",".join(DEFECTS))
        for name, content in files.items():
            if not name.startswith("vault"):
                upper = content.upper()
                for word in (
                    b"BXU075",
                    b"BXU150",
                    b"PLACEBO",
                    b"BX-U001",
                    b"ARMCD",
                    b",PBO",
                    b"LOTNO",
                    b"CELLS",
                ):
                    assert word not in upper, name
