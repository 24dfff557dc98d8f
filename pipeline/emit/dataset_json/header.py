"""What Dataset-JSON files say about themselves, taken from define.xml so that the two cannot disagree.

Source of names, order and types of the attributes: CDISC Dataset-JSON 1.1, "Top-level Metadata Attributes",
"Column Metadata" and "Supported Column Data Type Combinations".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree

from pipeline.errors import BuildFailed

VERSION = "1.1.0"
_ODM = "{http://www.cdisc.org/ns/odm/v1.3}"
_TYPES = {"integer": "integer", "float": "float", "date": "date", "datetime": "datetime", "time": "time"}
_TEXT = "string"  # also incomplete dates, durations and intervals, for which Dataset-JSON has no type


@dataclass(frozen=True)
class JsonHeader:
    """The attributes of every dataset's file, in the standard's order, without the rows."""

    datasets: Mapping[str, Mapping[str, Any]]

    def of(self, dataset: str, records: int) -> dict[str, Any]:
        """The attributes of one dataset; BuildFailed if define.xml does not have it."""
        if dataset not in self.datasets:
            raise BuildFailed(dataset, "is not described in define.xml", "describe it there first")
        told = dict(self.datasets[dataset])
        columns = told.pop("columns")
        group = told.pop("itemGroupOID"), records, told.pop("name"), told.pop("label")
        return {**told, **dict(zip(_GROUP, group, strict=True)), "columns": columns}


_GROUP = ("itemGroupOID", "records", "name", "label")


def json_header(document: bytes, *, version: str, mark: str | None, reference: str) -> JsonHeader:
    """The headers of all datasets that the define.xml ``document`` describes.

    ``version`` is that of the software; ``mark`` (None: FINAL) begins the identifier of a draft's file;
    ``reference`` is the way from the files to define.xml. Both times are define.xml's: the data cut.
    """
    root = etree.fromstring(document)
    study = root.find(f"{_ODM}Study")
    metadata = study.find(f"{_ODM}MetaDataVersion")
    items = {each.get("OID"): each for each in metadata.iterfind(f"{_ODM}ItemDef")}
    file = ".".join(filter(None, [mark, root.get("FileOID").removeprefix("DEFINE.")]))
    datasets = {}
    for group in metadata.iterfind(f"{_ODM}ItemGroupDef"):
        name = group.get("Name")
        datasets[name] = {
            "datasetJSONCreationDateTime": root.get("CreationDateTime"),
            "datasetJSONVersion": VERSION,
            "fileOID": f"{file}.{name}",
            "dbLastModifiedDateTime": root.get("AsOfDateTime"),
            "originator": root.get("Originator"),
            "sourceSystem": {"name": root.get("SourceSystem"), "version": version},
            "studyOID": study.get("OID"),
            "metaDataVersionOID": metadata.get("OID"),
            "metaDataRef": reference,
            "itemGroupOID": group.get("OID"),
            "name": name,
            "label": _label(group),
            "columns": [_column(each, items[each.get("ItemOID")]) for each in _in_order(group)],
        }
    return JsonHeader(datasets)


def _in_order(group: Any) -> list[Any]:
    return sorted(group.iterfind(f"{_ODM}ItemRef"), key=lambda each: int(each.get("OrderNumber")))


def _column(reference: Any, item: Any) -> dict[str, Any]:
    kind = _TYPES.get(item.get("DataType"), _TEXT)
    told = {
        "itemOID": item.get("OID"),
        "name": item.get("Name"),
        "label": _label(item),
        "dataType": kind,
        "length": _whole(item.get("Length")) if kind == _TEXT else None,
        "keySequence": _whole(reference.get("KeySequence")),
    }
    return {name: value for name, value in told.items() if value is not None}


def _whole(text: str | None) -> int | None:
    return None if text is None else int(text)


def _label(element: Any) -> str:
    text: str = element.findtext(f"{_ODM}Description/{_ODM}TranslatedText")
    return text
