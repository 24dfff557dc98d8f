"""What a published build holds against the ledger of its delivery: findings, fates of rows, values of records."""

from __future__ import annotations

import polars as pl

from pipeline.delta.records import Change
from pipeline.domains.records import Fate
from pipeline.findings import Severity
from pipeline.flow.context import Context
from pipeline.flow.delta import Delta
from pipeline.simulate.audit import FATES, FOUND, REFUSED, VALUES, Audit, audited
from pipeline.warehouse.builds import Build

MISSING = "missing"
_LEFT = (Fate.QUARANTINED, Fate.SUPERSEDED, Fate.DELETED)


def audit_build(context: Context, build: Build, ledger: pl.DataFrame, since: Delta | None = None) -> Audit:
    """What the published ``build`` of ``context`` holds, against ``ledger``; ``since`` is what changed overnight."""
    found = build.read("qc", "findings").filter(~_fact(context)).select(list(FOUND)).collect()
    fates = pl.concat([_fates(build, context), _unusable(context), _overnight(context, since)])
    values = pl.concat([_values(build, context, ledger), _gone(context, since)])
    return audited(ledger, found, fates, values, _consequences(build, context))


def _fact(context: Context) -> pl.Expr:
    """Whether a finding only reports a figure, as a rule that the engine itself looks at may do on clean data."""
    told = [name for name, check in context.parts.spec.checks.items() if check.raised_by]
    return (pl.col("severity") == str(Severity.INFO)) & pl.col("rule").is_in(told)


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
