"""Frozen models of a study's specification. Everything a person can change lives in YAML and CSV, not here.

A *verb* says how a variable gets its value, in one step on one row: ``const``, ``take``, ``code``,
``lookup``, ``date``.
``empty`` says why a variable never has a value. ``derived`` holds prose only; the code that makes the
variable is found by its name, and the sentence is the
define.xml method. Cross-checks against the standard are in ``load.py``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.specs.expected import Expected
from pipeline.specs.frozen import Frozen, Names, YesNo
from pipeline.specs.metadata import Origin, OriginSource, ValueLevel
from pipeline.specs.reference_models import Laboratory, Reference
from pipeline.specs.row_models import Marked, OneOf, Where
from pipeline.specs.score_models import Filtration, Scores

_VERBS = ("const", "take", "code", "lookup", "date", "derived", "empty")


class Verb(Frozen):
    """How one variable of one part is filled; exactly one of the verbs.

    ``of`` names what the dataset's code makes it of: collected columns by the part they play in ``uses``, variables of
    the same record, and moments of the subject (``RFXSTDTC``).
    """

    const: str | None = None
    take: str | None = None
    code: str | None = None
    lookup: str | None = None
    date: str | None = None
    derived: str | None = None
    empty: str | None = None
    upper: YesNo = False
    map: str | None = None
    by: str | None = None
    give: str | None = None
    time: str | None = None
    of: Names = ()

    @model_validator(mode="after")
    def _one_verb(self) -> Verb:
        named = [v for v in _VERBS if getattr(self, v) is not None]
        if len(named) > 1:
            raise ValueError(f"has the verbs {' and '.join(named)}; give one")
        for verb, partner in (("code", "map"), ("lookup", "by"), ("lookup", "give")):
            if getattr(self, verb) is not None and getattr(self, partner) is None:
                raise ValueError(f"'{verb}' needs '{partner}'")
        return self


class Variable(Verb):
    """One variable of a dataset: its verb (unless the parts give it), and what define.xml says about it."""

    origin: Origin
    by_whom: OriginSource | None = None
    codelist: Names = ()
    dictionary: str | None = None
    format: str | None = None
    significant: str | None = None
    comment: str | None = None
    also: Names = ()  # terms that the code gives beside those of the verb

    @property
    def source(self) -> str:
        """Define-XML origin source; what the sponsor assigns, derives or takes from the protocol is the sponsor's."""
        return self.by_whom or "Sponsor"


class Join(Frozen):
    """Adds columns ``<name>.<column>`` of at most one row of ``source`` with equal ``on``.

    ``otherwise`` says why a row of the joined source finds no record.
    """

    source: str
    on: Names
    where: dict[str, str] = Field(default_factory=dict)
    otherwise: str = ""


class Part(Frozen):
    """Rows of one source that become records of the dataset, one to one unless ``items`` unfolds them."""

    source: str
    where: tuple[Where, ...] = ()
    join: dict[str, Join] = Field(default_factory=dict)
    items: str | None = None
    performed: str | None = None
    reason: str | None = None
    blank: Literal["not_done", "query", "skip"] = "query"
    blank_reason: str | None = None
    undetermined: str | None = None
    undetermined_reason: str | None = None
    set: dict[str, Verb] = Field(default_factory=dict)


class Supplement(Verb):
    """One supplemental qualifier of the parent records: by a verb, or made by the code under the name ``_<QNAM>``."""

    label: Annotated[str, Field(max_length=40)]
    origin: Origin
    by_whom: OriginSource | None = None
    codelist: Names = ()
    dictionary: str | None = None
    content: str


class Linked(Frozen):
    """A source that names the other end of a relation by its running number; ``term`` keeps one kind of record."""

    source: str
    number: str
    term: str | None = None


class Relation(Frozen):
    """How records of two datasets belong together: by a number on the forms, by an identifier, or dataset to dataset.

    ``dataset`` and ``with`` are the two ends. With ``links`` the forms of the second end repeat ``number`` of
    ``source``; with
    ``by`` the second end holds the value in that variable; with ``type`` and ``with_type`` the relation is
    one of whole datasets.
    """

    id: str
    dataset: str
    number: str
    with_: Annotated[str, Field(alias="with")]
    source: str | None = None
    links: tuple[Linked, ...] = ()
    by: str | None = None
    type: str | None = None
    with_type: str | None = None


