"""What would give the blind away, compiled from the study's ``blinding.yaml``, trial design tables and texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import SpecError
from pipeline.specs.load import StudySpec

_TRIAL_DESIGN = "TRIAL DESIGN"
_WORDS_OF_A_SENTENCE = 4  # fewer could be the name of an arm or a cell of a record
_BEFORE, _AFTER = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"


@dataclass(frozen=True)
class Leak:
    """One place that gives something away: where it is and which rule it breaks; never the value itself."""

    file: str
    place: str
    rule: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.rule}"


@dataclass(frozen=True)
class LeakRules:
    """See ``Leaks`` of the specification.

    ``words`` are upper-case; ``terms`` are the trial's own codes and descriptions, which a document about data may
    list, but no record; ``sentences`` are texts of the specification that hold a word, longest first;
    ``trial_design`` maps each trial design dataset to its variables.
    """

    only: Mapping[str, frozenset[str]]
    columns: tuple[str, ...]
    qualifiers: frozenset[str]
    words: tuple[str, ...]
    allowed: tuple[str, ...]
    terms: frozenset[str]
    sentences: tuple[str, ...]
    trial_design: Mapping[str, frozenset[str]]
    subject: re.Pattern[str]

    @property
    def word(self) -> re.Pattern[str]:
        """Finds a treatment word in a text."""
        return re.compile(_BEFORE + _any(self.words) + _AFTER, re.IGNORECASE)

    @property
    def patterns(self) -> tuple[str, str]:
        """A treatment word, and a harmless name, for engines that cannot look behind (polars, DuckDB)."""
        return rf"(?i)(?:^|[^A-Za-z0-9]){_any(self.words)}(?:$|[^A-Za-z0-9])", f"(?i){_any(self.allowed)}"

    @property
    def harmless(self) -> re.Pattern[str]:
        """Finds names that only look like one."""
        return re.compile(_any(self.allowed), re.IGNORECASE)

    def tells(self, text: str) -> bool:
        """True if ``text`` holds a treatment word that is no harmless name."""
        return bool(self.word.search(text)) and bool(self.word.search(self.harmless.sub("", text)))


def leak_rules(spec: StudySpec) -> LeakRules:
    """The rules of a blinded study; SpecError if it has no ``blinding.yaml``."""
    blinding = spec.blinding
    if blinding is None:
        raise SpecError(spec.name, "has no blinding.yaml", "a study without it has nothing to hide")
    leaks = blinding.leaks
    terms = frozenset(_terms(spec))
    words = {*terms, *(product.name for product in blinding.products), *leaks.words}
    rules = LeakRules(
        only={column: frozenset(values) for column, values in leaks.only.items()},
        columns=(*leaks.columns, *spec.study.delivery.deny_patterns),
        qualifiers=frozenset(leaks.qualifiers),
        words=tuple(sorted({word.upper() for word in words}, key=lambda word: (-len(word), word))),
        allowed=tuple(sorted({*leaks.allowed, spec.name}, key=lambda name: (-len(name), name))),
        terms=terms,
        sentences=(),
        trial_design={
            name: frozenset(dataset.variables)
            for name, dataset in spec.datasets.items()
            if dataset.class_ == _TRIAL_DESIGN
        },
        subject=re.compile(
            rf"(?<![0-9A-Za-z-])(?:{re.escape(spec.study.subject_prefix)})?{spec.study.subject_pattern}(?![0-9-])"
        ),
    )
    said = {one_line(text) for text in _texts(spec) if len(text.split()) >= _WORDS_OF_A_SENTENCE}
    sentences = sorted(
        (text for text in said - terms if rules.tells(text)), key=lambda text: (-len(text), text)
    )
    return LeakRules(**{**vars(rules), "sentences": tuple(sentences)})


def one_line(text: str) -> str:
    """``text`` with every run of white space as one blank."""
    return " ".join(text.split())


def _terms(spec: StudySpec) -> Iterator[str]:
    """Codes and descriptions of arms and their treatment elements."""
    assert spec.blinding is not None
    arms = dict(spec.table(spec.blinding.trial_arms).select("ARMCD", "ARM").iter_rows())
    elements = dict(spec.table(spec.blinding.trial_elements).select("ETCD", "ELEMENT").iter_rows())
    for arm in spec.blinding.arms:
        yield from (arm.code, arms[arm.code], arm.element, elements[arm.element])


def _texts(spec: StudySpec) -> Iterator[str]:
    """Every text that the specification holds; all of it is known without a key."""
    yield from _strings(spec.study.model_dump(mode="json"))
    for dataset in spec.datasets.values():
        yield from _strings(dataset.model_dump(mode="json"))
    for table in spec.tables.values():
        for column in table:
            yield from column.drop_nulls().cast(str).to_list()


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _any(texts: tuple[str, ...]) -> str:
    return "(?:" + "|".join(re.escape(text) for text in texts) + ")"
