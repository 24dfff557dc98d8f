"""A planted delivery taken through a whole night of its own, and what was found there against its ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipeline.delta.records import Change
from pipeline.domains.records import Fate
from pipeline.errors import UsageError
from pipeline.flow.context import Context, open_context
from pipeline.flow.deliver import load_delivery, simulate_delivery
from pipeline.flow.delta import Delta, delta
from pipeline.flow.run import run_context
from pipeline.settings import Settings
from pipeline.simulate.audit import FATES, FOUND, REFUSED, VALUES, Audit, audited, read_ledger
from pipeline.simulate.defects import LEDGER
from pipeline.warehouse.builds import Build

_SUFFIX = ".ledger.csv"
MISSING = "missing"
_LEFT = (Fate.QUARANTINED, Fate.SUPERSEDED, Fate.DELETED)


@dataclass(frozen=True)
class Seed:
    """One simulated study of many: how it is grown and what is planted."""

    seed: int
    subjects: int
    as_of: date
    defects: str


def audit_ledger(settings: Settings, ledger: Path) -> Audit:
    """The delivery beside ``ledger``, landed and built in a home of its own that is gone afterwards.

    UsageError if ``ledger`` is none, or its delivery is not beside it.
    """
    folder = ledger.with_name(ledger.name.removesuffix(_SUFFIX))
    if not ledger.name.endswith(_SUFFIX) or not folder.is_dir():
        raise UsageError(str(ledger), "has no delivery beside it", "name the .ledger.csv that simulate wrote")
    with TemporaryDirectory(prefix="audit-") as home:
        return _audited(replace(settings, home=Path(home)), folder, read_ledger(ledger))


def audit_seeds(settings: Settings, seeds: list[Seed]) -> Iterator[tuple[Seed, Audit]]:
    """The same for simulated studies, one after the other; nothing of them is kept.

    A kind that finds no place beside the others is planted in a further delivery of the same trial.
    """
    for seed in seeds:
        audits: list[Audit] = []
        left: tuple[str, ...] = (seed.defects,)
        while left:
            audit, without_place = _planted_night(settings, seed, ",".join(left))
            audits.append(audit)
            left = () if without_place == left else without_place
        yield seed, merged(audits)


def _planted_night(settings: Settings, seed: Seed, defects: str) -> tuple[Audit, tuple[str, ...]]:
    """The audit of one simulated night, and the kinds that found no place in it."""
    with TemporaryDirectory(prefix="audit-") as place:
        made = simulate_delivery(
            settings,
            Path(place) / "night",
            None,
            subjects=seed.subjects,
            seed=seed.seed,
            as_of=seed.as_of,
            defects=defects,
        )
        own = replace(settings, home=Path(place) / "home")
        audit = _audited(own, made.folder, read_ledger(made.ledger))
    return audit, tuple(kind for kind, count in made.defects.items() if not count)


def _audited(settings: Settings, folder: Path, ledger: pl.DataFrame) -> Audit:
    earlier = folder.with_name(f"{folder.name}.earlier")
    if earlier.is_dir():
        load_delivery(settings, earlier)
    landed = load_delivery(settings, folder)
    context = open_context(settings, landed.delivery_id)
    build = run_context(context).build
    return audit_build(context, build, ledger, delta(settings) if earlier.is_dir() else None)


def audit_build(context: Context, build: Build, ledger: pl.DataFrame, since: Delta | None = None) -> Audit:
    """What the published ``build`` of ``context`` holds, against ``ledger``; ``since`` is what changed overnight."""
    found = build.read("qc", "findings").select(list(FOUND)).collect()
    fates = pl.concat([_fates(build, context), _unusable(context), _overnight(context, since)])
    values = pl.concat([_values(build, context, ledger), _gone(context, since)])
    return audited(ledger, found, fates, values, _consequences(build, context))


def _files(context: Context) -> dict[str, str]:
    return {source: file.file for source, file in context.files.items() if file}


def _fates(build: Build, context: Context) -> pl.DataFrame:
    rows = (
        build.read("ops", "set_aside").filter(pl.col("fate").is_in([str(fate) for fate in _LEFT])).collect()
    )
    file = pl.col("source").replace_strict(_files(context), default=None, return_dtype=pl.String)
    return rows.select(file=file, line=pl.col("line").cast(pl.Int64), fate="fate").cast(FATES)


def _unusable(context: Context) -> pl.DataFrame:
    """Whole files that landing refused, by the name under which they came, and those that did not come."""
    entries = context.delivery.in_state("refused")
    rows = [(entry.file, None, REFUSED) for entry in entries.values()]
    rows += [(_files(context).get(source), None, MISSING) for source in context.delivery.in_state("missing")]
    return pl.DataFrame(rows, schema=FATES, orient="row")


def _overnight(context: Context, since: Delta | None) -> pl.DataFrame:
    """Records that are gone or came back, changes while locked, and coded texts that changed, by tonight's line."""
    if since is None:
        return FATES.to_frame()
    moved = since.records.filter(pl.col("change").is_in([str(Change.VANISHED), str(Change.REENTERED)]))
    told = [
        moved.select("source", "new_line", fate="change"),
        since.flags.select("source", "new_line", fate="flag"),
    ]
    file = pl.col("source").replace_strict(_files(context), default=None, return_dtype=pl.String)
    rows = pl.concat(told).select(file=file, line=pl.col("new_line").cast(pl.Int64), fate="fate")
    return rows.cast(FATES)


