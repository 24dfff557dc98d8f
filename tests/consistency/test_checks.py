"""The checks of the study against the design, its settings and its tables."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from data_contracts.bxu001_ra.simulation import MODEL
from pipeline.flow.check_steps import settings_table
from pipeline.flow.context import study_parts
from pipeline.settings import Settings

DESIGN = Path(__file__).resolve().parents[3] / "shared" / "design" / "tables" / "checks.csv"
PARTS = study_parts(Settings(home=Path("unused")))
CHECKS = PARTS.spec.checks


def test_every_setting_that_a_check_asks_for_exists() -> None:
    """A query gets null for an unknown setting, and would find nothing for ever."""
    known = set(settings_table(PARTS.spec.study)["setting"])
    asked = {
        name for check in CHECKS.values() for name in re.findall(r"setting\('([^']*)'\)", check.sql or "")
    }
    assert sorted(asked - known) == []
    assert len(asked) > 10


def test_a_check_of_blinded_builds_reads_no_restricted_source() -> None:
    restricted = {name for name, layout in PARTS.all_layouts.items() if layout.restricted}
    telling = [
        name for name, check in PARTS.checks.items() if {table for _, table in check.tables} & restricted
    ]
    assert telling == []


def test_every_check_can_be_planted_by_a_kind_of_its_own() -> None:
    kinds = {name.removesuffix("R") for name in MODEL.defects} | set(MODEL.defects)
    assert sorted(set(CHECKS) - kinds) == []


def test_every_check_of_the_design_is_there_with_its_severity() -> None:
    if not DESIGN.is_file():
        pytest.skip("the study design is not beside this checkout")
    with DESIGN.open(encoding="utf-8") as file:
        designed = {row["id"]: row["severity"] for row in csv.DictReader(file)}
    assert len(designed) == 93
    assert {name: str(CHECKS[name].severity) for name in designed if name in CHECKS} == designed
