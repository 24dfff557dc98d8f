"""Small delivered frames for the tests of contracts: every row clean until a test spoils it."""

from __future__ import annotations

from datetime import date

import pandera.polars as pa
import polars as pl

from pipeline.contracts.catalog import contract_models, subject_form
from pipeline.contracts.check import Checked, check
from pipeline.contracts.facts import ColumnFacts, column_facts
from pipeline.contracts.model import key_of, layout_of

STUDY = "bxu001_ra"
CUT = date(2027, 6, 30)
MODELS = contract_models(STUDY)
FORM = subject_form(STUDY)

_OF_KIND = {
    "identifier": "X1",
    "subject": "101-001",
    "site": "101",
    "text": "some words",
    "flag": "1",
    "integer": "1",
    "decimal": "1.5",
    "edc_date": "05-MAR-2027",
    "edc_time": "09:30",
    "compact_date": "20270305",
    "compact_time": "0930",
    "compact_stamp": "20270306T1015",
    "timestamp": "2027-03-05T09:30:00Z",
}
_OF_PATTERN = {
    "BRTHYR": "1970",
    "LOINC": "718-7",
    "COUNTRY": "USA",
    "TZ": "America/New_York",
    "SHA256": "a" * 64,
    "LLTCD": "10000001",
    "PTCD": "10000001",
    "HLTCD": "10000001",
    "HLGTCD": "10000001",
    "SOCCD": "10000001",
}


def clean_value(name: str, fact: ColumnFacts, facts: dict[str, ColumnFacts]) -> str:
    if fact.codes:
        return next(iter(fact.codes))
    if fact.decodes:
        return next(iter(facts[fact.decodes].codes.values()))
    if name == "SITEID":
        return "101"
    return _OF_PATTERN.get(name, _OF_KIND.get(fact.kind, ""))


def delivered(source: str, *spoiled: dict[str, str]) -> pl.DataFrame:
    """One row for each of ``spoiled``, clean but for the columns it names; keys differ from row to row."""
    model = MODELS[source]
    facts = column_facts(model)
    clean = {name: clean_value(name, fact, facts) for name, fact in facts.items()}
    rows = []
    for number, changes in enumerate(spoiled, start=1):
        own_key = _own_key(model, number, facts)
        rows.append({**clean, **own_key, **changes})
    schema = dict.fromkeys(layout_of(model).columns, pl.String)
    frame = pl.DataFrame(rows, schema=schema)
    return frame.select(pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("_line"), *schema)


def _own_key(model: type[pa.DataFrameModel], number: int, facts: dict[str, ColumnFacts]) -> dict[str, str]:
    free = [name for name in key_of(model) if facts[name].kind == "identifier" and name != "SITEID"]
    return dict.fromkeys(free, f"R{number}")


def checked(source: str, *spoiled: dict[str, str], sites: tuple[str, ...] = ("101", "007")) -> Checked:
    return check(
        delivered(source, *spoiled), MODELS[source], file=f"{source}.csv", cut=CUT, form=FORM, sites=sites
    )


def broken_rules(outcome: Checked) -> list[tuple[int, str]]:
    """(line, rule) of every finding about a row that is set aside, in order."""
    rows = outcome.findings.filter(pl.col("line").is_not_null() & pl.col("quarantined"))
    return list(rows.select("line", "rule").iter_rows())
