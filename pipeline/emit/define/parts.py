"""Small pieces of define.xml and the rules of their OIDs."""

from __future__ import annotations

from dataclasses import dataclass, field

from odmlib.define_2_1 import model as odm

from pipeline.emit.define.levels import Check, Level
from pipeline.emit.define.shapes import Shape

GUIDE = "STD.IG"
_LANGUAGE = "en"
_POINT = 1  # the display format counts characters, and the decimal point is one


def described(text: str) -> odm.Description:
    """A Description with one English text."""
    return odm.Description(TranslatedText=[odm.TranslatedText(_content=text, lang=_LANGUAGE)])


@dataclass
class Parts:
    """What the items refer to, collected while they are described: OID -> text or element."""

    methods: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    wheres: dict[str, odm.WhereClauseDef] = field(default_factory=dict)
    values: list[odm.ValueListDef] = field(default_factory=list)
    items: list[odm.ItemDef] = field(default_factory=list)

    def method(self, place: str, sentence: str) -> str:
        """OID of the method that ``sentence`` describes."""
        self.methods[f"MT.{place}"] = sentence
        return f"MT.{place}"

    def comment(self, place: str, sentence: str) -> str:
        """OID of the comment."""
        self.comments[f"COM.{place}"] = sentence
        return f"COM.{place}"

    def where(self, dataset: str, level: Level) -> str:
        """OID of the condition under which the value-level row holds; rows of one test share it."""
        oid = f"WC.{dataset}.{level.condition}"
        checks = [_checked(dataset, check) for check in level.where]
        self.wheres[oid] = odm.WhereClauseDef(OID=oid, RangeCheck=checks)
        return oid

    def method_elements(self) -> list[odm.MethodDef]:
        """MethodDef elements in order of their OIDs."""
        return [
            odm.MethodDef(OID=oid, Name=_named(oid), Type="Computation", Description=described(text))
            for oid, text in sorted(self.methods.items())
        ]

    def comment_elements(self) -> list[odm.CommentDef]:
        """CommentDef elements in order of their OIDs."""
        told = sorted(self.comments.items())
        return [odm.CommentDef(OID=oid, Description=described(text)) for oid, text in told]


def _named(method: str) -> str:
    return f"Algorithm of {method.removeprefix('MT.')}"


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
