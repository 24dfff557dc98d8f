"""What stops a whole night is audited by the line that says so; it is planted only where it is named."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipeline.commands.audit import of_ledger
from pipeline.errors import EXIT_BUILD, Refused
from pipeline.flow.audit import audit_ledger
from pipeline.flow.deliver import load_delivery, simulate_delivery, study_model
from pipeline.settings import Settings
from pipeline.simulate.audit import audited_stop, foresees_stop, read_ledger
from pipeline.simulate.defects import LEDGER, chosen_kinds
from tests.conftest import AS_OF, SEED, SUBJECTS

STOP = {
    "kind": "BX-BL-01",
    "defect": 1,
    "builds": "all",
    "file": "edc/EC.csv",
    "fate": "stopped",
    "rule": "BX-BL-01",
}
OTHER = {**STOP, "kind": "late", "fate": "mapped", "rule": "X-1"}


def ledger(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=LEDGER)


@pytest.mark.parametrize(("told", "missed"), [("EC: BX-BL-01: a column", 0), ("EC: a column", 1)])
def test_a_stop_is_found_if_the_refusal_names_its_rule(told: str, missed: int) -> None:
    audit = audited_stop(ledger(STOP), told)
    assert audit.passed == (not missed)
    assert audit.kinds.rows() == [("BX-BL-01", 1, 1 - missed, missed, 0)]


def test_what_nobody_could_see_beside_a_stop_is_missed() -> None:
    audit = audited_stop(ledger(STOP, OTHER), "EC: BX-BL-01")
    assert audit.missed["kind"].to_list() == ["late"]
    assert not foresees_stop(ledger(OTHER))


def test_what_stops_a_night_is_planted_only_where_it_is_named() -> None:
    known = study_model(Settings(home=Path())).defects
    alone = {name for name, kind in known.items() if kind.alone}
    assert {"BX-BL-01", "BX-ARM-01", "BX-ARM-03"} <= alone
    assert not alone & {kind.name for kind in chosen_kinds(known, "all")}
    assert [kind.name for kind in chosen_kinds(known, "BX-BL-01")] == ["BX-BL-01"]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of a delivery with a forbidden column."""
    place = tmp_path_factory.mktemp("stopped")
    made = simulate_delivery(
        Settings(home=place),
        place / "night",
        None,
        subjects=SUBJECTS,
        seed=SEED,
        as_of=AS_OF,
        defects="BX-BL-01",
    )
    return made.ledger


def test_a_forbidden_column_stops_the_delivery_under_the_id_of_its_rule(
    stopped: Path, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home")
    with pytest.raises(Refused, match="BX-BL-01: a blinded source holds a restricted column"):
        load_delivery(settings, stopped.with_name("night"))
    assert not [path for path in settings.home.rglob("*") if path.is_file() and path.name != ".lock"]
    audit = audit_ledger(settings, stopped)
    assert audit.passed
    assert audit.kinds.rows() == [("BX-BL-01", 1, 1, 0, 0)]


def test_a_stop_that_does_not_come_is_missed(stopped: Path, tmp_path: Path) -> None:
    other = read_ledger(stopped).with_columns(rule=pl.lit("BX-XX-99"))
    (tmp_path / "night").symlink_to(stopped.with_name("night"))
    path = tmp_path / "night.ledger.csv"
    other.write_csv(path)
    told = of_ledger(Settings(home=tmp_path / "home"), path, None)
    assert told["exit_code"] == EXIT_BUILD
    assert [each["rule"] for each in told["missed"]] == ["BX-XX-99"]
