"""Value-level metadata of Findings: type, length, decimals, unit and terms of each test's results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from pipeline.emit.define.levels import Check, Level, distinct_pairs, few
from pipeline.emit.define.lists import (
    ListUse,
    codemap_list,
    known_lists,
    lists_named,
    part_list,
    require_listed,
    slug,
)
from pipeline.emit.define.shapes import Shape, shapes_by
from pipeline.emit.submitted import Submitted, SubmittedVariable
from pipeline.specs.load import StudySpec
from pipeline.specs.standard import Codelist
from pipeline.specs.terminology import permitted

_RESULTS = ("ORRES", "ORRESU", "STRESC", "STRESN", "STRESU")
_UNITS = ("ORRESU", "STRESU")
_QUALIFIERS = ("SPEC", "BDAGNT")  # the same test code on another specimen or agent has other results
_FINDINGS = "FINDINGS"
_PLACE = "_place"


def result_levels(spec: StudySpec, submitted: Submitted) -> Iterator[Level]:
    """Rows of the result variables by --TESTCD, and by the qualifiers that split a test into several.

    Nothing for other classes and where --TESTCD is empty. Raises BuildFailed for a unit outside its codelist.
    """
    test = submitted.find(f"{submitted.name}TESTCD")
    if submitted.dataset.class_ != _FINDINGS or test is None:
        return
    keys = [test.name, *(v.name for each in _QUALIFIERS if (v := submitted.find(f"{submitted.name}{each}")))]
    variables = [v for suffix in _RESULTS if (v := submitted.find(f"{submitted.name}{suffix}"))]
    rows = {v.name: distinct_pairs(submitted, keys, v.name) for v in variables}
    kinds = _item_kinds(spec, submitted)
    places = _places(keys, (rows[v.name].select(keys) for v in variables))
    for variable in variables:
        at_place = _with_place(rows[variable.name], places)
        values_at = at_place.partition_by(_PLACE, as_dict=True)
        for (key,), shape in shapes_by(at_place, [_PLACE], variable.name).items():
            place = places[str(key)]
            values = few(values_at[key,][variable.name].unique().sort())
            listed = _Result(spec, submitted, variable, place, kinds).list_of(shape, values)
            label = (test.names or {}).get(place.test, place.test)
            yield Level(
                variable=variable.name,
                key=place.key,
                condition=place.key,
                where=place.where,
                label=", ".join([label, *(part or "not stated" for part in place.parts)]),
                shape=shape,
                values=values if listed else (),
                listed=listed,
            )


@dataclass(frozen=True)
class _Place:
    """One test, or one part of a test that a qualifier splits; ``parts`` are the values of those qualifiers."""

    key: str
    test: str
    parts: tuple[str | None, ...]
    where: tuple[Check, ...]


def _places(keys: list[str], found: Iterable[pl.DataFrame]) -> dict[str, _Place]:
    """Key -> place, for every test that has a result. Only qualifiers with several values split a test."""
    seen = pl.concat(list(found)).unique().sort(keys, nulls_last=True)
    places: dict[str, _Place] = {}
    for (test,), rows in seen.group_by(keys[0], maintain_order=True):
        splitting = [name for name in keys[1:] if rows[name].n_unique() > 1]
        for parts in rows.select(splitting).unique(maintain_order=True).iter_rows() if splitting else [()]:
            checks = [_check(name, part, rows[name]) for name, part in zip(splitting, parts, strict=True)]
            key = slug(".".join([str(test), *(part or "NULL" for part in parts)]))
            places[key] = _Place(key, str(test), parts, (Check(keys[0], (str(test),)), *checks))
    return places


def _check(name: str, value: str | None, values: pl.Series) -> Check:
    if value is not None:
        return Check(name, (value,))
    return Check(name, tuple(values.drop_nulls().unique().sort()), others=True)


def _with_place(rows: pl.DataFrame, places: dict[str, _Place]) -> pl.DataFrame:
    place = pl.lit(None, dtype=pl.String)
    for each in places.values():
        place = pl.when(*(_holds(check) for check in each.where)).then(pl.lit(each.key)).otherwise(place)
    return rows.with_columns(place.alias(_PLACE)).sort(_PLACE)


def _holds(check: Check) -> pl.Expr:
    within = pl.col(check.variable).is_in(check.values).fill_null(value=False)
    return ~within if check.others else within


def _item_kinds(spec: StudySpec, submitted: Submitted) -> dict[str, str]:
    """Test -> what the study's tables of items say of its result: ``score:MAP``, ``term:MAP``, ``number``."""
    kinds: dict[str, str] = {}
    for name in dict.fromkeys(part.items for part in submitted.dataset.parts if part.items):
        table = spec.table(name)
        kinds |= zip(table[f"{submitted.name}TESTCD"], table["result"], strict=True)
    return kinds


class _Result:
    """One result variable at one place."""

    def __init__(
        self,
        spec: StudySpec,
        submitted: Submitted,
        variable: SubmittedVariable,
        place: _Place,
        kinds: Mapping[str, str],
    ) -> None:
        self._spec = spec
        self._what = f"{submitted.name}.{variable.name}"
        self._place = f"{submitted.name}.{place.key}"
        self._suffix = variable.name.removeprefix(submitted.name)
        self._known = known_lists(spec, lists_named(variable))
        self._kind = kinds.get(place.test) or ""

    def list_of(self, shape: Shape, values: tuple[str, ...]) -> ListUse | None:
        """The list of units, terms or scores; None for measured numbers and free text."""
        if self._suffix in _UNITS:
            return self._units(self._known, values)
        kind, _, codemap = self._kind.partition(":")
        scored = kind == "score" and self._suffix == "STRESC"
        if not values or self._suffix == "STRESN" or (shape.is_number and not scored):
            return None
        for terms in self._known:
            if set(values) <= permitted(self._spec, [terms]):
                return part_list(terms, values, self._place)
        return codemap_list(self._spec, codemap, by_code=scored) if codemap else None

    def _units(self, known: list[Codelist], values: tuple[str, ...]) -> ListUse | None:
        if not known:
            return None
        require_listed(self._spec, self._what, values, known[0])
        return part_list(known[0], values, self._place)
