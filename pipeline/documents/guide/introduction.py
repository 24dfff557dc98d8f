"""Sections 1 and 2 of the guide: why it exists, its words, the standards, and what the protocol plans."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.documents.guide.blocks import (
    Block,
    Bullets,
    Cell,
    Column,
    Heading,
    Link,
    Pairs,
    Paragraph,
    Paths,
    Question,
    Table,
    counted,
    dataset,
    prose,
    section,
)
from pipeline.documents.guide.facts import Arm, DatasetFacts, GuideFacts, Parameter, StandardUse

TRIAL_DESIGN = "TRIAL DESIGN"
_IN_TEMPLATE = ("TA", "TE", "TV", "TI", "TS")  # the order of the template, whatever that of the study
# Words of the standards and of every guide; the study adds its own.
_ACRONYMS = {
    "aCRF": "Annotated case report form",
    "CDISC": "Clinical Data Interchange Standards Consortium",
    "CRF": "Case report form",
    "cSDRG": "Clinical study data reviewer's guide",
    "CT": "Controlled terminology",
    "EDC": "Electronic data capture",
    "FDA": "U.S. Food and Drug Administration",
    "MedDRA": "Medical Dictionary for Regulatory Activities",
    "NCI": "National Cancer Institute",
    "SDTM": "Study Data Tabulation Model",
    "SDTMIG": "SDTM Implementation Guide: Human Clinical Trials",
    "SUPP--": "Supplemental qualifiers of a dataset",
    "XPT": "SAS transport file, version 5",
}
_NULL_FLAVORS = {
    "NI": "no information",
    "NA": "not applicable",
    "NAV": "not available yet",
    "ASKU": "asked but unknown",
    "UNK": "unknown",
    "PINF": "no upper limit",
    "NINF": "no lower limit",
}


def introduction(facts: GuideFacts) -> Iterator[Block]:
    """Section 1."""
    yield Heading(1, "1 Introduction", section("1"))
    yield Heading(2, "1.1 Purpose", section("1.1"))
    yield Paragraph(
        "This guide is for reviewers of the tabulation datasets of the study. It explains what define.xml cannot: how "
        "the study was run, how collected data became SDTM records, which decisions were made on the way, and what "
        "conformance checks found. Counts in this guide are those of the transport files beside it."
    )
    records = sum(each.records + each.supplement_records for each in facts.datasets)
    number = len(facts.datasets) + sum(1 for each in facts.datasets if each.supplement)
    yield Paragraph(
        f"The package holds {number} datasets with {counted(records)} records of {counted(facts.subjects.all)} "
        f"subjects; data cut {facts.source.cut}."
    )
    yield Heading(2, "1.2 Acronyms", section("1.2"))
    yield _acronyms({**_ACRONYMS, **dict(facts.prose.acronyms)})
    yield Heading(2, "1.3 Study Data Standards and Dictionary Inventory", section("1.3"))
    yield Table(
        "",
        (
            Column("Standard or dictionary", 0.27),
            Column("Name", 0.34, strong=True),
            Column("Version used", 0.22),
            Column("Used in", 0.17, linked=True),
        ),
        tuple(_standard(each) for each in facts.standards),
    )
    yield from _without_version(facts)


def _without_version(facts: GuideFacts) -> Iterator[Block]:
    """Why some of the dictionaries above have no version; a missing reason is told as such."""
    why = dict(facts.prose.without_version)
    names = dict.fromkeys(each.name for each in facts.standards if not each.version)
    if names:
        yield Paragraph("Versions that are not stated:")
        yield Bullets(tuple(f"{name}: {why.get(name, 'no reason is given')}" for name in names))


def _standard(each: StandardUse) -> tuple[Cell, ...]:
    return (each.purpose, each.name, each.version or "not stated", each.used_in or "all datasets")


def _acronyms(words: dict[str, str]) -> Table:
    """Two acronyms a row, read down the left half first."""
    known = sorted(words.items(), key=lambda each: (each[0].casefold(), each[0]))
    half = (len(known) + 1) // 2
    right = [*known[half:], ("", "")]
    rows = tuple((*left, *right[at]) for at, left in enumerate(known[:half]))
    columns = (Column("Acronym", 0.11, strong=True), Column("Translation", 0.39))
    return Table("", (*columns, *columns), rows)


def protocol(facts: GuideFacts) -> Iterator[Block]:
    """Section 2."""
    source = facts.source
    yield Heading(1, "2 Protocol Description", section("2"))
    yield Heading(2, "2.1 Protocol Number and Title", section("2.1"))
    yield Pairs(
        (
            ("Protocol number", source.study),
            ("Protocol title", source.title),
            ("In short", source.description),
            ("Sponsor", source.sponsor),
            *((name or "Registry", number) for name, number in source.registries),
            (
                "Versions of the criteria (TIVERS)",
                ", ".join(source.criteria_versions) or "TI is not submitted",
            ),
        )
    )
    yield from _amendments(facts)
    yield from prose(facts.prose.versions)
    yield Heading(2, "2.2 Protocol Design", section("2.2"))
    yield from prose(facts.prose.design)
    if facts.trial.arms:
        yield _paths(facts.trial.arms)
    yield Heading(2, "2.3 Trial Design Datasets", section("2.3"))
    found = {each.name: each for each in facts.datasets if each.class_ == TRIAL_DESIGN}
    named = ", ".join(name for name in (*_IN_TEMPLATE, *found) if name in found)
    yield Question("Are Trial Design datasets included in the submission?", "Yes" if found else "No")
    if found:
        yield Paragraph(", ".join(dict.fromkeys(named.split(", "))) + ".")
    ordered = sorted(found.values(), key=lambda each: _place(each.name))
    for at, each in enumerate(ordered, start=1):
        yield Heading(3, f"2.3.{at} {each.name} - {each.label}", dataset(each.name))
        yield Paragraph(f"{_records(each)}. {each.structure}.", within=each.name)
        yield from prose(each.note, each.name)
        yield from _details(facts, each.name)


def _amendments(facts: GuideFacts) -> Iterator[Block]:
    """What TI shows of amendments; nothing without TI."""
    versions, told = facts.source.criteria_versions, dict(facts.prose.amendments)
    if len(versions) == 1:
        yield Paragraph(
            f"TI has one version of the criteria (TIVERS {versions[0]}): no amendment has changed them."
        )
    elif versions:
        rows = tuple((version, told.get(version, "first version")) for version in versions)
        columns = (Column("TIVERS", 0.15, strong=True), Column("What it changed", 0.85))
        yield Table("Versions of the criteria", columns, rows)


def _place(name: str) -> tuple[int, str]:
    return (_IN_TEMPLATE.index(name) if name in _IN_TEMPLATE else len(_IN_TEMPLATE), name)


def _records(each: DatasetFacts) -> str:
    return f"{counted(each.records)} record{'' if each.records == 1 else 's'}"


def _paths(arms: tuple[Arm, ...]) -> Paths:
    epochs = tuple(dict.fromkeys(epoch for arm in arms for epoch, _, _ in arm.elements))
    return Paths(
        epochs,
        tuple(
            (
                arm.name,
                tuple(
                    tuple((code, name) for of, code, name in arm.elements if of == epoch) for epoch in epochs
                ),
            )
            for arm in arms
        ),
    )


def _details(facts: GuideFacts, name: str) -> Iterator[Block]:
    """What a trial design dataset is best told by."""
    if name == "TV" and facts.trial.visits:
        rows = tuple((v.number, v.name, v.day, v.start, v.end) for v in facts.trial.visits)
        columns = (
            Column("VISITNUM", 0.12, align="center"),
            Column("VISIT", 0.21, strong=True),
            Column("VISITDY", 0.11, align="center"),
            Column("Begins (TVSTRL)", 0.31),
            Column("Ends (TVENRL)", 0.25),
        )
        yield Table("Planned visits", columns, rows)
    if name == "TI":
        yield Table(
            "",
            (Column("Criteria", 0.6), Column("Number", 0.15, align="right"), Column("Texts", 0.25)),
            tuple(
                (category, counted(number), Link("Appendix I", section("Appendix I")))
                for category, number in _categories(facts).items()
            ),
            0.5,
        )
    if name == "TS":
        yield from _parameters("Parameters computed from the data", facts.trial.computed, {})
        yield from _parameters("Parameters without a value", facts.trial.without_value, _NULL_FLAVORS)


def _categories(facts: GuideFacts) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in facts.trial.criteria:
        found[each.category] = found.get(each.category, 0) + 1
    return found


def _parameters(title: str, found: tuple[Parameter, ...], words: dict[str, str]) -> Iterator[Block]:
    if found:
        rows = tuple(
            (p.code, p.name, f"{p.value} ({words[p.value]})" if p.value in words else p.value) for p in found
        )
        last = "Null flavor" if words else "Value"
        yield Table(
            title,
            (Column("TSPARMCD", 0.18, strong=True), Column("TSPARM", 0.47), Column(last, 0.35)),
            rows,
            0.8,
        )
