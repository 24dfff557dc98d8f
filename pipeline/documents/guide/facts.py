"""What a reviewer's guide is made of. Every text is plain; an empty line in prose begins a paragraph, ``- `` an item.

``None`` for a text means that the study has not written it; the guide then says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.documents.guide.conformance_facts import Conformance


@dataclass(frozen=True)
class Source:
    """Who and what the guide is about. ``masked``: made without knowledge of any subject's treatment."""

    study: str
    title: str
    description: str
    sponsor: str
    mode: str
    masked: bool
    cut: str
    build: str
    delivery: str
    registries: tuple[tuple[str, str], ...] = ()
    criteria_versions: tuple[str, ...] = ()


@dataclass(frozen=True)
class StandardUse:
    """One standard or dictionary: what it is for, its name and version, and where it is used."""

    purpose: str
    name: str
    version: str
    used_in: str = ""


@dataclass(frozen=True)
class Arm:
    """One planned arm: its elements by epoch, in planned order."""

    code: str
    name: str
    elements: tuple[tuple[str, str, str], ...]  # epoch, element code, element


@dataclass(frozen=True)
class Visit:
    """One planned visit; numbers as text."""

    number: str
    name: str
    day: str
    start: str
    end: str


@dataclass(frozen=True)
class Criterion:
    """One criterion of the protocol, its text complete."""

    code: str
    text: str
    category: str


@dataclass(frozen=True)
class Parameter:
    """One trial summary parameter with its value or null flavor."""

    code: str
    name: str
    value: str


@dataclass(frozen=True)
class Trial:
    """The plan, as the trial design datasets have it; empty where the study has no such dataset."""

    arms: tuple[Arm, ...] = ()
    visits: tuple[Visit, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    without_value: tuple[Parameter, ...] = ()
    computed: tuple[Parameter, ...] = ()


@dataclass(frozen=True)
class Count:
    """Records and subjects that share ``values``; subjects is None where records have none."""

    values: tuple[str, ...]
    records: int
    subjects: int | None


@dataclass(frozen=True)
class Qualifier:
    """One supplemental qualifier; 0 records if no subject has it."""

    name: str
    label: str
    origin: str
    content: str
    records: int
    subjects: int


@dataclass(frozen=True)
class Related:
    """One kind of relation in RELREC: the datasets at its ends, by what, and how many there are."""

    id: str
    ends: tuple[str, str]
    by: str
    kind: str
    count: int


@dataclass(frozen=True)
class DatasetFacts:
    """One dataset with records. ``uses``: efficacy, safety, other; None if the study does not say."""

    name: str
    label: str
    class_: str
    structure: str
    keys: tuple[str, ...]
    records: int
    subjects: int | None
    uses: tuple[str, ...] | None = None
    note: str | None = None
    comment: str = ""
    sources: tuple[str, ...] = ()
    counted_by: tuple[str, ...] = ()
    counts: tuple[Count, ...] = ()
    supplement: str | None = None
    supplement_records: int = 0
    qualifiers: tuple[Qualifier, ...] = ()
    related: tuple[str, ...] = ()
    relations: tuple[Related, ...] = ()
    without_data: tuple[tuple[str, str], ...] = ()  # variable, why


UNTOLD = "?"  # neither an actual arm nor the reason why there is none


@dataclass(frozen=True)
class Subjects:
    """Subjects of the study by what DM and DS know; None where they cannot tell."""

    all: int
    by_reason: tuple[tuple[str, int], ...] = ()  # ARMNRS, "" for subjects with an actual arm; else UNTOLD
    treated: int | None = None
    ended: int | None = None
    died: int | None = None
    ongoing: bool | None = None


@dataclass(frozen=True)
class Fate:
    """How many delivered rows had one fate; "mapped" for those that went into records."""

    fate: str
    rows: int


@dataclass(frozen=True)
class Aside:
    """Delivered rows of one file that became no record for one reason."""

    fate: str
    file: str
    reason: str
    rows: int


@dataclass(frozen=True)
class LeftOut:
    """Delivered columns that fill no variable for one reason, and some of their names."""

    reason: str
    columns: int
    files: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Assumption:
    """One setting of the study: the question it answers, what is assumed, and the value that says so."""

    setting: str
    meaning: str
    value: str
    question: str | None = None
    wording: str = ""


@dataclass(frozen=True)
class Extension:
    """Terms that the study adds to a codelist, or explains on a closed one."""

    code: str
    name: str
    extensible: bool
    terms: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Masked:
    """A variable that a masked build limits, and what it may hold ("" for nothing)."""

    variable: str
    values: str


@dataclass(frozen=True)
class Prose:
    """What the study says in its own words; None if it has written nothing."""

    acronyms: tuple[tuple[str, str], ...] = ()
    amendments: tuple[tuple[str, str], ...] = ()  # version of the criteria, what it changed
    versions: str | None = None
    design: str | None = None
    screen_failures: str | None = None
    subset: str | None = None
    analysis: tuple[str, str] | None = None  # answer, text
    adjudication: tuple[str, str] | None = None
    more: str | None = None
    annotated_crf: str | None = None
    criteria: str | None = None
    masking: str | None = None
    conformance: str | None = None
    anticipated: tuple[
        tuple[str, str, str], ...
    ] = ()  # rule of another validator, what it is about, why it may stand
    without_version: tuple[tuple[str, str], ...] = ()  # dictionary, why no version is stated
    decisions: tuple[tuple[str, str], ...] = ()  # about, decision


@dataclass(frozen=True)
class GuideFacts:
    """Everything that the guide tells."""

    source: Source
    prose: Prose
    standards: tuple[StandardUse, ...]
    trial: Trial
    subjects: Subjects
    datasets: tuple[DatasetFacts, ...]
    absent: tuple[tuple[str, str], ...]  # datasets without records: name, label
    conformance: Conformance
    fates: tuple[Fate, ...] = ()
    aside: tuple[Aside, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    unfilled: tuple[
        tuple[str, tuple[str, ...]], ...
    ] = ()  # dataset, annotated variables or QNAM without data
    assumptions: tuple[Assumption, ...] = ()
    extensions: tuple[Extension, ...] = ()
    masked: tuple[Masked, ...] = ()
    withheld: tuple[str, ...] = field(default=())  # files that unblind, by title
