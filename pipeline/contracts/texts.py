"""Delivered text made comparable: R13, blanks as null, the study's numbers; every change is counted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import polars as pl

from pipeline.contracts.breaches import where_true
from pipeline.contracts.facts import ColumnFacts
from pipeline.contracts.identity import SubjectForm, site_number, subject_number
from pipeline.derive.distinct import once_a_value
from pipeline.derive.text import normalised

Numbering = Callable[[pl.Expr, SubjectForm, Collection[str]], pl.Expr]


@dataclass(frozen=True)
class Renumbered:
    """Texts with the study's numbers; ``breaches`` are numbers that were not understood and stay."""

    texts: pl.DataFrame
    breaches: pl.DataFrame


def clean_texts(raw: pl.DataFrame, columns: Collection[str]) -> pl.DataFrame:
    """``raw`` with ``columns`` after R13; blank stays ``""``."""
    return raw.select("_line", *(normalised(pl.col(name)) for name in columns))


def blank_as_null(texts: pl.DataFrame) -> pl.DataFrame:
    """``texts`` with null for every ``""``."""
    text = pl.col(pl.String)
    return texts.with_columns(pl.when(text != "").then(text))


def changes(before: pl.DataFrame, after: pl.DataFrame, columns: Collection[str]) -> dict[str, int]:
    """Column -> number of rows whose text differs; columns without a change are left out."""
    counted = {name: int((before[name] != after[name]).sum()) for name in columns}
    return {name: count for name, count in counted.items() if count}


def renumbered(
    texts: pl.DataFrame, facts: Mapping[str, ColumnFacts], form: SubjectForm, sites: Collection[str]
) -> Renumbered:
    """``texts`` with subject and site numbers in the study's ``form``."""
    makers = {"subject": subject_number, "site": site_number}
    named = {name: makers[fact.kind] for name, fact in facts.items() if fact.kind in makers}
    numbers = texts.select(_once(name, maker, form, sites) for name, maker in named.items())
    misread = {name: pl.col(name).is_not_null() & pl.lit(numbers[name]).is_null() for name in named}
    known = texts.with_columns(pl.coalesce(numbers[name], name).alias(name) for name in named)
    unclear = where_true(texts, misread, "identity")
    return Renumbered(
        known, pl.concat([unclear, _contradictions(known, facts, form), _of_others(known, facts, form)])
    )


def _once(name: str, maker: Numbering, form: SubjectForm, sites: Collection[str]) -> pl.Expr:
    return once_a_value(pl.col(name), lambda text: maker(text, form, sites), pl.String())


def _contradictions(texts: pl.DataFrame, facts: Mapping[str, ColumnFacts], form: SubjectForm) -> pl.DataFrame:
    """Rows whose site number is not the first part of their subject number, both being well-formed."""
    subjects = [name for name, fact in facts.items() if fact.kind == "subject"]
    sites = [name for name, fact in facts.items() if fact.kind == "site"]
    tests = {
        site: (pl.col(site) != pl.col(subjects[0]).str.extract(form.pattern, 1))
        & (pl.col(site).str.len_bytes() == form.site_digits)
        for site in sites
        if subjects
    }
    return where_true(texts, tests, "contradiction")


def _of_others(texts: pl.DataFrame, facts: Mapping[str, ColumnFacts], form: SubjectForm) -> pl.DataFrame:
    """Rows with an identifier that is made from another subject's number; what names no subject contradicts none."""
    subjects = [name for name, fact in facts.items() if fact.kind == "subject"]
    tests = {
        name: pl.col(name).str.extract(fact.names_subject, 1)
        != pl.col(subjects[0]).str.extract(form.pattern, 0)
        for name, fact in facts.items()
        if fact.names_subject and subjects
    }
    return where_true(texts, tests, "other_subject")
