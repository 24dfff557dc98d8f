"""Where every delivered row went. The sums close for each source, or the build fails (house law 2)."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipeline.contracts.facts import CORRECT, SENDER
from pipeline.domains.records import LINE, LINK, SET_ASIDE, Fate, Tie
from pipeline.domains.withheld import BEHIND_ROSTER, ROSTER
from pipeline.errors import BuildFailed
from pipeline.findings import FINDING, Severity, as_findings
from pipeline.flow.columns import MAPPED, ROW_FATES, column_accounts, decisions, uses_table
from pipeline.flow.context import Context
from pipeline.flow.questions import correction
from pipeline.flow.roster_findings import behind_roster, lines_behind_roster, roster_findings
from pipeline.flow.steps import Outcome, Step, severities

_SEVERE_RULES = ("accession", "subject")
Holders = Mapping[str, list[str]]  # source -> the datasets whose links name its rows


def accounting_step(
    sources: list[str], datasets: list[str], needs: tuple[str, ...], looked: list[str]
) -> Step:
    """``ops.accounting`` (one row a source), ``ops.columns`` (one row a column of a source), ``ops.column_uses`` (one
    row a use of a column), ``ops.set_aside`` (one row a set-aside row), then all findings.

    ``looked`` names further tables of ``qc`` that have findings.
    """

    def run(context: Context) -> Outcome:
        holders = _holders(context, datasets)
        aside = set_aside_rows(context, sources, datasets, holders)
        decided = decisions(context.parts, sources)
        accounts, columns = [], []
        for source in sources:
            fates = row_fates(context, source, holders, aside)
            accounts.append(_account(source, fates))
            columns.append(column_accounts(context, source, decided, fates))
        table = pl.concat(accounts)
        context.store.write("ops", "set_aside", aside)
        context.store.write("ops", "accounting", table)
        context.store.write("ops", "columns", pl.concat(columns))
        context.store.write("ops", "column_uses", uses_table(decided))
        findings = all_findings(context, sources, [*datasets, *looked], aside)
        context.store.write("qc", "findings", findings)
        return Outcome(table.height, "ops", "accounting", {}, severities(findings))

    return Step("ops.accounting", "accounting", "Record accounting", needs, run)


def _holders(context: Context, datasets: list[str]) -> Holders:
    found: dict[str, list[str]] = {}
    for name in datasets:
        links = context.read("ops", f"links_{name.lower()}").select(pl.col("source").unique()).collect()
        for source in links["source"]:
            found.setdefault(source, []).append(name)
    return found


def set_aside_rows(
    context: Context, sources: list[str], datasets: list[str], holders: Holders
) -> pl.DataFrame:
    """Every row that is in no dataset, or of which a part is in none: contract, deletion, domain, or by declaration.

    A row that one part of a dataset leaves out and another part maps was not left out.
    """
    frames = [context.read("ops", f"aside_{name.lower()}").collect() for name in datasets]
    for source in sources:
        frames += [_of_contract(context, source), _deleted(context, source)]
    known = pl.concat(frames)
    frames = [known, *(_declared(context, source, holders, known) for source in sources)]
    told = pl.concat(frames).unique()
    left_out = told.filter(pl.col("fate") == Fate.NOT_SUBMITTED)
    truly = [
        left_out.filter(pl.col("source") == source)
        .lazy()
        .join(_linked(context, source, holders), on="line", how="anti")
        .collect()
        for source in left_out["source"].unique().sort()
    ]
    others = told.filter(pl.col("fate") != Fate.NOT_SUBMITTED)
    return pl.concat([others, *truly]).sort("source", "line", "fate", "rule", "reason")


def _row(frame: pl.DataFrame, source: str, fate: Fate, rule: pl.Expr, reason: pl.Expr) -> pl.DataFrame:
    return frame.select(
        source=pl.lit(source),
        line=pl.col(LINE).cast(pl.UInt32),
        fate=pl.lit(str(fate)),
        rule=rule,
        reason=reason,
        instead=pl.lit(None),
    ).cast(SET_ASIDE)


def _of_contract(context: Context, source: str) -> pl.DataFrame:
    rows = context.read("quarantine", source).select(LINE, "_reasons").collect()
    return _row(rows, source, Fate.QUARANTINED, pl.col("_reasons"), pl.lit("breaks its contract"))


def _deleted(context: Context, source: str) -> pl.DataFrame:
    marked = context.parts.spec.study.delivery.deleted
    rows = context.read("typed", source)
    if marked.column not in rows.collect_schema().names():
        return SET_ASIDE.to_frame()
    gone = rows.filter(pl.col(marked.column) == marked.value).select(LINE).collect()
    rule, reason = pl.lit(f"{source}.{marked.column}"), pl.lit("the sender marks the record as deleted")
    return _row(gone, source, Fate.DELETED, rule, reason)


def _declared(context: Context, source: str, holders: Holders, known: pl.DataFrame) -> pl.DataFrame:
    """Rows without a fate so far that the specification declares: the whole source, or rows that nothing joins.

    Nothing joins the rows of a subject whose row of the roster is set aside either: these are set aside with it.
    """
    study, rest = context.parts.spec.study, _open_lines(context, source, holders, known)
    rest, rule = rest.rename({"line": LINE}), pl.lit(f"{source}.declared")
    whole = [each.reason for each in study.not_submitted if each.source == source and each.column is None]
    if whole:
        return _row(rest, source, Fate.NOT_SUBMITTED, rule, pl.lit(whole[0]))
    joins = [
        join.otherwise
        for dataset in context.parts.spec.datasets.values()
        for part in dataset.parts
        for join in part.join.values()
        if join.source == source and join.otherwise
    ]
    if not joins:
        return SET_ASIDE.to_frame()
    behind = lines_behind_roster(context, source)
    unused, held = rest.join(behind, on=LINE, how="anti"), rest.join(behind, on=LINE, how="semi")
    told = _row(unused, source, Fate.NOT_SUBMITTED, rule, pl.lit(joins[0]))
    roster = pl.lit(f"{source}.{ROSTER}")
    return pl.concat([told, _row(held, source, Fate.QUARANTINED, roster, pl.lit(BEHIND_ROSTER))])


def _linked(context: Context, source: str, holders: Holders) -> pl.LazyFrame:
    links = [
        context.read("ops", f"links_{name.lower()}").filter(
            pl.col("source") == source, pl.col("role").is_in([str(tie) for tie in Tie])
        )
        for name in holders.get(source, ())
    ]
    none = pl.LazyFrame(schema={"line": LINK["line"]})
    return pl.concat([none, *(each.select("line") for each in links)]).unique()


def _open_lines(context: Context, source: str, holders: Holders, known: pl.DataFrame) -> pl.DataFrame:
    """Accepted rows that are in no dataset and set aside nowhere, by line."""
    lines = context.read("typed", source).select(line=pl.col(LINE).cast(pl.UInt32))
    aside = known.filter(pl.col("source") == source).select("line").lazy()
    return (
        lines.join(_linked(context, source, holders), on="line", how="anti")
        .join(aside, on="line", how="anti")
        .collect()
    )


def row_fates(context: Context, source: str, holders: Holders, aside: pl.DataFrame) -> pl.DataFrame:
    """``line`` and ``fate`` of each of one source's rows; BuildFailed if these are not exactly the delivered rows."""
    mapped = _linked(context, source, holders).with_columns(fate=pl.lit(MAPPED))
    others = aside.filter(pl.col("source") == source).select("line", "fate").lazy()
    ranked = pl.concat([mapped, others]).with_columns(
        rank=pl.col("fate").replace_strict(list(ROW_FATES), list(range(len(ROW_FATES))), return_dtype=pl.Int8)
    )
    primary = ranked.group_by("line").agg(pl.col("rank").min()).collect()
    _close(context, source, primary)
    names = pl.Series([str(fate) for fate in ROW_FATES])
    return primary.select("line", fate=pl.lit(names).gather(pl.col("rank")))


