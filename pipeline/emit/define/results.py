"""Value-level metadata of Findings: type, length, decimals, unit, terms and origin of each test's results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.emit.define.levels import Level, Told, distinct_pairs, few, offered_where
from pipeline.emit.define.list_use import ListUse
from pipeline.emit.define.lists import (
    codemap_list,
    known_lists,
    lists_named,
    part_list,
    require_listed,
    with_offered,
)
from pipeline.emit.define.places import PLACE, Deciding, Place, places, with_place
from pipeline.emit.define.shapes import Shape, shapes_by
from pipeline.emit.submitted import CRITERIA, INSTRUMENTS, Submitted, SubmittedVariable
from pipeline.specs.load import StudySpec
from pipeline.specs.metadata import ValueLevel
from pipeline.specs.standard import Codelist
from pipeline.specs.terminology import permitted

RESULT_SUFFIXES = ("ORRES", "ORRESU", "STRESC", "STRESN", "STRESU")
_UNITS = ("ORRESU", "STRESU")
# The same test code on another specimen, agent, method, formula or in another category has other results.
_QUALIFIERS = ("SPEC", "BDAGNT", "METHOD", "ANMETH", "CAT")
_FINDINGS = "FINDINGS"
_NAMED_TESTS = 3  # more tests than these are counted, not named


def result_levels(spec: StudySpec, submitted: Submitted) -> Iterator[Level]:
    """Rows of the result variables by --TESTCD, and by the qualifiers that split a test into several.

    Nothing for other classes and where --TESTCD is empty. Raises BuildFailed for a unit outside its codelist.
    """
    variables = result_variables(submitted)
    if not variables:
        return
    deciding = _deciding(submitted)
    rows = {v.name: distinct_pairs(submitted, deciding.columns, v.name) for v in variables}
    kinds = _item_kinds(spec, submitted)
    found = places(deciding, (rows[v.name].select(deciding.columns) for v in variables), kinds)
    for variable in variables:
        at_place = with_place(rows[variable.name], found)
        values_at = at_place.partition_by(PLACE, as_dict=True)
        for (key,), shape in shapes_by(at_place, [PLACE], variable.name).items():
            values = few(values_at[key,][variable.name].unique().sort())
            yield _Result(spec, submitted, variable, found[str(key)]).level(shape, values)


def result_variables(submitted: Submitted) -> list[SubmittedVariable]:
    """Result variables with data of a Findings dataset that has tests; nothing for any other, nor for criteria."""
    if (
        submitted.dataset.class_ != _FINDINGS
        or submitted.name == CRITERIA
        or submitted.find(f"{submitted.name}TESTCD") is None
    ):
        return []
    named = (submitted.find(f"{submitted.name}{suffix}") for suffix in RESULT_SUFFIXES)
    return [variable for variable in named if variable]


def _deciding(submitted: Submitted) -> Deciding:
    """The deciding variables that are submitted and have data."""
    test = f"{submitted.name}TESTCD"
    category = submitted.find(f"{submitted.name}CAT") if submitted.name in INSTRUMENTS else None
    named = [v.name for each in _QUALIFIERS if (v := submitted.find(f"{submitted.name}{each}"))]
    apart: dict[str, tuple[str, ...]] = {}
    for each in submitted.dataset.values:
        others = tuple(name for name in each.where if name != test and submitted.find(name))
        for code in each.where.get(test, ()):
            apart[code] = tuple(dict.fromkeys([*apart.get(code, ()), *others]))
    qualifiers = tuple(name for name in named if category is None or name != category.name)
    return Deciding(test, category.name if category else None, qualifiers, apart)


def _item_kinds(spec: StudySpec, submitted: Submitted) -> dict[str, str]:
    """Test -> what the study's tables of items say of its result: ``score:MAP``, ``term:MAP``, ``number``."""
    kinds: dict[str, str] = {}
    for name in dict.fromkeys(part.items for part in submitted.dataset.parts if part.items):
        table = spec.table(name)
        kinds |= zip(table[f"{submitted.name}TESTCD"], table["result"].fill_null(""), strict=True)
    return kinds


@dataclass(frozen=True)
class _Result:
    """One result variable at one place."""

    spec: StudySpec
    submitted: Submitted
    variable: SubmittedVariable
    place: Place

    def level(self, shape: Shape, values: tuple[str, ...]) -> Level:
        """The row of the value list."""
        listed = self._list_of(shape, values)
        return Level(
            variable=self.variable.name,
            key=self.place.key,
            condition=self.place.key,
            where=self.place.where,
            label=self._label(),
            shape=shape,
            values=values if listed else (),
            listed=listed,
            own=told(self.submitted.dataset.values, self.variable.name, self.place.facts),
        )

    def _label(self) -> str:
        """Names of the tests and of what splits a test; for many tests how many, and what they share."""
        variable = self.submitted.find(f"{self.submitted.name}TESTCD")
        names: Mapping[str, str] = (variable.names if variable else None) or {}
        tests = self.place.tests
        if len(tests) > _NAMED_TESTS:
            shared = self.spec.study.list_names.get(self.place.code, self.place.code or "free text")
            return f"{len(tests)} tests: {shared}"
        told = [*(names.get(test, test) for test in tests), *(part or "other" for part in self.place.parts)]
        return ", ".join(told)

    def _list_of(self, shape: Shape, values: tuple[str, ...]) -> ListUse | None:
        """The list of units, terms or scores; None for measured numbers and free text."""
        suffix = self.variable.name.removeprefix(self.submitted.name)
        known = known_lists(self.spec, lists_named(self.variable))
        at = f"{self.submitted.name}.{self.place.key}"
        if suffix in _UNITS:
            return self._units(known, values, at)
        scored = self.place.kind.startswith("score:") and suffix == "STRESC"
        if not values or suffix == "STRESN" or (shape.is_number and not scored):
            return None
        for terms in known:
            if set(values) <= permitted(self.spec, [terms]):
                return part_list(terms, self._with_offered(terms, values), at)
        return codemap_list(self.spec, self.place.code, by_code=scored) if self.place.code else None

    def _units(self, known: list[Codelist], values: tuple[str, ...], at: str) -> ListUse | None:
        if not known:
            return None
        require_listed(self.spec, f"{self.submitted.name}.{self.variable.name}", values, known[0])
        return part_list(known[0], self._with_offered(known[0], values), at)

    def _with_offered(self, terms: Codelist, values: tuple[str, ...]) -> tuple[str, ...]:
        """The values, and the answers that the forms offer here."""
        return with_offered(self.spec, terms, values, offered_where(self.variable, self.place.where))


def told(
    exceptions: tuple[ValueLevel, ...], variable: str, facts: Mapping[str, frozenset[str | None]]
) -> Told | None:
    """Where the values of ``variable`` come from where ``facts`` hold; None if from where all of them come."""
    for each in exceptions:
        if variable in each.variables and all(
            facts.get(name) and facts[name] <= set(values) for name, values in each.where.items()
        ):
            return Told(each.origin, each.source, each.comment)
    return None
