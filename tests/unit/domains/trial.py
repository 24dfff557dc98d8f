"""A small trial in typed frames: rows are written as a test needs them, every other column is null.

The frames have the columns and types of the study's contracts; the domains see them as in a build.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.contracts.catalog import contract_models
from pipeline.contracts.facts import column_facts
from pipeline.domains.build import DERIVED, build_dataset, last_dates
from pipeline.domains.records import Block, Built, Inputs
from pipeline.settings import CHECKOUT
from pipeline.specs.load import StudySpec, load_study

STUDY = "bxu001_ra"
CUT = date(2027, 6, 30)
ONE, TWO = "101-001", "101-002"
Row = dict[str, Any]
Rows = dict[str, list[Row]]


@cache
def spec() -> StudySpec:
    return load_study(CHECKOUT / "sdtm_specs", STUDY)


@cache
def _schema(source: str) -> dict[str, pl.DataType]:
    kinds = {name: fact.kind for name, fact in column_facts(contract_models(STUDY)[source]).items()}
    return {name: pl.Int64() if kind == "integer" else pl.String() for name, kind in kinds.items()}


def typed(source: str, rows: list[Row]) -> pl.DataFrame:
    """A typed frame of ``source``: ``_line`` from 2, an own RECORDID and FORMREPEAT 1 unless the row says otherwise."""
    schema = _schema(source)
    common = {"SUBJID": ONE, "RECSTATUS": "ACTIVE", "RECVERSION": 1, "FORMREPEAT": 1}
    full = [
        {**{k: v for k, v in common.items() if k in schema}, **_own(source, n, schema), **row}
        for n, row in enumerate(rows, start=1)
    ]
    stray = {name for row in rows for name in row} - set(schema)
    assert not stray, f"{source} has no {sorted(stray)}"
    frame = pl.DataFrame(full, schema=schema, orient="row")
    return frame.select(pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("_line"), *schema)


def _own(source: str, number: int, schema: Mapping[str, Any]) -> Row:
    return (
        {"RECORDID": f"{source[4:].upper()}-{number}"}
        if source.startswith("edc_") and "RECORDID" in schema
        else {}
    )


def together(*parts: Rows) -> Rows:
    """The rows of several subjects or forms, source by source."""
    found: Rows = {}
    for part in parts:
        for source, rows in part.items():
            found.setdefault(source, []).extend(rows)
    return found


def subject(
    number: str = ONE,
    *,
    consent: str | None = "04-JAN-2027",
    infused: str | None = "01-FEB-2027",
    at: str | None = "09:30",
    randomized: bool = True,
    ended: str | None = None,
    rescue: str | None = None,
    visits: Mapping[str, str | None] | None = None,
    dm: Row | None = None,
) -> Rows:
    """One subject: demographics, consent, infusion, and the visits (OID -> date, None when it was not done)."""
    site = number[:3]
    rows: Rows = {
        "edc_dm": [
            {
                "SUBJID": number,
                "SITEID": site,
                "BRTHDAT": "15-MAY-1970",
                "SEX": "F",
                "RACE_WHITE": "1",
                **(dm or {}),
            }
        ],
        "rtsm_sites": [
            {"SITEID": site, "COUNTRY": "USA", "INVID": "I1", "INVNAM": "AN INVESTIGATOR", "TZ": "UTC"}
        ],
        "edc_sv": [],
    }
    if consent:
        rows["edc_dsic"] = [{"SUBJID": number, "VISITOID": "SCR", "ICDAT": consent}]
    if randomized:
        rows["rtsm_assign"] = [{"SUBJID": number, "COHORT": "1", "RANDNO": "1001", "STATUS": "ASSIGNED"}]
    if infused:
        rows["edc_ec"] = [infusion(infused, at, SUBJID=number)]
    if ended:
        rows["edc_dseos"] = [
            {"SUBJID": number, "VISITOID": "LOG", "DSEOSSTAT": "COMPLETED", "DSEOSDAT": ended}
        ]
    if rescue:
        rows["edc_cmra"] = [
            {"SUBJID": number, "VISITOID": "LOG", "CMTRT": "ADALIMUMAB", "CMRESC": "1", "CMSTDAT": rescue}
        ]
    known = {"SCR": consent, **({"D1": infused} if infused else {}), **(visits or {})}
    for oid, day in known.items():
        done = "N" if day is None else "Y"
        rows["edc_sv"].append(
            {"SUBJID": number, "VISITOID": oid, "SVPERF": done, "SVDAT": day, "SVENDAT": day}
        )
    return rows


def infusion(day: str, start: str | None = "09:30", end: str | None = None, **more: Any) -> Row:
    """A performed interval of the infusion on Day 1."""
    given = {
        "ECYN": "Y",
        "ECBAGNO": "B0001",
        "ECSTDAT": day,
        "ECSTTIM": start,
        "ECENDAT": day,
        "ECENTIM": end,
    }
    return {"VISITOID": "D1", **given, **more}


class Trial:
    """The rooms' inputs over some rows; derived frames and finished datasets are made on demand, once."""

    def __init__(
        self,
        *parts: Rows,
        cut: date = CUT,
        spec_: StudySpec | None = None,
        block: Block | None = None,
        broken: Rows | None = None,
    ) -> None:
        self.rows = together(*parts)
        self.broken = broken
        self.cut = cut
        self.spec = spec_ or spec()
        self.block = block
        self._built: dict[str, Built] = {}
        self._derived: dict[str, pl.DataFrame] = {}
        self._typed: dict[str, pl.DataFrame] = {}

    @cached_property
    def inputs(self) -> Inputs:
        return Inputs(
            spec=self.spec,
            cut=self.cut,
            typed=lambda source: self.typed(source).lazy(),
            derived=lambda name: self.derived(name).lazy(),
            records=lambda name: self.built(name).records.lazy(),
            links=lambda name: self.built(name).links.lazy(),
            block=self.block,
            quarantined=None if self.broken is None else lambda source: self.quarantined(source).lazy(),
        )

    def typed(self, source: str) -> pl.DataFrame:
        if source not in self._typed:
            self._typed[source] = typed(source, self.rows.get(source, []))
        return self._typed[source]

    def quarantined(self, source: str) -> pl.DataFrame:
        """The ``broken`` rows of ``source`` as delivered, lines from 90; each has its ``_reasons``."""
        rows = (self.broken or {}).get(source, [])
        reasons = pl.Series("_reasons", [row["_reasons"] for row in rows], dtype=pl.String)
        plain = [{name: value for name, value in row.items() if name != "_reasons"} for row in rows]
        frame = typed(source, plain).with_columns(pl.exclude("_line").cast(pl.String).fill_null(""), reasons)
        subject = pl.col("SUBJID") if "SUBJID" in frame.columns else pl.lit(None, dtype=pl.String)
        return frame.with_columns(pl.col("_line") + 88, _subject=subject)

    def derived(self, name: str) -> pl.DataFrame:
        if name not in self._derived:
            before_dm = [each for each in self.spec.datasets if each in ("EX", "SV", "DS", "AE")]
            made = last_dates(self.inputs, before_dm) if name == "last_dates" else DERIVED[name](self.inputs)
            self._derived[name] = made
        return self._derived[name]

    def built(self, dataset: str) -> Built:
        if dataset not in self._built:
            self._built[dataset] = build_dataset(self.inputs, dataset)
        return self._built[dataset]

    def records(self, dataset: str, *columns: str) -> list[tuple[Any, ...]]:
        """The dataset's records as tuples of ``columns``, in order."""
        return self.built(dataset).records.select(columns).rows()

    def fates(self, dataset: str) -> list[tuple[str, int, str, str]]:
        """(source, line, fate, rule) of every row that the dataset set aside."""
        return (
            self.built(dataset)
            .set_aside.select("source", "line", "fate", "rule")
            .sort("source", "line", "rule")
            .rows()
        )

    def rules(self, dataset: str) -> list[tuple[str, int | None]]:
        """(rule, line) of every finding of the dataset."""
        return self.built(dataset).findings.select("rule", "line").sort("rule", "line").rows()


def one(rows: list[tuple[Any, ...]]) -> Any:
    """The only value of the only row."""
    ((value,),) = rows
    return value


def copied(folder: Path, name: str) -> Path:
    """A specs folder with a copy of this study's specification under ``name`` and the standard beside it."""
    origin = CHECKOUT / "sdtm_specs"
    for path in sorted((origin / STUDY).rglob("*.*")):
        target = folder / name / path.relative_to(origin / STUDY)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (folder / "standard").symlink_to(origin / "standard")
    return folder / name
