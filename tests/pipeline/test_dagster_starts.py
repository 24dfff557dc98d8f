"""What starts a run: the sensor, the schedule, the load job; and how failures read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from pipeline.commands.tools import dagster_home
from pipeline.errors import BuildFailed
from pipeline.flow.context import open_context
from pipeline.flow.deliver import load_delivery, simulate_delivery
from pipeline.orchestrate.definitions import builds, definitions
from pipeline.orchestrate.failures import loud
from pipeline.orchestrate.naming import DELIVERIES
from pipeline.settings import Settings
from pipeline.warehouse.builds import build_lock


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sender") / "tonight"
    made = simulate_delivery(
        Settings(folder.parent), folder, None, subjects=2, seed=1, as_of=date(2027, 6, 30), defects="none"
    )
    return made.folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as one:
        yield one


def look(settings: Settings, instance: dg.DagsterInstance) -> dg.SensorResult:
    defs = definitions(settings)
    context = dg.build_sensor_context(instance=instance, definitions=defs)
    return defs.resolve_sensor_def("new_delivery")(context)


def tick(settings: Settings, instance: dg.DagsterInstance) -> dg.RunRequest | dg.SkipReason:
    context = dg.build_schedule_context(instance=instance)
    return definitions(settings).resolve_schedule_def("every_night")(context)


def drop(settings: Settings, sent: Path) -> Path:
    settings.incoming.mkdir(parents=True)
    folder = settings.incoming / sent.name
    folder.symlink_to(sent)
    return folder


def test_definitions_load_before_anything_has_landed(settings: Settings) -> None:
    dg.Definitions.validate_loadable(definitions(settings))
    assert not settings.home.exists()


def test_sensor_and_schedule_wait_while_nothing_has_landed(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    assert "nothing has been delivered" in look(settings, instance).skip_reason.skip_message
    assert "nothing has landed" in tick(settings, instance).skip_message


def test_the_sensor_runs_the_night_of_a_landed_delivery_and_adds_its_partition(
    settings: Settings, instance: dg.DagsterInstance, sent: Path
) -> None:
    landed = load_delivery(settings, sent)
    result = look(settings, instance)
    (request,) = result.run_requests
    assert (request.job_name, request.partition_key) == ("nightly", landed.delivery_id)
    assert request.run_key == f"{landed.delivery_id}:{open_context(settings).store.build}"
    assert result.dynamic_partitions_requests[0].partition_keys == [landed.delivery_id]
    instance.add_dynamic_partitions(str(DELIVERIES.name), [landed.delivery_id])
    again = look(settings, instance)
    assert (again.run_requests[0].run_key, again.dynamic_partitions_requests) == (request.run_key, [])


def test_an_incoming_folder_is_taken_only_once_its_marker_lies_beside_it(
    settings: Settings, instance: dg.DagsterInstance, sent: Path
) -> None:
    folder = drop(settings, sent)
    assert not look(settings, instance).run_requests
    folder.with_name(f"{folder.name}.complete").touch()
    (request,) = look(settings, instance).run_requests
    assert request.job_name == "load_delivery"
    assert request.run_config["ops"]["land"]["config"]["folder"] == str(folder)


def test_the_load_job_lands_as_the_command_does(
    settings: Settings, instance: dg.DagsterInstance, sent: Path, tmp_path: Path
) -> None:
    result = load(settings, instance, sent)
    landed = load_delivery(Settings(tmp_path / "other"), sent)
    assert result.success
    assert instance.get_dynamic_partitions(str(DELIVERIES.name)) == [landed.delivery_id]
    assert (settings.landing / landed.delivery_id / "delivery.json").read_bytes() == (
        landed.delivery.folder / "delivery.json"
    ).read_bytes()


def load(settings: Settings, instance: dg.DagsterInstance, folder: Path) -> dg.ExecuteInProcessResult:
    return (
        definitions(settings)
        .resolve_job_def("load_delivery")
        .execute_in_process(
            instance=instance,
            run_config={"ops": {"land": {"config": {"folder": str(folder)}}}},
            raise_on_error=False,
        )
    )


def test_a_refused_file_makes_the_load_red_and_lands_the_others(
    settings: Settings, instance: dg.DagsterInstance, sent: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    for file in (path for path in sent.rglob("*") if path.is_file()):
        target = damaged / file.relative_to(sent)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    first = min((damaged / "edc").glob("*.csv"))
    first.write_text("NOT,A,HEADER\n1,2,3\n", encoding="utf-8")
    result = load(settings, instance, damaged)
    told = result.failure_data_for_node("land")
    assert f"refused edc/{first.name}: " in told.user_failure_data.description
    assert "(there is no earlier good file)" in told.user_failure_data.description
    assert len(instance.get_dynamic_partitions(str(DELIVERIES.name))) == 1


def test_the_schedule_runs_the_newest_delivery_until_that_very_build_is_published(
    settings: Settings, instance: dg.DagsterInstance, sent: Path
) -> None:
    delivery = load_delivery(settings, sent).delivery_id
    assert tick(settings, instance).partition_key == delivery
    assert instance.get_dynamic_partitions(str(DELIVERIES.name)) == [delivery]
    context = open_context(settings)
    publish_something(context.store)
    assert f"published already as build {context.store.build}" in tick(settings, instance).skip_message


def publish_something(store) -> None:
    import polars as pl

    from pipeline.warehouse.builds import publish

    store.write("ops", "accounting", pl.DataFrame({"source": ["x"]}))
    publish(store, {})


def test_a_failure_is_one_line_without_cause_and_an_unforeseen_one_tells_its_place_only() -> None:
    with pytest.raises(dg.Failure) as expected, loud():
        raise BuildFailed("sdtm.AE", "broke its rule", "mend it")
    assert (expected.value.description, expected.value.__cause__) == (
        "sdtm.AE: broke its rule; mend it",
        None,
    )
    with pytest.raises(dg.Failure) as bug, loud():
        raise KeyError("101-001 secret")
    assert "unexpected KeyError in a library" in bug.value.description
    assert "secret" not in bug.value.description
    assert bug.value.__suppress_context__


def test_another_executor_is_configuration_and_locks_publication_only(settings: Settings) -> None:
    assert definitions(settings, "multiprocess").executor.name == "multiprocess"
    assert builds(settings).lock_whole_run
    by_step = builds(settings, "multiprocess")
    run = by_step.yield_for_execution(dg.build_init_resource_context())
    with run, locked(settings), pytest.raises(dg.Failure) as told, loud(), by_step.publishing():
        pytest.fail("published beside another build")
    assert "another build is running; wait until it has ended" in told.value.description


def locked(settings: Settings) -> AbstractContextManager[None]:
    return build_lock(settings.warehouse, settings.study, "BLINDED")


def test_the_ui_home_is_made_once_and_runs_wait_for_each_other(settings: Settings) -> None:
    config = dagster_home(settings) / "dagster.yaml"
    assert "max_concurrent_runs: 1" in config.read_text(encoding="utf-8")
    config.write_text("telemetry:\n  enabled: true\n", encoding="utf-8")
    dagster_home(settings)
    assert "true" in config.read_text(encoding="utf-8")
