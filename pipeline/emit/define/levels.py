"""Value-level metadata: what a variable holds where another variable has a certain value.

Results of Findings depend on the test, QVAL depends on QNAM, and a variable with several codelists depends on
the variable that tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from pipeline.emit.define.dictionaries import dictionary_list
from pipeline.emit.define.list_use import ListUse
from pipeline.emit.define.lists import (
    NO_YES,
    codemap_list,
    known_lists,
    part_list,
    require_listed,
    with_offered,
)
from pipeline.emit.define.shapes import Shape, plain_numbers, shapes_by
from pipeline.emit.submitted import Facts, Submitted, SubmittedVariable
from pipeline.errors import BuildFailed
from pipeline.specs.load import StudySpec
from pipeline.specs.metadata import Origin
from pipeline.specs.models import Supplement

FEW = 100  # a place with more different values than this has no list of them


@dataclass(frozen=True)
class Check:
    """``variable`` is one of ``values``, or none of them where ``others`` is true."""

    variable: str
    values: tuple[str, ...]
    others: bool = False

    @property
    def comparator(self) -> str:
        """The comparator of Define-XML."""
        return "NOTIN" if self.others else "EQ" if len(self.values) == 1 else "IN"


Where = tuple[Check, ...]


def meets(facts: Facts, where: Where, told_of: set[str] | None = None) -> bool:
    """Whether records with these facts can meet all conditions.

    ``told_of`` are the variables of which some annotation says something. What this one leaves out of them is no value,
    which only meets a negation; of any other variable nothing is known, so the condition can be met. Without
    ``told_of`` nothing is met that is not known.
    """
    for check in where:
        values = facts.get(check.variable)
        if values is None:
            if told_of is None or (not check.others and check.variable in told_of):
                return False
        elif not (set(values) - set(check.values) if check.others else set(values) & set(check.values)):
            return False
    return True


def offered_where(variable: SubmittedVariable, where: Where) -> set[str]:
    """The answers that the forms offer for the variable where the conditions are met."""
    told_of = {name for facts, _ in variable.offers for name in facts}
    return {term for facts, terms in variable.offers if meets(facts, where, told_of) for term in terms}


@dataclass(frozen=True)
class Told:
    """Where the values of one row come from, if not from where the variable says; ``sentence`` explains them."""

    origin: Origin
    source: str
    sentence: str | None = None


@dataclass(frozen=True)
class Level:
    """One row of a value list.

    ``key`` tells it within the variable, ``condition`` its condition within the dataset: parts of OIDs.
    ``values`` are the distinct values where a list holds them; ``name`` is that of the item if it has one of
    its own (a qualifier has), ``own`` its origin if it has one of its own.
    """

    variable: str
    key: str
    condition: str
    where: Where
    label: str
    shape: Shape
    values: tuple[str, ...] = ()
    listed: ListUse | None = None
    name: str | None = None
    own: Told | None = None


def distinct_pairs(submitted: Submitted, names: list[str], value: str) -> pl.DataFrame:
    """Different combinations of ``names`` and a filled ``value``, which becomes text; sorted."""
    chosen = submitted.records.select(*names, value).drop_nulls(value).unique().collect(engine="streaming")
    if chosen[value].dtype != pl.String:
        chosen = chosen.with_columns(plain_numbers(chosen[value]))
    return chosen.sort(*names, value, nulls_last=True)


def text_shape(values: tuple[str, ...]) -> Shape:
    """Text as long as the longest of ``values``, of which there is at least one."""
    return Shape("text", max(len(value.encode()) for value in values))


def qualifier_levels(spec: StudySpec, submitted: Submitted) -> Iterator[Level]:
    """QVAL by QNAM for supplemental qualifiers; nothing for any other dataset.

    Raises BuildFailed for a QNAM that the parent's specification lacks.
    """
    parents, variable = submitted.dataset.derived_from, submitted.find("QVAL")
    if not parents or submitted.find("QNAM") is None or variable is None:
        return
    supplements = spec.dataset(parents[0]).supplements
    rows = distinct_pairs(submitted, ["QNAM"], "QVAL")
    for key, shape in shapes_by(rows, ["QNAM"], "QVAL").items():
        name = str(key[0])
        if name not in supplements:
            culprit = "a qualifier is not in the specification of its parent"
            raise BuildFailed(f"{submitted.name}.QNAM", culprit, "add it to the parent's supplements")
        values = few(rows.filter(pl.col("QNAM") == name)["QVAL"])
        offered = offered_where(variable, (Check("QNAM", (name,)),))
        yield _qualifier(spec, name, supplements[name], shape, values, offered)


def _qualifier(
    spec: StudySpec,
    name: str,
    supplement: Supplement,
    shape: Shape,
    values: tuple[str, ...],
    offered: set[str],
) -> Level:
    listed = _qualifier_list(spec, f"QVAL.{name}", supplement, values, offered)
    return Level(
        variable="QVAL",
        key=name,
        condition=name,
        where=(Check("QNAM", (name,)),),
        label=supplement.label,
        shape=text_shape(values) if listed and not listed.dictionary else shape,
        values=values if listed and not listed.dictionary else (),
        listed=listed,
        name=name,
        own=Told(supplement.origin, supplement.by_whom or "Sponsor", supplement.content),
    )


def few(values: pl.Series) -> tuple[str, ...]:
    """The values if they could be a list, else nothing."""
    return tuple(values) if len(values) <= FEW else ()


def _qualifier_list(
    spec: StudySpec, place: str, supplement: Supplement, values: tuple[str, ...], offered: set[str]
) -> ListUse | None:
    """The dictionary or codelist that the study names, the codemap, or NY if it holds the values; else None.

    ``offered`` answers are in a codelist too.
    """
    if supplement.dictionary:
        return dictionary_list(spec, supplement.dictionary, "text")
    if not values:
        return None
    for terms in known_lists(spec, supplement.codelist):
        require_listed(spec, place, values, terms)
        return part_list(terms, with_offered(spec, terms, values, offered), place)
    if supplement.map:
        return codemap_list(spec, supplement.map, title=supplement.label)
    no_yes = spec.standard.codelists.get(NO_YES)
    if no_yes is None or not set(values) <= set(no_yes.terms):
        return None
    return part_list(no_yes, with_offered(spec, no_yes, values, offered), "QVAL")
