"""A night in Dagster is the night of the command line: same graph, same build, same bytes."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pytest

from pipeline.flow.context import study_parts
from pipeline.flow.deliver import load_delivery
from pipeline.flow.plan import plan
from pipeline.orchestrate.definitions import assets, definitions
from pipeline.orchestrate.naming import ARRIVED, DELIVERIES, PUBLISHED, key_of
from pipeline.settings import Settings
from pipeline.warehouse.builds import Build, build_lock, published

SUBJECT = re.compile(r"\b\d{3}-\d{3}\b")
# What a blinded table may not hold anywhere (study design 5.3): codes and names of the treatments.
TREATMENTS = re.compile(r"\b(BX075|BX150|BXU075|BXU150|PBO|PLACEBO|BX-U001)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Night:
    """One delivery, built by the command line in one home and by Dagster in another."""

    settings: Settings
    delivery: str
    instance: dg.DagsterInstance
    result: dg.ExecuteInProcessResult
    by_command: Build

    @property
    def by_dagster(self) -> Build:
        return build_of(self.settings)

    def metadata(self) -> dict[str, dict[str, object]]:
        events = self.result.get_asset_materialization_events()
        return {
            event.asset_key.to_user_string(): {
                name: value.value for name, value in event.materialization.metadata.items()
            }
            for event in events
            if event.asset_key
        }

    def checks(self) -> dict[str, dg.AssetCheckEvaluation]:
        return {each.asset_key.to_user_string(): each for each in self.result.get_asset_check_evaluations()}


def build_of(settings: Settings) -> Build:
    build = published(settings.warehouse, settings.study, "BLINDED")
    assert build is not None
    return build


def run_nightly(settings: Settings, instance: dg.DagsterInstance, delivery: str) -> dg.ExecuteInProcessResult:
    job = definitions(settings).resolve_job_def("nightly")
    return job.execute_in_process(instance=instance, partition_key=delivery, raise_on_error=False)


@pytest.fixture(scope="module")
def night(home: Path, delivered: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("night")
    one = Settings(folder / "one")
    delivery = load_delivery(one, delivered).delivery_id
    by_command = build_of(Settings(home))
    assert by_command.delivery == delivery
    with dg.DagsterInstance.ephemeral(tempdir=str(folder / "dagster")) as instance:
        instance.add_dynamic_partitions(str(DELIVERIES.name), [delivery])
        result = run_nightly(one, instance, delivery)
        gc.freeze()  # steps collect after each other, and Dagster's heap is large
        yield Night(one, delivery, instance, result, by_command)
        gc.unfreeze()


def test_the_nightly_job_ends_well_though_rows_were_set_aside(night: Night) -> None:
    failed = [event for event in night.result.all_events if event.is_failure]
    assert not failed, [str(event.event_specific_data) for event in failed]


def test_dagster_publishes_the_build_of_the_command_line_byte_for_byte(night: Night) -> None:
    assert night.by_dagster.build == night.by_command.build
    assert night.by_dagster.files == night.by_command.files
    assert night.by_dagster.manifest_sha256 == night.by_command.manifest_sha256


def test_every_output_of_the_package_is_an_asset_with_its_digest(night: Night) -> None:
    folder = night.settings.releases / night.metadata()["release/manifest.json"]["release"]
    shown = {key: facts for key, facts in night.metadata().items() if key.startswith("release/")}
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    listed = {
        file["name"].rpartition("/")[2]: file["sha256"]
        for file in manifest["files"]
        if "tabulations/sdtm/" in file["name"] and not file["name"].endswith(".xsl")
    }
    assert {key.removeprefix("release/"): facts["sha256"] for key, facts in shown.items()} == {
        **listed,
        "manifest.json": shown["release/manifest.json"]["sha256"],
    }
    assert {"release/dm.xpt", "release/define.xml"} <= set(shown)


def test_rows_columns_and_a_preview_are_metadata_of_every_table(night: Night) -> None:
    shown = night.metadata()
    files = {
        f"sdtm/{file.table.upper()}": file.rows for file in night.by_dagster.files if file.layer == "sdtm"
    }
    assert {key: facts["dagster/row_count"] for key, facts in shown.items() if key in files} == files
    dm = shown["sdtm/DM"]
    labels = {column.name: column.description for column in dm["dagster/column_schema"].columns}
    assert labels["USUBJID"] == "Unique Subject Identifier"
    assert str(dm["preview"]).count("\n| ") > files["sdtm/DM"]
    assert Path(str(dm["path"])).is_file()


def test_checks_tell_counts_and_rules_and_stop_nothing(night: Night) -> None:
    checks = night.checks()
    failed = {key for key, each in checks.items() if not each.passed}
    quarantined = {
        f"contract/{file.table}"
        for file in night.by_dagster.files
        if file.layer == "quarantine" and file.rows
    }
    assert quarantined <= failed
    assert all(checks[key].severity is dg.AssetCheckSeverity.ERROR for key in quarantined)
    assert checks["ops/accounting"].passed
    assert checks["delivery"].passed
    told = " ".join(str(each.metadata) + str(each.description) for each in checks.values())
    assert not SUBJECT.search(told)


def test_the_accounting_shows_where_rows_went_and_what_to_ask_whom(night: Night) -> None:
    shown = night.metadata()["ops/accounting"]
    total = next(
        line for line in str(shown["where every row went"]).splitlines() if line.startswith("| all ")
    )
    delivered, *fates = (int(cell) for cell in total.strip("| ").split(" | ")[1:])
    assert delivered == sum(fates) == sum(file.rows for file in night.by_dagster.files if file.layer == "raw")
    assert re.search(
        r"^\*\*site \d{3}\*\*\n\n- (CRITICAL|ERROR) ", str(shown["what to ask whom"]), re.MULTILINE
    )
    assert not SUBJECT.search(str(shown["what to ask whom"]))


def test_metadata_never_tells_a_treatment(night: Night) -> None:
    planned = {"sdtm/TA", "sdtm/TE"}  # the protocol's design, no subject's
    found = {key for key, facts in night.metadata().items() if TREATMENTS.search(str(facts))}
    assert found <= planned


def test_the_same_night_again_tells_the_same(night: Night) -> None:
    job = definitions(night.settings).resolve_job_def("nightly")
    some = [key_of("contract.edc_cm"), key_of("sdtm.AE"), key_of("ops.accounting"), PUBLISHED]
    again = job.execute_in_process(
        instance=night.instance, partition_key=night.delivery, asset_selection=some, raise_on_error=False
    )
    shown = replace(night, result=again).metadata()
    assert set(shown) == {key.to_user_string() for key in some}
    assert shown == {key: facts for key, facts in night.metadata().items() if key in shown}
    assert night.by_dagster.files == night.by_command.files


def test_a_run_fails_in_one_line_while_another_build_holds_the_lock(night: Night) -> None:
    before = night.by_dagster
    with build_lock(night.settings.warehouse, night.settings.study, "BLINDED"):
        result = run_nightly(night.settings, night.instance, night.delivery)
    assert not result.success
    told = " ".join(str(event.event_specific_data) for event in result.all_events if event.is_failure)
    assert "another build is running; wait until it has ended" in told
    assert night.by_dagster == before


def test_the_published_asset_refuses_a_build_whose_steps_have_not_run(
    night: Night, delivered: Path, tmp_path: Path
) -> None:
    settings = Settings(tmp_path)
    load_delivery(settings, delivered)
    job = definitions(settings).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(
        instance=night.instance,
        partition_key=night.delivery,
        asset_selection=[PUBLISHED],
        raise_on_error=False,
    )
    assert "has not run it; materialize all assets" in str(result.failure_data_for_node("published"))
    assert published(settings.warehouse, settings.study, "BLINDED") is None


def test_the_asset_graph_is_the_plan() -> None:
    settings = Settings(Path("unused"))
    graph = definitions(settings).resolve_asset_graph()
    steps = plan(study_parts(settings))
    for step in steps:
        expected = {ARRIVED} if step.group == "raw" else {key_of(name) for name in step.needs}
        assert graph.get(key_of(step.name)).parent_keys == expected
        assert graph.get(key_of(step.name)).group_name == step.group
    released = {key for key in graph.get_all_asset_keys() if key.path[0] == "release"}
    assert graph.get_all_asset_keys() == {key_of(step.name) for step in steps} | released | {
        ARRIVED,
        PUBLISHED,
    }


def test_no_restricted_source_is_an_asset() -> None:
    settings = Settings(Path("unused"))
    restricted = {name for name, layout in study_parts(settings).all_layouts.items() if layout.restricted}
    keys = {part for asset in assets(settings) for key in asset.keys for part in key.path}
    assert restricted
    assert not restricted & keys
