"""The steps of a build and what each leaves behind. A step reads tables of the store and writes tables of the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from pipeline.contracts.check import check
from pipeline.domains.build import DERIVED, blocks, build_dataset, last_dates
from pipeline.domains.records import Inputs
from pipeline.errors import BuildFailed
from pipeline.findings import Severity, as_findings
from pipeline.flow.context import Context
from pipeline.sources.delivery import LandedFile
from pipeline.sources.raw import raw_schema, read_raw


@dataclass(frozen=True)
class Outcome:
    """What a step reports: rows it wrote, the table to look at, further counts, and its findings by severity."""

    rows: int
    layer: str
    table: str
    facts: dict[str, int | str] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One node of the graph; ``needs`` are names of steps. ``label`` is what a person reads."""

    name: str
    group: str
    label: str
    needs: tuple[str, ...]
    run: Callable[[Context], Outcome]


def raw_step(source: str) -> Step:
    """Copies a landed file into the warehouse as text, nothing changed."""

    def run(context: Context) -> Outcome:
        file = context.files.get(source)
        layout = context.parts.all_layouts[source]
        if file is None and layout.required:
            raise BuildFailed(source, "was never delivered in a usable form", "load a delivery that holds it")
        frame = read_raw(file.path, layout) if file else raw_schema(layout).to_frame().lazy()
        context.store.write("raw", source, frame)
        rows = file.rows if file else 0
        facts: dict[str, int | str] = {"delivered in": file.delivery_id, "file": file.file} if file else {}
        return Outcome(rows, "raw", source, facts)

    return Step(f"raw.{source}", "raw", f"Delivered file {source}", (), run)


def contract_step(source: str, sites: str | None) -> Step:
    """Checks a raw table against its contract: accepted rows, quarantined rows, findings."""

    def run(context: Context) -> Outcome:
        file = context.files.get(source)
        checked = check(
            context.read("raw", source).collect(),
            context.parts.models[source],
            file=file.file if file else source,
            cut=context.delivery.cut,
            form=context.parts.form,
            sites=_site_numbers(context, sites),
        )
        findings = pl.concat([_delivery_findings(context, source, file), checked.findings])
        context.store.write("typed", source, checked.accepted)
        context.store.write("quarantine", source, checked.quarantined)
        context.store.write("qc", f"findings_{source}", findings)
        counts = checked.counts
        facts: dict[str, int | str] = {"delivered": counts.delivered, "quarantined": counts.quarantined}
        return Outcome(counts.accepted, "typed", source, facts, severities(findings))

    needs = (f"raw.{source}", *((f"contract.{sites}",) if sites else ()))
    return Step(f"contract.{source}", "contracts", f"Contract of {source}", needs, run)


def _site_numbers(context: Context, sites: str | None) -> tuple[str, ...]:
    if sites is None:
        return ()
    return tuple(context.read("typed", sites).select("SITEID").collect().to_series().unique().sort())


def _delivery_findings(context: Context, source: str, file: LandedFile | None) -> pl.DataFrame:
    """What landing had to say about the source: refused tonight, absent tonight, bytes that are not UTF-8."""
    entry = context.delivery.entries.get(source)
    rows: list[dict[str, object]] = []
    if entry is not None and entry.state != "accepted":
        kept = f"; the file of {entry.kept_from} stays in use" if entry.kept_from else ""
        severe = Severity.CRITICAL if entry.required else Severity.INFO
        rows.append(
            {
                "severity": str(severe),
                "rule": f"{source}.delivery",
                "message": f"{entry.reason or 'not delivered'}{kept}",
            }
        )
    lines = file.foreign_lines if file else ()
    for line in lines:
        message = "holds bytes that are not UTF-8; they were read as Windows-1252"
        rows.append(
            {"severity": str(Severity.WARN), "rule": f"{source}.encoding", "line": line, "message": message}
        )
    return as_findings(
        pl.DataFrame(
            rows, schema={"severity": pl.String, "rule": pl.String, "line": pl.Int64, "message": pl.String}
        ),
        source=source,
        file=file.file if file else None,
        action="ask the sender",
        quarantined=False,
    )


def derived_step(name: str, needs: tuple[str, ...]) -> Step:
    """A subject-level frame that the domains share."""

    def run(context: Context) -> Outcome:
        frame = DERIVED[name](context.inputs)
        context.store.write("derived", name, frame)
        return Outcome(frame.height, "derived", name)

    return Step(f"derived.{name}", "subjects", f"Derived {name}", needs, run)


def last_dates_step(datasets: list[str], needs: tuple[str, ...]) -> Step:
    """The last date of every subject over the finished datasets."""

    def run(context: Context) -> Outcome:
        frame = last_dates(context.inputs, datasets)
        context.store.write("derived", "last_dates", frame)
        return Outcome(frame.height, "derived", "last_dates")

    return Step("derived.last_dates", "sdtm", "Last dates", needs, run)


def dataset_step(dataset: str, label: str, needs: tuple[str, ...]) -> Step:
    """One SDTM dataset with its links, rows set aside and findings."""

    def run(context: Context) -> Outcome:
        table, inputs = dataset.lower(), context.inputs
        with context.store.workspace() as folder:
            pieces = [
                _piece(replace(inputs, block=block), dataset, folder / f"{n}.parquet")
                for n, block in enumerate(blocks(inputs, dataset))
            ]
            context.store.write("sdtm", table, pl.scan_parquet([path for path, _ in pieces]))
        links, aside, findings = (pl.concat([part[n] for _, part in pieces]) for n in range(3))
        context.store.write("ops", f"links_{table}", links)
        context.store.write("ops", f"aside_{table}", aside)
        context.store.write("qc", f"findings_{table}", findings)
        quarantined = aside.filter(pl.col("fate") == "quarantined").height
        rows = context.read("sdtm", table).select(pl.len()).collect().item()
        return Outcome(rows, "sdtm", table, {"quarantined": quarantined}, severities(findings))

    return Step(f"sdtm.{dataset}", "sdtm", label, needs, run)


def _piece(
    inputs: Inputs, dataset: str, path: Path
) -> tuple[Path, tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]]:
    """Builds one block of subjects: its records go to ``path``, so that only one block is in memory."""
    built = build_dataset(inputs, dataset)
    built.records.write_parquet(path, compression="lz4")
    return path, (built.links, built.set_aside, built.findings)


def severities(findings: pl.DataFrame) -> dict[str, int]:
    """How many findings of each severity, most severe first, zeros left out."""
    counted = dict(findings.group_by("severity").len().iter_rows())
    return {str(level): counted[level] for level in Severity if level in counted}
