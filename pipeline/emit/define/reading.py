"""What a define.xml says, as plain facts by place: the same for one that another version of the pipeline wrote.

A place is what a reviewer points at (a dataset, a variable, a value-level row by its where clause, a term of a list);
OIDs are resolved and gone, for they name nothing outside of their document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any, NamedTuple

from lxml import etree

from pipeline.emit.define.document import FILE, NAMESPACES
from pipeline.errors import BuildFailed

_Element = Any  # lxml keeps the name of its class private
_ODM, _DEF, _XLINK = (f"{{{NAMESPACES[prefix]}}}" for prefix in ("odm", "def", "xlink"))
STUDY, STANDARD, DOCUMENT = "study", "standard", "document"
DATASET, VARIABLE, LEVEL = "dataset", "variable", "value level"
LIST, TERM = "codelist", "term"
# Attributes under the words of a reviewer; one that is not here keeps its own name, so that none is passed over.
_WORDS = {
    "DataType": "type",
    "Length": "length",
    "SignificantDigits": "significant digits",
    "DisplayFormat": "display format",
    "Mandatory": "mandatory",
    "KeySequence": "key",
    "Role": "role",
    "HasNoData": "no data",
    "IsNonStandard": "non-standard",
    "Structure": "structure",
    "Repeating": "repeating",
    "IsReferenceData": "reference data",
    "Purpose": "purpose",
    "Domain": "domain",
    "Version": "version",
    "Status": "status",
    "Rank": "rank",
    "ExtendedValue": "extended value",
    "Dictionary": "dictionary",
    "SASFormatName": "SAS format",
    "DefineVersion": "Define-XML version",
}
_IDENTITY = (
    "OID",
    "Name",
    "OrderNumber",
    "SASDatasetName",
    "SASFieldName",
    "CodedValue",
    "PublishingSet",
    "Type",
)
_REFERENCES = (
    "ItemOID",
    "MethodOID",
    "CommentOID",
    "StandardOID",
    "ArchiveLocationID",
    "WhereClauseOID",
    "lang",
)
_SIGNS = {"EQ": "=", "NE": "!=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">=", "IN": "in", "NOTIN": "not in"}


class Place(NamedTuple):
    """Where a fact stands: ``kind``, dataset (or list), variable (or term), and the where clause of a value level."""

    kind: str
    group: str = ""
    item: str = ""
    where: str = ""


Facts = Mapping[tuple[str, str, str, str], Mapping[str, str]]  # place -> what is said there, by aspect


@dataclass(frozen=True)
class Defined:
    """The facts of one document; ``variables`` and ``keys`` of each dataset are in order."""

    facts: Facts
    variables: Mapping[str, tuple[str, ...]]
    keys: Mapping[str, tuple[str, ...]]


def defined(document: bytes) -> Defined:
    """All that ``document`` says; BuildFailed if it is no define.xml, or refers to what it lacks."""
    try:
        version = etree.fromstring(document).find(f"{_ODM}Study/{_ODM}MetaDataVersion")
        return _Reader(version).read()
    except (etree.XMLSyntaxError, AttributeError, KeyError):
        # not chained: the parser may quote a value
        raise BuildFailed(FILE, "is no whole Define-XML", "name a release with its define.xml") from None


@dataclass
class _Reader:
    """Reads one MetaDataVersion."""

    version: _Element
    facts: dict[tuple[str, str, str, str], dict[str, str]] = field(default_factory=dict)

    def read(self) -> Defined:
        self.by_oid = {each.get("OID"): each for each in self.version.iter(etree.Element) if each.get("OID")}
        self.leaves = {leaf.get("ID"): leaf for leaf in self.version.iter(f"{_DEF}leaf")}
        self.lists = self._list_names()
        self._study()
        variables, keys = {}, {}
        for group in self.version.iterfind(f"{_ODM}ItemGroupDef"):
            references = sorted(group.iterfind(f"{_ODM}ItemRef"), key=_order)
            name = group.get("Name", "")
            self._note(Place(DATASET, name), self._of_dataset(group))
            for reference in references:
                self._variable(name, reference)
            variables[name] = tuple(self._name(each) for each in references)
            keys[name] = tuple(
                self._name(each) for each in sorted(references, key=_key) if each.get("KeySequence")
            )
            self.facts[Place(DATASET, name)]["keys"] = ", ".join(keys[name])
        for each in self.version.iterfind(f"{_ODM}CodeList"):
            self._codelist(each)
        return Defined(self.facts, variables, keys)

    def _note(self, place: Place, facts: Mapping[str, str]) -> None:
        """A place that occurs twice is numbered: nothing is lost."""
        numbered = (place._replace(where=f"{place.where} ({again})".strip()) for again in count(2))
        free = next(each for each in chain((place,), numbered) if each not in self.facts)
        self.facts[free] = {name: text for name, text in facts.items() if text}

    def _study(self) -> None:
        told = self.version.getparent().find(f"{_ODM}GlobalVariables")
        facts = {} if told is None else {_local(each): (each.text or "").strip() for each in told}
        facts |= _attributes(self.version) | {"comment": self._told_by(self.version, "CommentOID")}
        self._note(Place(STUDY), facts)
        for each in self.version.iter(f"{_DEF}Standard"):
            name = " ".join(filter(None, (each.get("Name"), each.get("PublishingSet"), each.get("Type"))))
            self._note(
                Place(STANDARD, name), _attributes(each) | {"comment": self._told_by(each, "CommentOID")}
            )
        for leaf in self.version.iterfind(f"{_DEF}leaf"):
            self._note(Place(DOCUMENT, _href(leaf)), {"title": _text(leaf.find(f"{_DEF}title"))})

    def _of_dataset(self, group: _Element) -> dict[str, str]:
        kind = group.find(f"{_DEF}Class")
        leaf = self.leaves.get(group.get(f"{_DEF}ArchiveLocationID"))
        subclasses = (
            () if kind is None else [each.get("Name", "") for each in kind.iterfind(f"{_DEF}SubClass")]
        )
        return {
            **_attributes(group),
            "label": self._described(group),
            "class": " / ".join(("" if kind is None else kind.get("Name", ""), *subclasses)),
            "standard": self._standard(group),
            "comment": self._told_by(group, "CommentOID"),
            "file": "" if leaf is None else _href(leaf),
        }

    def _variable(self, dataset: str, reference: _Element) -> None:
        element = self.by_oid[reference.get("ItemOID")]
        name = element.get("Name", "")
        self._note(Place(VARIABLE, dataset, name), self._of_item(reference, element))
        values = element.find(f"{_DEF}ValueListRef")
        rows = () if values is None else self.by_oid[values.get("ValueListOID")].iterfind(f"{_ODM}ItemRef")
        for row in rows:
            item = self.by_oid[row.get("ItemOID")]
            self._note(Place(LEVEL, dataset, name, self._where(row)), self._of_item(row, item))

    def _of_item(self, reference: _Element, element: _Element) -> dict[str, str]:
        listed = element.find(f"{_ODM}CodeListRef")
        origins = [self._origin(each) for each in element.iterfind(f"{_DEF}Origin")]
        return {
            **_attributes(reference),
            **_attributes(element),
            "label": self._described(element),
            "codelist": "" if listed is None else self.lists[listed.get("CodeListOID")],
            "origin": "; ".join(told for told, _ in origins),
            "pages": "; ".join(pages for _, pages in origins if pages),
            "method": self._told_by(reference, "MethodOID"),
            "comment": self._told_by(element, "CommentOID"),
            "standard": self._standard(reference),
        }

    def _origin(self, origin: _Element) -> tuple[str, str]:
        """The origin in words, and the pages that it points to."""
        kind, who = origin.get("Type", ""), origin.get("Source")
        told = f"{kind} ({who})" if who else kind
        return ": ".join(filter(None, (told, self._described(origin)))), self._documents(origin)

    def _codelist(self, element: _Element) -> None:
        name = self.lists[element.get("OID")]
        outside = element.find(f"{_ODM}ExternalCodeList")
        facts = {
            **_attributes(element),
            "label": self._described(element),
            "code": _alias(element),
            "standard": self._standard(element),
            "comment": self._told_by(element, "CommentOID"),
            **({} if outside is None else _attributes(outside)),
        }
        self._note(Place(LIST, name), facts)
        for term in element:
            if term.get("CodedValue") is not None:
                told = {**_attributes(term), "label": _text(term.find(f"{_ODM}Decode")), "code": _alias(term)}
                self._note(Place(TERM, name, term.get("CodedValue")), told)

    def _list_names(self) -> dict[str, str]:
        """OID -> name; lists that share a name are told apart by their OIDs."""
        found = list(self.version.iterfind(f"{_ODM}CodeList"))
        shared = Counter(each.get("Name") for each in found)
        return {
            each.get("OID"): each.get("Name")
            if shared[each.get("Name")] == 1
            else f"{each.get('Name')} [{each.get('OID')}]"
            for each in found
        }

    def _where(self, reference: _Element) -> str:
        clauses = [
            self.by_oid[each.get("WhereClauseOID")] for each in reference.iterfind(f"{_DEF}WhereClauseRef")
        ]
        told = [" and ".join(map(self._check, each.iterfind(f"{_ODM}RangeCheck"))) for each in clauses]
        return " or ".join(told)

    def _check(self, check: _Element) -> str:
        item, sign = self.by_oid[check.get(f"{_DEF}ItemOID")], check.get("Comparator", "")
        values = [each.text or "" for each in check.iterfind(f"{_ODM}CheckValue")]
        value = f"({', '.join(values)})" if sign in ("IN", "NOTIN") else ", ".join(values)
        return f"{item.get('Name')} {_SIGNS.get(sign, sign)} {value}"

    def _told_by(self, element: _Element, attribute: str) -> str:
        """The words of the method or comment that an attribute refers to, with the documents it points to."""
        oid = element.get(attribute) or element.get(f"{_DEF}{attribute}")
        target = self.by_oid.get(oid)
        if target is None:
            return ""
        formal = [each.text or "" for each in target.iterfind(f"{_ODM}FormalExpression")]
        return " ".join(filter(None, (self._described(target), *formal, self._documents(target))))

    def _documents(self, element: _Element) -> str:
        return "; ".join(self._document(each) for each in element.iterfind(f"{_DEF}DocumentRef"))

    def _document(self, reference: _Element) -> str:
        leaf = self.leaves.get(reference.get("leafID"))
        pages = [
            each.get("PageRefs") or "-".join(filter(None, (each.get("FirstPage"), each.get("LastPage"))))
            for each in reference.iterfind(f"{_DEF}PDFPageRef")
        ]
        return " ".join(filter(None, ("" if leaf is None else _href(leaf), ", ".join(pages))))

    def _standard(self, element: _Element) -> str:
        standard = self.by_oid.get(element.get(f"{_DEF}StandardOID"))
        if standard is None:
            return ""
        return " ".join(filter(None, (standard.get("Name"), standard.get("PublishingSet"))))

    def _described(self, element: _Element) -> str:
        return _text(element.find(f"{_ODM}Description"))

    def _name(self, reference: _Element) -> str:
        return str(self.by_oid[reference.get("ItemOID")].get("Name"))


def _attributes(element: _Element) -> dict[str, str]:
    """What the element says in attributes that neither name it nor refer to another one."""
    named = ((etree.QName(name).localname, value) for name, value in element.attrib.items())
    return {_WORDS.get(name, name): value for name, value in named if name not in (*_IDENTITY, *_REFERENCES)}


def _order(reference: _Element) -> int:
    return int(reference.get("OrderNumber") or 0)


def _key(reference: _Element) -> int:
    return int(reference.get("KeySequence") or 0)


def _text(element: _Element | None) -> str:
    """All text within, blanks collapsed; "" for no element."""
    return "" if element is None else " ".join(" ".join(element.itertext()).split())


def _alias(element: _Element) -> str:
    return ", ".join(each.get("Name", "") for each in element.iterfind(f"{_ODM}Alias"))


def _local(element: _Element) -> str:
    return str(etree.QName(element).localname)


def _href(leaf: _Element) -> str:
    return str(leaf.get(f"{_XLINK}href", ""))