class Dataset(Frozen):
    """One dataset of the study.

    ``uses`` names the collected columns that the dataset's code needs, by the part they play (``ongoing:
    AEONGO``); the code
    finds them as ``_<part>``. ``computed`` names for a test that the code adds the tests of the same row behind it.
    ``split`` names the parts of a dataset that is too large for one file: category
    (--CAT) -> the one or two characters behind the dataset's name (``CHEMISTRY: CH`` makes LBCH).
    """

    dataset: str
    label: Annotated[str, Field(max_length=40)]
    class_: Annotated[str, Field(alias="class")]
    structure: str
    keys: Names
    build: str = "mapped"
    parts: tuple[Part, ...] = ()
    reads: Names = ()
    uses: dict[str, str] = Field(default_factory=dict)
    derived_from: Names = ()
    variables: dict[str, Variable]
    supplements: dict[str, Supplement] = Field(default_factory=dict)
    baseline_keys: Names = ()
    computed: dict[str, Names] = Field(default_factory=dict)
    table: str | None = None
    relations: tuple[Relation, ...] = ()
    values: tuple[ValueLevel, ...] = ()
    comment: str | None = None
    split: dict[str, Annotated[str, Field(pattern=r"^[A-Z0-9]{1,2}$")]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _distinct_parts(self) -> Dataset:
        suffixes = list(self.split.values())
        if twice := sorted({each for each in suffixes if suffixes.count(each) > 1}):
            raise ValueError(f"split names two parts {twice[0]}; give each category its own")
        return self

    @property
    def sources(self) -> tuple[str, ...]:
        """Ids of all typed tables that the dataset reads, in the order of the spec, once each."""
        joined = [join.source for part in self.parts for join in part.join.values()]
        return tuple(dict.fromkeys([*(part.source for part in self.parts), *joined, *self.reads]))

    @property
    def looked_up(self) -> dict[str, str]:
        """Variables that are taken from a joined source, and that source."""
        joins = {name: join.source for part in self.parts for name, join in part.join.items()}
        taken = {name: (each.take or "").split(".")[0] for name, each in self.variables.items()}
        return {name: joins[alias] for name, alias in taken.items() if alias in joins}


class Setting(Frozen):
    """An assumption with its default and the id of the open question."""

    value: str
    question: str | None = None
    meaning: str


class CodedTerm(Frozen):
    """A form whose ``term`` is coded in ``coding``, which repeats the coded text in ``verbatim``.

    How rows find their code is said by the join of the dataset's part.
    """

    form: str
    term: str
    coding: str
    verbatim: str


class Comparison(Frozen):
    """How two deliveries are compared: columns of bookkeeping (``audit``), running numbers within a form
    (``numbering``), which records were locked, and which texts are coded."""

    audit: Names = ()
    numbering: Names = ()
    locked: OneOf | None = None
    coded: tuple[CodedTerm, ...] = ()


class Delivery(Frozen):
    """What may and may not be in a delivery (``deny_rule`` is the id under which the study forbids it), how a sender
    marks a deleted row, what tells two nights apart, and what is expected of a whole delivery."""

    deleted: Marked
    study_names: Names
    deny_columns: Names
    deny_patterns: Names
    deny_rule: str = ""
    quarantine_limit_percent: str
    expected: Expected = Expected()
    compare: Comparison = Comparison()


class Standards(Frozen):
    """Versions of every standard and dictionary of a build."""

    sdtm: str
    sdtmig: str
    define: str
    terminology: str
    define_terminology: str
    meddra: str
    whodrug: str
    ctcae: str


class Extension(Frozen):
    """Values that the study adds to an extensible codelist, or explains on a closed one."""

    codelist: str
    values: tuple[str, ...]
    why: str


class NotSubmitted(Frozen):
    """A whole source, or one column of it, that fills no variable; the reason is for the reviewer."""

    source: str
    column: str | None = None
    reason: str


class Study(Frozen):
    """``study.yaml``: identity, standards, settings, and where the engine finds the reference facts.

    ``list_names`` says what people call the study's own codelists, by the name of the codemap.
    """

    study: str
    title: str
    description: str
    sponsor: str
    subject_prefix: str
    subject_pattern: str
    standards: Standards
    delivery: Delivery
    settings: dict[str, Setting]
    reference: Reference
    laboratory: Laboratory
    scores: Scores | None = None
    filtration: Filtration | None = None
    datasets: Names
    extensions: tuple[Extension, ...] = ()
    list_names: dict[str, str] = Field(default_factory=dict)
    not_submitted: tuple[NotSubmitted, ...] = ()

    def setting(self, name: str) -> str:
        """The value of an assumption."""
        return self.settings[name].value
