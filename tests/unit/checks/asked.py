"""One check of the study asked of a few rows: the tables that its query reads, the rest of them empty."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.checks.run import Anchors, answered
from pipeline.domains.records import LINK
from pipeline.domains.subjects import HELD, SUBJECTS
from pipeline.flow.check_steps import check_macros, settings_table
from pipeline.flow.context import study_parts
from pipeline.settings import Settings
from pipeline.warehouse.asking import LIVE, SPEC, asking
from pipeline.warehouse.store import Store

CUT = "2028-06-30"
PEOPLE = "derived.subjects"
HELD_ROWS = {name for name in SUBJECTS if name.endswith(HELD)}
Rows = list[dict[str, Any]]


def findings_of(
    folder: Path,
    check: str,
    tables: Mapping[str, Rows | pl.DataFrame],
    *,
    cut: str = CUT,
    unblinded: bool = False,
) -> pl.DataFrame:
    """Findings of the study's ``check`` over ``tables`` ("sdtm.dm", "live.edc_ae", ...); specification tables are real.

    ``unblinded``: as an unblinded build asks it.

    A table without a row still needs its columns: give an empty frame with a schema. Nothing is set aside of the
    subjects (``<moment>_held``) unless their rows say so.
    """
    parts = study_parts(Settings(home=folder))
    spec, asked = parts.spec, parts.spec.checks[check]
    asked = asked.unblinded if unblinded else asked
    store = Store(folder / "warehouse", "unit", "BLINDED", "d1", "b1")
    for name, rows in {PEOPLE: SUBJECTS.to_frame(), **tables}.items():
        layer, _, table = name.partition(".")
        frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
        if name == PEOPLE:
            frame = frame.with_columns(
                pl.lit(None, pl.UInt32).alias(each) for each in HELD_ROWS - {*frame.columns}
            )
        store.write("typed" if layer == LIVE else layer, table, frame)
    macros = check_macros(spec, date.fromisoformat(cut))
    frames = {name: spec.table(name) for layer, name in asked.tables if layer == SPEC and name != "settings"}
    frames["settings"] = settings_table(spec.study)
    roster = pl.DataFrame(schema={"SUBJID": pl.String, "line": pl.UInt32})
    anchors = Anchors(spec, lambda _: LINK.to_frame().lazy(), spec.study.reference.roster, roster)
    deleted = spec.study.delivery.deleted
    with asking(store, list(asked.tables), frames, macros, (deleted.column, deleted.value)) as ask:
        return answered(check, asked, ask, anchors)
