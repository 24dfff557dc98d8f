"""Value-level metadata of TS: what each trial summary parameter holds, from which list, on whose word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from pipeline.emit.define.dictionaries import DICTIONARIES, dictionary_list
from pipeline.emit.define.levels import Check, Level, Told, text_shape
from pipeline.emit.define.list_use import ListUse
from pipeline.emit.define.lists import known_lists, lists_named, part_list, require_listed, whole_list
from pipeline.emit.define.shapes import Shape, iso_facts, iso_shape, shapes_by
from pipeline.emit.submitted import Submitted, SubmittedVariable
from pipeline.specs.load import StudySpec
from pipeline.specs.metadata import Origin
from pipeline.specs.standard import Codelist

_TEST, _VALUE, _CODE, _REFERENCE = "TSPARMCD", "TSVAL", "TSVALCD", "TSVCDREF"
_ISO, _DURATION = "ISO 8601", "P"
_SELF_EXPLAINED = {"GENC", "ClinicalTrials.gov"}  # the value is the code
# What the study's table says of a value -> where it comes from.
_ORIGINS: dict[str, Origin] = {"registry": "Protocol", "assumption": "Assigned", "computed": "Derived"}


def summary_levels(spec: StudySpec, submitted: Submitted) -> Iterator[Level]:
    """Rows of TSVAL, TSVALCD and TSVCDREF by TSPARMCD; nothing for any other dataset.

    Raises BuildFailed for a value outside the codelist that the study's table names.
    """
    if submitted.find(_TEST) is None or submitted.find(_VALUE) is None:
        return
    names = [v.name for each in (_TEST, _VALUE, _CODE, _REFERENCE) if (v := submitted.find(each))]
    records = submitted.records.select(names).collect()
    table = spec.table(submitted.dataset.table or "")
    for parameter in records[_TEST].unique(maintain_order=True):
        rows = table.filter(pl.col(_TEST) == parameter)
        here = _Parameter(spec, submitted, str(parameter), records.filter(pl.col(_TEST) == parameter), rows)
        for name in names[1:]:
            variable = submitted.find(name)
            if variable and (level := here.level(variable)):
                yield level


@dataclass(frozen=True)
class _Parameter:
    """One parameter: its records, and its rows of the study's table."""

    spec: StudySpec
    submitted: Submitted
    code: str
    records: pl.DataFrame
    table: pl.DataFrame

    def level(self, variable: SubmittedVariable) -> Level | None:
        """The row of one variable; None if the parameter has no value of it."""
        values = tuple(self.records[variable.name].drop_nulls().unique().sort())
        if not values:
            return None
        listed = self._list_of(variable, values)
        return Level(
            variable=variable.name,
            key=self.code,
            condition=self.code,
            where=(Check(_TEST, (self.code,)),),
            label=self._label(),
            shape=self._shape(variable.name, listed),
            values=values if listed and not listed.dictionary else (),
            listed=listed,
            own=self._told() if variable.name == _VALUE else None,
        )

    def _label(self) -> str:
        variable = self.submitted.find(_TEST)
        return ((variable.names if variable else None) or {}).get(self.code, self.code)

    def _told(self) -> Told | None:
        told = dict.fromkeys(self._cells("basis"))
        origins = [_ORIGINS[each] for each in told if each in _ORIGINS]
        return Told(origins[0], "Sponsor") if len(origins) == 1 else None

    def _cells(self, column: str) -> list[str]:
        return list(self.table[column].drop_nulls()) if column in self.table.columns else []

    def _references(self) -> set[str]:
        return set(self.records[_REFERENCE].drop_nulls()) if _REFERENCE in self.records.columns else set()

    def _list_of(self, variable: SubmittedVariable, values: tuple[str, ...]) -> ListUse | None:
        place = f"{self.submitted.name}.{variable.name}.{self.code}"
        if variable.name == _REFERENCE:
            return part_list(known_lists(self.spec, lists_named(variable))[0], values, place)
        references = self._references() & set(DICTIONARIES)
        coded = _CODE in self.records.columns and self.records[_CODE].count() > 0
        if references and (coded or references <= _SELF_EXPLAINED):
            return dictionary_list(self.spec, min(references), "text")
        lists = known_lists(self.spec, dict.fromkeys(self._cells("codelist")))
        if variable.name != _VALUE or not lists:
            return None
        require_listed(self.spec, place, values, lists[0])
        if _has_variables(self.spec, lists[0]):
            return part_list(lists[0], values, place)
        return replace(whole_list(lists[0]), collectable=values)

    def _shape(self, name: str, listed: ListUse | None) -> Shape:
        texts = self.records.select(name).drop_nulls()
        if name != _VALUE or listed:  # a code is a text, even if it looks like a number
            return text_shape(tuple(texts[name]))
        if self._references() != {_ISO}:
            return shapes_by(texts, [], name)[()]
        lasting = texts[name].str.starts_with(_DURATION).all()
        facts = texts.select(iso_facts(name)).row(0, named=True)
        return iso_shape(facts, name, f"{_ISO} duration" if lasting else _ISO)


def _has_variables(spec: StudySpec, terms: Codelist) -> bool:
    """Whether SDTMIG gives the list to variables too, which then show other parts of it."""
    return any(terms.code in facts.codelists for facts in spec.standard.variables.values())
