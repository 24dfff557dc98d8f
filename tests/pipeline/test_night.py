"""A whole night: what was planted is found and nothing else, and the same files give the same bytes."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import polars as pl
import pytest

from pipeline.flow.audit_build import audit_build
from pipeline.flow.context import open_context
from pipeline.flow.deliver import load_delivery
from pipeline.flow.run import run_build
from pipeline.settings import Settings
from pipeline.simulate.audit import read_ledger
from pipeline.warehouse.builds import Build, verify
from tests.slow import slow

SEPARATORS = {".csv": ",", ".txt": "|"}


@pytest.fixture(scope="module")
def ledger(delivered: Path) -> pl.DataFrame:
    """What the simulation planted where."""
    return read_ledger(delivered.with_name(f"{delivered.name}.ledger.csv"))


def test_everything_planted_is_found_and_nothing_else(home: Path, night: Build, ledger: pl.DataFrame) -> None:
    audit = audit_build(open_context(Settings(home=home)), night, ledger)
    assert audit.passed
    assert audit.kinds["planted"].to_list() == [2] * 9


def test_the_sums_close_for_every_source(night: Build) -> None:
    accounting = night.read("ops", "accounting").collect()
    fates = [name for name in accounting.columns if name not in ("source", "delivered")]
    assert (
        accounting.select(pl.sum_horizontal(fates))
        .to_series()
        .equals(accounting["delivered"].alias(fates[0]))
    )
    assert accounting["delivered"].sum() == sum(each["rows"] for each in night.facts["files"].values())


def test_keys_are_unique_and_records_come_in_their_order(night: Build) -> None:
    from tests.unit.domains.trial import spec

    for name, dataset in spec().datasets.items():
        records = night.read("sdtm", name.lower()).collect()
        keys = [key for key in dataset.keys if key in records.columns]
        assert records.select(keys).n_unique() == records.height, name
        assert records.select(keys).equals(records.select(keys).sort(keys, nulls_last=False)), name


def built_in(home: Path, delivery: Path) -> Build:
    settings = Settings(home=home)
    load_delivery(settings, delivery)
    return run_build(settings).build


@slow  # the default suite proves it with the build of Dagster, which has a home of its own (test_dagster_night)
def test_the_same_delivery_gives_the_same_bytes_in_another_home(
    night: Build, delivered: Path, tmp_path: Path
) -> None:
    again = built_in(tmp_path, delivered)
    assert again.build == night.build
    assert again.manifest_sha256 == night.manifest_sha256
    assert verify(again) == ()


@pytest.fixture(scope="module")
def next_night(home: Path, delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The same delivery once more, in a home that has it: rows in another order, and one file empty."""
    place = tmp_path_factory.mktemp("next")
    shutil.copytree(home, place / "home")
    shutil.copytree(delivered, place / "shuffled")
    for path in sorted((place / "shuffled").rglob("*.*")):
        head, *rows = path.read_bytes().splitlines(keepends=True)
        if b'"' not in b"".join(rows):  # a quoted field may hold line breaks
            random.Random(path.name).shuffle(rows)
        path.write_bytes(head + b"".join(rows))
    (place / "shuffled" / "edc" / "AE.csv").write_bytes(b"")
    return built_in(place / "home", place / "shuffled")


def test_the_order_of_rows_in_a_file_changes_no_record(night: Build, next_night: Build) -> None:
    assert next_night.build != night.build
    for file in night.files:
        if file.layer == "sdtm":
            ours, theirs = (each.read("sdtm", file.table).collect() for each in (night, next_night))
            assert ours.equals(theirs), file.table


def test_a_night_whose_file_was_refused_keeps_the_last_good_one_and_says_so(
    night: Build, next_night: Build
) -> None:
    told = next_night.read("qc", "findings").filter(pl.col("rule") == "edc_ae.delivery").collect()
    assert told.select("severity", "source").rows() == [("CRITICAL", "edc_ae")]
    assert night.delivery in told["message"][0]
    assert next_night.read("sdtm", "ae").select(pl.len()).collect().item() > 0


def test_two_nights_with_the_same_usable_files_are_two_builds_if_one_was_refused_a_file(
    home: Path, delivered: Path, tmp_path: Path
) -> None:
    shutil.copytree(home, tmp_path / "home")
    shutil.copytree(delivered, tmp_path / "night")
    (tmp_path / "night" / "edc" / "AE.csv").write_bytes(b"")
    settings = Settings(home=tmp_path / "home")
    before = open_context(settings)
    load_delivery(settings, tmp_path / "night")
    after = open_context(settings)
    assert {source: file.sha256 for source, file in before.files.items() if file} == {
        source: file.sha256 for source, file in after.files.items() if file
    }
    assert before.store.build != after.store.build


def test_a_build_that_is_published_is_not_built_again(home: Path, night: Build, tmp_path: Path) -> None:
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    ran = run_build(Settings(home=copy))
    assert not ran.new
    assert ran.build.manifest_sha256 == night.manifest_sha256
