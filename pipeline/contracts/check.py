"""A delivered frame against its contract: what may go on, what is set aside and why, and what was changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import pandera.polars as pa
import polars as pl

from pipeline.contracts.breaches import (
    BREACH,
    ascii_breaches,
    cut_breaches,
    declared_breaches,
    key_breaches,
)
from pipeline.contracts.facts import ColumnFacts, column_facts
from pipeline.contracts.identity import SubjectForm
from pipeline.contracts.model import key_of, source_of
from pipeline.contracts.report import (
    breach_findings,
    change_findings,
    renumbering_findings,
    subjects_of,
    with_reasons,
)
from pipeline.contracts.texts import blank_as_null, changes, clean_texts, renumbered
from pipeline.errors import BuildFailed


@dataclass(frozen=True)
class Counts:
    """Rows of one file: delivered = accepted + quarantined; ``shared_keys`` of the latter repeat a key.

    ``changed`` counts values (not rows) that the text rules or the subject numbering changed.
    """

    delivered: int
    accepted: int
    quarantined: int
    shared_keys: int
    changed: int


@dataclass(frozen=True)
class Checked:
    """Outcome of one file.

    ``accepted``: ``_line`` and the delivered columns, integers as Int64, other text after R13, blank as null.
    ``quarantined``: ``_line`` and the delivered columns exactly as delivered, ``_reasons`` (rule ids, "; "
    between), ``_subject`` in the study's form (null where the number has another one). ``findings``: schema
    FINDING, one a row and broken rule, one a column with changed texts, one a row with a number brought into the
    study's form (one a column if there are many).
    """

    accepted: pl.DataFrame
    quarantined: pl.DataFrame
    findings: pl.DataFrame
    counts: Counts


def check(
    raw: pl.DataFrame,
    model: type[pa.DataFrameModel],
    *,
    file: str,
    cut: date,
    form: SubjectForm,
    sites: Collection[str] = (),
) -> Checked:
    """``raw`` (``_line``, delivered columns as text) split into accepted and quarantined rows, with findings.

    ``file`` is the delivered file's name for the findings, ``cut`` the data cut, ``form`` the study's way to
    write a subject, ``sites`` the site master's numbers (lost leading zeros come back only for these).
    Errors: BuildFailed if ``raw`` does not have the contract's columns, or a row is lost or doubled.
    """
    facts = column_facts(model)
    _fits(raw, model, facts)
    clean = clean_texts(raw, facts)
    normalised = changes(raw, clean, facts)
    texts = blank_as_null(clean)
    numbered = renumbered(texts, facts, form, sites)
    renumberings = changes(texts, numbered.texts, facts)
    shared = key_breaches(numbered.texts, key_of(model))
    breaches = pl.concat(
        [
            numbered.breaches,
            declared_breaches(numbered.texts, model),
            ascii_breaches(numbered.texts, facts),
            cut_breaches(numbered.texts, facts, cut),
            shared,
        ]
    ).cast(BREACH)
    accepted, quarantined = _split(raw, numbered.texts, breaches, model, form)
    findings = [
        change_findings(model, normalised, "normalised", file),
        renumbering_findings(model, texts, numbered.texts, file, form),
        breach_findings(model, breaches, raw, numbered.texts, form, file),
    ]
    changed = sum(normalised.values()) + sum(renumberings.values())
    counts = Counts(len(raw), len(accepted), len(quarantined), len(shared), changed)
    return Checked(accepted, quarantined, pl.concat(findings), counts)


def _fits(raw: pl.DataFrame, model: type[pa.DataFrameModel], facts: Mapping[str, ColumnFacts]) -> None:
    expected = {"_line": pl.UInt32(), **dict.fromkeys(facts, pl.String())}
    wrong = sorted(set(raw.schema.items()) ^ set(expected.items()), key=lambda item: item[0])
    if wrong:
        raise BuildFailed(
            f"contract {source_of(model)}",
            f"frame differs in column {wrong[0][0]}",
            "hand over _line as UInt32 and the contract's columns as text",
        )


def _split(
    raw: pl.DataFrame,
    texts: pl.DataFrame,
    breaches: pl.DataFrame,
    model: type[pa.DataFrameModel],
    form: SubjectForm,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    facts, source = column_facts(model), source_of(model)
    bad = breaches["position"].unique().sort()
    keep = pl.Series("keep", [True]).new_from_index(0, len(raw)).scatter(bad, values=False)
    integers = [name for name, fact in facts.items() if fact.kind == "integer"]
    accepted = texts.filter(keep).with_columns(pl.col(integers).cast(pl.Int64))
    subjects = subjects_of(texts, model, form)
    quarantined = with_reasons(raw.select("_line", *facts), breaches, source, subjects)
    if len(accepted) + len(quarantined) != len(raw):
        raise BuildFailed(
            f"contract {source}", "accepted and quarantined rows do not add up", "report this as a bug"
        )
    return accepted, quarantined
