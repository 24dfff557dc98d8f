"""What of a dataset is submitted: which variables, how wide, with which values (rule R14).

The records are read lazily, a few columns at a time, so a dataset of millions of records needs little memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import polars as pl

from pipeline.emit.define.shapes import (
    NUM_BYTES,
    Shape,
    iso_facts,
    iso_shape,
    number_shape,
    plain_numbers,
)
from pipeline.emit.xpt.member import Column, Kind, Member
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec
from pipeline.specs.models import Dataset, Variable
from pipeline.specs.standard import VariableFacts

ROWS_AT_A_TIME = 100_000  # one row group of the warehouse: a slice then decodes no group twice
_ISO = "ISO 8601"
_PERMISSIBLE = "Perm"
# Code variables of the SDTM and the variables that name their values; --TESTCD is named by --TEST.
_NAMED_BY = {
    "VISITNUM": "VISIT",
    "ARMCD": "ARM",
    "ACTARMCD": "ACTARM",
    "ETCD": "ELEMENT",
    "QNAM": "QLABEL",
    "TSPARMCD": "TSPARM",
}
ABBREVIATED = ("DOMAIN", "RDOMAIN")
_RESULTS = ("ORRES", "STRESC")  # their lists, if any, belong to a test: see define.results
INSTRUMENTS = ("QS", "RS", "FT")  # a test is one of an instrument, which the category names
CRITERIA = "IE"  # but an eligibility criterion is answered yes or no, whichever it is


Facts = Mapping[str, tuple[str, ...]]  # variable -> the values that a record can have in it
Offers = tuple[tuple[Facts, tuple[str, ...]], ...]  # answers that a form offers, on records with such facts


@dataclass(frozen=True)
class SubmittedVariable:
    """One variable of a submitted dataset.

    ``width`` is in bytes as the file has it; ``values`` are the distinct values, in order, where they are
    drawn from a list, else empty; ``names`` maps such a value to the value of the variable that names it;
    ``offers`` are the answers that the forms offer for it.
    """

    name: str
    spec: Variable
    facts: VariableFacts
    width: int
    shape: Shape
    has_data: bool
    values: tuple[str, ...] = ()
    names: Mapping[str, str] | None = None
    offers: Offers = ()

    @property
    def offered(self) -> frozenset[str]:
        """Every answer that a form offers."""
        return frozenset(term for _, terms in self.offers for term in terms)

    @property
    def kind(self) -> Kind:
        """``Num`` or ``Char``."""
        return "Num" if self.facts.type == "Num" else "Char"


@dataclass(frozen=True)
class Submitted:
    """One dataset as it is submitted; ``records`` has its variables in order and no other column."""

    dataset: Dataset
    records: pl.LazyFrame
    count: int
    variables: tuple[SubmittedVariable, ...]

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.dataset.dataset

    def find(self, name: str) -> SubmittedVariable | None:
        """The variable of that name if it is submitted and has a value, else None."""
        return next((each for each in self.variables if each.name == name and each.has_data), None)

    def member(self, created: datetime, mark: str | None = None) -> Member:
        """What the transport file says about itself; ``mark`` is a draft's (see ``marking``)."""
        columns = tuple(Column(v.name, v.facts.label, v.kind, v.width) for v in self.variables)
        return Member(self.name, self.dataset.label, columns, created, mark)

    def frames(self) -> Iterator[pl.DataFrame]:
        """All records in order, a bounded number at a time."""
        for start in range(0, self.count, ROWS_AT_A_TIME):
            yield self.records.slice(start, ROWS_AT_A_TIME).collect()


def submitted(
    spec: StudySpec, dataset: str, records: pl.LazyFrame, offers: Mapping[str, Offers] = MappingProxyType({})
) -> Submitted | None:
    """What is submitted of ``dataset``, or None if it has no record.

    ``offers`` has by place (``DM.RACE``) the answers that the forms offer.

    A permissible variable without any value is left out; a required or expected one stays with ``has_data``
    false, and so does the study day of a date that is submitted (FDA business rules FB3201 to FB3203).
    Raises BuildFailed if a column is missing or a code has two names.
    """
    variables = spec.ordered(dataset)
    available = set(records.collect_schema().names())
    if missing := [name for name, _, _ in variables if name not in available]:
        raise BuildFailed(dataset, f"the records lack {missing[0]}", "build the dataset again")
    facts = _facts(records, variables)
    if not facts["_count"]:
        return None
    stays = {each[0] for each in variables if facts[f"{each[0]}.filled"] or each[2].core != _PERMISSIBLE}
    kept = [each for each in variables if each[0] in stays or _dated(each[0]) in stays]
    blank = {name for name, _, _ in kept if facts.get(f"{name}.blank")}
    chosen = records.select(_filled(name) if name in blank else pl.col(name) for name, _, _ in kept)
    described = tuple(_described(dataset, chosen, facts, each) for each in kept)
    told = tuple(replace(each, offers=offers.get(f"{dataset}.{each.name}", ())) for each in described)
    return Submitted(spec.dataset(dataset), chosen, int(facts["_count"]), told)


