"""Section 3.1 of the guide: the questions of the template, and what else a reviewer should know before reading data."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.documents.guide.blocks import (
    Block,
    Column,
    Heading,
    Paragraph,
    Question,
    Table,
    counted,
    prose,
    section,
)
from pipeline.documents.guide.facts import UNTOLD, GuideFacts, Subjects

_FAILED = "SCREEN FAILURE"
_MAPPED, _SET_ASIDE = "mapped", "quarantined"
_UNKNOWN = "Not stated"
_FATES = {
    "mapped": "went into records, or beside them",
    "quarantined": "set aside: the row breaks its data contract or a rule, and is queried",
    "superseded": "replaced by a later version of the same record",
    "deleted": "marked as deleted by the sender",
    "not submitted": "no record, for a declared reason",
}


def overview(facts: GuideFacts) -> Iterator[Block]:
    """Section 3.1."""
    told = facts.prose
    yield Heading(2, "3.1 Overview", section("3.1"))
    yield Question("Are the submitted data taken from an ongoing study?", _yes_no(facts.subjects.ongoing))
    yield Paragraph(_progress(facts))
    yield Question(
        "Were the SDTM datasets used as sources for the analysis datasets?", _answer(told.analysis)
    )
    yield from prose(told.analysis[1] if told.analysis else None)
    failed = dict(facts.subjects.by_reason).get(_FAILED, 0)
    yield Question(
        "Do the submission datasets include screen failures?", f"Yes, {_subjects(failed)}" if failed else "No"
    )
    yield from prose(told.screen_failures)
    yield Question(
        "Were any domains planned, but not submitted because no data were collected?",
        "Yes" if facts.absent else "No",
    )
    if facts.absent:
        yield Table(
            "Planned datasets without records",
            (Column("Dataset", 0.2, strong=True), Column("Label", 0.8)),
            facts.absent,
        )
    yield from _subset(facts)
    yield Question("Is adjudication data present?", _answer(told.adjudication))
    yield from prose(told.adjudication[1] if told.adjudication else None)
    yield from _more(facts)


def _yes_no(known: bool | None) -> str:
    return _UNKNOWN if known is None else "Yes" if known else "No"


def _answer(told: tuple[str, str] | None) -> str:
    return told[0] if told else _UNKNOWN


def _progress(facts: GuideFacts) -> str:
    """How far the study is at the data cut, in numbers."""
    people = facts.subjects
    parts = [f"At the data cut of {facts.source.cut}, DM has {_subjects(people.all)}"]
    if people.treated is not None:
        parts.append(f"{counted(people.treated)} received study treatment")
    if people.ended is not None:
        parts.append(f"{counted(people.ended)} ended participation, screen failures included")
    if people.died:
        parts.append(f"{counted(people.died)} died")
    return "; ".join(parts) + "."


def _subjects(number: int) -> str:
    return f"{counted(number)} subject{'' if number == 1 else 's'}"


def _subset(facts: GuideFacts) -> Iterator[Block]:
    """Whether all that was collected is here: rows set aside, columns left out and a mask each make it a subset."""
    aside = sum(each.rows for each in facts.fates if each.fate == _SET_ASIDE)
    columns_out = sum(each.columns for each in facts.left_out)
    yield Question(
        "Are the submitted data a subset of collected data?",
        "Yes" if aside or columns_out or facts.masked else "No",
    )
    yield Paragraph(_missing(aside, columns_out))
    if facts.masked:
        yield Paragraph("What would unblind is not part of this draft; see Masking below.")
    yield from prose(facts.prose.subset)
    rows = [(each.fate, _FATES.get(each.fate, ""), counted(each.rows)) for each in facts.fates]
    if rows:
        rows.append(("all", "every delivered row", counted(sum(each.rows for each in facts.fates))))
        columns = (
            Column("Fate", 0.18, strong=True),
            Column("What it means", 0.67),
            Column("Rows", 0.15, align="right"),
        )
        yield Table("Where delivered rows went", columns, tuple(rows))
    if facts.aside:
        yield Table(
            "Delivered rows that became no record",
            (
                Column("Fate", 0.16, strong=True),
                Column("File", 0.25),
                Column("Reason", 0.47),
                Column("Rows", 0.12, align="right"),
            ),
            tuple((each.fate, each.file, each.reason, counted(each.rows)) for each in facts.aside),
        )


def _missing(rows: int, columns: int) -> str:
    """How much of what was delivered is in no record."""
    set_aside = (
        f"{counted(rows)} delivered row{'' if rows == 1 else 's'} {'is' if rows == 1 else 'are'} set aside"
    )
    unfilled = (
        f"{counted(columns)} delivered column{'' if columns == 1 else 's'} fill{'s' if columns == 1 else ''}"
    )
    return (
        f"{set_aside if rows else 'No delivered row is set aside'}, and "
        f"{f'{unfilled} no variable (section 3.2)' if columns else 'every delivered column is used'}."
    )


def _more(facts: GuideFacts) -> Iterator[Block]:
    yield Heading(3, "3.1.1 Subjects", section("3.1.1"))
    yield _people(facts.subjects)
    yield Heading(3, "3.1.2 Masking", section("3.1.2"))
    yield from _masking(facts)
    yield Heading(3, "3.1.3 Key decisions", section("3.1.3"))
    if facts.prose.decisions:
        columns = (Column("About", 0.24, strong=True), Column("Decision and reason", 0.76, linked=True))
        yield Table("", columns, facts.prose.decisions)
    else:
        yield from prose(None)
    if facts.prose.more or facts.prose.more is None:
        yield Heading(3, "3.1.4 Additional content of interest", section("3.1.4"))
        yield from prose(facts.prose.more)


def _people(people: Subjects) -> Table:
    rows = [
        ("(null)" if reason in ("", UNTOLD) else reason, _REASONS.get(reason, ""), counted(n))
        for reason, n in people.by_reason
    ]
    rows.append(("all", "", counted(people.all)))
    columns = (
        Column("ARMNRS", 0.3, strong=True),
        Column("What it means", 0.55),
        Column("Subjects", 0.15, align="right"),
    )
    return Table("Subjects by reason for having no arm, or no actual arm", columns, tuple(rows), 0.8)


_REASONS = {
    "": "planned and actual arm are filled",
    UNTOLD: "not known: a delivered row that tells it broke its contract",
    "SCREEN FAILURE": "did not pass screening",
    "NOT ASSIGNED": "assigned to no arm",
    "ASSIGNED, NOT TREATED": "assigned to an arm, received no study treatment",
    "UNPLANNED TREATMENT": "received a treatment that no arm plans",
}


def _masking(facts: GuideFacts) -> Iterator[Block]:
    yield from prose(facts.prose.masking)
    if facts.masked:
        rows = tuple((each.variable, each.values or "nothing") for each in facts.masked)
        columns = (Column("Variable", 0.3, strong=True), Column("It holds nothing but", 0.7))
        yield Table("Variables that are limited in a blinded package", columns, rows, 0.7)
    if facts.withheld:
        yield Paragraph(f"Files that unblind and were not delivered: {'; '.join(facts.withheld)}.")