def _account(source: str, fates: pl.DataFrame) -> pl.DataFrame:
    """Counts by fate of one source's rows."""
    counted = dict(fates.group_by("fate").len().iter_rows())
    counts = {str(fate).replace(" ", "_"): counted.get(str(fate), 0) for fate in ROW_FATES}
    return pl.DataFrame([{"source": source, "delivered": fates.height, **counts}])


def _close(context: Context, source: str, told: pl.DataFrame) -> None:
    """BuildFailed if a delivered row has no fate, or a fate belongs to no row."""
    rows = context.read("raw", source).select(line=pl.col(LINE).cast(pl.UInt32)).collect()
    if (lost := rows.join(told, on="line", how="anti")["line"]).len():
        raise BuildFailed(
            source,
            f"{rows.height} rows delivered but {rows.height - lost.len()} have a fate, first at line {lost.sort()[0]}",
            "map the rows, or declare in the specification why they are not submitted",
        )
    if (invented := told.join(rows, on="line", how="anti")["line"]).len():
        culprit = (
            f"{invented.len()} rows have a fate but were not delivered, first at line {invented.sort()[0]}"
        )
        raise BuildFailed(source, culprit, "report this as a bug")


def all_findings(
    context: Context, sources: list[str], tables: list[str], aside: pl.DataFrame
) -> pl.DataFrame:
    """Findings of contracts, datasets and looks, and one for each row that had to be quarantined, most severe first."""
    names = [*sources, *(name.lower() for name in tables)]
    found = [context.read("qc", f"findings_{name}").collect() for name in names]
    domain = aside.filter((pl.col("fate") == Fate.QUARANTINED) & (pl.col("reason") != "breaks its contract"))
    told = _marked(pl.concat([FINDING.to_frame(), *found]), domain)
    found = [told, _quarantine_findings(context, domain, told)]
    files = {source: file.file for source, file in context.files.items() if file}
    order = {str(level): rank for rank, level in enumerate(Severity)}
    return (
        pl.concat([FINDING.to_frame(), *found])
        .with_columns(
            file=pl.coalesce(
                "file", pl.col("source").replace_strict(files, default=None, return_dtype=pl.String)
            )
        )
        .sort(
            pl.col("severity").replace_strict(order, return_dtype=pl.Int8),
            "source",
            "line",
            "rule",
            "variable",
            "subject",
            "message",
            nulls_last=True,
        )
    )


