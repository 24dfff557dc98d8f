"""What a person must show before anything is unblinded; everything else is refused with one line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.blinding.modes import Mode
from pipeline.cli import cli
from pipeline.errors import EXIT_BUILD, EXIT_REFUSED, EXIT_USAGE, Refused, SdtmError, UsageError
from pipeline.flow.deliver import load_delivery
from pipeline.flow.unblinding import load_restricted, run_unblinded, unblindings
from pipeline.restricted import RestrictedSettings
from pipeline.settings import Settings
from tests.pipeline.unblinding import (
    KEY,
    Rows,
    TwoRoots,
    approve,
    land_secret,
    lock_record,
    rewritten,
    two_roots,
)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> TwoRoots:
    """The whole study as it was sent."""
    return two_roots(tmp_path_factory.mktemp("sent"), subjects=16, seed=1, as_of=date(2027, 6, 30))


@pytest.fixture
def roots(tmp_path: Path, simulated: TwoRoots) -> TwoRoots:
    """A copy of the whole study's deliveries, without any approval."""
    settings = Settings(tmp_path / "blinded")
    load_delivery(settings, simulated.sent)
    secret = shutil.copytree(simulated.secret, tmp_path / "secret")
    restricted = RestrictedSettings.apart_from(settings, tmp_path / "restricted")
    sent = tmp_path / "sent"
    sent.symlink_to(simulated.sent)
    return TwoRoots(settings, restricted, sent, secret, simulated.delivery)


def one_line(error: SdtmError, word: str) -> None:
    text = str(error)
    assert word in text
    assert "\n" not in text
    assert error.exit_code in (EXIT_USAGE, EXIT_REFUSED, EXIT_BUILD)


def missing_subject(rows: Rows) -> Rows:
    return rows[1:]


def wrong_ratio(rows: Rows) -> Rows:
    first = next(row for row in rows if row["ARMCD"] == "PBO" and row["RANDNO"].startswith("1"))
    return [{**row, "ARMCD": "BXU075"} if row is first else row for row in rows]


def other_dose(rows: Rows) -> Rows:
    return [{**row, "ARMCD": row["ARMCD"].replace("BXU075", "BXU150")} for row in rows]


def swapped_numbers(rows: Rows) -> Rows:
    one, two, *rest = rows
    return [{**one, "RANDNO": two["RANDNO"]}, {**two, "RANDNO": one["RANDNO"]}, *rest]


def swapped_arms(rows: Rows) -> Rows:
    one = next(row for row in rows if row["ARMCD"] == "PBO" and row["RANDNO"].startswith("1"))
    two = next(row for row in rows if row["ARMCD"] == "BXU075")
    other = {id(one): "BXU075", id(two): "PBO"}
    return [{**row, "ARMCD": other.get(id(row), row["ARMCD"])} for row in rows]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (missing_subject, "1 randomized subjects are missing"),
        (wrong_ratio, "7:1"),
        (other_dose, "does not belong to their cohort"),
        (swapped_numbers, "another randomization number"),
        (swapped_arms, "another arm than in the randomization list"),
    ],
)
def test_a_key_that_does_not_fit_is_refused_and_nothing_is_recorded(
    roots: TwoRoots, change: Callable[[Rows], Rows], told: str
) -> None:
    rewritten(roots.secret, KEY, change)
    land_secret(roots)
    with pytest.raises(Refused) as refusal:
        approve(roots, Mode.FINAL)
    one_line(refusal.value, told)
    assert unblindings(roots.restricted) == ()


def test_a_key_whose_sha256_does_not_match_is_refused(roots: TwoRoots) -> None:
    path = roots.secret / KEY
    one, two = "101-001,1002,BXU075", "101-001,1002,PBO"
    path.write_text(path.read_text().replace(one, two))
    land_secret(roots)
    with pytest.raises(Refused, match="sha256 does not match"):
        approve(roots, Mode.FINAL)


def test_no_key_no_unblinding(roots: TwoRoots) -> None:
    with pytest.raises(Refused, match="there is no unblinding key"):
        approve(roots, Mode.FINAL)
    (roots.secret / KEY).unlink()
    land_secret(roots)
    with pytest.raises(Refused, match="there is no unblinding key"):
        approve(roots, Mode.FINAL)


def test_the_lock_must_be_of_this_study_and_of_a_landed_delivery(roots: TwoRoots) -> None:
    land_secret(roots)
    with pytest.raises(Refused, match="another study"):
        approve(roots, Mode.FINAL, lock=lock_record(roots, study="OTHER"))
    with pytest.raises(Refused, match="has not landed here"):
        approve(roots, Mode.FINAL, lock=lock_record(roots, delivery="2027-06-30-ffffffffff"))


