"""Annotations in the words of the Metadata Submission Guidelines, and the keys of what is collected with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.documents.acrf.facts import Collected, Field, Note
from pipeline.review.annotated_facts import record_facts
from pipeline.review.annotated_items import Condition, fixed_facts
from pipeline.review.annotated_parts import fixed_constants
from pipeline.review.annotations import Annotation, Annotations
from pipeline.review.delivered import Source
from pipeline.specs.load import StudySpec

_COLLECTED = "Collected"
_SUPPLEMENTAL, _VALUE, _QUALIFIER = "SUPP", "QVAL", "QNAM"
_LEAST_RUN = 3
_NUMBERED = re.compile(r"(.*?)([0-9]+)")


class Notes:
    """The annotations of one form."""

    def __init__(self, spec: StudySpec, source: Source, told: Annotations) -> None:
        self.spec, self.source, self.told = spec, source, told

    def of(self, column: str) -> tuple[Note, ...]:
        """What stands beside the column."""
        return tuple(self._note(each, column) for each in self.told[self.source.source, column])

    def legend(self, fields: Sequence[Field]) -> tuple[tuple[str, str], ...]:
        """The datasets of the fields with their labels, in the order in which they are annotated."""
        named = dict.fromkeys(note.dataset for field in fields for note in field.notes if note.dataset)
        return tuple((name, self.spec.datasets[name].label) for name in named if name is not None)

    def fixed(self, fields: Sequence[Field]) -> Iterator[Note]:
        """One annotation a dataset of the fields: what it has on every record of the form."""
        for name, _ in self.legend(fields):
            dataset = self.spec.datasets[name]
            if dataset.parts and self.source.source not in {part.source for part in dataset.parts}:
                continue  # it only reads the form
            facts = [
                *fixed_constants(dataset, self.source.source),
                *fixed_facts(self.spec, dataset, self.source.source),
            ]
            if facts:
                yield Note(name, ", ".join(f'{name}.{variable} = "{value}"' for variable, value in facts))

    def _note(self, told: Annotation, column: str) -> Note:
        if told.dataset is None:
            return Note(None, told.note if told.remark else f"[NOT SUBMITTED] {told.note}")
        if told.dataset == "":
            return Note("", ", ".join(told.variables))
        if told.values:
            assigned = ", ".join(f'{told.dataset}.{name} = "{value}"' for name, value in told.values)
            return Note(told.dataset, f"{assigned} if {told.note}", keys=self._keys(told, column))
        if told.derived:
            head = f"used to derive {_names(told)}" if told.variables else f"{told.dataset} ({told.note})"
            return Note(told.dataset, head)
        return Note(told.dataset, _names(told), tuple(_conditions(told.when)), self._keys(told, column))

    def _keys(self, told: Annotation, column: str) -> tuple[Collected, ...]:
        """Every variable of the annotation that is collected at all, with what its records have beside it."""
        name = told.dataset or ""
        if name.startswith(_SUPPLEMENTAL):
            planned = self.spec.datasets[name.removeprefix(_SUPPLEMENTAL)].supplements
            named = [each for each in told.variables if planned[each].origin == _COLLECTED]
            return tuple(Collected(f"{name}.{_VALUE}", ((_QUALIFIER, (each,)),)) for each in named)
        dataset = self.spec.datasets[name]
        beside = record_facts(self.spec, dataset, self.source.source, column)
        return tuple(
            Collected(f"{name}.{variable}", tuple(sorted(beside.items())))
            for variable in told.variables
            if dataset.variables[variable].origin == _COLLECTED
        )


def joined_notes(several: Sequence[tuple[Note, ...]]) -> tuple[Note, ...]:
    """What a column is on any of several forms, in one annotation; why it is not submitted only if it is on none."""
    heads = dict.fromkeys(note.text for notes in several for note in notes if note.dataset is not None)
    if heads:
        return (Note("", ", ".join(heads)),)
    return tuple(dict.fromkeys(note for notes in several for note in notes))


def _names(told: Annotation) -> str:
    name = told.dataset or ""
    if name.startswith(_SUPPLEMENTAL):
        listed = _runs([f'"{each}"' for each in told.variables], told.variables)
        return f"{_VALUE} in {name} where QNAM = {listed}"
    return _runs([f"{name}.{each}" for each in told.variables], told.variables)


def _runs(printed: Sequence[str], names: Sequence[str]) -> str:
    """The printed names, three or more with running numbers as the first and the last of them."""
    groups: list[list[int]] = []
    for at in range(len(names)):
        if groups and _follows(names[groups[-1][-1]], names[at]):
            groups[-1].append(at)
        else:
            groups.append([at])
    told: list[str] = []
    for group in groups:
        whole = len(group) >= _LEAST_RUN
        told += [f"{printed[group[0]]} to {printed[group[-1]]}"] if whole else [printed[at] for at in group]
    return ", ".join(told)


def _follows(before: str, name: str) -> bool:
    found = [_NUMBERED.fullmatch(each) for each in (before, name)]
    return all(
        one is not None and two is not None and one[1] == two[1] and int(two[2]) == int(one[2]) + 1
        for one, two in pairwise(found)
    )


def _conditions(when: Condition) -> Iterator[str]:
    yield from (f'{variable} = "{value}"' if variable else value for variable, value in when)
