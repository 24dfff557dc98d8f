"""Why an open query is asked no more: its record is gone, or tonight nothing could look at it."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from pipeline.contracts.identity import subject_number
from pipeline.delta.matching import key_text
from pipeline.domains.records import LINE, ROSTER_KEY, SET_ASIDE, Fate
from pipeline.flow.context import Context, StudyParts
from pipeline.flow.delta_sources import record_key

_DATASET_TABLES, _SOURCE_TABLES = "sdtm", ("raw", "typed", "live", "quarantine")


def asked_key(parts: StudyParts, source: str) -> list[str]:
    """What names the record that is asked about, whatever its version or revision."""
    study = parts.spec.study
    later = {*study.delivery.compare.audit, study.laboratory.revision}
    return [name for name in record_key(parts, source)[0] if name not in later]


def no_longer_delivered(context: Context, silent: pl.DataFrame) -> set[str]:
    """Ids of ``silent`` (QUERY) whose record (or else subject) is no longer delivered, or is marked as deleted."""
    people = silent.filter(pl.col("record").is_null() & pl.col("subject").is_not_null())
    found = [people.join(_people(context), on="subject", how="anti")] if people.height else []
    for (source,), group in silent.filter(pl.col("record").is_not_null()).group_by("source"):
        if source in context.parts.layouts:
            here = _live_records(context, str(source))
            found.append(group.join(here, on="record", how="anti"))
    return _ids(found)


def not_judged(context: Context, silent: pl.DataFrame) -> set[str]:
    """Ids of ``silent`` (QUERY) that were not looked at tonight, so that nothing answers them.

    Their record is delivered but set aside, or their subject's row of the roster is, or a file that their rule reads
    was refused or missing and an older one stays in use. A contract judges the rows that it sets aside, so only the
    last can keep a query of its rules open.
    """
    by_rule = silent.filter(~_of_contract(context.parts))
    found = [_of_kept_files(context, silent), _of_people_aside(context, by_rule)]
    for (source,), group in by_rule.filter(pl.col("record").is_not_null()).group_by("source"):
        if source in context.parts.layouts:
            found.append(group.join(_records_aside(context, str(source)), on="record", how="semi"))
    return _ids(found)


def _ids(frames: Iterable[pl.DataFrame]) -> set[str]:
    return {one for frame in frames for one in frame["query_id"]}


def _of_contract(parts: StudyParts) -> pl.Expr:
    """Whether the query's rule is one of its source's contract."""
    return pl.col("rule").str.split(".").list.first().is_in(list(parts.models)).fill_null(value=False)


def _people(context: Context) -> pl.DataFrame:
    roster = context.inputs.whole(context.parts.spec.study.reference.roster)
    return roster.select(subject=ROSTER_KEY).unique().collect()


def _live_records(context: Context, source: str) -> pl.DataFrame:
    """``record``: the identity of every delivered row of ``source`` that is not marked as deleted."""
    deleted, rows = context.parts.spec.study.delivery.deleted, context.read("raw", source)
    if deleted.column in context.parts.layouts[source].columns:
        rows = rows.filter(pl.col(deleted.column) != deleted.value)
    return rows.select(record=key_text(asked_key(context.parts, source))).unique().collect()


def _records_aside(context: Context, source: str) -> pl.DataFrame:
    """``record``: the identity of those of which every delivered row is set aside, by the contract or a dataset."""
    rows = context.read("raw", source).select(LINE, record=key_text(asked_key(context.parts, source)))
    aside = _lines_aside(context, source)
    bad, good = (rows.join(aside, on=LINE, how=how) for how in ("semi", "anti"))
    return bad.join(good, on="record", how="anti").select("record").unique().collect()


def _lines_aside(context: Context, source: str) -> pl.LazyFrame:
    aside = [context.read("quarantine", source).select(LINE)]
    for name, dataset in context.parts.spec.datasets.items():
        if source in dataset.sources and context.store.exists("ops", f"aside_{name.lower()}"):
            rows = context.read("ops", f"aside_{name.lower()}").cast(SET_ASIDE)
            ours = (pl.col("source") == source) & (pl.col("fate") == Fate.QUARANTINED)
            aside.append(rows.filter(ours).select(pl.col("line").alias(LINE)))
    return pl.concat(aside).unique()


def _of_people_aside(context: Context, silent: pl.DataFrame) -> pl.DataFrame:
    """Queries of subjects whose row of the roster is set aside; of all that miss, if such a row names nobody."""
    parts = context.parts
    roster, sites = parts.spec.study.reference.roster, parts.spec.study.reference.sites
    numbers = context.read("typed", sites).select("SITEID").unique().collect()["SITEID"].to_list()
    rows = context.read("quarantine", roster)
    aside = rows.select(subject=subject_number(pl.col(ROSTER_KEY), parts.form, numbers)).unique().collect()
    missing = silent.filter(pl.col("subject").is_not_null()).join(_people(context), on="subject", how="anti")
    return missing if aside["subject"].has_nulls() else missing.join(aside, on="subject", how="semi")


def _of_kept_files(context: Context, silent: pl.DataFrame) -> pl.DataFrame:
    """Queries whose rule reads a source of which an older file stays in use."""
    kept = {name for name, entry in context.delivery.entries.items() if entry.kept_from is not None}
    if not kept:
        return silent.clear()
    named = silent.select("rule", "source").unique().rows()
    stale = [pair for pair in named if kept & _sources(context.parts, *pair)]
    pairs = pl.DataFrame(stale, schema=["rule", "source"], schema_overrides=_PAIR, orient="row")
    return silent.join(pairs, on=["rule", "source"], how="semi", nulls_equal=True)


_PAIR = {"rule": pl.String, "source": pl.String}


def _sources(parts: StudyParts, rule: str, source: str | None) -> set[str]:
    """The delivered sources that a rule reads: those of its check's tables, of its dataset, or its own."""
    tables = parts.checks[rule].tables if rule in parts.checks else ()
    datasets = {name.upper() for layer, name in tables if layer == _DATASET_TABLES}
    datasets |= {rule.split(".", maxsplit=1)[0], source or ""}
    found = {name for layer, name in tables if layer in _SOURCE_TABLES} | {source or ""}
    for name in datasets & set(parts.spec.datasets):
        found |= set(parts.spec.dataset(name).sources)
    return found
