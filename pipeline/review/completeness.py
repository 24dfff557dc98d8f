"""Whether a specification is complete in both directions: from each delivered column, and to each variable and term.

``problems`` is the whole check; each of its parts can be called alone. It looks at specifications, never at data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.review.delivered import Delivered
from pipeline.review.fates import Fate, fates, whole_files
from pipeline.review.problem import Problem
from pipeline.review.term_problems import code_problems, extension_problems, term_problems
from pipeline.review.usage import Usage, usage
from pipeline.review.use import Role
from pipeline.review.variable_problems import variable_problems
from pipeline.specs.load import StudySpec

_MAP_IT = "map it, or state in its contract or in study.yaml why it is not submitted"


@dataclass(frozen=True)
class Counts:
    """What the check looked at."""

    datasets: int
    variables: int
    supplements: int
    sources: int
    columns: int
    submitted: int
    steering: int
    not_submitted: int
    restricted: int


def problems(spec: StudySpec, delivered: Delivered) -> list[Problem]:
    """Everything that is missing, contradicts itself or is outside the standard, in a fixed order; [] if complete."""
    uses = usage(spec, delivered)
    found = [
        *unknown_places(delivered, uses),
        *undecided_columns(spec, delivered, uses),
        *contradictions(spec, delivered, uses),
        *declaration_problems(spec, delivered),
        *variable_problems(spec),
        *code_problems(spec, delivered),
        *term_problems(spec, delivered),
        *extension_problems(spec),
    ]
    return list(dict.fromkeys(found))


def counts(spec: StudySpec, delivered: Delivered) -> Counts:
    """How many datasets, variables and delivered columns there are, and what becomes of the columns."""
    told = Counter(each.fate for each in fates(spec, delivered, usage(spec, delivered)).values())
    return Counts(
        datasets=len(spec.datasets),
        variables=sum(len(each.variables) for each in spec.datasets.values()),
        supplements=sum(len(each.supplements) for each in spec.datasets.values()),
        sources=len(delivered),
        columns=told.total(),
        submitted=told[Fate.SUBMITTED],
        steering=told[Fate.STEERS],
        not_submitted=told[Fate.NOT_SUBMITTED],
        restricted=told[Fate.RESTRICTED],
    )


def unknown_places(delivered: Delivered, uses: Usage) -> Iterator[Problem]:
    """Columns that the specification uses and no contract delivers."""
    for (source, column), found in uses.items():
        where = ", ".join(dict.fromkeys(use.target for use in found))
        if source not in delivered:
            yield Problem(
                "unknown source", source, f"is read by {where} but has no contract", "correct the name"
            )
        elif column not in delivered[source].columns:
            what = f"is used by {where} but is not a delivered column"
            yield Problem(
                "unknown column", f"{source}.{column}", what, "correct the name, or add it to the contract"
            )


def undecided_columns(spec: StudySpec, delivered: Delivered, uses: Usage) -> Iterator[Problem]:
    """Delivered columns that nothing uses and nobody declares; one problem for a file of which nothing is used."""
    used = {source for source, _ in uses}
    told = fates(spec, delivered, uses)
    for name, source in delivered.items():
        open_columns = [column for column in source.columns if told[name, column].fate is Fate.OPEN]
        if open_columns and name not in used:
            what = f"is read by no dataset, and {len(open_columns)} of its columns are declared nowhere"
            yield Problem(
                "undecided file", name, what, "map it, or declare it in study.yaml as not submitted"
            )
            continue
        for column in open_columns:
            what = f"is delivered ({source.columns[column].label}), but fills no variable and decides nothing"
            yield Problem("undecided column", f"{name}.{column}", what, _MAP_IT)


def contradictions(spec: StudySpec, delivered: Delivered, uses: Usage) -> Iterator[Problem]:
    """Columns that fill a variable although somebody declares that they are not submitted, and files likewise."""
    whole = whole_files(spec)
    told = fates(spec, delivered, uses)
    for (source, column), fate in told.items():
        filled = [use.target for use in fate.uses if use.role is Role.FILLS]
        by = [who for who, _ in fate.reasons if source not in whole or who == "the contract"]
        if filled and by:
            what = f"fills {', '.join(dict.fromkeys(filled))}, but {by[0]} declares it as not submitted"
            yield Problem(
                "contradiction", f"{source}.{column}", what, "remove the declaration, or the mapping"
            )
    for name, dataset in spec.datasets.items():
        for source in dict.fromkeys(part.source for part in dataset.parts if part.source in whole):
            what = f"becomes records of {name}, but study.yaml declares the whole file as not submitted"
            yield Problem("contradiction", source, what, "remove the declaration, or declare single columns")


def declaration_problems(spec: StudySpec, delivered: Delivered) -> Iterator[Problem]:
    """Declarations in study.yaml of what is not delivered, or was declared before, or without a reason."""
    seen: set[tuple[str, str | None]] = set()
    for each in spec.study.not_submitted:
        place = f"{each.source}.{each.column}" if each.column else each.source
        known = delivered.get(each.source)
        fix = "remove it from not_submitted in study.yaml"
        if known is None or (each.column and each.column not in known.columns):
            yield Problem("declaration", place, "is declared as not submitted but is not delivered", fix)
        elif each.column and known.columns[each.column].not_submitted:
            yield Problem("declaration", place, "is declared as not submitted by its contract already", fix)
        if (each.source, each.column) in seen:
            yield Problem("declaration", place, "is declared twice as not submitted", fix)
        if not each.reason.strip():
            yield Problem("declaration", place, "is declared as not submitted without a reason", "say why")
        seen.add((each.source, each.column))
