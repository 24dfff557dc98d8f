"""Section 4 and the appendices: what conformance checks found, the criteria in full, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.documents.guide.blocks import (
    Alarm,
    Block,
    Cell,
    Column,
    Heading,
    PageBreak,
    Paragraph,
    Question,
    Table,
    counted,
    prose,
    section,
)
from pipeline.documents.guide.conformance_facts import Issue
from pipeline.documents.guide.facts import Assumption, GuideFacts

NOT_EXPLAINED = "NOT EXPLAINED"
_NO_VALUE = "not known yet"


def conformance(facts: GuideFacts) -> Iterator[Block]:
    """Section 4."""
    yield Heading(1, "4 Data Conformance Summary", section("4"))
    yield Heading(2, "4.1 Conformance Inputs", section("4.1"))
    yield from _inputs(facts)
    yield Heading(2, "4.2 Issues Summary", section("4.2"))
    yield from _issues(facts)
    yield Heading(2, "4.3 Additional Conformance Details", section("4.3"))
    yield from prose(facts.prose.conformance)
    if facts.prose.anticipated:
        columns = (Column("Rule", 0.18, strong=True), Column("About", 0.24), Column("Why it may stand", 0.58))
        yield Table("Findings that other validators can report", columns, facts.prose.anticipated)


def _inputs(facts: GuideFacts) -> Iterator[Block]:
    found = facts.conformance
    yield Question("Was a validator used to evaluate conformance?", "Yes" if found.engine else "No")
    if found.engine:
        told = [f"{found.engine} {found.version or ''}".strip(), found.rules, _terminology(found.terminology)]
        yield Paragraph("; ".join(filter(None, told)) + ".")
    else:
        yield Paragraph(f"CDISC CORE was not run: {found.not_run or 'no reason is recorded'}.", "warning")
    own = len(found.checks)
    yield Question(
        "Were sponsor-defined validation rules used to evaluate conformance?",
        f"Yes, {own} checks" if own else "No",
    )
    if own:
        yield Paragraph("Appendix II lists the sponsor's own checks and how each ended.")
    yield Question(
        "Were the SDTM datasets evaluated in relation to define.xml?", "Yes" if found.define else "No"
    )
    yield Question("Was define.xml evaluated?", "Yes" if found.define else "No")


def _terminology(version: str) -> str:
    return f"CDISC Controlled Terminology {version}" if version else ""


def _issues(facts: GuideFacts) -> Iterator[Block]:
    found = facts.conformance
    if not found.engine:
        yield Paragraph(
            "What follows is incomplete, because the rules of CDISC CORE were not run.", "warning"
        )
    if not found.issues:
        looked = found.engine or found.checks
        yield Paragraph(
            "No rule or check that was run reports an issue." if looked else "Nothing was checked yet."
        )
        return
    if found.broken:
        told = "; ".join(f"{rule} in {', '.join(datasets)}" for rule, datasets in found.broken)
        yield Paragraph(
            f"Rules that broke in the engine and say nothing of these datasets: {told}.", "warning"
        )
    open_ones = sum(1 for issue in found.issues if not issue.explanation)
    rules = len({issue.rule for issue in found.issues})
    yield Paragraph(
        f"{counted(rules)} rule{'' if rules == 1 else 's'} report{'s' if rules == 1 else ''} issues."
    )
    if open_ones:
        yield Paragraph(f"Without an explanation yet: {counted(open_ones)} of the rows below.", "warning")
    yield Table(
        "Issues and their explanations",
        (
            Column("Rule", 0.14, strong=True),
            Column("Dataset", 0.09, linked=True),
            Column("Variables", 0.13),
            Column("Message", 0.24),
            Column("Count", 0.07, align="right"),
            Column("Explanation", 0.33),
        ),
        tuple(_issue(each) for each in sorted(found.issues, key=lambda each: (each.rule, each.dataset))),
    )


def _issue(each: Issue) -> tuple[Cell, ...]:
    why: Cell = each.explanation or Alarm(NOT_EXPLAINED)
    return (each.rule, each.dataset, ", ".join(each.variables), each.message, counted(each.count), why)


def appendices(facts: GuideFacts) -> Iterator[Block]:
    """The three appendices."""
    yield PageBreak()
    yield Heading(1, "Appendix I: Inclusion/Exclusion Criteria", section("Appendix I"))
    yield from prose(facts.prose.criteria)
    if facts.trial.criteria:
        columns = (Column("IETESTCD", 0.13, strong=True), Column("Text", 0.7), Column("IECAT", 0.17))
        yield Table("", columns, tuple((c.code, c.text, c.category) for c in facts.trial.criteria))
    else:
        yield Paragraph("The package has no TI dataset.", "note")
    yield Heading(1, "Appendix II: Conformance Issues Details", section("Appendix II"))
    yield from _details(facts)
    yield Heading(1, "Appendix III: Assumptions", section("Appendix III"))
    yield from _assumptions(facts)


def _details(facts: GuideFacts) -> Iterator[Block]:
    found = facts.conformance
    if found.outcomes:
        rows = [(outcome, counted(number)) for outcome, number in found.outcomes]
        rows.append(("all", counted(sum(number for _, number in found.outcomes))))
        yield Table(
            "Rules by outcome",
            (Column("Outcome", 0.7), Column("Rules", 0.3, align="right")),
            tuple(rows),
            0.5,
        )
    if found.checks:
        columns = (Column("Check", 0.16, strong=True), Column("Rule", 0.64), Column("Outcome", 0.2))
        yield Table(
            "The sponsor's own checks", columns, tuple((c.id, c.rule, c.outcome) for c in found.checks)
        )
    if facts.extensions:
        rows_of_lists = tuple(
            (f"{e.name} ({e.code})", "Yes" if e.extensible else "No", "; ".join(e.terms), e.why)
            for e in facts.extensions
        )
        columns_of_lists = (
            Column("Codelist", 0.2, strong=True),
            Column("Extensible", 0.1),
            Column("Terms", 0.37),
            Column("Why", 0.33),
        )
        yield Table("Terms outside the terminology", columns_of_lists, rows_of_lists)
    if not (found.outcomes or found.checks or facts.extensions):
        yield Paragraph("There is nothing to add to section 4.", "note")


def _assumptions(facts: GuideFacts) -> Iterator[Block]:
    """Assumptions by their question, and then the fixed values that answer none."""
    if not facts.assumptions:
        yield Paragraph("The specification of the study states no assumption.", "note")
        return
    yield Paragraph(
        "Where the protocol is silent, the data were prepared under these assumptions. Each is one setting of the "
        "specification, so that an answer changes one value."
    )
    asked = [each for each in facts.assumptions if each.question]
    fixed = [each for each in facts.assumptions if not each.question]
    if asked:
        columns = (
            Column("Id", 0.06, strong=True),
            Column("Question", 0.25),
            Column("Assumption", 0.32),
            Column("Value", 0.19),
            Column("Setting", 0.18),
        )
        yield Table("Open questions and what is assumed", columns, tuple(_asked(asked)))
    if fixed:
        rows = tuple((each.meaning, each.value or _NO_VALUE, each.setting) for each in fixed)
        yield Table(
            "Limits that answer no open question",
            (Column("Assumption", 0.58), Column("Value", 0.2), Column("Setting", 0.22)),
            rows,
        )


def _asked(found: list[Assumption]) -> Iterator[tuple[Cell, ...]]:
    """A question is worded once, above all that it decides."""
    before = ""
    for each in found:
        name = each.question or ""
        wording = "" if name == before else each.wording
        before = name
        yield (name, wording, each.meaning, each.value or _NO_VALUE, each.setting)
