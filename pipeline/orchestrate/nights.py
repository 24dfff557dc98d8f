"""When runs start: the nightly job, its schedule, the sensor that sees a new delivery, landing one by hand.

A sender drops a folder ``<name>`` into the incoming folder and, as its last act, an empty file
``<name>.complete`` beside it. The marker lies beside the folder, not in it, because every file inside belongs
to the delivery. A marker that is written anew offers the folder anew.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg

from pipeline.errors import UsageError
from pipeline.flow.context import BLINDED, open_context
from pipeline.flow.deliver import load_delivery
from pipeline.orchestrate.delivery_asset import files_of, troubles
from pipeline.orchestrate.failures import loud
from pipeline.orchestrate.naming import DELIVERIES
from pipeline.orchestrate.tables import page
from pipeline.settings import Settings
from pipeline.sources.delivery import deliveries
from pipeline.sources.landing import Landed
from pipeline.warehouse.builds import published

NIGHT = "0 2 * * *"
ZONE = "UTC"
COMPLETE = ".complete"
_LOOK_EVERY = 30  # seconds
_LOAD = "load_delivery"

nightly = dg.define_asset_job(
    "nightly",
    selection=dg.AssetSelection.all(),
    description="Everything for one delivery: contracts, datasets, accounting, publication and package.",
)


class Folder(dg.Config):
    """What to land: ``folder`` holds the delivered files; ``cut`` (YYYY-MM-DD) if no file's name tells it."""

    folder: str
    cut: str | None = None


def load_job(settings: Settings) -> dg.JobDefinition:
    """Lands one folder as the command ``load`` does; the run is red if a file was refused."""

    @dg.op(name="land", description="Check each file of the folder and copy the good ones unchanged.")
    def land(context: dg.OpExecutionContext, config: Folder) -> None:
        with loud():
            landed = load_delivery(settings, Path(config.folder), cut=_day(config.cut))
        context.instance.add_dynamic_partitions(DELIVERIES.name or "", [landed.delivery_id])
        _tell(context, landed)

    @dg.job(name=_LOAD, description="Land a delivery from a folder; its nightly run then starts by itself.")
    def load_delivery_job() -> None:
        land()

    return load_delivery_job


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(
            "data cut", "is not a day YYYY-MM-DD", "correct the configuration of the run"
        ) from None


def _tell(context: dg.OpExecutionContext, landed: Landed) -> None:
    """Says in the log what landed; fails if the sender has to deliver something again."""
    told = troubles(landed.delivery)
    metadata = {
        "files": page(files_of(landed.delivery)),
        "path": dg.MetadataValue.path(landed.delivery.folder),
    }
    if told:
        raise dg.Failure(
            f"delivery {landed.delivery_id} landed, but: {'; '.join(told)}",
            metadata=metadata,
            allow_retries=False,
        )
    context.log_event(dg.AssetObservation("delivery", partition=landed.delivery_id, metadata=metadata))


def schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Every night the newest delivery, unless it is published already in this very form."""

    @dg.schedule(
        NIGHT,
        name="every_night",
        job=nightly,
        execution_timezone=ZONE,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Builds the newest delivery unless it is published already with today's specification.",
    )
    def every_night(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        with loud():
            newest = _newest(settings)
            if newest is None:
                return dg.SkipReason("nothing has landed yet")
            last = published(settings.warehouse, settings.study, BLINDED)
        delivery, build = newest
        if last is not None and last.build == build:
            return dg.SkipReason(f"delivery {delivery} is published already as build {build}")
        context.instance.add_dynamic_partitions(DELIVERIES.name or "", [delivery])
        return dg.RunRequest(partition_key=delivery)

    return every_night


def sensor(settings: Settings, load: dg.JobDefinition) -> dg.SensorDefinition:
    """Lands what the sender has completed, and runs the newest landed delivery once per content and code.

    Earlier deliveries become partitions without a run: they are cuts that a person can build when asked for.
    """

    @dg.sensor(
        name="new_delivery",
        jobs=[nightly, load],
        minimum_interval_seconds=_LOOK_EVERY,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Looks into {settings.landing}, and into {settings.incoming}, "
        f"where a folder <name> is complete once a file <name>{COMPLETE} lies beside it.",
    )
    def new_delivery(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        with loud():
            known = set(context.instance.get_dynamic_partitions(DELIVERIES.name or ""))
            new = [one.delivery_id for one in deliveries(settings.landing) if one.delivery_id not in known]
            requests = [*_loads(settings), *_night(settings)]
        if not requests:
            return dg.SensorResult(skip_reason="nothing has been delivered yet")
        return dg.SensorResult(
            run_requests=requests,
            dynamic_partitions_requests=[DELIVERIES.build_add_request(new)] if new else [],
        )

    return new_delivery


def _loads(settings: Settings) -> Iterator[dg.RunRequest]:
    for marker in sorted(settings.incoming.glob(f"[!.]*{COMPLETE}")):
        folder = marker.with_name(marker.name.removesuffix(COMPLETE))
        written = marker.stat().st_mtime_ns
        config = dg.RunConfig(ops={"land": Folder(folder=str(folder))})
        yield dg.RunRequest(run_key=f"load:{folder.name}:{written}", job_name=_LOAD, run_config=config)


def _night(settings: Settings) -> Iterator[dg.RunRequest]:
    if newest := _newest(settings):
        delivery, build = newest
        yield dg.RunRequest(run_key=f"{delivery}:{build}", job_name=nightly.name, partition_key=delivery)


def _newest(settings: Settings) -> tuple[str, str] | None:
    """The newest landed delivery and the build it gives: a digest of its content, specification and code."""
    if not deliveries(settings.landing):
        return None
    context = open_context(settings)
    return context.delivery.delivery_id, context.store.build
