"""Leaks in a table of records: columns that must not exist, values other than the mask, treatment words in any cell."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

import polars as pl

from pipeline.blinding.leak_rules import LeakRules

_QUALIFIER = "_q."  # columns that carry supplemental qualifiers on their way
_DOMAIN, _QNAM = "DOMAIN", "QNAM"
_HARMLESS = ("_treatment",)  # marks the treatment element, whatever the treatment is
COLUMN, VALUE, WORD, QUALIFIER = (
    "a column that tells the treatment or the product",
    "a value other than the mask",
    "a word that names a treatment",
    "a qualifier of unblinded builds",
)


def leaks_in_table(table: pl.LazyFrame, rules: LeakRules) -> Iterator[tuple[str, str]]:
    """Column and rule of every leak; none for a trial design dataset, whose rows are about the plan."""
    schema = table.collect_schema()
    if is_trial_design(table, rules):
        return
    for name in schema.names():
        yield from _in_name(name, rules)
    found = table.select(_counts(schema, rules)).collect().row(0, named=True) if schema.names() else {}
    for key, count in found.items():
        rule, _, name = key.partition(":")
        if count:
            yield name, {"value": VALUE, "qualifier": QUALIFIER}[rule]
    for name in _with_words(table, schema, rules):
        yield name, WORD


def is_trial_design(table: pl.LazyFrame, rules: LeakRules) -> bool:
    """True if the table has only variables of one trial design dataset and every row says that it belongs to it."""
    names = set(table.collect_schema().names())
    if _DOMAIN not in names:
        return False
    fitting = [dataset for dataset, variables in rules.trial_design.items() if names <= variables]
    if not fitting:
        return False
    told = table.select(pl.col(_DOMAIN).unique()).collect()[_DOMAIN].to_list()
    return len(told) == 1 and told[0] in fitting


def base_name(column: str) -> str:
    """The column's own name in capitals: ``_q.EXLOT`` and ``assignment.EXLOT`` are EXLOT, ``_lot`` is LOT."""
    return column.rsplit(".", 1)[-1].lstrip("_").upper()


def _in_name(column: str, rules: LeakRules) -> Iterator[tuple[str, str]]:
    if column in _HARMLESS:
        return
    base = base_name(column)
    if any(fnmatchcase(base, pattern) for pattern in rules.columns) or rules.tells(column):
        yield column, COLUMN
    if column.startswith(_QUALIFIER) and base in rules.qualifiers:
        yield column, QUALIFIER


def _counts(schema: pl.Schema, rules: LeakRules) -> Iterator[pl.Expr]:
    """How many cells are not what their column may hold; one expression a column concerned."""
    yield pl.lit(0).alias("value:")
    for name in schema.names():
        text = pl.col(name).cast(pl.String, strict=False)
        filled = text.is_not_null() & (text != "")
        if (allowed := rules.only.get(base_name(name))) is not None:
            yield (filled & ~text.is_in(sorted(allowed))).sum().alias(f"value:{name}")
        if base_name(name) == _QNAM:
            yield text.is_in(sorted(rules.qualifiers)).sum().alias(f"qualifier:{name}")


def _with_words(table: pl.LazyFrame, schema: pl.Schema, rules: LeakRules) -> list[str]:
    """Columns with a cell that names a treatment: first a quick search for the letters, then for whole words."""
    texts = {name: _text(name, dtype) for name, dtype in schema.items()}
    readable = {name: text for name, text in texts.items() if text is not None}
    if not readable:
        return []
    quick = [
        text.str.contains_any(list(rules.words), ascii_case_insensitive=True).any().alias(name)
        for name, text in readable.items()
    ]
    suspects = [name for name, hit in table.select(quick).collect().row(0, named=True).items() if hit]
    whole, harmless = rules.patterns
    if not suspects:
        return []
    sure = [
        readable[name].str.replace_all(harmless, "").str.contains(whole).any().alias(name)
        for name in suspects
    ]
    return [name for name, hit in table.select(sure).collect().row(0, named=True).items() if hit]


def _text(name: str, dtype: pl.DataType) -> pl.Expr | None:
    """The column as text; None for numbers and dates, which name nothing."""
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return pl.col(name).cast(pl.String)
    if isinstance(dtype, pl.List):
        return pl.col(name).cast(pl.List(pl.String)).list.join(" ", ignore_nulls=True)
    if isinstance(dtype, pl.Struct):
        return pl.col(name).struct.json_encode()
    return None
