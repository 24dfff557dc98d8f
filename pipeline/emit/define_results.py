"""Value-level metadata of Findings: type, length, decimals, unit and terms of each test's results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from pipeline.emit.define_levels import Check, Level, distinct_pairs, few
from pipeline.emit.define_lists import (
    ListUse,
    codemap_list,
    known_lists,
    lists_named,
    part_list,
    permitted_values,
    require_listed,
    slug,
)
from pipeline.emit.define_shapes import Shape, shapes_by
from pipeline.emit.submitted import Submitted, SubmittedVariable
from pipeline.specs.load import StudySpec
from pipeline.specs.standard import Codelist

_RESULTS = ("ORRES", "ORRESU", "STRESC", "STRESN", "STRESU")
_UNITS = ("ORRESU", "STRESU")
_FINDINGS = "FINDINGS"

_Key = tuple[str | None, ...]


def result_levels(spec: StudySpec, submitted: Submitted) -> Iterator[Level]:
    """Rows of the result variables by --TESTCD, and by --SPEC for a test done on several specimens.

    Nothing for other classes and where --TESTCD is empty. Raises BuildFailed for a unit outside its codelist.
    """
    test = submitted.find(f"{submitted.name}TESTCD")
    if submitted.dataset.class_ != _FINDINGS or test is None:
        return
    keys = _keys(submitted)
    variables = [v for suffix in _RESULTS if (v := submitted.find(f"{submitted.name}{suffix}"))]
    rows = {v.name: distinct_pairs(submitted, keys, v.name) for v in variables}
    shapes = {name: shapes_by(values, keys, name) for name, values in rows.items()}
    specimens = _specimens(key for found in shapes.values() for key in found)
    for variable in variables:
        for key, shape in shapes[variable.name].items():
            name, where = str(key[0]), _where(keys, key, specimens[str(key[0])])
            place = slug(name if len(where) == 1 else f"{name}.{key[1] or 'NULL'}")
            values = few(_at(rows[variable.name], keys, key)[variable.name])
            listed = _Result(spec, submitted, variable, name, place).list_of(shape, values)
            yield Level(
                variable=variable.name,
                key=place,
                condition=place,
                where=where,
                label=(test.names or {}).get(name, name),
                shape=shape,
                values=values if listed else (),
                listed=listed,
            )


def _keys(submitted: Submitted) -> list[str]:
    """The test, and the specimen where any test was done on more than one."""
    test, specimen = f"{submitted.name}TESTCD", f"{submitted.name}SPEC"
    if submitted.find(specimen) is None:
        return [test]
    pairs = submitted.records.select(test, specimen).drop_nulls().unique().collect(engine="streaming")
    return [test, specimen] if pairs[test].is_duplicated().any() else [test]


def _specimens(keys: Iterable[_Key]) -> dict[str, list[str | None]]:
    """Test -> its specimens that have results, None for results without one."""
    found: dict[str, list[str | None]] = {}
    for key in sorted(set(keys), key=lambda key: [part or "" for part in key]):
        found.setdefault(str(key[0]), []).append(key[1] if len(key) > 1 else None)
    return found


def _where(keys: list[str], key: _Key, specimens: list[str | None]) -> tuple[Check, ...]:
    test = Check(keys[0], (str(key[0]),))
    if len(specimens) == 1:
        return (test,)
    if key[1] is not None:
        return (test, Check(keys[1], (key[1],)))
    named = tuple(each for each in specimens if each is not None)
    return (test, Check(keys[1], named, others=True))


def _at(rows: pl.DataFrame, keys: list[str], key: _Key) -> pl.DataFrame:
    return rows.filter(
        pl.col(name).eq_missing(pl.lit(part, dtype=pl.String)) for name, part in zip(keys, key, strict=True)
    )


class _Result:
    """One result variable of one test; ``place`` is the key of its row."""

    def __init__(
        self, spec: StudySpec, submitted: Submitted, variable: SubmittedVariable, test: str, place: str
    ) -> None:
        self._spec, self._submitted, self._test = spec, submitted, test
        self._what = f"{submitted.name}.{variable.name}"
        self._place = f"{submitted.name}.{place}"
        self._suffix = variable.name.removeprefix(submitted.name)
        self._known = known_lists(spec, lists_named(variable))

    def list_of(self, shape: Shape, values: tuple[str, ...]) -> ListUse | None:
        """The list of units, terms or scores; None for measured numbers and free text."""
        if self._suffix in _UNITS:
            return self._units(self._known, values)
        kind, _, codemap = self._kind().partition(":")
        scored = kind == "score" and self._suffix == "STRESC"
        if not values or self._suffix == "STRESN" or (shape.is_number and not scored):
            return None
        for terms in self._known:
            if set(values) <= permitted_values(self._spec, terms):
                return part_list(terms, values, self._place)
        return codemap_list(self._spec, codemap, by_code=scored) if codemap else None

    def _units(self, known: list[Codelist], values: tuple[str, ...]) -> ListUse | None:
        if not known:
            return None
        require_listed(self._spec, self._what, values, known[0])
        return part_list(known[0], values, self._place)

    def _kind(self) -> str:
        """What the study's tables of items say of the result: ``score:MAP``, ``term:MAP``; or blank."""
        for name in dict.fromkeys(part.items for part in self._submitted.dataset.parts if part.items):
            rows = self._spec.table(name).filter(pl.col(f"{self._submitted.name}TESTCD") == self._test)
            if rows.height:
                return str(rows["result"][0])
        return ""
