"""Section 3 of the guide: what the subjects' data are, as a whole and dataset by dataset."""

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
    Table,
    counted,
    dataset,
    prose,
    section,
)
from pipeline.documents.guide.facts import Count, DatasetFacts, GuideFacts
from pipeline.documents.guide.introduction import TRIAL_DESIGN
from pipeline.documents.guide.overview import overview

_MOST_COUNTS = 40  # rows of a table of counts; what is over is one row more
_MOST_NAMES = 6
_NARROW, _MIDDLE = 0.55, 0.8  # widths of tables of counts
_NO_RECORD = "no record"
_RELATIONS = "RELREC"


def subject_data(facts: GuideFacts) -> Iterator[Block]:
    """Section 3."""
    yield Heading(1, "3 Subject Data Description", section("3"))
    yield from overview(facts)
    yield Heading(2, "3.2 Annotated CRFs", section("3.2"))
    yield from prose(facts.prose.annotated_crf)
    yield from _unfilled(facts)
    yield from _left_out(facts)
    yield Heading(2, "3.3 SDTM Subject Domains", section("3.3"))
    found = [each for each in facts.datasets if each.class_ != TRIAL_DESIGN]
    yield _summary(found)
    for at, each in enumerate(found, start=1):
        yield Heading(3, f"3.3.{at} {each.name} - {each.label}", dataset(each.name))
        yield from _one(each)


def _unfilled(facts: GuideFacts) -> Iterator[Block]:
    """What the annotated CRF names and the package does not hold."""
    if facts.unfilled:
        yield Paragraph(
            "The annotated CRF shows everything that the forms can fill. No record has a value of what follows at this "
            "data cut, so most of it is not in the package:"
        )
        yield Table(
            "Annotated, without data at this cut",
            (Column("Dataset", 0.16, linked=True, strong=True), Column("Variables, or QNAM", 0.84)),
            tuple((name, ", ".join(variables)) for name, variables in facts.unfilled),
        )


def _left_out(facts: GuideFacts) -> Iterator[Block]:
    if not facts.left_out:
        return
    number = sum(each.columns for each in facts.left_out)
    yield Paragraph(f"{counted(number)} delivered columns fill no variable, for these reasons:")
    rows = tuple(
        (each.reason, counted(each.columns), counted(each.files), _some(each.names))
        for each in facts.left_out
    )
    yield Table(
        "Delivered columns that are not submitted",
        (
            Column("Reason", 0.45),
            Column("Columns", 0.1, align="right"),
            Column("Files", 0.08, align="right"),
            Column("Names", 0.37),
        ),
        rows,
    )


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _summary(found: list[DatasetFacts]) -> Table:
    def used(each: DatasetFacts, use: str) -> str:
        return "?" if each.uses is None else "X" if use in each.uses else ""

    rows: list[tuple[Cell, ...]] = [
        (
            Link(f"{each.name} - {each.label}", dataset(each.name)),
            each.class_.capitalize(),
            counted(each.records),
            counted(each.subjects),
            *(used(each, use) for use in ("efficacy", "safety", "other")),
            each.supplement or "",
            ", ".join(each.related),
        )
        for each in found
    ]
    return Table(
        "Datasets of subjects",
        (
            Column("Dataset", 0.28),
            Column("Class", 0.14),
            Column("Records", 0.08, align="right"),
            Column("Subjects", 0.09, align="right"),
            Column("Efficacy", 0.08, align="center"),
            Column("Safety", 0.07, align="center"),
            Column("Other", 0.07, align="center"),
            Column("SUPP--", 0.09),
            Column("RELREC", 0.1, linked=True),
        ),
        tuple(rows),
    )


def _one(each: DatasetFacts) -> Iterator[Block]:
    yield Pairs(tuple(_facts(each)))
    yield from prose(each.note, each.name)
    if each.counts:
        yield _counts(each)
    if each.qualifiers:
        yield _qualifiers(each)
    if each.relations:
        yield _relations(each)
    if each.without_data:
        yield Paragraph(
            "Variables without data (expected, null on every record), with their definition:",
            within=each.name,
        )
        yield Bullets(tuple(f"{name}: {why}" if why else name for name, why in each.without_data), each.name)


def _facts(each: DatasetFacts) -> Iterator[tuple[str, Cell]]:
    people = "" if each.subjects is None else f", {counted(each.subjects)} subjects"
    yield "Content", f"{counted(each.records)} records{people}"
    yield "Structure", each.structure
    yield "Key", ", ".join(each.keys)
    if each.sources:
        yield "Made from", "; ".join(each.sources)
    if each.comment and not each.note:  # the note says more
        yield "Comment", each.comment


def _counts(each: DatasetFacts) -> Table:
    by = len(each.counted_by)
    share = 0.68 / by
    columns = (
        *(Column(name, share) for name in each.counted_by),
        Column("Records", 0.16, align="right"),
        Column("Subjects", 0.16, align="right"),
    )
    shown, more = _most_frequent(each.counts)
    rows = [
        (*(value or "(null)" for value in c.values), counted(c.records), counted(c.subjects)) for c in shown
    ]
    if more:
        rest = f"{counted(len(more))} more, each rarer"
        records = sum(c.records for c in more)
        rows.append((rest, *("" for _ in range(by - 1)), counted(records), ""))
    width = _NARROW if by == 1 else _MIDDLE
    return Table(f"Records by {', '.join(each.counted_by)}", columns, tuple(rows), width)


def _most_frequent(counts: tuple[Count, ...]) -> tuple[list[Count], list[Count]]:
    """Those that fit into a table, in their order, and the rest."""
    ranked = sorted(range(len(counts)), key=lambda at: (-counts[at].records, at))
    chosen = set(ranked[:_MOST_COUNTS])
    return [counts[at] for at in sorted(chosen)], [counts[at] for at in ranked[_MOST_COUNTS:]]


def _qualifiers(each: DatasetFacts) -> Table:
    rows = tuple(
        (
            q.name,
            q.label,
            q.origin,
            q.content,
            counted(q.records) if q.records else _NO_RECORD,
            counted(q.subjects) if q.records else "",
        )
        for q in each.qualifiers
    )
    held = f"({counted(each.supplement_records)} records)" if each.supplement else "(not submitted)"
    return Table(
        f"Supplemental qualifiers: SUPP{each.name} {held}",
        (
            Column("QNAM", 0.11, strong=True),
            Column("QLABEL", 0.2),
            Column("QORIG", 0.21),
            Column("What it holds", 0.29),
            Column("Records", 0.1, align="right"),
            Column("Subjects", 0.09, align="right"),
        ),
        rows,
    )


def _relations(each: DatasetFacts) -> Table:
    rows = tuple((r.id, ", ".join(r.ends), r.by, r.kind, counted(r.count)) for r in each.relations)
    return Table(
        "Relations",
        (
            Column("RELID", 0.12, strong=True),
            Column("Datasets", 0.13, linked=True),
            Column("By", 0.38),
            Column("Kind", 0.25),
            Column("Relations", 0.12, align="right"),
        ),
        rows,
    )
