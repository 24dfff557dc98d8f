"""From a delivered row onwards: every record that it became, every value that it fed, or why it was set aside."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from pipeline.errors import UsageError
from pipeline.lineage.findings import findings_of_row
from pipeline.lineage.ledger import Ledger, text
from pipeline.lineage.rows import LINE, delivered_rows
from pipeline.lineage.told import Aside, Became, Fed, Known, RowTrace

_TIES = ("record", "joined")


def source_named(ledger: Ledger, name: str) -> str:
    """The source whose id or delivered file is ``name``; UsageError if the build has none."""
    files = {source: each.file for source, each in ledger.files.items()}
    found = [source for source, file in files.items() if name in (source, file)]
    if not found:
        found = [source for source, file in files.items() if file.rpartition("/")[2] == name]
    if not found:
        raise UsageError(
            "file", "is not in the published build", f"name one as in the findings, such as {_example(files)}"
        )
    return found[0]


def _example(files: dict[str, str]) -> str:
    return next(iter(sorted(files.values())), "edc/AE.csv")


def trace_row(ledger: Ledger, file: str, line: int) -> RowTrace:
    """All that the row at ``line`` of ``file`` (a file as in the findings, or a source id) became.

    UsageError if no delivered row begins on that line.
    """
    source = source_named(ledger, file)
    row = delivered_rows(ledger, source, [line], "delivered").get(line)
    if row is None:
        raise UsageError(
            f"{ledger.files[source].file} line {line}", "no row begins there", _lines(ledger, source, line)
        )
    became = tuple(_became(ledger, source, line))
    aside = tuple(_aside(ledger, source, line))
    whole = any(set(each.roles) & set(_TIES) for each in became)
    return RowTrace(
        row=row,
        fate="mapped" if whole else (aside[0].fate if aside else "without a fate"),
        became=became,
        fed=tuple(_fed(ledger, became)),
        aside=aside,
        findings=findings_of_row(ledger, source, line),
        unused=_unused(ledger, source, [cell.column for cell in row.cells]),
    )


def _lines(ledger: Ledger, source: str, line: int) -> str:
    lines = ledger.read("raw", source).select(pl.col(LINE)).collect()[LINE]
    if lines.is_empty():
        return "the file has no rows"
    before = lines.filter(lines <= line).max()
    near = f"; the row before it begins on line {text(before)}" if before is not None else ""
    return f"rows lie on lines {text(lines.min())} to {text(lines.max())}{near}"


def _became(ledger: Ledger, source: str, line: int) -> Iterator[Became]:
    """Records by dataset in the order of the study, with what the row is to each."""
    for name in ledger.datasets:
        links = (
            ledger.read("ops", f"links_{name.lower()}")
            .filter(pl.col("source") == source, pl.col("line") == line)
            .group_by("subject", "seq")
            .agg(pl.col("role").sort())
            .sort("subject", "seq")
            .collect()
        )
        for subject, seq, roles in links.iter_rows():
            yield Became(Known(name, subject, seq), _key(ledger, name, subject, seq), tuple(roles))


def _key(ledger: Ledger, name: str, subject: str, seq: int) -> dict[str, str | None]:
    dataset = ledger.spec.dataset(name)
    rows = ledger.read("sdtm", name.lower()).filter(pl.col("USUBJID") == subject).collect()
    keys = [key for key in dataset.keys if key in rows.columns and key not in ("STUDYID", "USUBJID")]
    sequence = f"{name}SEQ"
    number = pl.col(sequence).cast(pl.Int64) if sequence in rows.columns else pl.int_range(1, pl.len() + 1)
    row = rows.filter(number == seq).row(0, named=True)
    return {key: text(row[key]) for key in keys}


def _fed(ledger: Ledger, became: tuple[Became, ...]) -> Iterator[Fed]:
    """Indices of the visits whose components were made of one of the row's records."""
    if not ledger.has("derived", "components"):
        return
    records = {
        (each.record.dataset, each.record.subject, each.record.seq)
        for each in became
        if "record" in each.roles
    }
    for subject in sorted({subject for _, subject, _ in records}):
        mine = pl.col("USUBJID") == subject
        found = ledger.read("derived", "components").filter(mine).collect()
        scores = ledger.read("derived", "scores").filter(mine).collect()
        for row in found.iter_rows(named=True):
            parts = [name for name in _component_names(found) if _holds(records, row, name)]
            computed = (
                scores.filter(pl.col("VISITNUM") == row["VISITNUM"]).row(0, named=True) if parts else {}
            )
            for test, index in ledger.indices.items():
                for part in (part for part in parts if part in ledger.score_parts[test]):
                    yield Fed(test, subject, text(row["VISITNUM"]), part, computed[index])


def _component_names(components: pl.DataFrame) -> list[str]:
    return [name.removesuffix("_records") for name in components.columns if name.endswith("_records")]


def _holds(records: set[tuple[str, str, int]], row: dict[str, object], name: str) -> bool:
    dataset = row["joints_dataset" if name in ("tjc", "sjc") else f"{name}_dataset"]
    seqs = row[f"{name}_records"]
    return isinstance(seqs, list) and any((dataset, row["USUBJID"], seq) in records for seq in seqs)


def _aside(ledger: Ledger, source: str, line: int) -> Iterator[Aside]:
    rows = (
        ledger.read("ops", "set_aside").filter(pl.col("source") == source, pl.col("line") == line).collect()
    )
    for row in rows.iter_rows(named=True):
        instead = row["instead"]
        place = None if instead is None else ledger.place(source, instead)
        yield Aside(row["fate"], row["rule"], row["reason"], place)


def _unused(ledger: Ledger, source: str, columns: list[str]) -> dict[str, str]:
    """Filled columns of the row that no variable holds, with the declared reason."""
    rows = ledger.read("ops", "columns").filter(
        pl.col("source") == source, pl.col("column").is_in(columns), pl.col("fate") == "not submitted"
    )
    return dict(rows.select("column", "reason").collect().iter_rows())
