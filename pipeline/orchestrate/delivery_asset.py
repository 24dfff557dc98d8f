"""What arrived: one asset that every delivered file depends on; its check fails when a file was refused."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from pipeline.flow.context import Context
from pipeline.flow.delta_sources import since_last
from pipeline.orchestrate.checks import severity
from pipeline.orchestrate.failures import loud
from pipeline.orchestrate.naming import ARRIVED, DELIVERIES, RAW
from pipeline.orchestrate.resources import Builds, Materialized
from pipeline.orchestrate.tables import markdown, page
from pipeline.sources.delivery import Delivery, Entry, State

_CHECK = "every_file_arrived"
_STATES: tuple[State, ...] = ("refused", "missing", "accepted")  # what needs a person comes first
_UNKNOWN = "is not a file of this study's contracts"
_FILES = {"source": pl.String, "state": pl.String, "rows": pl.Int64, "file": pl.String, "reason": pl.String,
          "in use from": pl.String}  # fmt: skip


def delivery_asset(title: str) -> dg.AssetsDefinition:
    """The asset of the landed delivery itself; it reads the record of the landing and touches nothing."""
    spec = dg.AssetSpec(
        ARRIVED,
        description=f"What arrived for {title}: every file of the night, accepted, refused or missing.",
        group_name=RAW,
    )
    check = dg.AssetCheckSpec(
        _CHECK, asset=ARRIVED, description="Passes when no file was refused, missing or unknown."
    )

    @dg.multi_asset(name="delivery", specs=[spec], check_specs=[check], partitions_def=DELIVERIES)
    def arrived(context: dg.AssetExecutionContext, builds: Builds) -> Iterator[Materialized]:
        with loud():
            build = builds.context(context.partition_key)
            delivery, changed = build.delivery, _since_last(build)
        yield dg.MaterializeResult(
            metadata={
                "data cut": delivery.cut.isoformat(),
                **_counts(delivery),
                "to settle": dg.MetadataValue.md(
                    "\n".join(f"- {each}" for each in troubles(delivery)) or "nothing"
                ),
                "since the last delivery": changed,
                "files": page(files_of(delivery)),
                "path": dg.MetadataValue.path(delivery.folder),
            },
            check_results=[_check(delivery)],
        )

    return arrived


def _since_last(context: Context) -> dg.MarkdownMetadataValue:
    """Raw records by what happened to them, source by source; counts only."""
    compared = since_last(context.settings, context.parts, context.delivery)
    if compared is None:
        return dg.MetadataValue.md("this is the first delivery")
    earlier, counts = compared
    return dg.MetadataValue.md(f"Records of each source since {earlier}:\n\n{markdown(counts)}")


def files_of(delivery: Delivery) -> pl.DataFrame:
    """One row a source: state, rows, file, why not, and the delivery whose file is used instead."""
    rows: list[tuple[object, ...]]
    rows = [(None, "unknown", None, name, _UNKNOWN, None) for name in delivery.undeclared]
    rows += [
        (source, entry.state, entry.rows, entry.file, entry.reason, entry.kept_from)
        for state in _STATES
        for source, entry in delivery.in_state(state).items()
    ]
    return pl.DataFrame(rows, schema=_FILES, orient="row")


def troubles(delivery: Delivery) -> list[str]:
    """One sentence for each file that was refused, is missing although needed, or belongs to no contract."""
    told = [
        f"refused {entry.file}: {entry.reason}{_kept(entry)}"
        for entry in delivery.in_state("refused").values()
    ]
    missing = {source: entry for source, entry in delivery.in_state("missing").items() if entry.required}
    told += [f"missing {source}{_kept(entry)}" for source, entry in missing.items()]
    return told + [f"unknown file {name}" for name in delivery.undeclared]


def _kept(entry: Entry) -> str:
    return (
        f" (the file of {entry.kept_from} stays in use)"
        if entry.kept_from
        else " (there is no earlier good file)"
    )


def _check(delivery: Delivery) -> dg.AssetCheckResult:
    told = troubles(delivery)
    grave = any(not each.startswith("unknown") for each in told)
    return dg.AssetCheckResult(
        passed=not told,
        check_name=_CHECK,
        severity=severity(grave=grave),
        description="; ".join(told) or "all files are here",
        metadata=_counts(delivery),
    )


def _counts(delivery: Delivery) -> dict[str, int]:
    accepted = delivery.in_state("accepted").values()
    return {"files accepted": len(accepted), "rows": sum(entry.rows or 0 for entry in accepted)}
