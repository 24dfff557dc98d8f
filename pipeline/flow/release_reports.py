"""What was checked while a release was made, as counts beside what is filed; never a record, a subject or a clock."""

from __future__ import annotations

import json
from typing import Any

from pipeline.emit.define.counts import define_counts
from pipeline.emit.define.document import FILE as XML
from pipeline.emit.tree import Tree
from pipeline.warehouse.builds import Build

DEFINE_FILE, RECALCULATION_FILE = "define_check.json", "recalculation.json"
_LOOK = "rs_recalc"


def reports(build: Build, tree: Tree) -> dict[str, str]:
    """File name -> text: define.xml as it was checked, and scores against their recalculation if the build has one.

    The datasets and define.xml are there, and they passed: a release that fails its check of define.xml is not made.
    """
    checked = {"outcome": "passed", "counts": define_counts((tree.tabulations / XML).read_bytes())}
    told = {DEFINE_FILE: _text(checked)}
    if any((file.layer, file.table) == ("qc", _LOOK) for file in build.files):
        told[RECALCULATION_FILE] = _text({"scores": _recalculated(build)})
    return told


def _recalculated(build: Build) -> list[dict[str, Any]]:
    """How many values of each score agree with their recalculation, by verdict."""
    counted = build.read("qc", _LOOK).group_by("RSTESTCD", "kind", "verdict").len("values")
    rows = counted.sort("RSTESTCD", "kind", "verdict").collect(engine="streaming")
    return rows.rename({"RSTESTCD": "score"}).to_dicts()


def _text(told: dict[str, Any]) -> str:
    return json.dumps(told, indent=2, ensure_ascii=True) + "\n"