def _filled(name: str) -> pl.Expr:
    """The text, null where it is empty: a transport file has no other way to hold either."""
    return pl.when(pl.col(name).str.len_bytes() > 0).then(pl.col(name)).alias(name)


def _dated(name: str) -> str | None:
    """The date that a study day is counted from: AESTDTC for AESTDY; None for another variable."""
    return f"{name.removesuffix('DY')}DTC" if name.endswith("DY") else None


def _facts(records: pl.LazyFrame, variables: list[tuple[str, Variable, VariableFacts]]) -> dict[str, Any]:
    """Everything that one pass over the records can tell."""
    wanted = [pl.len().alias("_count")]
    for name, _, facts in variables:
        if facts.type == "Num":
            wanted.append(pl.col(name).count().alias(f"{name}.filled"))
        else:
            octets = pl.col(name).str.len_bytes()
            wanted += [(octets > 0).sum().alias(f"{name}.filled"), octets.max().alias(f"{name}.longest")]
            wanted.append((octets == 0).any().alias(f"{name}.blank"))
        if facts.domain.startswith(_ISO):
            wanted += iso_facts(name)
    row: dict[str, Any] = records.select(wanted).collect(engine="streaming").row(0, named=True)
    return row


def _described(
    dataset: str,
    records: pl.LazyFrame,
    known: dict[str, Any],
    variable: tuple[str, Variable, VariableFacts],
) -> SubmittedVariable:
    name, rules, facts = variable
    listed, numeric = is_listed(dataset, rules, facts), facts.type == "Num"
    distinct = _distinct(records, name) if listed or numeric else None
    longest = max(known.get(f"{name}.longest") or 0, 1)
    if distinct is not None and numeric:
        shape = number_shape(distinct)
    elif facts.domain.startswith(_ISO):
        shape = iso_shape(known, name, facts.domain)
    else:
        shape = Shape("text", longest)
    return SubmittedVariable(
        name=name,
        spec=rules,
        facts=facts,
        width=NUM_BYTES if numeric else longest,
        shape=shape,
        has_data=bool(known[f"{name}.filled"]),
        values=_as_values(distinct) if distinct is not None and listed else (),
        names=_names(records, dataset, name),
    )


def _distinct(records: pl.LazyFrame, name: str) -> pl.Series:
    return records.select(pl.col(name)).drop_nulls().unique().collect(engine="streaming")[name].sort()


def _as_values(distinct: pl.Series) -> tuple[str, ...]:
    return tuple(distinct if distinct.dtype == pl.String else plain_numbers(distinct))


def is_result(dataset: str, name: str) -> bool:
    """Whether the variable holds results, whose lists depend on the test."""
    return dataset != CRITERIA and name.removeprefix(dataset) in _RESULTS


def is_listed(dataset: str, rules: Variable, facts: VariableFacts) -> bool:
    """Whether the values are drawn from a list of the standard or the study, or are named by a variable."""
    name = facts.variable
    if is_result(dataset, name) or rules.dictionary:
        return False
    lists = rules.codelist or facts.codelists
    return bool(lists) or name in _NAMED_BY or name in ABBREVIATED or name == f"{dataset}CAT"


def _names(records: pl.LazyFrame, dataset: str, name: str) -> dict[str, str] | None:
    partner = f"{dataset}TEST" if name == f"{dataset}TESTCD" else _NAMED_BY.get(name)
    if partner is None or partner not in records.collect_schema():
        return None
    pairs = records.select(name, partner).drop_nulls().unique().collect(engine="streaming")
    pairs = pairs.sort(name, partner)
    if pairs[name].is_duplicated().any():
        fix = f"give every {name} one {partner}"
        raise BuildFailed(f"{dataset}.{name}", f"a code has more than one {partner}", fix)
    return dict(zip(_as_values(pairs[name]), pairs[partner], strict=True))
