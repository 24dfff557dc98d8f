"""Names, lengths, sizes and order of a finished package, read from its files.

Sources: ICH M2 eCTD 3.2.2 and FDA eCTD technical conformance guide (names and paths), FDA study data technical
conformance guide (size, text, lengths, labels), SDTMIG 3.4 section 2 (names, order of variables).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.conformance.facts import ColumnFacts, DatasetFacts, PackageFacts
from pipeline.conformance.rules import Found, Rule

MOST_NAME, MOST_PATH, MOST_LABEL, MOST_TEXT = 64, 180, 40, 200
MOST_BYTES = 5_000_000_000
_SEQUENCE = len("0000/")  # the folder of the submission's sequence lies above m5
_ECTD = re.compile(r"[a-z0-9-]+(\.[a-z0-9]+)?")
_SAS = re.compile(r"[A-Z][A-Z0-9_]{0,7}")


def _names(facts: PackageFacts) -> Iterator[Found]:
    for file in facts.files:
        parts = file.path.split("/")
        if not all(_ECTD.fullmatch(part) for part in parts):
            yield Found(
                file.name, "its path has other characters than lower-case letters, digits and hyphens"
            )
        if len(file.name) > MOST_NAME:
            yield Found(file.name, f"its name is longer than {MOST_NAME} characters")


def _paths(facts: PackageFacts) -> Iterator[Found]:
    for file in facts.files:
        if _SEQUENCE + len(file.path) > MOST_PATH:
            yield Found(file.name, f"its path is longer than {MOST_PATH} characters")


def _members(facts: PackageFacts) -> Iterator[Found]:
    for each in facts.datasets:
        if each.path.rsplit("/", 1)[-1] != f"{each.name.lower()}.xpt":
            yield Found(each.name, "the file is not named after the dataset")
        if not _SAS.fullmatch(each.name):
            yield Found(each.name, "is no name of a SAS V5 dataset")
        for column in each.columns:
            if not _SAS.fullmatch(column.name):
                yield Found(each.name, "has a variable whose name is none of SAS V5", (column.name,))


def _labels(facts: PackageFacts) -> Iterator[Found]:
    for each in facts.datasets:
        if not 1 <= len(each.label) <= MOST_LABEL:
            yield Found(each.name, f"its label has not 1 to {MOST_LABEL} characters")
        for column in each.columns:
            if not 1 <= len(column.label) <= MOST_LABEL:
                yield Found(each.name, f"a label has not 1 to {MOST_LABEL} characters", (column.name,))


def _lengths(facts: PackageFacts) -> Iterator[Found]:
    """A part of a split dataset has the lengths of the whole."""
    whole = {each.name for each in facts.whole()}
    for each in facts.datasets:
        for column in _texts(each):
            if not 1 <= column.length <= MOST_TEXT:
                yield Found(each.name, f"a length is not 1 to {MOST_TEXT}", (column.name,))
            if each.name in whole and column.length != max(column.longest or 0, 1):
                yield Found(each.name, "a length is not that of the longest value", (column.name,))


def _texts(dataset: DatasetFacts) -> list[ColumnFacts]:
    return [column for column in dataset.columns if column.longest is not None]


def _printable(facts: PackageFacts) -> Iterator[Found]:
    for each in facts.datasets:
        for column in each.columns:
            if not column.printable:
                yield Found(each.name, "a text is not printable ASCII", (column.name,))


def _sizes(facts: PackageFacts) -> Iterator[Found]:
    """A whole dataset may be larger if its parts lie beside it."""
    parts = {each.path for each in facts.datasets} - {each.path for each in facts.whole()}
    for file in facts.files:
        split = [path for path in parts if path.rsplit("/", 1)[-1].startswith(file.name.removesuffix(".xpt"))]
        if file.bytes > MOST_BYTES and (file.path in parts or not split):
            yield Found(file.name, f"is larger than {MOST_BYTES:,} bytes and is not split")


def _empty(facts: PackageFacts) -> Iterator[Found]:
    for each in facts.datasets:
        if not each.records:
            yield Found(each.name, "has no record")


def _ordered(facts: PackageFacts) -> Iterator[Found]:
    for each in facts.datasets:
        names = [column.name for column in each.columns]
        if each.order and names != [name for name in each.order if name in names]:
            yield Found(each.name, "its variables are not in the order of the standard")


def _sorted(facts: PackageFacts) -> Iterator[Found]:
    for each in facts.datasets:
        if each.unsorted is not None:
            yield Found(each.name, "its records are not sorted by its keys", record=each.unsorted)


def _unique(facts: PackageFacts) -> Iterator[Found]:
    for each in facts.datasets:
        if each.repeated is not None:
            yield Found(each.name, "its keys name two records", record=each.repeated)


def _both_ways(facts: PackageFacts) -> Iterator[Found]:
    if facts.define is None:
        return  # that it is missing is another rule
    here = {file.path for file in facts.files}
    files = {each.name: each.path.rsplit("/", 1)[-1] for each in facts.whole()}
    for name in sorted(set(files) | set(facts.define.datasets)):
        if name not in facts.define.datasets:
            yield Found(name, "is not in define.xml")
        elif name not in files:
            yield Found(name, "is in define.xml and has no file")
        elif files[name] != facts.define.datasets[name]:
            yield Found(name, "define.xml links to another file")
    for document in facts.define.documents:
        if f"{facts.data}/{document}" not in here:
            yield Found("DEFINE", f"define.xml links to {document}, which is not there")


def _agreeing(facts: PackageFacts) -> Iterator[Found]:
    if facts.define is not None and facts.define.problem:
        yield Found("DEFINE", facts.define.problem)


LAID_OUT = (
    Rule(
        "PKG-NAME",
        "file and folder names are lower-case letters, digits and hyphens, names at most 64",
        _names,
    ),
    Rule("PKG-PATH", "a path has at most 180 characters from the sequence on", _paths),
    Rule("PKG-MEMBER", "a file holds the dataset that it is named after; names fit SAS V5", _members),
    Rule("PKG-LABEL", "labels of datasets and variables have 1 to 40 characters", _labels),
    Rule("PKG-LENGTH", "a text variable is as long as its longest value, 1 to 200 bytes", _lengths),
    Rule("PKG-ASCII", "texts are printable ASCII", _printable),
    Rule("PKG-SIZE", "no file is larger than 5 GB unless it is split", _sizes),
    Rule("PKG-EMPTY", "no dataset is empty", _empty),
    Rule("PKG-ORDER", "variables are in the order of the standard", _ordered),
    Rule("PKG-SORT", "records are sorted by the keys that define.xml names", _sorted),
    Rule("PKG-KEYS", "the keys name every record once", _unique),
    Rule("PKG-FILES", "define.xml and the package have the same datasets and documents", _both_ways),
    Rule("PKG-DEFINE", "define.xml agrees with itself and with the values of the data", _agreeing),
)
