"""Small pieces of define.xml and the rules of their OIDs."""

from __future__ import annotations

from dataclasses import dataclass, field

from odmlib.define_2_1 import model as odm

from pipeline.emit.define.levels import Check, Level, Told, Where
from pipeline.emit.define.methods import MethodBook
from pipeline.emit.define.papers import Papers
from pipeline.emit.define.shapes import Shape
from pipeline.emit.define.words import described

GUIDE = "STD.IG"
_POINT = 1  # the display format counts characters, and the decimal point is one
_STEPS = 2  # steps of the place of a variable


@dataclass
class Parts:
    """What the items refer to, collected while they are described: OID -> text or element."""

    methods: MethodBook
    papers: Papers
    comments: dict[str, str] = field(default_factory=dict)
    wheres: dict[str, odm.WhereClauseDef] = field(default_factory=dict)
    values: list[odm.ValueListDef] = field(default_factory=list)
    items: list[odm.ItemDef] = field(default_factory=list)

    def comment(self, place: str, sentence: str) -> str:
        """OID of the comment; variables of one name that say the same share it."""
        steps = place.split(".")
        shared = [f"COM.{steps[-1]}"] if len(steps) == _STEPS and not steps[1].startswith(steps[0]) else []
        for oid in (*shared, f"COM.{place}"):
            if self.comments.setdefault(oid, sentence) == sentence:
                return oid
        raise AssertionError(place)  # a place is described once

    def origin(
        self,
        place: str,
        told: Told,
        predecessor: str | None,
        *,
        where: Where = (),
        apart: tuple[Where, ...] = (),
    ) -> odm.Origin:
        """Where the values of a place come from; a predecessor is named in words and has no source of its own.

        ``where`` and ``apart`` choose the pages of the annotated CRF.
        """
        kind, source = told.origin, told.source
        if kind == "Predecessor":
            return odm.Origin(Type=kind, Description=described(predecessor or "Not stated"))
        origin = odm.Origin(Type=kind, Source=source)
        if reference := self.papers.reference(place, kind, source, where, apart):
            origin.DocumentRef = [reference]
        return origin

    def where(self, dataset: str, level: Level) -> str:
        """OID of the condition under which the value-level row holds; rows of one test share it."""
        oid = f"WC.{dataset}.{level.condition}"
        checks = [_checked(dataset, check) for check in level.where]
        self.wheres[oid] = odm.WhereClauseDef(OID=oid, RangeCheck=checks)
        return oid

    def comment_elements(self) -> list[odm.CommentDef]:
        """CommentDef elements in order of their OIDs."""
        told = sorted(self.comments.items())
        return [odm.CommentDef(OID=oid, Description=described(text)) for oid, text in told]


def _checked(dataset: str, check: Check) -> odm.RangeCheck:
    return odm.RangeCheck(
        Comparator=check.comparator,
        SoftHard="Soft",
        ItemOID=f"IT.{dataset}.{check.variable}",
        CheckValue=[odm.CheckValue(_content=value) for value in check.values],
    )


def item(oid: str, name: str, shape: Shape, label: str) -> odm.ItemDef:
    """An ItemDef with its type and label; its list, origin and value list are added by the caller."""
    element = odm.ItemDef(OID=oid, Name=name, DataType=shape.datatype)
    if shape.length is not None:
        element.Length = shape.length
    if shape.digits is not None:
        element.SignificantDigits = shape.digits
        element.DisplayFormat = f"{(shape.length or 0) + _POINT}.{shape.digits}"
    element.SASFieldName = name
    element.Description = described(label)
    return element
