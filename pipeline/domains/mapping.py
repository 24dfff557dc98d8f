"""The mapping verbs: rows of a source become records, one step on one row.

Unknown codes never become null: their rows are quarantined with the rule that they broke.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipeline.derive.decimals import to_double
from pipeline.derive.iso8601 import collected_date, collected_time, datetime_iso
from pipeline.domains.records import (
    LINE,
    SET_ASIDE,
    SOURCE,
    SUBJECT,
    Fate,
    Inputs,
    set_aside,
    stacked,
    translation,
    unknown,
)
from pipeline.specs.load import verb_of
from pipeline.specs.models import Dataset, Join, Part, Verb
from pipeline.specs.row_models import Where
from pipeline.specs.standard import VariableFacts

JOINED = "_joined."


@dataclass(frozen=True)
class Mapped:
    """Records of a dataset before the common steps, and the rows that became none.

    ``rows`` holds the verbs' variables, the untouched source columns of single-source datasets under
    ``<source>.<column>``
    names, and the hidden columns ``_source``, ``_line``, ``_subject``.
    """

    rows: pl.LazyFrame
    set_aside: pl.DataFrame


def mapped(inputs: Inputs, dataset: Dataset, *, keep: tuple[str, ...] = ()) -> Mapped:
    """All parts of ``dataset`` through their verbs, stacked; ``keep`` names source columns to carry as
    ``_<column>``."""
    frames, aside = [], []
    for part in dataset.parts:
        rows, dropped = rows_of_part(inputs, part)
        filled, broken = _filled(inputs, dataset, part, rows, keep)
        frames.append(filled)
        aside += [*dropped, *broken]
    return Mapped(pl.concat(frames, how="diagonal_relaxed"), stacked(aside, SET_ASIDE))


def rows_of_part(inputs: Inputs, part: Part) -> tuple[pl.LazyFrame, list[pl.DataFrame]]:
    """Live rows of the part's source that its conditions keep, with joined columns, and the rows they do not keep."""
    rows = inputs.live(part.source)
    dropped = []
    for where in part.where:
        rest = rows.filter(~kept(where))
        dropped.append(
            set_aside(rest, part.source, Fate.NOT_SUBMITTED, f"{part.source}.{where.column}", where.otherwise)
        )
        rows = rows.filter(kept(where))
    for name, join in part.join.items():
        rows = with_joined(inputs, rows, name, join)
    return rows, dropped


def kept(where: Where) -> pl.Expr:
    """True for rows that satisfy the condition; a null never equals a value, and is other than every value."""
    column = pl.col(where.column)
    if where.values:
        return column.is_in(list(where.values)).fill_null(value=False)
    if where.other_than:
        return ~column.is_in(list(where.other_than)).fill_null(value=False)
    return column.is_not_null()


def with_joined(inputs: Inputs, rows: pl.LazyFrame, name: str, join: Join) -> pl.LazyFrame:
    """``rows`` with the columns ``<name>.<column>`` of the joined source, null where it has no row.

    Of several candidates the first by line is taken: contracts keep the key of a joined source unique.
    """
    other = inputs.live(join.source)
    for column, value in join.where.items():
        other = other.filter(pl.col(column) == value)
    other = other.sort(LINE).unique(subset=list(join.on), keep="first", maintain_order=True)
    fresh = {c: f"{name}.{c}" for c in other.collect_schema().names() if c not in {*join.on, LINE}}
    other = other.rename(fresh | {LINE: f"{JOINED}{join.source}"})
    return rows.join(other, on=list(join.on), how="left", maintain_order="left")


def _filled(
    inputs: Inputs, dataset: Dataset, part: Part, rows: pl.LazyFrame, keep: tuple[str, ...]
) -> tuple[pl.LazyFrame, list[pl.DataFrame]]:
    names = rows.collect_schema().names()
    verbs = {name: verb_of(dataset, part, name) for name in dataset.variables}
    qualifiers = {name: verb for name, verb in dataset.supplements.items() if not verb.derived}
    broken = []
    for name, verb in (verbs | qualifiers).items():
        if (known := _known_values(inputs, verb)) is not None:
            column = verb.code or verb.by or ""
            bad = rows.filter(unknown(known, column))
            broken.append(
                set_aside(
                    bad, part.source, Fate.QUARANTINED, f"{dataset.dataset}.{name}.code", "unknown code"
                )
            )
            rows = rows.filter(~unknown(known, column))
    columns = [
        typed(expression, inputs.spec.standard.variable(dataset.dataset, name)).alias(name)
        for name, verb in verbs.items()
        if (expression := _expression(inputs, verb)) is not None
    ]
    columns += [
        expression.cast(pl.String).alias(f"_{name}")
        for name, verb in qualifiers.items()
        if (expression := _expression(inputs, verb)) is not None
    ]
    carried = [pl.col(column).alias(f"_{column}") for column in keep if column in names]
    carried += [pl.col(column).alias(f"_{use}") for use, column in dataset.uses.items() if column in names]
    joined = [pl.col(column) for column in names if column.startswith(JOINED)]
    subject = [pl.col("SUBJID").alias(SUBJECT)] if "SUBJID" in names else []
    return rows.select(*columns, *carried, *joined, *subject, LINE, pl.lit(part.source).alias(SOURCE)), broken


def _known_values(inputs: Inputs, verb: Verb) -> dict[str, str] | None:
    if verb.code:
        return inputs.spec.codemap(verb.map or "")
    if verb.lookup:
        table = inputs.spec.table(verb.lookup)
        return dict(table.select(table.columns[0], verb.give or "").iter_rows())
    return None


def _expression(inputs: Inputs, verb: Verb) -> pl.Expr | None:
    """The verb as an expression; None when the variable is derived later, or has no verb in this part."""
    if verb.empty is not None:
        return pl.lit(None, dtype=pl.String)
    if verb.const is not None:
        return pl.lit(verb.const)
    if verb.take is not None:
        taken = pl.col(verb.take).cast(pl.String)
        return taken.str.to_uppercase() if verb.upper else taken
    if verb.date is not None:
        when = collected_date(pl.col(verb.date))
        return datetime_iso(when, collected_time(pl.col(verb.time))) if verb.time else when
    known = _known_values(inputs, verb)
    return None if known is None else translation(known, verb.code or verb.by or "")


def typed(expression: pl.Expr, facts: VariableFacts) -> pl.Expr:
    """``expression`` as text for Char variables and as the nearest double for Num variables."""
    return to_double(expression) if facts.type == "Num" else expression.cast(pl.String)
