"""What lies in restricted files is planted, unblinded and found: whole studies, so only with SDTM_SLOW=1."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipeline.flow.audit import Seed, audit_ledger, audit_seeds, merged
from pipeline.flow.deliver import simulate_delivery, study_model
from pipeline.settings import Settings
from tests.slow import slow

WHOLE = date(2027, 6, 30)  # all 16 subjects are randomized


def kinds(*, secret: bool, alone: bool) -> str:
    known = study_model(Settings(home=Path())).defects.values()
    return ",".join(kind.name for kind in known if (kind.secret, kind.alone) == (secret, alone))


@slow
def test_defects_of_restricted_files_are_found_by_the_final_build_and_nothing_else(tmp_path: Path) -> None:
    seeds = [Seed(1, 16, WHOLE, kinds(secret=True, alone=False))]
    (audit,) = (audit for _, audit in audit_seeds(Settings(home=tmp_path), seeds))
    assert audit.passed
    assert audit.kinds["kind"].str.ends_with(" (FINAL)").sum() == len(seeds[0].defects.split(","))


@slow
def test_what_stops_a_night_or_the_unblinding_names_its_rule(tmp_path: Path) -> None:
    wanted = ",".join(kinds(secret=secret, alone=True) for secret in (False, True))
    audit = merged([audit for _, audit in audit_seeds(Settings(home=tmp_path), [Seed(2, 16, WHOLE, wanted)])])
    assert audit.passed
    assert audit.kinds["planted"].to_list() == [1] * len(wanted.split(","))


@slow
@pytest.mark.parametrize("as_of", [WHOLE, date(2027, 1, 31)])
def test_a_delivery_and_its_restricted_files_are_audited_in_both_builds(tmp_path: Path, as_of: date) -> None:
    made = simulate_delivery(
        Settings(home=tmp_path), tmp_path / "night", tmp_path / "secret", subjects=16, seed=3, as_of=as_of,
        defects="BX-EX-01,BX-EX-04,BX-EX-05,BX-EX-08,BX-ARM-06",
    )  # fmt: skip
    audit = audit_ledger(Settings(home=tmp_path), made.ledger, made.restricted)
    assert audit.passed
    mode = "FINAL" if as_of == WHOLE else "DSMB"
    assert {f"BX-EX-01 ({mode})", f"BX-ARM-06 ({mode})", "BX-EX-04"} <= set(audit.kinds["kind"])
