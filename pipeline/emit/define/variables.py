"""Variables and the rows of their value lists: type, codelist, origin, method or comment."""

from __future__ import annotations

from odmlib.define_2_1 import model as odm

from pipeline.emit.define.levels import Check, Level, Told, Where
from pipeline.emit.define.list_use import ListUse
from pipeline.emit.define.parts import Parts, item
from pipeline.emit.submitted import Submitted, SubmittedVariable

_NO_DATA = "No record has a value."
_DERIVED = "Derived"


def described_variable(
    submitted: Submitted,
    variable: SubmittedVariable,
    levels: list[Level],
    listed: ListUse | None,
    parts: Parts,
) -> odm.ItemRef:
    """Adds the variable's definition and its value list to the parts; returns the reference to it.

    A variable whose values come from different places says so in the rows of its value list, not itself.
    """
    dataset = submitted.name
    place, facts = f"{dataset}.{variable.name}", variable.facts
    reference = odm.ItemRef(
        ItemOID=f"IT.{place}", Mandatory="Yes" if facts.core == "Req" else "No", Role=facts.role
    )
    element = item(f"IT.{place}", variable.name, variable.shape, facts.label)
    if listed:
        element.CodeListRef = odm.CodeListRef(CodeListOID=listed.oid)
    if not variable.has_data:
        reference.HasNoData = "Yes"
    if not _differ(variable, levels):
        rules = variable.spec
        told, apart = Told(rules.origin, rules.source), _from_elsewhere(submitted, variable)
        element.Origin = [parts.origin(place, told, rules.comment, apart=apart)]
        if comment := _comment(variable):
            element.CommentOID = parts.comment(place, comment)
        if rules.origin == _DERIVED:
            reference.MethodOID = parts.methods.add(place, rules.derived or rules.comment)
    parts.items.append(element)
    if levels:
        element.ValueListRef = odm.ValueListRef(ValueListOID=f"VL.{place}")
        _value_list(dataset, variable, levels, parts)
    return reference


def _from_elsewhere(submitted: Submitted, variable: SubmittedVariable) -> tuple[Where, ...]:
    """Conditions of the values that come from elsewhere than the variable says, whether or not a record has one."""
    rules = variable.spec
    return tuple(
        tuple(Check(name, tuple(values)) for name, values in each.where.items())
        for each in submitted.dataset.values
        if variable.name in each.variables and (each.origin, each.source) != (rules.origin, rules.source)
    )


def _differ(variable: SubmittedVariable, levels: list[Level]) -> bool:
    """Whether some row has another origin than the variable, or each its own sentence."""
    rules = variable.spec
    told = [level.own for level in levels if level.own]
    return any((each.origin, each.source) != (rules.origin, rules.source) or each.sentence for each in told)


def _comment(variable: SubmittedVariable) -> str | None:
    """What is to be said beside origin and method; None if nothing is."""
    rules = variable.spec
    said = [
        None if rules.origin == _DERIVED else rules.derived,
        None if rules.origin == "Predecessor" else rules.comment,
        None if variable.has_data else rules.empty,
        None if variable.has_data else _NO_DATA,
    ]
    return ". ".join(each.removesuffix(".") for each in said if each) or None


def _value_list(dataset: str, variable: SubmittedVariable, levels: list[Level], parts: Parts) -> None:
    place = f"{dataset}.{variable.name}"
    values = odm.ValueListDef(OID=f"VL.{place}")
    for number, level in enumerate(levels, start=1):
        at = f"{place}.{level.key}"
        reference = odm.ItemRef(ItemOID=f"IT.{at}", OrderNumber=number, Mandatory="No")
        reference.WhereClauseRef = [odm.WhereClauseRef(WhereClauseOID=parts.where(dataset, level))]
        element = item(f"IT.{at}", level.name or variable.name, level.shape, level.label)
        if level.listed:
            element.CodeListRef = odm.CodeListRef(CodeListOID=level.listed.oid)
        own = level.own or Told(variable.spec.origin, variable.spec.source)
        element.Origin = [parts.origin(at, own, variable.spec.comment, where=level.where)]
        if own.origin == _DERIVED:
            reference.MethodOID = _method(place, at, own, variable, parts)
        elif own.sentence:
            element.CommentOID = parts.comment(at, own.sentence)
        parts.items.append(element)
        values.ItemRef.append(reference)
    parts.values.append(values)


def _method(place: str, at: str, own: Told, variable: SubmittedVariable, parts: Parts) -> str:
    """The method of the row if it has one, else that of the variable."""
    sentence = variable.spec.derived or variable.spec.comment
    if own.sentence or parts.methods.knows(at):
        return parts.methods.add(at, own.sentence or sentence)
    return parts.methods.add(place, sentence)