def _marked(found: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """``found`` with ``quarantined`` also where the line is among the set-aside ``rows`` under the finding's rule."""
    aside = rows.select("source", "rule", pl.col("line").cast(pl.Int64), _aside=pl.lit(value=True)).unique()
    marked = found.join(aside, on=["source", "rule", "line"], how="left", maintain_order="left")
    return marked.with_columns(pl.col("quarantined") | pl.col("_aside").fill_null(value=False)).drop("_aside")


def _quarantine_findings(context: Context, rows: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """One finding a set-aside row, but for rows of a subject that a check tells of under the same rule (``told``), and
    one a file for all rows of a subject whose row of the roster is set aside."""
    frames = [FINDING.to_frame()]
    for group in rows.sort("source").partition_by("source", maintain_order=True):
        source = group["source"][0]
        typed = context.read("typed", source)
        people = (
            typed.select(line=pl.col(LINE).cast(pl.UInt32), subject="SUBJID")
            if "SUBJID" in typed.collect_schema()
            else None
        )
        located = group if people is None else group.join(people.collect(), on="line", how="left")
        if people is not None:
            located = located.join(told, on=["source", "rule", "subject"], how="anti")
            frames.append(roster_findings(context, located))
            located = located.filter(~behind_roster())
        severe = pl.col("rule").str.split(".").list.last().is_in(_SEVERE_RULES)
        frames.append(
            as_findings(
                located.with_columns(
                    message=pl.col("reason"),
                    severity=pl.when(severe)
                    .then(pl.lit(str(Severity.CRITICAL)))
                    .otherwise(pl.lit(str(Severity.ERROR))),
                    variable=pl.col("rule").str.split(".").list.get(1, null_on_oob=True),
                    action=correction(context.parts) if people is not None else pl.lit(CORRECT[SENDER]),
                ),
                quarantined=True,
            )
        )
    return pl.concat(frames)
