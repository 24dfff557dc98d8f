"""The checks of the study against the design, its settings and its tables."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from data_contracts.bxu001_ra.simulation import MODEL
from pipeline.contracts.facts import source_facts
from pipeline.flow.check_steps import settings_table
from pipeline.flow.context import study_parts
from pipeline.settings import Settings
from pipeline.specs.checks import INSIDERS, Check

DESIGN = Path(__file__).resolve().parents[3] / "shared" / "design" / "tables" / "checks.csv"
PARTS = study_parts(Settings(home=Path("unused")))
CHECKS = PARTS.spec.checks
LABORATORY, SITE = "sender of lab_results", "site"
PEOPLE = {  # as an action names them, and who that is
    "site": SITE,
    "assessor": SITE,
    "laboratory": LABORATORY,
    "randomization vendor": "sender of rtsm_assign",
    "medical monitor": "medical monitor",
}


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


def by_default(check: Check) -> set[str]:
    """Whom its findings may ask where the check names nobody: the owners of the sources that its query returns."""
    found = set()
    for place in re.findall(r"'([A-Za-z_]+)'", check.sql or ""):
        sources = (
            [part.source for part in PARTS.spec.datasets[place].parts] if place in PARTS.spec.datasets else []
        )
        for source in sources + [place] * (place in PARTS.models):
            owner = source_facts(PARTS.models[source])["owner"]
            found.add(SITE if owner in ("Investigator", "Subject") else f"sender of {source}")
    return found or {SITE}


def test_every_check_asks_whom_its_action_names_first() -> None:
    for name, check in CHECKS.items():
        asked = {check.ask} if check.ask else by_default(check)
        if asked & set(INSIDERS):
            assert check.blind or check.builds == "unblinded", name
            continue
        named = [person for person in PEOPLE if person in check.action]
        assert named, name
        first = min(named, key=check.action.index)
        vendor = first == "randomization vendor" and check.builds == "unblinded"
        told = "sender of rtsm_unblinding_key" if vendor else PEOPLE[first]
        assert (name, asked) == (name, {told})


def test_a_check_names_only_senders_of_the_study() -> None:
    named = {
        check.ask.removeprefix("sender of ")
        for check in CHECKS.values()
        if (check.ask or "").startswith("sender")
    }
    assert sorted(named - set(PARTS.models)) == []


def test_the_checks_of_the_blind_are_those_of_the_design_and_ask_no_site() -> None:
    blind = {name for name, check in CHECKS.items() if check.blind}
    assert blind == {name for name in CHECKS if name.startswith("BX-BL-")}
    assert {CHECKS[name].ask for name in blind} <= set(INSIDERS)
