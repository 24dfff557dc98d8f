"""The differences of two releases as one self-contained HTML page: no network, no clock, equal inputs, equal bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

MOST = 200  # records of one dataset, or lines of one list, on the page; diff.json has all
_FOLDER = Path(__file__).parent
_PLACE = ("kind", "group", "item", "where", "change", "within")


def release_page(told: Mapping[str, Any]) -> str:
    """The whole page for a diff in plain values (see ``diff.json``)."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("release_page.html.j2").render(
        old=told["releases"]["old"],
        new=told["releases"]["new"],
        summary=told["summary"],
        causes=told["causes"],
        touched=[_dataset(each) for each in told["datasets"] if each["touched"]],
        quiet=[each["dataset"] for each in told["datasets"] if not each["touched"]],
        lists=_cut(list(_by_place(told["codelists"]))),
        general=_cut(list(_by_place(told["define"]))),
        files=told["files"],
        notes=told["notes"],
        most=MOST,
    )


def _dataset(each: Mapping[str, Any]) -> dict[str, Any]:
    records = each["records"]
    return {
        **each,
        "metadata": _cut(list(_by_place(each["metadata"]))),
        "records": records[:MOST],
        "more": max(len(records) - MOST, 0),
        "followed": sum(bool(record["rows"]) for record in records),
        "all": len(records),
    }


def _cut(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The first places; ``all`` counts differences, of which a place may have several."""
    count = sum(len(place["aspects"]) for place in found)
    return {"places": found[:MOST], "more": max(len(found) - MOST, 0), "all": count}


def _by_place(changes: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Changes of one place together: where it is, what happened to it, and aspect, old and new of each change."""
    for place, found in groupby(changes, key=lambda each: tuple(each.get(name) for name in _PLACE)):
        aspects = [{name: each.get(name) for name in ("aspect", "old", "new")} for each in found]
        yield {**dict(zip(_PLACE, place, strict=True)), "aspects": aspects}
