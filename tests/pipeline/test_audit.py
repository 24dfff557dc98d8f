"""Everything that the simulator can plant is found where it was planted, and nothing else is."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipeline.flow.audit import Seed, audit_ledger, audit_seeds
from pipeline.flow.deliver import simulate_delivery
from pipeline.settings import Settings
from tests.slow import slow

LAST = date(2028, 6, 30)


def test_all_kinds_of_defects_together_are_found_and_raise_no_other_finding(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    made = simulate_delivery(
        settings, tmp_path / "night", None, subjects=16, seed=2, as_of=LAST, defects="all"
    )
    audit = audit_ledger(settings, made.ledger)
    assert audit.missed.select("kind", "rule", "why").rows() == []
    assert audit.alarms.select("rule", "kind").rows() == []
    assert audit.kinds.height > 100


@slow
@pytest.mark.parametrize("seed", range(1, 21))
def test_every_kind_is_found_in_twenty_studies(tmp_path: Path, seed: int) -> None:
    settings = Settings(home=tmp_path)
    for _, audit in audit_seeds(settings, [Seed(seed, 16, LAST, "all")]):
        assert audit.passed