def _gone(context: Context, since: Delta | None) -> pl.DataFrame:
    """The record ids of what vanished, as values of no line."""
    if since is None:
        return VALUES.to_frame()
    rows = since.records.filter(pl.col("change") == str(Change.VANISHED))
    file = pl.col("source").replace_strict(_files(context), default=None, return_dtype=pl.String)
    column = context.parts.spec.study.reference.record_column
    return rows.select(file=file, line=pl.lit(None), variable=pl.lit(column), value="key").cast(VALUES)


def _values(build: Build, context: Context, ledger: pl.DataFrame) -> pl.DataFrame:
    """What the records of the ledger's lines hold in the variables that it names."""
    frames = [VALUES.to_frame()]
    names = ledger["variable"].drop_nulls().unique().sort().to_list()
    files = pl.DataFrame(list(_files(context).items()), schema=["source", "file"], orient="row").lazy()
    for dataset, spec in context.parts.spec.datasets.items():
        for variable in [name for name in names if name in spec.variables]:
            sequence = f"{dataset}SEQ"
            records = build.read("sdtm", dataset.lower())
            if sequence not in records.collect_schema():
                records = records.with_columns(pl.lit(1).alias(sequence))
            links = build.read("ops", f"links_{dataset.lower()}").join(files, on="source", how="inner")
            held = records.select(
                subject="USUBJID", seq=pl.col(sequence).cast(pl.Int64), value=pl.col(variable).cast(pl.String)
            )
            joined = links.join(held, on=["subject", "seq"], how="inner")
            frames.append(
                joined.select(
                    "file", line=pl.col("line").cast(pl.Int64), variable=pl.lit(variable), value="value"
                ).collect()
            )
    return pl.concat(frames)


def _consequences(build: Build, context: Context) -> pl.DataFrame:
    """Findings about a file of which too many rows are quarantined: so many were planted in it."""
    limit = int(context.parts.spec.study.delivery.quarantine_limit_percent)
    accounting = build.read("ops", "accounting").filter(
        pl.col("quarantined") * 100 > pl.col("delivered") * limit
    )
    files = _files(context)
    rows = [
        (f"{source}.quarantine_limit", files[source], None, None) for source in accounting.collect()["source"]
    ]
    return pl.DataFrame(rows, schema=FOUND, orient="row")


def merged(audits: list[Audit]) -> Audit:
    """Several audits as one: counts added by kind."""
    kinds = pl.concat([audit.kinds for audit in audits])
    counts = (
        kinds.group_by("kind").agg(pl.col("planted", "found", "missed", "false_alarms").sum()).sort("kind")
    )
    missed = pl.concat([audit.missed for audit in audits]) if audits else LEDGER.to_frame()
    return Audit(counts, missed, pl.concat([audit.alarms for audit in audits]))