@pytest.mark.parametrize("approvers", [("Ada Approver",), ("Ada Approver", "ada approver")])
def test_two_different_people_must_approve(roots: TwoRoots, approvers: tuple[str, ...]) -> None:
    land_secret(roots)
    with pytest.raises(UsageError, match="--approver"):
        approve(roots, Mode.FINAL, approvers)
    assert not roots.restricted.events.exists()


def test_without_an_approval_or_with_a_tampered_record_nothing_is_built(roots: TwoRoots) -> None:
    land_secret(roots)
    with pytest.raises(Refused, match="nobody has approved it"):
        run_unblinded(roots.settings, roots.restricted, Mode.FINAL)
    approve(roots, Mode.FINAL)
    log = roots.restricted.events
    log.chmod(0o600)
    log.write_text(log.read_text().replace("test of the modes", "audited"))
    with pytest.raises(Refused, match="is not the one written"):
        run_unblinded(roots.settings, roots.restricted, Mode.FINAL)
    assert not roots.restricted.warehouse.exists()


def test_another_key_than_the_approved_one_is_refused(roots: TwoRoots) -> None:
    land_secret(roots)
    approve(roots, Mode.FINAL)
    rewritten(roots.secret, KEY, lambda rows: rows[::-1])
    land_secret(roots)
    with pytest.raises(Refused, match="is not the key that was approved"):
        run_unblinded(roots.settings, roots.restricted, Mode.FINAL)


def test_a_changed_landed_key_is_refused(roots: TwoRoots) -> None:
    land_secret(roots)
    approve(roots, Mode.FINAL)
    landed = next(roots.restricted.landing.rglob(KEY))
    landed.chmod(0o600)
    landed.write_bytes(landed.read_bytes().replace(b"BXU075", b"BXU150", 1))
    with pytest.raises(Refused, match="landed file was changed"):
        run_unblinded(roots.settings, roots.restricted, Mode.FINAL)


def test_restricted_files_never_land_in_the_blinded_root(roots: TwoRoots) -> None:
    inside = roots.settings.home / "here"
    shutil.copytree(roots.secret, inside)
    with pytest.raises(UsageError, match="lie in the blinded root"):
        load_restricted(roots.settings, roots.restricted, inside)
    for home in (roots.settings.home, roots.settings.home / "deeper", roots.settings.home.parent):
        with pytest.raises(UsageError, match="restricted root"):
            RestrictedSettings.apart_from(roots.settings, home)


def test_the_command_line_refuses_with_one_line(roots: TwoRoots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDTM_HOME", str(roots.settings.home))
    monkeypatch.delenv("SDTM_RESTRICTED_HOME", raising=False)

    def refused(*arguments: str) -> SdtmError:
        ended = CliRunner().invoke(cli, list(arguments), standalone_mode=False)
        assert isinstance(ended.exception, SdtmError), ended.output
        return ended.exception

    for arguments in (("build", "--mode", "FINAL"), ("load-restricted", str(roots.secret)), ("unblindings",)):
        one_line(refused(*arguments), "SDTM_RESTRICTED_HOME is not set")
    monkeypatch.setenv("SDTM_RESTRICTED_HOME", str(roots.restricted.home))
    one_line(refused("build", "--mode", "FINAL"), "nobody has approved it")
    one_line(refused("build", "--mode", "DSMB", "--delivery", roots.delivery), "locked delivery")
    target = str(roots.settings.home / "package")
    one_line(refused("release", "--mode", "FINAL", "--to", target), "lies in the blinded root")
    loaded = CliRunner().invoke(cli, ["load-restricted", str(roots.secret), "--json"])
    assert loaded.exit_code == 0
    lock = str(lock_record(roots))
    options = ["unblind", "--mode", "FINAL", "--lock-record", lock, "--why", "lock"]
    one_line(refused(*options, "--approver", "Ada"), "1 named")
    approved = CliRunner().invoke(cli, [*options, "--approver", "Ada", "--approver", "Ben", "--json"])
    assert json.loads(approved.output)["approvers"] == "Ada, Ben"
    told = json.loads(CliRunner().invoke(cli, ["unblindings", "--json"]).output)["events"]
    assert [(each["mode"], each["why"]) for each in told] == [("FINAL", "lock")]
    one_line(refused("release", "--mode", "FINAL"), "nothing is published")
    one_line(refused("release", "--mode", "DSMB"), "name one that does not exist yet")
