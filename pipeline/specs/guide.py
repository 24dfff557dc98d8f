"""Frozen models of ``guide.yaml``: what the reviewer's guide says in words about the study and each dataset.

Counts, labels and everything else that the specification or the data know is not written here. In a text, an empty
line begins a new paragraph and a line that begins with ``- `` is an item of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from pipeline.specs.frozen import Frozen, Names, listed
from pipeline.specs.models import Dataset, Setting

SUPPLEMENTAL = "SUPP"  # described by its qualifiers, with the parent
Use = Literal["efficacy", "safety", "other"]


class Answer(Frozen):
    """The answer to a question of the template (``Yes``, ``No`` ...), and what a reviewer should know beside it."""

    answer: str
    text: str = ""


class Overview(Frozen):
    """Section 3.1, as far as neither specification nor data can answer."""

    screen_failures: str
    subset: str
    analysis: Answer
    adjudication: Answer
    more: str = ""


class Decision(Frozen):
    """One decision about how data are represented, with its reason."""

    about: str
    decision: str


class Anticipated(Frozen):
    """A finding that another validator than the one of section 4.1 can be expected to report, and why it may stand."""

    rule: str
    about: str
    why: str


class DatasetNote(Frozen):
    """What a reviewer should know of one dataset; its records are counted by the variables ``count_by``."""

    use: Annotated[tuple[Use, ...], BeforeValidator(listed)]
    count_by: Names = ()
    note: str


class Guide(Frozen):
    """``guide.yaml``; ``masking`` says what a build of this mode hides or shows.

    ``amendments``: each version of the criteria (TIVERS) but the first -> what it changed.
    ``without_version``: each dictionary of which no version is stated -> why.
    """

    acronyms: dict[str, str]
    amendments: dict[str, str] = Field(default_factory=dict)
    versions: str
    design: str
    overview: Overview
    annotated_crf: str
    criteria: str = ""
    masking: str = ""
    decisions: tuple[Decision, ...]
    conformance: str
    anticipated: tuple[Anticipated, ...] = ()
    without_version: dict[str, str] = Field(default_factory=dict)
    datasets: dict[str, DatasetNote]
    questions: dict[str, str]


def guide_problems(
    guide: Guide, datasets: Mapping[str, Dataset], settings: Mapping[str, Setting]
) -> Iterator[tuple[str, str, str]]:
    """What the guide lacks or has too much of: notes of datasets, variables to count by, wordings of questions."""
    noted = {name for name in datasets if not name.startswith(SUPPLEMENTAL)}
    for name in sorted(noted - set(guide.datasets)):
        yield "guide.yaml", f"says nothing about dataset {name}", "add it under datasets"
    for name in sorted(set(guide.datasets) - set(datasets)):
        yield "guide.yaml", f"describes {name}, which is no dataset of the study", "remove it"
    for name, note in guide.datasets.items():
        for variable in note.count_by:
            if name in datasets and variable not in datasets[name].variables:
                yield f"guide.yaml: {name}", f"counts by {variable}, which it does not have", "mend count_by"
    asked = {setting.question for setting in settings.values() if setting.question}
    for question in sorted(asked - set(guide.questions)):
        yield "guide.yaml", f"does not word question {question} of study.yaml", "add it under questions"
    for question in sorted(set(guide.questions) - asked):
        yield "guide.yaml", f"words question {question}, which no setting has", "remove it"
