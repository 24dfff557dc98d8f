"""Where results of Findings differ: at each test, at the parts of a test that a qualifier tells apart, and at
tests that share their answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from pipeline.emit.define.levels import Check
from pipeline.emit.define.list_use import slug

PLACE = "_place"
_Facts = Mapping[str, frozenset[str | None]]


@dataclass(frozen=True)
class Place:
    """One condition of a value list.

    ``parts`` are the values of the qualifiers that split a test; ``facts`` are the values that each
    deciding variable has here; ``kind`` is what the study's table of items says of the result.
    """

    key: str
    tests: tuple[str, ...]
    parts: tuple[str | None, ...]
    where: tuple[Check, ...]
    facts: _Facts
    kind: str = ""

    @property
    def code(self) -> str:
        """Name of the codemap that the answers come from; empty if they come from none."""
        return self.kind.partition(":")[2]


@dataclass(frozen=True)
class Deciding:
    """What tells places apart: the test, a category that always goes with it, other qualifiers if they must.

    ``apart`` are tests of which some results come from elsewhere; each stays alone and is split by the
    variables that say so.
    """

    test: str
    category: str | None
    qualifiers: tuple[str, ...]
    apart: Mapping[str, tuple[str, ...]]

    @property
    def columns(self) -> list[str]:
        """Every deciding variable, once."""
        others = [name for names in self.apart.values() for name in names]
        named = [self.test, *([self.category] if self.category else []), *self.qualifiers, *others]
        return list(dict.fromkeys(named))


def places(deciding: Deciding, found: Iterable[pl.DataFrame], kinds: Mapping[str, str]) -> dict[str, Place]:
    """Key -> place, for every test that has a result; ``found`` are the combinations of the deciding variables.

    Tests of one category whose answers come from the same codemap, or are free text, are one place.
    """
    seen = pl.concat(list(found)).unique().sort(deciding.columns, nulls_last=True)
    each = [
        place
        for (test,), rows in seen.group_by(deciding.test, maintain_order=True)
        for place in _of_test(deciding, str(test), rows, kinds.get(str(test), ""))
    ]
    return {place.key: place for place in _grouped(deciding, each)}


def _of_test(deciding: Deciding, test: str, rows: pl.DataFrame, kind: str) -> Iterator[Place]:
    fixed = [deciding.category] if deciding.category else []
    splitting = _splitting(rows, [*deciding.qualifiers, *deciding.apart.get(test, ())], fixed)
    names = [*fixed, *splitting]
    for parts in rows.select(names).unique(maintain_order=True).iter_rows() if names else [()]:
        here = _where_equal(rows, names, parts)
        checks = [_check(name, part, rows[name]) for name, part in zip(names, parts, strict=True)]
        own = parts[len(fixed) :]
        yield Place(
            key=slug(".".join([test, *(part or "NULL" for part in own)])),
            tests=(test,),
            parts=own,
            where=(*checks[: len(fixed)], Check(deciding.test, (test,)), *checks[len(fixed) :]),
            facts={name: frozenset(here[name]) for name in rows.columns},
            kind=kind,
        )


def _splitting(rows: pl.DataFrame, names: list[str], fixed: list[str]) -> list[str]:
    """Those of ``names`` that are needed, in their order: a qualifier that follows from the others is not."""
    chosen: list[str] = []
    for name in dict.fromkeys(names):
        before = rows.select(*fixed, *chosen).unique().height if fixed or chosen else 1
        if rows.select(*fixed, *chosen, name).unique().height > before:
            chosen.append(name)
    return chosen


def _where_equal(rows: pl.DataFrame, names: list[str], parts: tuple[str | None, ...]) -> pl.DataFrame:
    equal = (pl.col(name).eq_missing(pl.lit(part)) for name, part in zip(names, parts, strict=True))
    return rows.filter(pl.lit(value=True), *equal)


def _check(name: str, value: str | None, values: pl.Series) -> Check:
    if value is not None:
        return Check(name, (value,))
    return Check(name, tuple(values.drop_nulls().unique().sort()), others=True)


def _grouped(deciding: Deciding, each: list[Place]) -> list[Place]:
    groups: dict[tuple[object, ...], list[Place]] = {}
    for place in each:
        alone = place.parts or place.tests[0] in deciding.apart or not (place.code or place.kind == "text")
        category = place.where[0].values if deciding.category else ()
        groups.setdefault((place.key,) if alone else (category, place.kind), []).append(place)
    return [_joined(deciding.test, members) for members in groups.values()]


def _joined(test: str, members: list[Place]) -> Place:
    first = members[0]
    if len(members) == 1:
        return first
    tests = tuple(sorted(name for place in members for name in place.tests))
    fixed = tuple(check for check in first.where if check.variable != test)
    facts = {
        name: frozenset(value for place in members for value in place.facts[name]) for name in first.facts
    }
    told = [*(check.values[0] for check in fixed), first.code or first.kind]
    return replace(
        first, key=slug(".".join(told)), tests=tests, where=(*fixed, Check(test, tests)), facts=facts
    )


def with_place(rows: pl.DataFrame, found: Mapping[str, Place]) -> pl.DataFrame:
    """``rows`` in order of their place, whose key is in column PLACE."""
    place = pl.lit(None, dtype=pl.String)
    for each in found.values():
        place = pl.when(*(_holds(check) for check in each.where)).then(pl.lit(each.key)).otherwise(place)
    return rows.with_columns(place.alias(PLACE)).sort(PLACE)


def _holds(check: Check) -> pl.Expr:
    within = pl.col(check.variable).is_in(check.values).fill_null(value=False)
    return ~within if check.others else within
